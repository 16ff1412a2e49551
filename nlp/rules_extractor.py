"""The default extractor: rules in a spaCy pipeline, on the CPU, no downloads."""

import json
import time
from pathlib import Path
from typing import Any

from ..schemas import Extraction, Organ, Quarantined
from .extractor import as_far_as_readable
from .language import readability
from .pipeline import ReportState, load
from .rule_files import load_rules

VERSION = "2"


class RulesExtractor:
    """Reads reports by rules; `rules_dir` holds a user's own rule files (docs/rules.md).

    >>> RulesExtractor().extract("r1", "LIVER: 2 cm cyst in segment IVa.").findings[0].location
    ('segment 4a',)
    """

    name = "rules"
    version = VERSION

    def __init__(self, rules_dir: Path | None = None) -> None:
        self.config: dict[str, Any] = {"rules_hash": load_rules(rules_dir).content_hash}
        self._nlp = load(rules_dir)

    def extract(self, report_id: str, text: str) -> Extraction:
        """Findings of one report, each grounded in its text."""
        started = time.perf_counter()
        found = readability(text)
        # Rules that meet another language find its loan words, and none of its negations.
        state: ReportState = ReportState(text) if found.unreadable else self._nlp(text)._.reportsup
        quarantined = [
            Quarantined(reason=reason, finding_json=json.dumps(data, ensure_ascii=False, default=str))
            for reason, data in state.quarantined
        ]
        answer = Extraction.answered(
            report_id,
            state.findings,
            quarantined,
            negative_organs=tuple(sorted(Organ(o) for o in state.negative_organs)),
            review_reasons=tuple(review_reasons(state)),
            seconds=time.perf_counter() - started,
        )
        return as_far_as_readable(answer, found)


def review_reasons(state: ReportState) -> list[str]:
    """Codes of what made the rules unsure of a report."""
    mentions = [m for m in state.reading.mentions if not m.negated and not m.dropped]
    checks = {
        "size_without_lesion": bool(state.reading.homeless),
        "lesion_without_organ": any(not m.place.organ for m in mentions),
        "organ_unknown": any(c.organ == "other" for c in state.candidates),
        "organ_from_context": any(c.organ_source in ("focus", "near") for c in state.candidates),
        "quarantined_finding": bool(state.quarantined),
        "long_sentence": any(s.end - s.start > 600 for s in state.sentences),
    }
    return [code for code, unsure in checks.items() if unsure]
