"""Checks of a user's rule file: a rule that is not understood would be a rule that silently does nothing."""

import difflib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..schemas import Attenuation, ConfigError, Laterality, LesionType, Organ, Section, load_anatomy

KINDS = ("target_rules", "context_rules", "section_rules")
DIRECTIONS = ("FORWARD", "BACKWARD", "BIDIRECTIONAL", "TERMINATE")
_RULE_KEYS = {
    "target_rules": ("literal", "category", "metadata"),
    "context_rules": ("literal", "category", "direction", "metadata"),
    "section_rules": ("literal", "category", "metadata"),
}
_CLOSED = {"type": LesionType, "attenuation": Attenuation, "side": Laterality}
_BRACKETS = {")": "(", "]": "["}


class Vocabulary:
    """What rules may say: the categories, attributes and organs of the built-in rules.

    Args:
        built_in: the parsed built-in files.
    """

    def __init__(self, built_in: Iterable[Mapping[str, Any]]) -> None:
        self.categories: dict[str, set[str]] = {kind: set() for kind in KINDS}
        self.attributes: dict[str, set[str]] = {}
        self.organs: set[str] = {str(organ) for organ in Organ}
        for data in built_in:
            for kind in KINDS:
                for rule in data.get(kind, ()):
                    self._learn(kind, rule)
        self.categories["section_rules"] |= {str(section) for section in Section}

    def _learn(self, kind: str, rule: Mapping[str, Any]) -> None:
        metadata = rule.get("metadata", {})
        self.categories[kind].add(rule["category"])
        self.attributes.setdefault(rule["category"], set()).update(metadata)
        self.organs.update([metadata["organ"]] if "organ" in metadata else metadata.get("organs", ()))


def check_rules(name: str, data: Any, vocabulary: Vocabulary) -> None:
    """Refuse a rule file with anything in it that would not be understood.

    Args:
        name: of the file, for messages.
        data: what the JSON file holds.

    Raises:
        ConfigError: names the file, the entry, and what is allowed.
    """
    if not isinstance(data, dict):
        raise ConfigError(f"rules: {name} holds a JSON {type(data).__name__} vs an object with {', '.join(KINDS)}.")
    for key, rules in data.items():
        if key.startswith("_"):  # a comment
            continue
        _one_of(name, "key", key, KINDS)
        if not isinstance(rules, list):
            raise ConfigError(f"rules: {name} {key} is a {type(rules).__name__} vs a list of rules. Correct it.")
        for number, rule in enumerate(rules, start=1):
            _check_rule(f"{name} {key} entry {number}", key, rule, vocabulary)


def _check_rule(where: str, kind: str, rule: Any, vocabulary: Vocabulary) -> None:
    if not isinstance(rule, dict):
        raise ConfigError(f"rules: {where} is {json.dumps(rule)} vs an object with literal and category. Correct it.")
    for key in rule:
        _one_of(where, "key", key, _RULE_KEYS[kind])
    for key in ("literal", "category"):
        if not isinstance(rule.get(key), str) or not rule[key].strip():
            raise ConfigError(f"rules: {where} has no {key} vs a text. A rule needs literal and category. Add it.")
    where = f"{where} ({rule['literal']!r})"
    _check_literal(where, rule["literal"])
    _one_of(where, "category", rule["category"], vocabulary.categories[kind])
    if kind == "context_rules":
        _one_of(where, "direction", rule.get("direction"), DIRECTIONS)
    metadata = rule.get("metadata", {})
    if not isinstance(metadata, dict):
        raise ConfigError(f"rules: {where} metadata is a {type(metadata).__name__} vs an object. Correct it.")
    for key, value in metadata.items():
        _one_of(where, f"metadata of {rule['category']}", key, vocabulary.attributes.get(rule["category"], ()))
        _check_attribute(where, key, value, metadata, vocabulary)


def _check_literal(where: str, literal: str) -> None:
    """Brackets are `(optional)` and `[a|b]`, neither nested nor left open."""
    open_bracket = ""
    for char in literal:
        if char in _BRACKETS.values():
            if open_bracket:
                raise ConfigError(f"rules: {where} has nested brackets vs (optional) or [a|b]. Write two rules.")
            open_bracket = char
        elif char in _BRACKETS:
            if open_bracket != _BRACKETS[char]:
                raise ConfigError(f"rules: {where} has a '{char}' without '{_BRACKETS[char]}'. Correct the literal.")
            open_bracket = ""
    if open_bracket:
        raise ConfigError(f"rules: {where} has a '{open_bracket}' that is never closed. Correct the literal.")


def _check_attribute(where: str, key: str, value: Any, metadata: Mapping[str, Any], vocabulary: Vocabulary) -> None:
    if key in _CLOSED:
        _one_of(where, key, value, [str(member) for member in _CLOSED[key]])
    elif key == "organ":
        _one_of(where, key, value, vocabulary.organs)
    elif key == "organs":
        if not isinstance(value, list):
            raise ConfigError(f"rules: {where} organs is {json.dumps(value)} vs a list of organs. Correct it.")
        for organ in value:
            _one_of(where, "organ", organ, vocabulary.organs)
    elif key == "location":
        _check_location(where, value, str(metadata.get("organ", "")))
    elif key == "places":
        if not isinstance(value, dict):
            raise ConfigError(f"rules: {where} places is {json.dumps(value)} vs an object organ → place. Correct it.")
        for organ, place in value.items():
            if not organ.startswith("_"):
                _one_of(where, "organ", organ, vocabulary.organs)
            if not isinstance(place, str):
                raise ConfigError(f"rules: {where} place is {json.dumps(place)} vs a text. Correct it.")
            if place not in ("", "*"):
                for one in place.split("|"):
                    _check_location(where, one, organ)
    elif not isinstance(value, bool):
        raise ConfigError(f"rules: {where} {key} is {json.dumps(value)} vs true or false. Correct it.")


def _check_location(where: str, value: Any, organ: str) -> None:
    entry = load_anatomy().organs.get(organ)
    if entry is not None and entry.locations:
        _one_of(where, f"location of {organ}", value, entry.locations)
    elif not isinstance(value, str):
        raise ConfigError(f"rules: {where} location is {json.dumps(value)} vs a text. Correct it.")


def _one_of(where: str, what: str, value: Any, known: Collection[str]) -> None:
    if isinstance(value, str) and value in known:
        return
    near = difflib.get_close_matches(value, known, n=1) if isinstance(value, str) else []
    hint = f" Did you mean '{near[0]}'?" if near else ""
    allowed = ", ".join(known if isinstance(known, (tuple, list)) else sorted(known)) or "none"
    raise ConfigError(f"rules: {where}: {what} {json.dumps(value)} vs one of {allowed}.{hint}")
