"""Which finding of a report's current reading is the lesion that a person corrected.

Offsets and ids are no identity: they move with the rules and with every word that a text gains. A lesion is known by
its organ, side, place, quotes and sizes; where the text is the same, also by where its name stands.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum

from .finding import Finding

_SIZE_TOLERANCE_MM = 0.05
_MIN_SHARED_WORDS = 2 / 3
# A shorter quote ("cyst") is found in too many others to carry a lesion whose size has changed.
_TELLING_WORDS = 3
_EMPTY_WORDS = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "in",
        "is",
        "are",
        "was",
        "at",
        "to",
        "and",
        "with",
        "there",
        "this",
        "mm",
        "cm",
        "x",
        "by",
    )
)


class Outcome(StrEnum):
    """What became of a correction. Only `matched` ones are applied; all the others are kept and listed.

    unmatched: no finding is the lesion. ambiguous: two fit equally well. conflict: the corrected finding would break
    the contract. superseded: a reader annotated the whole report after it.
    """

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    AMBIGUOUS = "ambiguous"
    CONFLICT = "conflict"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Lesion:
    """What a lesion is known by; `anchor` are the offsets of the word that names it."""

    organ: str
    laterality: str | None
    location: frozenset[str]
    quotes: tuple[str, ...]
    sizes_mm: tuple[tuple[float, ...], ...]
    anchor: tuple[int, int]

    @classmethod
    def of(cls, finding: Finding) -> "Lesion":
        """The lesion of a finding."""
        return cls(
            str(finding.organ),
            None if finding.laterality is None else str(finding.laterality),
            frozenset(finding.location),
            tuple(span.text for span in finding.evidence),
            tuple(size.diameters_mm for size in finding.sizes),
            (finding.anchor.start, finding.anchor.end),
        )


@dataclass(frozen=True)
class Match:
    """The outcome; when matched, the candidate's index and which of organ, laterality, location, sizes_mm differ."""

    outcome: Outcome
    index: int | None = None
    changed: tuple[str, ...] = field(default=())


def match_lesion(
    lesion: Lesion, candidates: Sequence[Lesion], others: Sequence[Lesion] = (), *, same_text: bool = False
) -> Match:
    """The one candidate that is the lesion.

    Args:
        lesion: as the reading that was corrected had it.
        candidates: the findings of the current reading of the same report.
        others: the other lesions of the reading that was corrected. A candidate that is rather one of them is not
            taken: of two lesions that differ in size only, one may be gone and the other still be there.
        same_text: both readings are of the same text, so that offsets can be compared.

    >>> cyst = Lesion("liver", None, frozenset(), ("5 mm cyst in the liver",), ((5.0,),), (5, 9))
    >>> grown = Lesion("liver", None, frozenset(), ("Now a 7 mm cyst in the liver",), ((7.0,),), (11, 15))
    >>> match_lesion(cyst, [grown])
    Match(outcome=<Outcome.MATCHED: 'matched'>, index=0, changed=('sizes_mm',))
    """
    own = _agreements(lesion, candidates, same_text)
    rivals = [_best(_agreements(other, candidates, same_text)) for other in others]
    claims = {i: max((best[i] for best in rivals if i in best), default=()) for i in own}
    best = _best({i: agreement for i, agreement in own.items() if agreement >= claims[i]})
    if not best:
        return Match(Outcome.UNMATCHED)
    first, *equals = best
    if equals or best[first] == claims[first]:
        return Match(Outcome.AMBIGUOUS)
    return Match(Outcome.MATCHED, first, _changed(lesion, candidates[first]))


def _agreements(lesion: Lesion, candidates: Sequence[Lesion], same_text: bool) -> dict[int, tuple[bool, ...]]:
    """The candidates that can be the lesion, with how well each of them fits."""
    found = {i: _agreement(lesion, candidate, same_text) for i, candidate in enumerate(candidates)}
    return {i: agreement for i, agreement in found.items() if agreement is not None}


def _best(agreements: dict[int, tuple[bool, ...]]) -> dict[int, tuple[bool, ...]]:
    """Those that fit best."""
    most = max(agreements.values(), default=())
    return {i: agreement for i, agreement in agreements.items() if agreement == most}


def _agreement(lesion: Lesion, candidate: Lesion, same_text: bool) -> tuple[bool, ...] | None:
    """How well a candidate fits, to be compared with others; None when it cannot be the lesion."""
    differing = _changed(lesion, candidate)
    anchored = same_text and lesion.anchor[0] < candidate.anchor[1] and candidate.anchor[0] < lesion.anchor[1]
    if not anchored and not _may_be(lesion, candidate, differing):
        return None
    same = tuple(name not in differing for name in ("organ", "sizes_mm", "laterality", "location"))
    quoted_alike = bool(
        {_words(q, numbers=True) for q in lesion.quotes} & {_words(q, numbers=True) for q in candidate.quotes}
    )
    return (anchored, *same, quoted_alike)


def _may_be(lesion: Lesion, candidate: Lesion, differing: tuple[str, ...]) -> bool:
    """Whether a candidate elsewhere in the text can be the lesion: same organ, no other side or place, a like quote.

    Where one does not name the side or the place, the size must be the same.
    """
    resized = "sizes_mm" in differing
    if "organ" in differing or (resized and len(differing) > 1):
        return False
    if "laterality" in differing and None not in (lesion.laterality, candidate.laterality):
        return False
    if not (lesion.location <= candidate.location or candidate.location <= lesion.location):
        return False
    return any(_alike(a, b, resized) for a in lesion.quotes for b in candidate.quotes)


def _changed(lesion: Lesion, candidate: Lesion) -> tuple[str, ...]:
    names = ("organ", "laterality", "location")
    differing = [name for name in names if getattr(lesion, name) != getattr(candidate, name)]
    return (*differing, *(() if _same_sizes(lesion.sizes_mm, candidate.sizes_mm) else ("sizes_mm",)))


def _same_sizes(a: tuple[tuple[float, ...], ...], b: tuple[tuple[float, ...], ...]) -> bool:
    return len(a) == len(b) and all(
        len(x) == len(y) and all(abs(p - q) <= _SIZE_TOLERANCE_MM for p, q in zip(x, y, strict=True))
        for x, y in zip(sorted(a), sorted(b), strict=True)
    )


def _alike(a: str, b: str, resized: bool) -> bool:
    """Whether two quotes share most words of the shorter one, in order; numbers and units aside."""
    first, second = _words(a), _words(b)
    if first == second:
        return bool(first) or _words(a, numbers=True) == _words(b, numbers=True)
    shorter = min(len(first), len(second))
    if not shorter or (resized and shorter < _TELLING_WORDS):
        return False
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) >= (_MIN_SHARED_WORDS if shorter >= _TELLING_WORDS else 1) * shorter


def _words(quote: str, *, numbers: bool = False) -> tuple[str, ...]:
    """Words of a quote in small letters; with numbers, all of them, else those that say something."""
    if numbers:
        return tuple(re.findall(r"\w+", quote.casefold()))
    return tuple(w for w in re.findall(r"[^\W\d_]+", quote.casefold()) if w not in _EMPTY_WORDS)
