"""Lesions whose size a report tells twice, and not the same: for the audit of reports with and without headings."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from ..schemas import Section
from .compose import Draft
from .decide.resolve import DROP
from .reader import Reading
from .spans import Located, Mention

TOLERANCE_MM = 1.0
"""Sizes that differ by no more are the same, rounded."""
_SUMMING_UP = (Section.IMPRESSION, Section.ADDENDUM)
_PROBABLE = 0.5


def retold(reading: Reading) -> list[dict[str, Any]]:
    """Per lesion with two sizes that cannot both be: its organ, anchor, and where the two are told; no report text.

    Either both sizes were taken for the lesion's, or one that the impression tells of the organ was taken for none,
    being nobody's. Lengths in mm, offsets of the report.
    """
    pairs = [(draft, pair) for draft in reading.drafts if (pair := next(_of_one_lesion(draft), None))]
    pairs += _of_nobody(reading)
    return [{"organ": d.organ, "anchor": d.anchor[0], "told": [_place(m) for m in pair]} for d, pair in pairs]


def _of_one_lesion(draft: Draft) -> Iterator[tuple[Mention, Mention]]:
    """Pairs of mentions in different sentences, the largest diameter of neither being one of the other's.

    Of a group, only sentences that both speak of it as one ("nodules, the largest 8 mm").
    """
    sized = [x.mention for x in draft.cluster.mentions if x.mention.size is not None]
    for a, b in combinations(sized, 2):
        alike = (a.plural and b.plural) or not draft.group
        if alike and a.sentence is not b.sentence and not _tells(a, b) and not _tells(b, a):
            yield a, b


def _of_nobody(reading: Reading) -> Iterator[tuple[Draft, tuple[Mention, Mention]]]:
    """Sizes of the impression that no lesion has, each with the lesion of organ and side that is nearest in size."""
    for x, action in zip(reading.located, reading.actions, strict=True):
        m = x.mention
        if action != DROP or m.size is None or m.p_current < _PROBABLE or m.sentence.section not in _SUMMING_UP:
            continue
        told = [(d, y.mention) for d in reading.drafts if _may_be(d, x) for y in d.cluster.mentions if y.mention.size]
        if told and not any(_tells(m, other) or _tells(other, m) for _, other in told):
            largest = max(_diameters_mm(m))
            draft, nearest = min(told, key=lambda pair: abs(max(_diameters_mm(pair[1])) - largest))
            yield draft, (nearest, m)


def _may_be(draft: Draft, located: Located) -> bool:
    before = draft.section not in _SUMMING_UP
    return before and draft.organ == located.organ and (located.side is None or located.side == draft.side)


def _tells(a: Mention, b: Mention) -> bool:
    """Whether the largest diameter of one mention is one of the other's."""
    largest = max(_diameters_mm(a))
    return any(abs(largest - d) <= TOLERANCE_MM for d in _diameters_mm(b))


def _diameters_mm(mention: Mention) -> list[float]:
    return [d for lesion in mention.size.lesions_mm for d in lesion] if mention.size else []


def _place(mention: Mention) -> dict[str, Any]:
    return {
        "section": str(mention.sentence.section),
        "start": mention.start,
        "end": mention.end,
        "mm": max(_diameters_mm(mention)),
    }
