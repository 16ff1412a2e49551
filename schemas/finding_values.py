"""A finding from plain values: what a person types, what a gold file holds, what a correction changes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from .errors import ConfigError
from .finding import MAX_DIAMETER_MM, MIN_DIAMETER_MM, Finding
from .quotes import QuoteError, locate
from .vocabulary import Attenuation, Certainty, Laterality, LesionType, Organ, Section, SizeBound

CHOICES = {
    "organ": Organ,
    "laterality": Laterality,
    "lesion_type": LesionType,
    "certainty": Certainty,
    "size_bound": SizeBound,
    "attenuation": Attenuation,
    "section": Section,
}
_SIZES = ("sizes_mm", "prior_sizes_mm")
_LISTS = ("location", "evidence")
_COUNTS = ("count", "count_min")
_TEXTS = ("type_text", "image_reference")
_NULLABLE = frozenset({"laterality", "count", "size_bound", "attenuation", "image_reference", "type_text"})
FIELDS = (*CHOICES, *_LISTS, *_COUNTS, *_SIZES, *_TEXTS)


def parse_value(field: str, value: str) -> Any:
    """The value that a person typed for a field of a finding.

    Args:
        field: one of `FIELDS`, named as in `v_findings`.
        value: text; lists as JSON (a single place or quote also as it is), "null" for none.

    Raises:
        ConfigError: the field or value is outside the vocabulary; the message says what is allowed.

    >>> parse_value("sizes_mm", "[[14, 23]]")
    [[23.0, 14.0]]
    """
    if field not in FIELDS:
        raise ConfigError(f"correct: field '{field}' vs one of {', '.join(FIELDS)}. Name one of them.")
    if value == "null":
        if field not in _NULLABLE:
            raise ConfigError(f"correct: {field} 'null' vs a value. Only {', '.join(sorted(_NULLABLE))} can be empty.")
        return "" if field == "type_text" else None
    if field in CHOICES:
        known = [str(member) for member in CHOICES[field]]
        if value not in known:
            raise ConfigError(f"correct: {field} '{value}' vs one of {', '.join(known)}. Name one of them.")
        return value
    if field in _COUNTS:
        if not (value.isdecimal() and int(value) >= 1):
            raise ConfigError(f"correct: {field} '{value}' vs a whole number of at least 1. Name one.")
        return int(value)
    if field in _SIZES:
        return _sizes(field, value)
    return _texts(field, value) if field in _LISTS else value


def stored_value(field: str, value: Any) -> str | None:
    """A value as the table of corrections holds it: text, lists as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def loaded_value(field: str, value: str | None) -> Any:
    """The value that `stored_value` made text of."""
    if value is None:
        return "" if field == "type_text" else None
    return json.loads(value) if field in (*_SIZES, *_LISTS, *_COUNTS) else value


def finding_from_values(
    values: Mapping[str, Any],
    text: str | None,
    *,
    base: Finding | None = None,
    spans: Sequence[Sequence[int]] = (),
    anchor: Sequence[int] | None = None,
    corrected: bool = True,
) -> Finding:
    """A person's finding: new, or a change of another one.

    Quotes are looked up in the text. Sizes of a person need not stand in their quotes. An exact count is also the
    least one, and sizes are exact, unless the values say otherwise.

    Args:
        values: by names of `FIELDS`.
        text: the report; None when the reading is of an earlier text that is not stored any more.
        base: the finding that is changed.
        spans: where the quotes are expected. anchor: offsets of the word that names the lesion, if known.

    Raises:
        ValueError: a quote is not in the text, or the values break the contract (pydantic's ValidationError).
    """
    data: dict[str, Any] = base.model_dump() if base is not None else {}
    data |= {name: value for name, value in values.items() if name not in (*_SIZES, "evidence")}
    if data.get("type_text") is None:
        data["type_text"] = ""
    if "evidence" in values:
        data["evidence"] = _located(values["evidence"], text, spans)
        known = anchor or ((base.anchor.start, base.anchor.end) if base is not None else None)
        data["anchor"] = _anchor(data["evidence"], text, known)
    evidence = data.get("evidence") or ()
    for name, of in zip(_SIZES, ("sizes", "prior_sizes"), strict=True):
        if name in values or "evidence" in values:
            before = data.get(of) or ()
            diameters = values.get(name, [m["diameters_mm"] for m in before])
            data[of] = [_measurement(mm, before[i : i + 1], evidence) for i, mm in enumerate(diameters or ())]
    if values.get("count") is not None and values.get("count_min") is None:
        data["count_min"] = values["count"]
    elif data.get("count_min") is None:
        data["count_min"] = 1
    if "sizes_mm" in values and values.get("size_bound") is None:
        data["size_bound"] = (data.get("size_bound") or "exact") if data["sizes"] else None
    data["corrected"] = corrected
    return Finding.model_validate(data, context={"text": text, "by_person": True})


def what_is_wrong(error: ValueError) -> str:
    """One line on why values are no finding, without report text."""
    if not isinstance(error, ValidationError):
        return str(error) if isinstance(error, QuoteError) else "a value has the wrong form"
    reasons = []
    for entry in error.errors(include_input=False, include_url=False):
        name = entry["loc"][0] if entry["loc"] else ""
        known = f" (one of {', '.join(CHOICES[name])})" if name in CHOICES else ""
        reasons.append((f"{name}: " if name else "") + entry["msg"].removeprefix("Value error, ") + known)
    return "; ".join(reasons)


def _sizes(field: str, value: str) -> list[list[float]]:
    try:
        sizes = [sorted((float(d) for d in lesion), reverse=True) for lesion in json.loads(value)]
    except (ValueError, TypeError):
        sizes = [[]]
    if not all(
        1 <= len(lesion) <= 3 and all(MIN_DIAMETER_MM <= d <= MAX_DIAMETER_MM for d in lesion) for lesion in sizes
    ):
        raise ConfigError(
            f"correct: {field} '{value}' vs a JSON list of lesions with 1 to 3 diameters of {MIN_DIAMETER_MM:g} to "
            f"{MAX_DIAMETER_MM:g} mm. Write [[23, 14]], or [] for no size."
        )
    return sizes


def _texts(field: str, value: str) -> list[str]:
    try:
        found: Any = json.loads(value) if value.lstrip().startswith("[") else [value]
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ConfigError(f'correct: {field} vs text or a JSON list of texts. Write ["…", "…"].')
    return found


def _located(quotes: Any, text: str | None, spans: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    if not isinstance(quotes, (list, tuple)) or not all(isinstance(quote, str) for quote in quotes):
        raise QuoteError("evidence is no list of quotes")
    if not quotes:
        raise QuoteError("evidence holds no quote")
    if text is None:
        raise QuoteError("the report's text has changed since it was read")
    near = [span[0] for span in spans] if len(spans) == len(quotes) else [None] * len(quotes)
    places = [locate(quote, text, start) for quote, start in zip(quotes, near, strict=True)]
    return [{"start": a, "end": b, "text": text[a:b]} for a, b in places]


def _anchor(evidence: list[dict[str, Any]], text: str | None, known: Sequence[int] | None) -> dict[str, Any]:
    """The word that names the lesion where it is known and inside the quotes, else the first quote."""
    if known and text and any(e["start"] <= known[0] < known[1] <= e["end"] for e in evidence):
        return {"start": known[0], "end": known[1], "text": text[known[0] : known[1]]}
    return evidence[0]


def _measurement(
    diameters: Any, before: Sequence[dict[str, Any]], evidence: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A size with its source: where it was read from, else a quote with a number, else the first quote."""
    for source in (size["source"] for size in before):
        for quote in evidence:
            start = source["start"] - quote["start"]
            if start >= 0 and quote["text"][start : source["end"] - quote["start"]] == source["text"]:
                return {"diameters_mm": diameters, "source": source}
    with_number = (e for e in evidence if any(c.isdigit() for c in e["text"]))
    return {"diameters_mm": diameters, "source": next(with_number, evidence[0])}
