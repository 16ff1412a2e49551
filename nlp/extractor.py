"""What every extraction backend offers to the pipeline."""

import hashlib
import json
from typing import Any, Protocol

from ..schemas import Extraction, ExtractionStatus
from .language import PARTLY_UNREADABLE, Readability


class Identified(Protocol):
    """What tells runs apart; equal `config` and `version` mean equal answers.

    Attributes:
        name: "rules", "transformers", "openai" or "hybrid".
        version: of the extractor's code; changes whenever its answers may change.
        config: all that shapes the answers beside the code (rules, prompt, model, parameters), JSON-serialisable.
    """

    name: str
    version: str
    config: dict[str, Any]


class Extractor(Identified, Protocol):
    """Reads one report at a time."""

    def extract(self, report_id: str, text: str) -> Extraction:
        """Findings of one report; never raises for what it says, status `error` is for the extractor's failure."""
        ...


def config_hash(config: dict[str, Any]) -> str:
    """Hash of an extractor's configuration, independent of key order."""
    canonical = json.dumps(config, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def run_id(extractor: Identified) -> str:
    """Identity of a run: equal for a killed run and its continuation, different for another configuration."""
    identity = f"{extractor.name}\x1f{extractor.version}\x1f{config_hash(extractor.config)}"
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def as_far_as_readable(extraction: Extraction, found: Readability) -> Extraction:
    """An answer without what a text cannot tell that is not, or only partly, an English report.

    Its findings stand, since each is quoted; that something is absent, or that there is none, it does not know.
    """
    if found.unreadable is None and not found.partly:
        return extraction
    if extraction.findings or extraction.status is not ExtractionStatus.NO_LESION:
        reasons = (*extraction.review_reasons, PARTLY_UNREADABLE)
        kept = {"negative_organs": (), "negative_confidence": (), "review_reasons": reasons}
        return extraction.model_copy(update=kept)
    reason = found.unreadable or "partly in another language, no lesion in the rest"
    nothing = {"negative_organs": (), "negative_confidence": (), "confidence": None}
    return extraction.model_copy(update={"status": ExtractionStatus.UNREADABLE, "reason": reason, **nothing})
