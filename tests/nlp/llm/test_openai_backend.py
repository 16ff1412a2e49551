"""The client against a real server on loopback that misbehaves."""

import json
import threading
import tracemalloc
from itertools import islice

import pytest
from reportsup.nlp.llm.chat import ChatOptions
from reportsup.nlp.llm.openai_backend import OpenAIExtractor
from reportsup.schemas import BackendError

from .fake_server import FakeServer

QUICK = ChatOptions(timeout_s=2.0, attempts=4, max_wait_s=0.6)


def make(server, **options):
    return OpenAIExtractor("fake", server.url, **{"self_test": False, "options": QUICK, "concurrency": 16} | options)


def run(server, *texts, **options):
    items = [(f"r{i}", text) for i, text in enumerate(texts)]
    found = {e.report_id: e for e in make(server, **options).extract_many(items)}
    assert sorted(found) == sorted(report_id for report_id, _ in items)
    return [found[report_id] for report_id, _ in items]


def details(extraction):
    return json.loads(extraction.details_json)


def test_answers_become_findings_and_tokens_are_counted(server):
    (one,) = run(server, "Liver: 2 cm cyst.")
    assert one.findings[0].sizes[0].diameters_mm == (20.0,)
    assert details(one) == {"prompt_tokens": 100, "completion_tokens": 10}


@pytest.mark.parametrize("fault", ["e500*2", "e503*3", "disconnect*2", "html*1", "slow*1"])
def test_what_may_pass_is_tried_again(server, fault):
    text = f"Liver: cyst @{fault}."
    (one,) = run(server, text)
    assert one.status == "ok"
    assert server.seen[text] == int(fault[-1]) + 1


def test_the_servers_own_pause_is_kept(server):
    text = "Liver: cyst @busy*2."
    (one,) = run(server, text)
    assert one.status == "ok"
    first, second, third = server.pauses[text]
    assert second - first >= 0.3
    assert third - second >= 0.3


@pytest.mark.parametrize(
    "fault", ["e500", "disconnect", "e400", "no_choices", "prose", "empty", "other_shape", "nan", "deep"]
)
def test_no_answer_is_a_recorded_failure_never_no_lesion(server, fault):
    bad, good = run(server, f"Liver: cyst @{fault}.", "Liver: cyst.")
    assert (bad.status, bad.findings, good.status) == ("error", (), "ok")
    assert bad.reason
    assert "cyst" not in bad.reason


def test_an_answer_cut_off_or_lost_in_thought_is_a_failure_and_says_why(server):
    cut, thinking = run(server, "Liver: cyst @cut_at_once.", "Liver: cyst @endless_thinking.")
    assert "token limit" in cut.reason
    assert "thinking" in thinking.reason
    assert run(server, "Liver: cyst @thinking.")[0].status == "ok"


def test_the_complete_part_of_a_cut_off_answer_is_kept_and_marked(server):
    (one,) = run(server, "Liver: 2 cm cyst @truncated.")
    assert len(one.findings) == 1
    assert "truncated_answer" in one.review_reasons
    assert details(one)["truncated"] is True


@pytest.mark.parametrize(
    "fault", ["hallucinated", "wrong_size", "wrong_organ", "extra_field", "huge_count", "surrogate"]
)
def test_lies_are_quarantined_and_the_rest_is_kept(server, fault):
    (one,) = run(server, f"Liver: 2 cm cyst @{fault}.")
    assert [f.evidence[0].text for f in one.findings] == ["2 cm cyst"]
    assert len(one.quarantined) == 1
    assert one.review_reasons == ("quarantined_finding",)
    one.quarantined[0].finding_json.encode()


def test_an_answer_of_lies_alone_is_rejected_not_no_lesion(server):
    (one,) = run(server, "Nothing @hallucinated.")
    assert one.status == "rejected"


def test_repair_shows_the_errors_once(server):
    text = "Liver: 2 cm cyst @hallucinated."
    (one,) = run(server, text, repair=True)
    assert (one.status, one.quarantined, server.seen[text]) == ("ok", (), 2)
    assert details(one) == {"prompt_tokens": 200, "completion_tokens": 20, "repairs": 1}
    (mended,) = run(server, "Liver: cyst @prose.", repair=True)
    assert mended.status == "ok"


def test_answers_come_as_they_are_ready(server):
    items = [("slow", "cyst @slow*1"), *((f"quick{i}", f"cyst {i}") for i in range(20))]
    order = [e.report_id for e in make(server).extract_many(items)]
    assert len(order) == 21
    assert order[-1] == "slow"


def test_equal_ids_and_texts_are_answered_each(server):
    items = [("same", "cyst"), ("same", "cyst"), ("other", "cyst")]
    assert sorted(e.report_id for e in make(server).extract_many(items)) == ["other", "same", "same"]


def test_refusals_in_a_row_stop_the_run(server):
    with pytest.raises(BackendError, match="401, 8 requests in a row"):
        list(make(server).extract_many((str(i), f"cyst @forbidden {i}") for i in range(1000)))
    assert sum(server.seen.values()) < 100


def test_a_refusal_among_answers_does_not(server):
    texts = [f"cyst {i}" + (" @forbidden" if i % 3 == 0 else "") for i in range(60)]
    assert sum(e.status == "error" for e in run(server, *texts, concurrency=1)) == 20


def test_a_server_that_is_gone_stops_the_run():
    with FakeServer() as closed:
        url = closed.url
    options = ChatOptions(attempts=2, max_wait_s=0.05, tolerated_failures=3)
    extractor = OpenAIExtractor("fake", url, self_test=False, concurrency=2, options=options)
    with pytest.raises(BackendError, match="cannot be reached"):
        list(extractor.extract_many((str(i), "cyst") for i in range(100)))


def test_the_self_test_asks_once_for_an_example_of_ours(server):
    extractor = make(server, self_test=True)
    list(extractor.extract_many([("a", "cyst")]))
    list(extractor.extract_many([("b", "cyst too")]))
    assert sorted(server.seen.values()) == [1, 1, 1]


def test_the_self_test_names_the_models_there_are(server):
    with pytest.raises(BackendError, match="'other' vs fake"):
        OpenAIExtractor("other", server.url).extract("a", "cyst")
    assert not server.seen


def test_the_key_is_taken_from_the_named_variable_and_not_configuration(server, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret-1")
    extractor = make(server, api_key_env="MY_KEY")
    extractor.extract("a", "cyst")
    assert server.keys == {"Bearer secret-1"}
    assert "secret-1" not in json.dumps(extractor.config)


def test_a_caller_that_stops_leaves_no_thread(server):
    generator = make(server).extract_many((str(i), f"cyst {i}") for i in range(10_000))
    list(islice(generator, 5))
    generator.close()
    assert not [t for t in threading.enumerate() if t.name == "reportsup-llm"]


def test_a_thousand_requests_are_drawn_only_as_answers_come(server):
    """64 at once; what is drawn ahead of the answers, and so memory, does not grow with the number of reports."""
    drawn = answered = furthest = 0

    def items():
        nonlocal drawn, furthest
        for i in range(1000):
            drawn += 1
            furthest = max(furthest, drawn - answered)
            yield str(i), f"Liver: {i % 40 + 1} mm cyst {i}. " + "x" * 2000

    server.seconds = 0.05  # long enough for many to be on their way, on a slow machine too
    tracemalloc.start()
    for number, extraction in enumerate(make(server, concurrency=64).extract_many(items())):
        assert extraction.status == "ok"
        answered += 1
        if number == 200:
            tracemalloc.reset_peak()
            early = tracemalloc.get_traced_memory()[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answered == 1000
    assert furthest <= 2 * 64
    assert 16 < server.most_at_once <= 64
    assert peak - early < 30e6


def test_config_tells_what_decides_answers_and_nothing_else(server):
    base = make(server).config
    assert make(server, concurrency=3, api_key_env="X").config == base
    assert make(server, options=ChatOptions(timeout_s=9)).config == base
    assert make(server, options=ChatOptions(temperature=0.5)).config != base
    assert make(server, repair=True).config != base
    assert {"prompt", "schema", "model", "rules_hash"} <= base.keys()
