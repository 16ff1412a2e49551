"""Reads rule files in medspaCy's vocabulary: `target_rules`, `context_rules`, `section_rules` in JSON.

Beside medspaCy's plain literals a literal may hold `(x)` for an optional part and `[a|b]` for a choice; a space or
hyphen matches any run of them, line breaks included. A user's folder extends the built-in rules; a rule of the user's
with the literal and category of a built-in one replaces it.
"""

import itertools
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..schemas import ConfigError
from ..schemas.json_text import parse_json
from .rule_checks import KINDS, Vocabulary, check_rules
from .shipped import content_hash, rule_files
from .text.headings import Headings

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
    """All rules in force: phrases (normalised variant → rules), headings, and a hash of the files' content.

    `sources`: name and content of the files, a later one replacing what an earlier one says.
    """

    phrases: dict[str, tuple[Rule, ...]]
    headings: Headings
    content_hash: str
    sources: tuple[tuple[str, str], ...] = field(repr=False, default=())

    def extended(self, name: str, data: Any) -> "RuleSet":
        """These rules and further ones.

        Args:
            name: of where they come from, for messages.
            data: as a rule file holds them.

        Raises:
            ConfigError: they hold what no rule may say.
        """
        data = without_nulls(data)
        check_rules(name, data, _vocabulary())
        return _built((*self.sources, (name, json.dumps(data, sort_keys=True))))


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
def load_rules(*folders: Path | None) -> RuleSet:
    """The built-in rules, extended by the JSON files of folders, a later one's replacing an earlier one's.

    Raises:
        ConfigError: a folder or a file in it is missing, is no JSON, or holds what no rule may say.
    """
    sources = list(rule_files())
    for folder in folders:
        for name, content in _user_files(folder) if folder is not None else ():
            data = without_nulls(_json(name, content))
            check_rules(name, data, _vocabulary())
            sources.append((name, content))
    return _built(tuple(sources))


def without_nulls(data: Any) -> Any:
    """Rules without the keys that say nothing: medspaCy writes `"pattern": null` and the like into every rule."""
    if isinstance(data, dict):
        return {key: without_nulls(value) for key, value in data.items() if value is not None}
    return [without_nulls(value) for value in data] if isinstance(data, list) else data


@cache
def _vocabulary() -> Vocabulary:
    return Vocabulary(parse_json(content) for _, content in rule_files())


def _built(sources: tuple[tuple[str, str], ...]) -> RuleSet:
    kept: dict[tuple[str, str, str], Rule] = {}
    for name, content in sources:
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
    found = {k: tuple(v) for k, v in phrases.items()}
    return RuleSet(found, Headings(headings), content_hash(content for _, content in sources), sources)


def _user_files(folder: Path) -> list[tuple[str, str]]:
    paths = sorted(Path(folder).glob("*.json")) if Path(folder).is_dir() else []
    if not paths:
        raise ConfigError(
            f"rules: no JSON file in {folder} vs at least one. The user's rules would be missing. "
            "Name a folder that holds rule files (docs/how-to/rules.md)."
        )
    return [(str(path), _text(path)) for path in paths]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"rules: {path} cannot be read ({type(error).__name__}) vs a file in UTF-8.") from error


def _json(name: str, content: str) -> Any:
    try:
        return parse_json(content)
    except json.JSONDecodeError as error:
        raise ConfigError(f"rules: {name} line {error.lineno} is not JSON: {error.msg}. Correct the file.") from error


def _parse(name: str, content: str) -> list[tuple[str, Rule]]:
    data = without_nulls(_json(name, content))
    return [
        (kind, Rule(row["literal"], row["category"], row.get("direction", ""), row.get("metadata", {})))
        for kind in KINDS
        for row in data.get(kind, [])
    ]
