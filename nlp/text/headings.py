"""What a heading means: as listed, with a side, made of several, misspelt, or in the words that listed headings use."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..rule_files import Rule

_LEAD = re.compile(
    r"^(?:in the|the|in|of the|on the|to the|at the|regarding the|regarding|visuali[sz]ed|limited|remaining|"
    r"residual|native)\s+"
)
_SIDE = re.compile(r"^(?:right|left|rt|lt|r|l|both|bilateral)\.?\s+")
_TAIL = re.compile(r"\s*[(\[].*$|\s{3,}.*$")
_JOINTS = re.compile(r",|/|&|\band\b")
_SMALL = frozenset(
    [
        "of",
        "the",
        "for",
        "this",
        "that",
        "with",
        "and",
        "to",
        "in",
        "on",
        "a",
        "an",
        "or",
        "at",
        "by",
        "from",
        "exam",
        "examination",
        "study",
    ]
)
_FUZZY_FROM = 6  # letters: shorter words have too many neighbours
_MEMO = 4096


class Headings(dict[str, "Rule"]):
    """Normalised heading → rule, with `resolve` for headings that are not listed as written.

    >>> from reportsup.nlp.rule_files import load_rules
    >>> Headings(load_rules().headings).resolve("reason for this examination").category
    'indication'
    """

    def __init__(self, rules: Mapping[str, "Rule"]) -> None:
        super().__init__(rules)
        self._memo: dict[str, Rule | None] = {}
        self._vocabulary = self._words()
        self._spellings: dict[str, list[str]] = {}
        self._organ_words = {
            h for h, r in self.items() if r.category == "organ" and len(h) >= _FUZZY_FROM and h.isalpha()
        }
        for word in {*self._vocabulary, *self._organ_words}:
            if len(word) >= _FUZZY_FROM:
                for key in _shortened(word, 2 if len(word) >= 8 else 1):
                    self._spellings.setdefault(key, []).append(word)

    def resolve(self, head: str) -> "Rule | None":
        """The rule of a heading, or None when its words are no heading's."""
        if head not in self._memo:
            if len(self._memo) > _MEMO:
                self._memo.clear()
            self._memo[head] = self._resolve(head)
        return self._memo[head]

    def listed(self, head: str) -> "Rule | None":
        """The rule of a heading as listed, a side or a bracket apart."""
        key = _LEAD.sub("", _normal(head))
        key = key if key in self else _TAIL.sub("", key)
        if key not in self and _SIDE.match(key):
            sided = self.get(_SIDE.sub("", key))
            return sided if sided and sided.category == "organ" else None
        return self.get(key)

    def _resolve(self, head: str) -> "Rule | None":
        head = _TAIL.sub("", head) or head
        return self.listed(head) or self._compound(head) or self._by_words(head) or self._misspelt(head)

    def _compound(self, head: str) -> "Rule | None":
        """As in "liver, gallbladder and pancreas": all organs of its parts."""
        rules = [self.listed(part) for part in _JOINTS.split(head) if part.strip()]
        known = [r for r in rules if r is not None]
        if len(rules) < 2 or len(known) < len(rules):
            return None
        organs = [o for r in known if r.category == "organ" for o in r.metadata.get("organs", ())]
        named = next((r for r in known if r.category == "organ"), None)
        if named and organs:
            return replace(named, literal=head, metadata={"organs": list(dict.fromkeys(organs))})
        return known[0]

    def _words(self) -> dict[str, "Rule | None"]:
        """Word → a rule of the one section whose headings use it; None when several do."""
        found: dict[str, Rule | None] = {}
        for heading, rule in self.items():
            if rule.category == "organ":
                continue
            for word in re.findall(r"[a-z]{4,}", heading):
                known = found.get(word, rule)
                found[word] = rule if known is not None and known.category == rule.category else None
        return {w: r for w, r in found.items() if w not in _SMALL}

    def _by_words(self, head: str) -> "Rule | None":
        words = [w for w in re.findall(r"[a-z]+", head) if w not in _SMALL]
        if not words or len(words) > 5 or any(w not in self._vocabulary for w in words):
            return None
        rules = [r for w in words if (r := self._vocabulary[w]) is not None]
        return rules[0] if rules and len({r.category for r in rules}) == 1 else None

    def _misspelt(self, head: str) -> "Rule | None":
        words = _normal(head).split(" ")
        if len(words) > 5:
            return None
        mended = [
            self._mend(w) if len(w) >= _FUZZY_FROM - 1 and w.isalpha() and w not in self._vocabulary else w
            for w in words
        ]
        if mended == words:
            return None
        phrase = " ".join(mended)
        return self.listed(phrase) or self._by_words(phrase)

    def _mend(self, word: str) -> str:
        allowed = 2 if len(word) >= 8 else 1
        near = {w for key in _shortened(word, allowed) for w in self._spellings.get(key, ())}
        scored = sorted((_edits(word, w, allowed), w) for w in near if abs(len(w) - len(word)) <= allowed)
        limit = [(n, w) for n, w in scored if n <= (1 if w in self._organ_words else allowed)]
        return limit[0][1] if limit else word


def _shortened(word: str, most: int) -> set[str]:
    """The word and what is left of it without one or two letters: words an edit apart share one of these."""
    found = {word}
    for _ in range(most):
        found |= {w[:i] + w[i + 1 :] for w in found for i in range(len(w))}
    return found


def _normal(head: str) -> str:
    return re.sub(r"[\s\-]+", " ", head.lower()).strip(" .*_#[]")


def _edits(a: str, b: str, most: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two words; above `most` any larger number."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        new = [i]
        for j, y in enumerate(b, start=1):
            cost = min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y))
            if before and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        if min(new) > most:
            return most + 1
        before, row = row, new
    return row[-1]
