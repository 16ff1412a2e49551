"""The default extractor: rules recognise, a small model of named features decides; on the CPU, no downloads."""

import json
import time
from pathlib import Path
from typing import Any

from ..schemas import Extraction, Organ, Quarantined
from .explain import decided_by
from .extractor import as_far_as_readable
from .grounding import ground
from .language import english_only, readability
from .reader import Reading
from .reader_files import load_reader
from .retold import retold
from .review import review_reasons

VERSION = "7"
_ORGANS = frozenset(str(organ) for organ in Organ)


class RulesExtractor:
    """Reads reports with the reader of docs/explanation/reader.md.

    Args:
        rules_dir: a folder with rule files of the user's own.
        reader: a folder with weights of the user's own; None = those that are shipped.

    >>> RulesExtractor().extract("r1", "LIVER: 2 cm cyst in segment IVa.").findings[0].location
    ('segment 4a',)
    """

    name = "rules"
    version = VERSION

    def __init__(self, rules_dir: Path | None = None, reader: Path | None = None) -> None:
        loaded = load_reader(reader, rules_dir)
        self._reader = loaded.reader
        self.config: dict[str, Any] = {"rules_hash": loaded.rules_hash, "weights_hash": loaded.weights_hash}

    def extract(self, report_id: str, text: str) -> Extraction:
        """Findings of one report, each grounded in its text."""
        started = time.perf_counter()
        found = readability(text)
        # In another language, the rules would meet its loan words, and none of its negations.
        reading = Reading([]) if found.unreadable else self._reader.read(english_only(text) if found.partly else text)
        weights = self._reader.weights
        findings, failed = ground(reading.drafts, text, lambda draft: decided_by(draft, reading, weights))
        quarantined = [
            Quarantined(reason=reason, finding_json=json.dumps(data, ensure_ascii=False, default=str))
            for reason, data in failed
        ]
        twice = retold(reading)
        negatives = {Organ(o): round(p, 4) for o, p in sorted(reading.negatives.items()) if o in _ORGANS}
        answer = Extraction.answered(
            report_id,
            findings,
            quarantined,
            negative_organs=tuple(negatives),
            negative_confidence=tuple(negatives.values()),
            review_reasons=tuple(review_reasons(reading, findings, len(failed))),
            confidence=None if found.unreadable else round(reading.confidence, 4),
            seconds=time.perf_counter() - started,
            details_json=json.dumps({"retold": twice}) if twice else "{}",
        )
        return as_far_as_readable(answer, found)
