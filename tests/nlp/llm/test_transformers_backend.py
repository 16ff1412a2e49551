"""A model of random weights cannot but write JSON of the schema."""

import math

import pytest
import torch
from reportsup.nlp.llm.transformers_backend import TransformersExtractor, _Asked
from reportsup.nlp.llm.wire import LlmAnswer, parse_answer
from reportsup.schemas import BackendError

from .tiny_model import make

REPORTS = [(f"r{i}", "LIVER: 2 cm cyst in segment 4. " * (i % 3 + 1)) for i in range(6)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make(tmp_path_factory.mktemp("model"), padded=13)


@pytest.fixture(scope="module")
def extractor(folder):
    return TransformersExtractor(folder, batch_size=3, max_tokens=400, temperature=1.0)


def asked(n):
    return [_Asked(f"report {i}", 400) for i in range(n)]


@pytest.fixture(scope="module")
def answers(extractor):
    return extractor._generate(asked(12), math.inf)


def test_every_finished_answer_fits_the_schema_and_every_other_is_known_as_cut_off(answers):
    finished = [a for a in answers if a.complete]
    assert finished
    for answer in finished:
        assert LlmAnswer.model_validate_json(answer.content) is not None
    for answer in answers:
        assert answer.complete or answer.completion_tokens == 400


def test_nothing_a_random_model_writes_becomes_a_finding_that_is_not_in_the_text(extractor):
    found = {e.report_id: e for e in extractor.extract_many(REPORTS)}
    texts = dict(REPORTS)
    assert sorted(found) == sorted(texts)
    for report_id, extraction in found.items():
        assert all(e.text in texts[report_id] for f in extraction.findings for e in f.evidence)


def test_equal_seeds_write_equal_answers(folder, extractor):
    again = TransformersExtractor(folder, batch_size=3, max_tokens=400, temperature=1.0)
    wrote = [[a.content for a in one._generate(asked(2), math.inf)] for one in (again, extractor)]
    assert wrote[0] == wrote[1]
    assert again.config == extractor.config


def test_a_report_beyond_the_context_is_a_recorded_failure(tmp_path):
    short = TransformersExtractor(make(tmp_path, context=7000), max_tokens=64)
    long, fitting = ("long", "cyst " * 1000), ("fits", "cyst")
    found = {e.report_id: e for e in short.extract_many([long, fitting])}
    assert found["long"].reason == "the report exceeds the model's context"
    assert found["fits"].reason != found["long"].reason


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ m.content }}"
        "{% endfor %}",
        None,
    ],
)
def test_models_without_a_system_role_or_a_template_get_the_whole_prompt(tmp_path, template):
    extractor = TransformersExtractor(make(tmp_path, template=template), max_tokens=64)
    prompt = extractor._prompt([{"role": "system", "content": "RULES"}, {"role": "user", "content": "REPORT"}])
    assert prompt.index("RULES") < prompt.index("REPORT")


def test_a_model_that_would_think_is_told_that_it_has(tmp_path):
    template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n"
    extractor = TransformersExtractor(make(tmp_path, template=template), max_tokens=64)
    assert extractor._prompt([{"role": "user", "content": "REPORT"}]).rstrip().endswith("</think>")


def test_a_model_that_is_not_here_is_an_error_that_says_how_to_get_it():
    with pytest.raises(BackendError, match="hf download no-such/model"):
        TransformersExtractor("no-such/model")


def test_the_mask_forbids_all_that_is_no_json(extractor):
    processor = extractor._grammar.processor(2)
    scores = processor(torch.zeros((2, 1), dtype=torch.long), torch.zeros((2, extractor.model.config.vocab_size)))
    allowed = [extractor.tokenizer.decode([i]) for i in torch.nonzero(scores[0] == 0).flatten().tolist()]
    assert allowed == ["{"]
    assert parse_answer('{"findings": [], "negative_organs": []}').findings == []
