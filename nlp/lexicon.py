"""Finds every phrase of the rules in a folded text with one compiled trie."""

import re
from dataclasses import dataclass
from typing import Any

from .rule_files import Rule, RuleSet, normalise


@dataclass(frozen=True, slots=True)
class Term:
    """A phrase found in the text. A phrase may mean several things: `roles` maps category → rule."""

    start: int
    end: int
    text: str
    roles: dict[str, Rule]

    def meta(self, category: str) -> dict[str, Any]:
        """Metadata under a category, empty when the term does not play it."""
        rule = self.roles.get(category)
        return rule.metadata if rule else {}


class Lexicon:
    """Longest-match search for all phrases of a rule set."""

    def __init__(self, rules: RuleSet) -> None:
        self._roles = {phrase: _merge(group) for phrase, group in rules.phrases.items()}
        self._pattern = re.compile(rf"(?<![a-z0-9])(?:{_trie_pattern(self._roles)})(?![a-z0-9])")

    def find(self, folded: str, start: int = 0, end: int | None = None) -> list[Term]:
        """Terms between two offsets, in reading order, none overlapping another."""
        stop = len(folded) if end is None else end
        terms = []
        for match in self._pattern.finditer(folded, start, stop):
            roles = self._roles.get(match.group()) or self._roles.get(normalise(match.group()))
            if roles:
                terms.append(Term(match.start(), match.end(), match.group(), roles))
        return terms


def _merge(group: tuple[Rule, ...]) -> dict[str, Rule]:
    """Roles of one phrase; rules of equal category are joined, a later one overriding in what both say."""
    roles: dict[str, Rule] = {}
    for rule in group:
        key = f"{rule.category}:{rule.direction}" if rule.direction else rule.category
        if key in roles:
            merged = {**roles[key].metadata, **rule.metadata}
            if "places" in merged:
                merged["places"] = {**roles[key].metadata.get("places", {}), **rule.metadata.get("places", {})}
            roles[key] = Rule(rule.literal, rule.category, rule.direction, merged)
        else:
            roles[key] = rule
    return roles


def _trie_pattern(phrases: dict[str, Any]) -> str:
    trie: dict[str, Any] = {}
    for phrase in phrases:
        node = trie
        for char in phrase:
            node = node.setdefault(char, {})
        node[""] = {}
    return _node_pattern(trie)


def _node_pattern(node: dict[str, Any]) -> str:
    """Regular expression of a trie node; chains of single children stay flat to keep nesting shallow."""
    optional = "" in node
    branches = []
    for char, child in sorted(node.items()):
        if char == "":
            continue
        prefix = _atom(char)
        while len(child) == 1 and "" not in child:
            (only, grandchild), *_ = child.items()
            prefix += _atom(only)
            child = grandchild
        branches.append(prefix + (_node_pattern(child) if set(child) != {""} else ""))
    if not branches:
        return ""
    body = branches[0] if len(branches) == 1 else "(?:" + "|".join(branches) + ")"
    return f"(?:{body})?" if optional else body


def _atom(char: str) -> str:
    return r"[\s\-]{1,3}" if char == " " else re.escape(char)
