"""A model's items → validated findings: every quote, number and place must stand in the report."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ...schemas import Finding, Organ, Quarantined, SizeBound, load_anatomy
from ..folding import fold
from ..grounding import trimmed, validation_reason
from ..lexicon import Lexicon
from ..recognise.size_groups import Size
from ..recognise.sizes import find_sizes
from ..rule_files import RuleSet
from ..text.sections import READ_SECTIONS, find_blocks
from .quotes import Place, Quotes, says_something
from .wire import LlmFinding, LlmNegative, RawAnswer

_MAX_COUNT = 1000
_FORMER = re.compile(
    r"(?:previous(?:ly)?|prior(?:ly)?|former(?:ly)?|earlier|compared (?:to|with))\W+"
    r"(?:(?:at|to|with|measur\w+|was|were|size|of)\W+){0,3}$"
)
_NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_PAIR = re.compile(r"\b(?:both|pair|couple|bilateral|twin|second|another|each|either)\b")
_SIZED_REGION = 60
_NAMES_LESION = frozenset({"LESION", "NODE", "DISEASE", "WEAK_LESION"})


class _UngroundedError(ValueError):
    """What a finding claims and the report does not say; the message holds no report text."""


@dataclass
class Grounded:
    """What of an answer stands in the report."""

    findings: list[Finding] = field(default_factory=list)
    negative_organs: list[Organ] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    repeated: int = 0
    inexact_quotes: int = 0
    ungrounded_negatives: int = 0


class Grounder:
    """Checks answers against reports with the rules' own sections, lexicon, size grammar and validators."""

    def __init__(self, rules: RuleSet) -> None:
        self._headings = rules.headings
        self._lexicon = Lexicon(rules)

    def ground(self, text: str, answer: RawAnswer) -> Grounded:
        """Findings of an answer, and with their reasons the items that are not in the report."""
        folded = fold(text)
        quotes = Quotes(text, folded, find_blocks(text, folded, self._headings))
        out = Grounded()
        used: Counter[str] = Counter()
        seen: set[str] = set()
        for item in answer.findings:
            written = _written(item)
            if written in seen:
                out.repeated += 1
                continue
            seen.add(written)
            try:
                out.findings.append(self._finding(_parsed(written), quotes, used, out))
            except ValidationError as error:
                out.quarantined.append(_quarantined(validation_reason(error), written))
            except _UngroundedError as error:
                out.quarantined.append(_quarantined(str(error), written))
        out.findings, repeats = _distinct(out.findings)
        out.repeated += repeats
        self._negatives(answer, quotes, out)
        return out

    def _finding(self, wire: LlmFinding, quotes: Quotes, used: Counter[str], out: Grounded) -> Finding:
        places = _evidence(wire, quotes, used)
        spans = sorted({trimmed(quotes.text, p.start, p.end) for p in places})
        evidence = [(a, b) for a, b in spans if b > a]
        sizes = _sizes(wire.sizes, evidence, quotes)
        prior = _sizes(wire.prior_sizes, evidence, quotes)
        _exams_are_apart(sizes, prior, quotes.folded)
        current = [(mm, s) for s in sizes for mm in s.lesions_mm]
        former = [(mm, s) for s in prior for mm in s.lesions_mm]
        _count_is_told(wire, len(current), evidence, quotes.folded)
        data = {
            "organ": wire.organ,
            "laterality": wire.laterality,
            "location": _locations(wire, quotes),
            "lesion_type": wire.type,
            "certainty": wire.certainty,
            "count": wire.count,
            "count_min": max(wire.count_min, 1) if wire.count is None else wire.count,
            "sizes": [_measurement(mm, s, quotes.text) for mm, s in sorted(current, key=lambda x: -max(x[0]))],
            "size_bound": _bound(wire, sizes),
            "prior_sizes": [_measurement(mm, s, quotes.text) for mm, s in former],
            "section": quotes.block(evidence[0][0]).section,
            "evidence": [_span(quotes.text, *each) for each in evidence],
            **self._anchor(evidence, quotes),
        }
        finding = Finding.model_validate(data, context={"text": quotes.text})
        out.inexact_quotes += sum(not p.exact for p in places)
        return finding

    def _anchor(self, evidence: list[tuple[int, int]], quotes: Quotes) -> dict[str, Any]:
        """The first word in the evidence that names a lesion; without one the whole first quote."""
        for start, end in evidence:
            for term in self._lexicon.find(quotes.folded, start, end):
                if _NAMES_LESION & term.roles.keys():
                    return {
                        "anchor": _span(quotes.text, term.start, term.end),
                        "type_text": quotes.text[term.start : term.end],
                    }
        return {"anchor": _span(quotes.text, *evidence[0])}

    def _negatives(self, answer: RawAnswer, quotes: Quotes, out: Grounded) -> None:
        with_lesion = {f.organ for f in out.findings}
        found: set[Organ] = set()
        for item in answer.negative_organs:
            try:
                wire = LlmNegative.model_validate_json(_written(item))
            except ValidationError:
                out.ungrounded_negatives += 1
                continue
            if says_something(wire.evidence) and _readable(quotes.places(wire.evidence), quotes):
                found.add(wire.organ)
            else:
                out.ungrounded_negatives += 1
        out.negative_organs = sorted(found - with_lesion)


def _written(item: Any) -> str:
    """An item as JSON that a database can hold, whatever the model put into it."""
    return json.dumps(item, sort_keys=True, ensure_ascii=False).encode(errors="replace").decode()


def _parsed(written: str) -> LlmFinding:
    try:
        return LlmFinding.model_validate_json(written)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "the item"
        if first["type"] == "extra_forbidden":  # its name is the model's own and could be anything
            raise _UngroundedError("a field is not in the schema") from None
        what = {"missing": "is missing", "enum": "is outside the list"}.get(
            first["type"], "is not as the schema has it"
        )
        raise _UngroundedError(f"{name} {what}") from None


def _evidence(wire: LlmFinding, quotes: Quotes, used: Counter[str]) -> list[Place]:
    """Places of the quotes; a quote that several findings give stands for its next occurrence in each of them."""
    if not any(says_something(quote) for quote in wire.evidence):
        raise _UngroundedError("the evidence holds no word")
    chosen = []
    for quote in wire.evidence:
        places = quotes.places(quote)
        if not places:
            raise _UngroundedError("a quote is not in the report")
        readable = _readable(places, quotes)
        if not readable:
            raise _UngroundedError(f"a quote stands only in section {quotes.block(places[0].start).section}")
        chosen.append(readable[min(used[quote], len(readable) - 1)])
        used[quote] += 1
    return chosen


def _readable(places: list[Place], quotes: Quotes) -> list[Place]:
    return [p for p in places if quotes.block(p.start).section in READ_SECTIONS]


def _sizes(written: tuple[str, ...], evidence: list[tuple[int, int]], quotes: Quotes) -> list[Size]:
    """The sizes that strings of the model's point at, read from the report by our grammar, each once."""
    found: dict[tuple[int, int], Size] = {}
    for size_text in written:
        candidates = [s for a, b in evidence for s in _sizes_at(size_text, a, b, quotes)]
        if not candidates:
            raise _UngroundedError("a size is not in its quote")
        fresh = [s for s in candidates if (s.start, s.end) not in found]
        for size in fresh[:1]:
            found[(size.start, size.end)] = size
    return sorted(found.values(), key=lambda s: s.start)


def _sizes_at(size_text: str, start: int, end: int, quotes: Quotes) -> list[Size]:
    """Sizes between two offsets that a string of the model's is, or is a part of, or that are a part of it."""
    if not re.search(r"\d|cent|sub", size_text.lower()) and not any(n in size_text.lower() for n in _NUMBERS):
        return []
    sizes = find_sizes(quotes.folded, start, end)
    found: list[Size] = []
    position = start
    while (place := quotes.within(size_text, position, end)) is not None:
        found += [s for s in sizes if s.start < place.end and place.start < s.end and s not in found]
        position = place.end
    return found


def _exams_are_apart(sizes: list[Size], prior: list[Size], folded: str) -> None:
    if {(s.start, s.end) for s in sizes} & {(s.start, s.end) for s in prior}:
        raise _UngroundedError("a size is given both as current and as earlier")
    if any(_FORMER.search(folded[max(0, s.start - _SIZED_REGION) : s.start]) for s in sizes):
        raise _UngroundedError("a size of an earlier exam is given as current")


def _count_is_told(wire: LlmFinding, n_sizes: int, evidence: list[tuple[int, int]], folded: str) -> None:
    """A number of lesions beyond "a" and "several" must be written in the quotes, or be the number of their sizes."""
    for value in (wire.count or 0, wire.count_min):
        if not 0 <= value <= _MAX_COUNT:
            raise _UngroundedError(f"a count is outside 1–{_MAX_COUNT}")
        told = "\n".join(folded[a:b] for a, b in evidence)
        word = _NUMBERS[value - 1] if 1 <= value <= len(_NUMBERS) else ""
        vague = value <= 1 or value == n_sizes or (value == 2 and (wire.count is None or bool(_PAIR.search(told))))
        above = rf"|>\s*{value - 1}\b|more than {value - 1}\b"
        if not vague and not re.search(rf"\b(?:{value}{'|' + word if word else ''})\b{above}", told):
            raise _UngroundedError("a count is not in its quote")


def _locations(wire: LlmFinding, quotes: Quotes) -> tuple[str, ...]:
    """Locations in lower case; those of organs without a closed list must be the report's own words."""
    places = tuple(dict.fromkeys(" ".join(place.lower().split()) for place in wire.location))
    allowed = load_anatomy().organ(wire.organ).locations
    if allowed and not allowed.issuperset(places):
        raise _UngroundedError(f"a location is no part of {wire.organ}")
    if not allowed and any(not quotes.places(place) for place in places):
        raise _UngroundedError("a location is not in the report")
    return places


def _bound(wire: LlmFinding, sizes: list[Size]) -> SizeBound | None:
    """The model's bound, which says nothing without a size; else the one in the words before the size."""
    if not sizes:
        return None
    return wire.size_bound or SizeBound(sizes[0].bound)


def _measurement(diameters_mm: tuple[float, ...], size: Size, text: str) -> dict[str, Any]:
    return {"diameters_mm": diameters_mm, "source": _span(text, size.start, size.end)}


def _span(text: str, start: int, end: int) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text[start:end]}


def _distinct(findings: list[Finding]) -> tuple[list[Finding], int]:
    """Findings that differ in more than their evidence; organ, side, place, anchor and sizes alike are one lesion."""
    kept: dict[tuple[Any, ...], Finding] = {}
    for f in findings:
        key = (f.organ, f.laterality, f.location, f.anchor.start, tuple(s.diameters_mm for s in f.sizes))
        kept.setdefault(key, f)
    return list(kept.values()), len(findings) - len(kept)


def _quarantined(reason: str, written: str) -> Quarantined:
    return Quarantined(reason=reason, finding_json=written)
