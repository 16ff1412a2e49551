"""The default extractor: rules on the CPU, no downloads."""

import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..schemas import Extraction, ExtractionStatus, Finding, Organ, Quarantined, Section
from .candidates import Candidate, candidates, merge
from .discourse import Reading, read
from .document import Sentence
from .folding import fold
from .known_disease import apply_known_disease
from .lexicon import Lexicon
from .measurements import find_sizes
from .negative_organs import collect
from .rule_files import load_rules
from .sections import find_blocks
from .sentences import find_sentences

VERSION = "1"
MAX_SENTENCE = 4000


class RulesExtractor:
    """Reads reports by rules; `rules_dir` holds a user's own rule files (docs/rules.md).

    >>> RulesExtractor().extract("r1", "LIVER: 2 cm cyst in segment IVa.").findings[0].location
    ('segment 4a',)
    """

    name = "rules"
    version = VERSION

    def __init__(self, rules_dir: Path | None = None) -> None:
        self._rules = load_rules(Path(rules_dir) if rules_dir is not None else None)
        self._lexicon = Lexicon(self._rules)
        self.config: dict[str, Any] = {"rules_hash": self._rules.content_hash}

    def extract(self, report_id: str, text: str) -> Extraction:
        """Findings of one report, each grounded in its text."""
        started = time.perf_counter()
        sentences = self.sentences(text)
        reading = read(sentences)
        found = merge(candidates(reading.mentions))
        apply_known_disease(found, sentences)
        findings, quarantined = _validate(found, text)
        organs = {f.organ for f in findings}
        negative = collect(reading.sentences, reading.mentions) - organs - {c.organ for c in found}
        status = ExtractionStatus.OK if findings else ExtractionStatus.REJECTED if quarantined else ExtractionStatus.NO_LESION
        return Extraction(
            report_id=report_id,
            status=status,
            findings=tuple(findings),
            negative_organs=tuple(sorted(Organ(o) for o in negative)),
            quarantined=tuple(quarantined),
            review_reasons=tuple(_review_reasons(reading, found, quarantined)),
            reason="every finding was quarantined" if status is ExtractionStatus.REJECTED else None,
            seconds=time.perf_counter() - started,
        )

    def sentences(self, text: str) -> list[Sentence]:
        """The report as sentences with their section, headings, terms and sizes."""
        folded = fold(text)
        out: list[Sentence] = []
        for number, block in enumerate(find_blocks(text, folded, self._rules.headings)):
            section = block.section
            for start, end in find_sentences(text, folded, block.start, block.end):
                if section in (Section.BODY, Section.FINDINGS) and _opens_summary(folded, out, number, start):
                    section = Section.IMPRESSION
                end = min(end, start + MAX_SENTENCE)
                sentence = Sentence(start, end, section, block.organs, number, block.heading, folded[start:end])
                sentence.terms = self._lexicon.find(folded, start, end)
                sentence.sizes = find_sizes(folded, start, end)
                out.append(sentence)
        return out


def _opens_summary(folded: str, before: list[Sentence], block: int, start: int) -> bool:
    """Whether bullets that follow running prose on the same line begin here: they sum the report up."""
    lead = folded[max(0, start - 3) : start].strip()
    prose = [s for s in before if s.block == block]
    return lead in ('"', "•", "·", '."', '"•') and len(prose) >= 3 and "\n" not in folded[max(0, start - 60) : start]


def _validate(found: list[Candidate], text: str) -> tuple[list[Finding], list[Quarantined]]:
    findings, quarantined = [], []
    for candidate in found:
        data = _as_finding(candidate, text)
        try:
            findings.append(Finding.model_validate(data, context={"text": text}))
        except ValidationError as error:
            reason = "; ".join(e["msg"].removeprefix("Value error, ") for e in error.errors())
            quarantined.append(Quarantined(reason=reason, finding_json=_json(data)))
    return findings, quarantined


def _json(data: dict[str, Any]) -> str:
    import json

    return json.dumps(data, ensure_ascii=False, default=str)


def _as_finding(c: Candidate, text: str) -> dict[str, Any]:
    def span(start: int, end: int) -> dict[str, Any]:
        return {"start": start, "end": end, "text": text[start:end]}

    def size(entry: tuple[tuple[float, ...], int, int]) -> dict[str, Any]:
        return {"diameters_mm": entry[0], "source": span(entry[1], entry[2])}

    order = sorted(c.sizes, key=lambda s: -max(s[0]))
    quotes = sorted({(a, b) for a, b in c.evidence if b > a})
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
        "sizes": tuple(size(s) for s in order),
        "size_bound": c.bound,
        "prior_sizes": tuple(size(s) for s in c.prior),
        "attenuation": c.attenuation,
        "image_reference": c.image_reference,
        "section": c.section,
        "anchor": span(*c.anchor),
        "evidence": tuple(span(*q) for q in sorted(quotes)),
    }


def _review_reasons(reading: Reading, found: list[Candidate], quarantined: list[Quarantined]) -> list[str]:
    reasons = []
    if reading.homeless:
        reasons.append("size_without_lesion")
    if any(c.organ == "other" for c in found):
        reasons.append("organ_unknown")
    if any(c.organ_source in ("focus", "near") for c in found):
        reasons.append("organ_from_context")
    if quarantined:
        reasons.append("quarantined_finding")
    if any(m.place.organ == "" and not m.negated and not m.dropped for m in reading.mentions):
        reasons.append("lesion_without_organ")
    if any(s.end - s.start > 600 for s in reading.sentences):
        reasons.append("long_sentence")
    return reasons
