"""The files of a reader: its weights, and rules that belong to it."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..schemas import ConfigError
from ..schemas.json_text import parse_json
from .decide.model import DECISIONS, Chooser, Weights, weights_digest
from .reader import Reader
from .rule_files import load_rules
from .shipped import content_hash

WEIGHTS_FILE = "weights.json"
RULES_FOLDER = "rules"


@dataclass(frozen=True)
class LoadedReader:
    """A reader and the hashes that tell it from others."""

    reader: Reader
    rules_hash: str
    weights_hash: str


@cache
def load_reader(folder: Path | None = None, rules_dir: Path | None = None) -> LoadedReader:
    """The reader that is shipped, or a user's.

    Args:
        folder: with `weights.json`, and rule files in `rules/` if it was trained with some; None = as shipped.
        rules_dir: further rule files; one of its rules replaces an equal one of the folder's or ours.

    Raises:
        ConfigError: a file is missing or is not what it should be.
    """
    source = files(__package__) / "weights" / "reader.json" if folder is None else Path(folder) / WEIGHTS_FILE
    try:
        content = source.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"reader: {source} cannot be read ({type(error).__name__}) vs a file of weights. "
            f"Name a folder that holds {WEIGHTS_FILE} (docs/how-to/training_the_reader.md)."
        ) from error
    rules = load_rules(_rules_of(folder), rules_dir)
    weights = parse_weights(str(source), content)
    return LoadedReader(Reader(rules, weights), rules.content_hash, content_hash([content]))


def parse_weights(name: str, content: str) -> Weights:
    """Weights from the text of a file that `Weights.write` made.

    Args:
        name: of the file, for messages.

    Raises:
        ConfigError: it is no JSON, lacks a decision, or holds other weights than those that were written.
    """
    try:
        found: Any = parse_json(content)
    except json.JSONDecodeError as error:
        raise ConfigError(f"reader: {name} line {error.lineno} is not JSON: {error.msg}. Train it again.") from error
    said = found.get("weights") if isinstance(found, dict) else None
    choosers: dict[str, Any] = said if isinstance(said, dict) else {}
    missing = [d for d in DECISIONS if not isinstance(choosers.get(d), dict)]
    if missing:
        raise ConfigError(
            f"reader: {name} has no weights for {', '.join(missing)} vs a number for every feature of "
            f"{', '.join(DECISIONS)}. It cannot decide. Train it again with this version of reportsup."
        )
    wrong = sum(not isinstance(w, int | float) for d in DECISIONS for w in choosers[d].values())
    if wrong:
        raise ConfigError(f"reader: {name} has {wrong} weights that are no numbers. Train it again.")
    if found.get("sha256", "") not in ("", weights_digest(choosers)):
        raise ConfigError(
            f"reader: {name} holds other weights than those that were trained. It is damaged, or was changed by hand. "
            "Restore a copy, or train it again."
        )
    return Weights({d: Chooser(choosers[d]) for d in DECISIONS})


def _rules_of(folder: Path | None) -> Path | None:
    rules = Path(folder) / RULES_FOLDER if folder is not None else None
    return rules if rules is not None and rules.is_dir() else None
