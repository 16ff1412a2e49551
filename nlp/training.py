"""Annotated reports → weights. Each decision is fitted on what the decisions before it really return: their answers
for a training report come from weights that did not see it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..schemas import load_anatomy
from .alignment import Gold, list_is_group, retells, size_roles, speaks_of
from .compose import Draft
from .decide import certainty, confidence, group, lesion_type, negatives, place, side, size_list, size_role
from .decide import organ as organs
from .decide.clusters import Cluster, Report, Spoken
from .decide.fit import Choice, Design
from .decide.model import DECISIONS, Chooser, Weights, crossed
from .decide.resolve import DROP, NEW, SUMMARY
from .reader import Option, Reader, Reading, options_of, type_features
from .rule_files import RuleSet
from .spans import Located, Mention, Sentence, previous_in_block

FOLDS = 4
PENALTY = {
    "size_role": 3.0,
    "size_list": 3.0,
    "organ": 3.0,
    "side": 3.0,
    "place": 3.0,
    "resolve": 6.0,
    "group": 3.0,
    "lesion_type": 3.0,
    "certainty": 2.0,
    "negative": 2.0,
    "confidence": 2.0,
}


@dataclass
class Example:
    """One annotated report on its way through training."""

    text: str
    gold: Gold
    group: int
    sentences: list[Sentence] = field(default_factory=list)
    roles: list[list[list[float]]] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    about: list[list[int]] = field(default_factory=list)
    located: list[Located] = field(default_factory=list)
    free: dict[str, float] = field(default_factory=dict)


def train(
    rules: RuleSet, reports: Sequence[tuple[str, Gold]], progress: Callable[[str], None] = lambda _: None
) -> Weights:
    """The weights of all decisions.

    Args:
        rules: the rules in force.
        reports: (text, annotation laid over it).
        progress: told the name of each decision as it is fitted.
    """
    blank = Reader(rules, Weights({name: Chooser({}) for name in DECISIONS}))
    examples = [Example(text, gold, number) for number, (text, gold) in enumerate(reports)]
    for e in examples:
        e.sentences = blank.recognise(e.text)
    final: dict[str, Chooser] = {name: Chooser({}) for name in DECISIONS}
    folds: list[dict[str, Chooser]] = [dict(final) for _ in range(FOLDS)]

    def fitted(name: str, choices: list[Choice]) -> None:
        progress(name)
        design = Design(choices)
        final[name] = design.fit(np.ones(len(choices)), l2=PENALTY[name])
        for k in range(FOLDS):
            folds[k][name] = design.fit((design.groups % FOLDS != k).astype(float), l2=PENALTY[name])

    def reader_for(e: Example) -> Reader:
        reader = Reader.__new__(Reader)
        reader.__dict__.update(blank.__dict__)
        reader.weights = Weights(folds[e.group % FOLDS])
        return reader

    fitted("size_role", [c for e in examples for c in _size_choices(e)])
    for e in examples:
        chooser = folds[e.group % FOLDS]["size_role"]
        e.roles = [size_role.roles(s, chooser) for s in e.sentences]
    fitted("size_list", [c for e in examples for c in _list_choices(e)])
    for e in examples:
        e.mentions = reader_for(e).propose(e.sentences, e.roles)
        e.about = [speaks_of(m, e.gold) for m in e.mentions]
    for _ in range(2):  # first with the organs that the annotation tells, then with those that were decided
        fitted("organ", [c for e in examples for c in _organ_choices(e)])
        for e in examples:
            e.located = reader_for(e).locate(e.sentences, e.mentions)
    fitted("negative", [c for e in examples for c in _negative_choices(e)])
    for e in examples:
        e.free = reader_for(e).free_organs(e.sentences)
    fitted("side", [c for e in examples for c in _side_choices(e)])
    fitted("place", [c for e in examples for c in _place_choices(e)])
    for e in examples:
        e.located = reader_for(e).locate(e.sentences, e.mentions)
    fitted("resolve", [c for e in examples for c in _resolve_choices(e)])
    readings = [reader_for(e).resolve(e.sentences, e.located) for e in examples]
    fitted("group", [c for e, r in zip(examples, readings, strict=True) for c in _group_choices(e, r)])
    for e, reading in zip(examples, readings, strict=True):
        reading.drafts = [reader_for(e).compose(cluster, reading) for cluster in reading.clusters]
    fitted("lesion_type", [c for e, r in zip(examples, readings, strict=True) for c in _type_choices(e, r)])
    fitted("certainty", [c for e, r in zip(examples, readings, strict=True) for c in _certainty_choices(e, r)])
    fitted("confidence", [c for e, r in zip(examples, readings, strict=True) for c in _confidence_choices(e, r)])
    return Weights(final)


def _size_choices(e: Example) -> list[Choice]:
    out = []
    for s in e.sentences:
        for number, role in enumerate(size_roles(s, e.gold) if s.sizes else []):
            if role is not None:
                found = crossed(size_role.ROLES, [*size_role.features(s, number), "bias"])
                out.append(Choice(found, (size_role.ROLES.index(role),), e.group))
    return out


def _list_choices(e: Example) -> list[Choice]:
    out = []
    for s, roles in zip(e.sentences, e.roles, strict=True):
        for run in size_list.runs(s, roles):
            group = list_is_group(s.sizes[run[0] : run[1] + 1], e.gold)
            if group is not None:
                out.append(Choice([[*size_list.features(s, run), "bias"], []], (0 if group else 1,), e.group))
    return out


def _organ_choices(e: Example) -> list[Choice]:
    context = organs.OrganContext(e.sentences)
    out: list[Choice] = []
    focus: list[tuple[Mention, str]] = []
    for k, (mention, about) in enumerate(zip(e.mentions, e.about, strict=True)):
        told = {e.gold.findings[n]["organ"] for n in about}
        if mention.organ_hint in told:
            told = {mention.organ_hint}
        before = [(x.mention, x.organ) for x in e.located[max(0, k - 8) : k] if x.organ] if e.located else focus[-8:]
        found = organs.candidates(mention, context, before)
        names = sorted(found)
        right = tuple(i for i, n in enumerate(names) if n in told)
        if right and len(names) > 1:
            out.append(Choice([found[n] for n in names], right, e.group))
        if len(told) == 1:
            focus.append((mention, next(iter(told))))
    return out


def _side_choices(e: Example) -> list[Choice]:
    out = []
    for k, (located, about) in enumerate(zip(e.located, e.about, strict=True)):
        told = {e.gold.findings[n]["laterality"] or "" for n in about if e.gold.findings[n]["organ"] == located.organ}
        if not told:
            continue
        earlier = previous_in_block(e.sentences, located.mention.sentence)
        found = side.candidates(located.mention, located.organ, _true_sides(e, k), earlier.sides if earlier else ())
        out.append(Choice(found, tuple(i for i, name in enumerate(side.SIDES) if name in told), e.group))
    return out


def _true_sides(e: Example, k: int) -> list[Located]:
    """The two mentions before the k-th, with the side and places that the annotation tells where it does."""
    out = []
    for x, about in zip(e.located[max(0, k - 2) : k], e.about[max(0, k - 2) : k], strict=True):
        told = [e.gold.findings[n] for n in about if e.gold.findings[n]["organ"] == x.organ]
        if told:
            x = Located(
                x.mention,
                x.organ,
                x.p_organ,
                told[0]["laterality"],
                1.0,
                tuple(told[0]["location"]),
                (),
                x.organ_scores,
            )
        out.append(x)
    return out


def _place_choices(e: Example) -> list[Choice]:
    out = []
    for k, (located, about) in enumerate(zip(e.located, e.about, strict=True)):
        told = [e.gold.findings[n] for n in about if e.gold.findings[n]["organ"] == located.organ]
        if len(told) != 1:
            continue
        earlier = previous_in_block(e.sentences, located.mention.sentence)
        entry = load_anatomy().organs.get(located.organ)
        closed = entry.locations if entry else frozenset()
        where = told[0]["location"]
        words = {w for name in where for w in name.lower().split()}
        for name, _, names in place.candidates(
            located.mention, located.organ, earlier.places if earlier else (), _true_sides(e, k)
        ):
            parts = name.split("|")
            right = any(p in where for p in parts) if closed else bool(set(name.split()) & words)
            out.append(Choice([[*names, "bias"], []], (0 if right else 1,), e.group))
    return out


def _resolve_choices(e: Example) -> list[Choice]:
    out: list[Choice] = []
    order = Spoken()
    finding_of: dict[int, Cluster] = {}
    history: list[tuple[Located, str]] = []
    report = Report(e.located, e.free)
    for item, about in zip(e.located, e.about, strict=True):
        options = options_of(item, order, report, history)
        if len(options) == 1:
            history.append((item, DROP))
            continue
        here = [n for n in about if e.gold.findings[n]["organ"] == item.organ]
        again = [] if about else retells(item.mention, item.organ, e.gold)
        right, chosen = _right_actions(item, options, about, here, again, finding_of)
        if right:
            out.append(Choice([option.features for option in options], tuple(right), e.group))
        told = (
            NEW
            if chosen is not None and chosen not in finding_of
            else "link"
            if chosen is not None
            else SUMMARY
            if right and right[0] == len(options) - 1
            else DROP
        )
        history.append((item, told))
        if chosen is None:
            continue
        cluster = finding_of.get(chosen)
        if cluster is None:
            cluster = finding_of[chosen] = Cluster([item])
        else:
            cluster.mentions.append(item)
        order.speak(cluster)
    return out


def _right_actions(
    item: Located,
    options: list[Option],
    about: list[int],
    here: list[int],
    again: list[int],
    finding_of: dict[int, Cluster],
) -> tuple[list[int], int | None]:
    """(numbers of the allowed options, number of the finding that the mention now stands for)."""
    if not item.organ or (about and not here):
        return ([0] if not about else []), None
    linked = {id(finding_of[n]): n for n in (here or again) if n in finding_of}
    links = {
        i: linked[id(action)]
        for i, action in enumerate(option.action for option in options)
        if isinstance(action, Cluster) and id(action) in linked
    }
    if not about:
        return [0, *links], None
    if len(here) > 1 and item.mention.size is None:
        return [len(options) - 1, *links], None
    number = here[0]
    if number in finding_of:
        return [i for i, n in links.items() if n == number], number
    fresh = [n for n in here if n not in finding_of]
    return [1], (fresh or here)[0]


def _gold_of(e: Example, cluster: Cluster) -> dict[str, Any] | None:
    """The annotated finding that most of a cluster's mentions speak of."""
    organ = group.main_mention(cluster).organ
    counted = Counter(
        n for x in cluster.mentions for n in e.about[x.mention.index] if e.gold.findings[n]["organ"] == organ
    )
    return dict(e.gold.findings[min(counted, key=lambda n: (-counted[n], n))]) if counted else None


def _group_choices(e: Example, reading: Reading) -> list[Choice]:
    out = []
    for cluster in reading.clusters:
        told = _gold_of(e, cluster)
        if told:
            names = [*group.features(cluster, reading.siblings(cluster)), "bias"]
            out.append(Choice([names, []], (0 if told["count_min"] > 1 else 1,), e.group))
    return out


def _type_choices(e: Example, reading: Reading) -> list[Choice]:
    out = []
    for draft in reading.drafts:
        told = _gold_of(e, draft.cluster)
        if told:
            found = crossed(lesion_type.TYPES, [*type_features(draft, reading), "bias"])
            out.append(Choice(found, (lesion_type.TYPES.index(told["type"]),), e.group))
    return out


def _certainty_choices(e: Example, reading: Reading) -> list[Choice]:
    out = []
    for draft in reading.drafts:
        told = _gold_of(e, draft.cluster)
        if told:
            names = [*certainty.features(draft.cluster.mentions), "bias"]
            out.append(Choice([names, []], (0 if told["certainty"] == "possible" else 1,), e.group))
    return out


def _negative_choices(e: Example) -> list[Choice]:
    return [
        Choice([[*names, "bias"], []], (0 if organ in e.gold.negative_organs else 1,), e.group)
        for organ, names in negatives.features(e.sentences).items()
    ]


def _confidence_choices(e: Example, reading: Reading) -> list[Choice]:
    out = []
    left = list(e.gold.findings)
    for draft in reading.drafts:
        right = next((f for f in left if is_right(draft, f)), None)
        if right is not None:
            left.remove(right)
        sure = [reading.sureness[x.mention.index] for x in draft.cluster.mentions]
        out.append(Choice([confidence.features(draft, sure), []], (1 if right is None else 0,), e.group))
    return out


def is_right(draft: Draft, told: Mapping[str, Any]) -> bool:
    """Right in all that supervision uses: organ, side, count_min and every size within 1 mm."""
    sizes = sorted((tuple(round(d) for d in x) for x, _, _ in draft.sizes), reverse=True)
    gold = sorted((tuple(round(d) for d in x) for x in told["sizes_mm"]), reverse=True)
    near = len(sizes) == len(gold) and all(
        len(a) == len(b) and all(abs(p - q) <= 1 for p, q in zip(a, b, strict=True))
        for a, b in zip(sizes, gold, strict=True)
    )
    return (
        near
        and draft.organ == told["organ"]
        and draft.side == told["laterality"]
        and draft.count_min == told["count_min"]
    )
