"""Drafts of the reader → validated findings; what fails validation is kept with its reason."""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError

from ..schemas import Finding
from .attributes import attenuation, image_reference
from .compose import Draft


def ground(
    drafts: Iterable[Draft], text: str, decided_by: Callable[[Draft], str]
) -> tuple[list[Finding], list[tuple[str, dict[str, Any]]]]:
    """Findings whose quotes stand in the text, and (reason, data) of the drafts that fail the contract.

    Args:
        drafts: of one report.
        text: the report.
        decided_by: what decided a draft, as JSON.
    """
    findings: list[Finding] = []
    quarantined: list[tuple[str, dict[str, Any]]] = []
    for draft in drafts:
        data = _as_finding(draft, text, decided_by(draft))
        try:
            findings.append(Finding.model_validate(data, context={"text": text}))
        except ValidationError as error:
            quarantined.append((validation_reason(error), data))
    return findings, quarantined


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Offsets of a quote without blanks and commas at its ends."""
    while start < end and text[start] in " \t\r\n,;":
        start += 1
    while end > start and text[end - 1] in " \t\r\n,;":
        end -= 1
    return start, end


def outermost(quotes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Quotes in reading order without those that stand inside another.

    >>> outermost([(5, 9), (0, 9), (12, 15)])
    [(0, 9), (12, 15)]
    """
    kept: list[tuple[int, int]] = []
    for start, end in sorted(set(quotes), key=lambda q: (q[0], -q[1])):
        if end > start and not (kept and end <= kept[-1][1]):
            kept.append((start, end))
    return kept


def validation_reason(error: ValidationError) -> str:
    """One line on what is wrong, without values from the report."""
    return "; ".join(
        e["msg"].removeprefix("Value error, ") for e in error.errors(include_input=False, include_url=False)
    )


def _as_finding(d: Draft, text: str, decided_by: str) -> dict[str, Any]:
    def span(start: int, end: int) -> dict[str, Any]:
        return {"start": start, "end": end, "text": text[start:end]}

    def size(entry: tuple[tuple[float, ...], int, int]) -> dict[str, Any]:
        return {"diameters_mm": entry[0], "source": span(entry[1], entry[2])}

    quotes = outermost([trimmed(text, *e) for e in d.evidence] + [(a, b) for _, a, b in d.sizes + d.prior])
    return {
        "organ": d.organ,
        "laterality": d.side,
        "location": d.location,
        "lesion_type": d.lesion_type,
        "type_text": d.type_text,
        "certainty": "possible" if d.possible else "present",
        "count": d.count,
        "count_min": d.count_min,
        "sizes": tuple(size(s) for s in sorted(d.sizes, key=lambda s: -max(s[0]))),
        "size_bound": d.bound,
        "prior_sizes": tuple(size(s) for s in d.prior),
        "attenuation": attenuation(d),
        "image_reference": image_reference(d, text),
        "section": d.section,
        "anchor": span(*d.anchor),
        "evidence": tuple(span(*q) for q in quotes),
        "confidence": round(d.confidence, 4),
        "decided_by": decided_by,
    }
