"""What each kind of feature is worth: how joint F1 changes when a decision does without it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...nlp.compose import Draft
from ...nlp.decide.model import DECISIONS, Chooser, Weights
from ...nlp.reader import Reader, Reading
from ...nlp.rule_files import RuleSet
from ...nlp.spans import Located, Mention, Sentence
from ..scoring import score
from .annotated import AnnotatedSet
from .evaluation import gold_set
from .predictions import predict

# Names of candidates and of kinds of mentions that are crossed with features: they are no features themselves.
_CROSSED = {
    "size_role": 1,
    "lesion_type": 1,
    "side": 1,
    "resolve": 1,
}
_KINDS = frozenset(("size", "word", "sizesized", "sizebare", "wordsized", "wordbare"))
_VALUES = re.compile(r"(?:True|False|[\d#;,!$?^-]).*$")
# Only for the findings' fields beside organ, side, sizes and count, and for the confidence.
NOT_JOINT = ("place", "lesion_type", "certainty", "negative", "confidence")


@dataclass(frozen=True)
class Ablated:
    """One family of features of one decision.

    Attributes:
        features: how many have a weight, in the mean over the sets left out.
        joint_f1, target_f1: change of the figure without them; positive where they do harm.
    """

    decision: str
    family: str
    features: float
    joint_f1: float
    target_f1: float


def family(decision: str, name: str) -> str:
    """The family of a feature: its name without its value and without what it is crossed with.

    >>> family("resolve", "new|size|l0=a"), family("size_role", "prior|headB3,"), family("organ", "h=mass|liver")
    ('l', 'headB', 'h')
    >>> family("resolve", "link|sizebare|next1")
    'link next'
    """
    tokens = re.split(r"[|=]", name)
    outer, rest = tokens[: _CROSSED.get(decision, 0)], tokens[_CROSSED.get(decision, 0) :]
    while len(rest) > 1 and rest[0] in _KINDS:
        rest = rest[1:]
    word = _VALUES.sub("", rest[0] if rest else name) or name
    return f"link {word}" if outer == ["link"] else word


def without(weights: Weights, decision: str, left_out: str) -> Weights:
    """The weights with one family of a decision's features weighing nothing."""
    kept = {name: w for name, w in weights[decision].weights.items() if family(decision, name) != left_out}
    return replace(weights, choosers={**weights.choosers, decision: Chooser(kept)})


def families(weights: Mapping[str, Weights]) -> dict[tuple[str, str], float]:
    """(decision, family) → mean number of features with a weight; only of decisions that move the joint figures."""
    found: dict[tuple[str, str], float] = {}
    for one in weights.values():
        for decision in (name for name in DECISIONS if name not in NOT_JOINT):
            for name, weight in one[decision].weights.items():
                if abs(weight) >= 5e-4:
                    key = decision, family(decision, name)
                    found[key] = found.get(key, 0.0) + 1 / len(weights)
    return found


def ablate(
    sets: Sequence[AnnotatedSet],
    rules: RuleSet,
    weights: Mapping[str, Weights],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Iterator[Ablated]:
    """Each family left out at prediction time, the weights of the others as they were fitted with it.

    Args:
        weights: for each set those that did not see it.
        progress: told how many families are done, and of how many.
    """
    gold = gold_set(sets)
    readers = {part.name: _Remembering(rules, weights[part.name]) for part in sets}

    def figures(left_out: tuple[str, str] | None) -> tuple[float, float]:
        found: dict[str, Any] = {}
        for part in sets:
            reader = readers[part.name]
            reader.keeps_located = left_out is not None and left_out[0] == "resolve"
            reader.weights = without(weights[part.name], *left_out) if left_out else weights[part.name]
            found |= {report.record.id: predict(reader, report).record for report in part.reports}
        shown = score(gold, found, n_resamples=1).figures
        return shown["joint.f1"].value or 0.0, shown["target.f1"].value or 0.0

    joint, target = figures(None)
    counted = families(weights)
    for done, ((decision, name), n) in enumerate(sorted(counted.items()), start=1):
        a, b = figures((decision, name))
        progress(done, len(counted))
        yield Ablated(decision, name, round(n, 1), round(a - joint, 4), round(b - target, 4))


class _Remembering(Reader):
    """A reader that does what does not depend on the ablated weights once, and leaves out what no figure here needs."""

    def __init__(self, rules: RuleSet, weights: Weights) -> None:
        super().__init__(rules, weights)
        self.keeps_located = False
        self._known: dict[str, list[Sentence]] = {}
        self._located: dict[int, list[Located]] = {}

    def recognise(self, text: str) -> list[Sentence]:
        if text not in self._known:
            self._known[text] = super().recognise(text)
        return self._known[text]

    def locate(self, sentences: Sequence[Sentence], mentions: Sequence[Mention]) -> list[Located]:
        if not self.keeps_located:
            return super().locate(sentences, mentions)
        if id(sentences) not in self._located:  # the sentences of a text are kept, so their id stays theirs
            self._located[id(sentences)] = super().locate(sentences, mentions)
        return self._located[id(sentences)]

    def describe(self, draft: Draft, reading: Reading) -> Draft:
        return draft

    def negative_organs(self, reading: Reading) -> dict[str, float]:
        return {}
