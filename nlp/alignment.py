"""Lays annotated findings over what was recognised in a report: which size and which word speaks of which finding."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..schemas import Section
from .recognise.size_groups import Size
from .spans import Mention, Sentence

TOLERANCE_MM = 1.0


@dataclass(frozen=True)
class Gold:
    """The annotation of one report; `spans`: per finding where its quotes stand in the text."""

    findings: Sequence[Mapping[str, Any]]
    negative_organs: frozenset[str]
    spans: Sequence[Sequence[tuple[int, int]]]


def locate_quotes(text: str, record: Mapping[str, Any]) -> Gold:
    """The annotation with its quotes found in the text, every occurrence of each."""
    spans = []
    for finding in record["findings"]:
        found: list[tuple[int, int]] = []
        for quote in finding.get("evidence") or []:
            found += [(m.start(), m.end()) for m in re.finditer(re.escape(quote), text)]
        spans.append(found)
    return Gold(record["findings"], frozenset(record.get("negative_organs") or ()), spans)


def inside(spans: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    """Whether a span lies in one of the quotes."""
    return any(a <= start and end <= b for a, b in spans)


def overlaps(spans: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    """Whether a span touches one of the quotes."""
    return any(a < end and start < b for a, b in spans)


def tells(size: Size, told: Iterable[Sequence[float]]) -> bool:
    """Whether a size in the text is one of the annotated ones: each of its diameters is among theirs."""
    annotated = [sorted(x, reverse=True) for x in told]
    for lesion in size.lesions_mm:
        if not any(all(any(abs(d - x) <= TOLERANCE_MM for x in sizes) for d in lesion) for sizes in annotated):
            return False
    return bool(annotated)


def _apart(size: Size, told: Iterable[Sequence[float]]) -> float:
    """How far a size is from the nearest of the annotated ones, in mm of their largest diameters."""
    biggest = max(max(x) for x in size.lesions_mm)
    return min(abs(biggest - max(x)) for x in told)


_RETOLD = frozenset([Section.IMPRESSION, Section.ADDENDUM])
_NOT_NOW = frozenset([Section.INDICATION, Section.COMPARISON, Section.TECHNIQUE])


def size_roles(sentence: Sentence, gold: Gold) -> list[str | None]:
    """Per size of a sentence: "current", "prior", "other", or None where the annotation does not tell."""
    return [_role(size, sentence, gold) for size in sentence.sizes]


def _role(size: Size, sentence: Sentence, gold: Gold) -> str | None:
    told = [_role_in(size, sentence, finding, spans) for finding, spans in zip(gold.findings, gold.spans, strict=True)]
    first = next((role for role in told if role in ("current", "unclear")), None)
    if first or "prior" in told:
        return None if first == "unclear" else first or "prior"
    if sentence.section in _RETOLD and _rounded(size, gold):
        return None
    again = any(tells(size, f["sizes_mm"]) for f in gold.findings)
    if not again or sentence.section in _NOT_NOW:
        return "other"
    return "current" if sentence.section in {*_RETOLD, Section.RECOMMENDATION} else None


def _role_in(
    size: Size, sentence: Sentence, finding: Mapping[str, Any], spans: Sequence[tuple[int, int]]
) -> str | None:
    """What a size is for one finding: "current", "prior", "unclear", or None where it is not the finding's."""
    near = overlaps(spans, size.start, size.end)
    close = near or overlaps(spans, sentence.start, sentence.end)
    now = near and tells(size, finding["sizes_mm"])
    before = close and tells(size, finding["prior_sizes_mm"])
    if now and before:  # "13 mm, previously 12 mm": the nearer one, or what the words say
        apart = _apart(size, finding["sizes_mm"]) - _apart(size, finding["prior_sizes_mm"])
        if apart:
            return "current" if apart < 0 else "prior"
        return size.hint if size.hint in ("current", "prior") else "unclear"
    return "current" if now else "prior" if before else None


def list_is_group(sizes: Sequence[Size], gold: Gold) -> bool | None:
    """Whether the sizes of a list are all one finding's; None where the annotation does not tell of each."""
    told = [
        {
            number
            for number, (finding, spans) in enumerate(zip(gold.findings, gold.spans, strict=True))
            if overlaps(spans, size.start, size.end) and tells(size, finding["sizes_mm"])
        }
        for size in sizes
    ]
    if not all(told):
        return None
    shared = set.intersection(*told)
    return any(len(gold.findings[number]["sizes_mm"]) > 1 for number in shared)


def _rounded(size: Size, gold: Gold) -> bool:
    """Whether a size is near an annotated one without being it ("about 5 cm" for 47 mm)."""
    biggest = max(max(x) for x in size.lesions_mm)
    told = [max(s) for f in gold.findings for s in f["sizes_mm"]]
    return any(TOLERANCE_MM < abs(biggest - x) <= max(3.0, 0.15 * x) for x in told)


def speaks_of(mention: Mention, gold: Gold) -> list[int]:
    """Numbers of the findings that a mention speaks of by their quotes (a size must also be the finding's)."""
    out = []
    for number, (finding, spans) in enumerate(zip(gold.findings, gold.spans, strict=True)):
        if mention.size is not None:
            if overlaps(spans, mention.size.start, mention.size.end) and tells(mention.size, finding["sizes_mm"]):
                out.append(number)
        elif mention.head is not None and inside(spans, mention.head.start, mention.head.end):
            out.append(number)
    if len(out) > 1 and mention.size is not None:
        out = _closest(mention, out, gold)
    return out


def _closest(mention: Mention, numbers: list[int], gold: Gold) -> list[int]:
    """Of several findings with the size, those whose quote around it is the shortest."""
    start, end = mention.size.start, mention.size.end  # type: ignore[union-attr]
    lengths = {n: min(b - a for a, b in gold.spans[n] if a < end and start < b) for n in numbers}
    shortest = min(lengths.values())
    return [n for n in numbers if lengths[n] == shortest]


def retells(mention: Mention, organ: str, gold: Gold) -> list[int]:
    """Findings that an unquoted mention may tell again: its organ's, and of its size where it has one."""
    out = [n for n, f in enumerate(gold.findings) if f["organ"] == organ]
    if mention.size is not None:
        out = [n for n in out if tells(mention.size, gold.findings[n]["sizes_mm"])]
    return out
