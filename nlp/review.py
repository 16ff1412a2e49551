"""What makes the reader unsure of a report, as codes without report text."""

from collections.abc import Collection

from ..schemas import Finding, Organ
from .decide.resolve import DROP
from .reader import Reading
from .text.sections import READ_SECTIONS

LOW_CONFIDENCE = 0.75
"""Below this expected share of right findings, a report should be read by a person."""
_LONG_CHARACTERS = 600
_PROBABLE = 0.5
_SURE = 0.9


def review_reasons(reading: Reading, findings: Collection[Finding], n_quarantined: int) -> list[str]:
    """Codes of what a reader should look at; empty = sure."""
    read = [s for s in reading.sentences if s.section in READ_SECTIONS]
    checks = {
        "nothing_read": bool(read) and not findings and not n_quarantined and not reading.negatives,
        "low_confidence": reading.confidence < LOW_CONFIDENCE,
        "size_without_lesion": _size_without_lesion(reading),
        "lesion_without_organ": _lesion_without_organ(reading),
        "organ_unknown": any(f.organ is Organ.OTHER for f in findings),
        "quarantined_finding": n_quarantined > 0,
        "long_sentence": any(s.end - s.start > _LONG_CHARACTERS for s in read),
    }
    return [code for code, unsure in checks.items() if unsure]


def _size_without_lesion(reading: Reading) -> bool:
    """Whether a probable current size was dropped, and not for sure."""
    return any(
        action == DROP and sure < _SURE and x.mention.size is not None and x.mention.p_current >= _PROBABLE
        for x, action, sure in zip(reading.located, reading.actions, reading.sureness, strict=True)
    )


def _lesion_without_organ(reading: Reading) -> bool:
    """Whether what may be a lesion has no organ, and so could be no finding."""
    return any(
        not x.organ
        and x.mention.sentence.section in READ_SECTIONS
        and (
            x.mention.p_current >= _PROBABLE
            or (x.mention.head is not None and x.mention.head.kind == "lesion" and sure < _SURE)
        )
        for x, sure in zip(reading.located, reading.sureness, strict=True)
    )
