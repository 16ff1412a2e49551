"""Reads rule files in medspaCy's vocabulary: `target_rules`, `context_rules`, `section_rules` in JSON.

Beside medspaCy's plain literals a literal may hold `(x)` for an optional part and `[a|b]` for a choice; a space or
hyphen matches any run of them, line breaks included. A user's folder extends the built-in rules; a rule of the user's
with the literal and category of a built-in one replaces it.
"""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..schemas import ConfigError
from .rule_checks import KINDS, Vocabulary, check_rules
from .text.headings import Headings

BUILT_IN = ("lesions.json", "anatomy.json", "context.json", "sections.json")
_PART = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|([^()\[\]]+)")


@dataclass(frozen=True)
class Rule:
    """One rule: what a phrase means. `direction` is ConText's (FORWARD, BACKWARD, BIDIRECTIONAL, TERMINATE)."""

    literal: str
    category: str
    direction: str = ""
    metadata: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class RuleSet:
    """All rules in force: phrases (normalised variant → rules), headings, and a hash of the files' content."""

    phrases: dict[str, tuple[Rule, ...]]
    headings: Headings
    content_hash: str


def normalise(phrase: str) -> str:
    """A phrase as the lexicon keys it: lower case, runs of white space and hyphens as one blank."""
    return re.sub(r"[\s\-‐‑–]+", " ", phrase.lower()).strip()


def expand(literal: str) -> list[str]:
    """All phrases that a literal stands for, normalised.

    >>> expand("h(a)emangioma(s)")
    ['haemangiomas', 'haemangioma', 'hemangiomas', 'hemangioma']
    """
    choices = []
    for optional, options, plain in _PART.findall(literal):
        choices.append([plain] if plain else options.split("|") if options else [optional, ""])
    return list(dict.fromkeys(normalise("".join(parts)) for parts in itertools.product(*choices)))


@cache
def load_rules(folder: Path | None = None) -> RuleSet:
    """The built-in rules, extended by the JSON files of a folder.

    Raises:
        ConfigError: the folder or a file in it is missing, is no JSON, or holds what no rule may say.
    """
    sources = [(name, (files(__package__) / "rules" / name).read_text(encoding="utf-8")) for name in BUILT_IN]
    if folder is not None:
        mine = _user_files(folder)
        vocabulary = Vocabulary(json.loads(content) for _, content in sources)
        for name, content in mine:
            check_rules(name, _json(name, content), vocabulary)
        sources += mine
    digest = hashlib.sha256()
    kept: dict[tuple[str, str, str], Rule] = {}
    for name, content in sources:
        digest.update(content.encode())
        for kind, rule in _parse(name, content):
            kept[(kind, rule.literal, f"{rule.category}{rule.direction}")] = rule
    phrases: dict[str, list[Rule]] = {}
    headings: dict[str, Rule] = {}
    for (kind, _, _), rule in kept.items():
        for variant in expand(rule.literal):
            if kind == "section_rules":
                headings.setdefault(variant, rule)
            else:
                phrases.setdefault(variant, []).append(rule)
    return RuleSet({k: tuple(v) for k, v in phrases.items()}, Headings(headings), digest.hexdigest()[:16])


def _user_files(folder: Path) -> list[tuple[str, str]]:
    paths = sorted(Path(folder).glob("*.json")) if Path(folder).is_dir() else []
    if not paths:
        raise ConfigError(
            f"rules: no JSON file in {folder} vs at least one. The user's rules would be missing. "
            "Name a folder that holds rule files (docs/rules.md)."
        )
    return [(str(path), _text(path)) for path in paths]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"rules: {path} cannot be read ({type(error).__name__}) vs a file in UTF-8.") from error


def _json(name: str, content: str) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise ConfigError(f"rules: {name} line {error.lineno} is not JSON: {error.msg}. Correct the file.") from error


def _parse(name: str, content: str) -> list[tuple[str, Rule]]:
    data = _json(name, content)
    return [
        (kind, Rule(row["literal"], row["category"], row.get("direction", ""), row.get("metadata", {})))
        for kind in KINDS
        for row in data.get(kind, [])
    ]
