"""Candidates of the rules → validated findings; what fails validation is kept with its reason."""

from typing import Any

from pydantic import ValidationError

from ..schemas import Finding
from .candidates import Candidate


def ground(found: list[Candidate], text: str) -> tuple[list[Finding], list[tuple[str, dict[str, Any]]]]:
    """Findings whose quotes stand in the text, and (reason, data) of the candidates that fail the contract."""
    findings: list[Finding] = []
    quarantined: list[tuple[str, dict[str, Any]]] = []
    for candidate in found:
        data = _as_finding(candidate, text)
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


def validation_reason(error: ValidationError) -> str:
    """One line on what is wrong, without values from the report."""
    return "; ".join(
        e["msg"].removeprefix("Value error, ") for e in error.errors(include_input=False, include_url=False)
    )


def _as_finding(c: Candidate, text: str) -> dict[str, Any]:
    def span(start: int, end: int) -> dict[str, Any]:
        return {"start": start, "end": end, "text": text[start:end]}

    def size(entry: tuple[tuple[float, ...], int, int]) -> dict[str, Any]:
        return {"diameters_mm": entry[0], "source": span(entry[1], entry[2])}

    quotes = sorted({trimmed(text, a, b) for a, b in c.evidence if b > a})
    for _, start, end in c.sizes + c.prior:
        if not any(a <= start and end <= b for a, b in quotes):
            quotes.append((start, end))
    return {
        "organ": c.organ,
        "laterality": c.side,
        "location": tuple(c.location),
        "lesion_type": c.lesion_type,
        "type_text": c.type_text,
        "certainty": "possible" if c.possible else "present",
        "count": c.count,
        "count_min": c.count_min,
        "sizes": tuple(size(s) for s in sorted(c.sizes, key=lambda s: -max(s[0]))),
        "size_bound": c.bound,
        "prior_sizes": tuple(size(s) for s in c.prior),
        "attenuation": c.attenuation,
        "image_reference": c.image_reference,
        "section": c.section,
        "anchor": span(*c.anchor),
        "evidence": tuple(span(*q) for q in sorted(quotes) if q[1] > q[0]),
    }
