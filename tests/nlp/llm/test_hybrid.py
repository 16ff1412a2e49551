"""Rules first: who is asked, which answer is taken, and that the account of it is true."""

import json

import pytest
from reportsup.nlp.llm.agreement import FIELDS, Comparable, agree
from reportsup.nlp.llm.chat import ChatOptions
from reportsup.nlp.llm.hybrid import HybridExtractor, combine
from reportsup.nlp.llm.openai_backend import OpenAIExtractor
from reportsup.nlp.llm.routing import doubts, sureness
from reportsup.schemas import Extraction

SURE = "LIVER: 2 cm cyst in segment 4."
UNSURE = "There is a 2 cm cyst."  # of which organ?


def hybrid(server, **options):
    quick = ChatOptions(attempts=2, max_wait_s=0.1)
    return HybridExtractor(lambda: OpenAIExtractor("fake", server.url, self_test=False, options=quick), **options)


def doubting(server, monkeypatch):
    """A hybrid whose rules doubt every report."""
    extractor = hybrid(server)
    read = extractor._rules.extract
    monkeypatch.setattr(
        extractor._rules,
        "extract",
        lambda name, text: read(name, text).model_copy(update={"review_reasons": ("low_confidence",)}),
    )
    return extractor


def details(extraction):
    return json.loads(extraction.details_json)


def answer(report_id="r", confidence=0.9, reasons=(), status="no_lesion", negative=()):
    return Extraction(
        report_id=report_id, status=status, confidence=confidence, review_reasons=reasons, negative_organs=negative
    )


def test_doubts_are_the_review_reasons_and_what_the_answer_itself_shows(extractor):
    assert doubts(answer()) == ()
    assert doubts(answer(reasons=("low_confidence",))) == ("low_confidence",)
    assert doubts(answer(status="unreadable", confidence=None)) == ("no_answer",)
    found = extractor.extract("r", SURE).model_copy(update={"negative_organs": ("liver",)})
    assert "contradiction" in doubts(found)


def test_the_least_sure_come_first_and_the_unreadable_last():
    sure, unsure, failed, foreign = (
        answer("sure", 0.9),
        answer("unsure", 0.2),
        answer("failed", None, status="error"),
        answer("foreign", None, status="unreadable"),
    )
    doubted = answer("doubted", 0.9, ("long_sentence",))
    ranked = sorted([sure, foreign, doubted, unsure, failed], key=sureness)
    assert [e.report_id for e in ranked] == ["failed", "unsure", "doubted", "sure", "foreign"]


def test_only_unsure_reports_are_sent(server):
    items = [(f"s{i}", SURE) for i in range(200)] + [("u", UNSURE)]
    found = {e.report_id: e for e in hybrid(server).extract_many(items)}
    assert len(found) == 201
    assert list(server.seen) == [UNSURE]
    assert found["s0"].details_json == "{}"
    account = details(found["u"])
    assert (account["routed"], account["choice"], account["because"]) == (True, "llm", "llm_grounded")
    assert account["reasons"] == list(doubts(hybrid(server)._rules.extract("u", UNSURE)))
    assert account["llm"]["prompt_tokens"] == 100
    assert found["u"].findings[0].organ == "liver"


@pytest.mark.parametrize(
    ("fault", "because"),
    [
        ("prose", "llm_failed"),
        ("e500", "llm_failed"),
        ("hallucinated", "llm_ungrounded"),
        ("truncated", "llm_truncated"),
    ],
)
def test_a_poor_answer_leaves_the_rules_answer_and_says_so(server, monkeypatch, fault, because):
    text = f"{SURE} @{fault}"
    extractor = doubting(server, monkeypatch)
    one = extractor.extract("r", text)
    assert one.findings == extractor._rules.extract("r", text).findings
    assert (details(one)["choice"], details(one)["because"]) == ("rules", because)
    assert f"hybrid_{because}" in one.review_reasons


def test_an_empty_answer_does_not_wipe_out_what_the_rules_found(server, monkeypatch):
    one = doubting(server, monkeypatch).extract("r", "SPLEEN: 2 cm hypodense lesion in the upper pole.")
    assert (len(one.findings), details(one)["because"]) == (1, "llm_found_nothing")


def test_agreement_settles_a_doubt(server, extractor):
    rules = extractor.extract("r", UNSURE)
    same = combine(rules, rules, ("lesion_without_organ",))
    assert (details(same)["because"], same.review_reasons) == ("agreed", ())
    assert details(same)["agreement"]["equal"] == dict.fromkeys(FIELDS, len(rules.findings))


def test_a_budget_is_kept_and_what_it_leaves_is_marked(server):
    items = [(f"u{i}", f"{UNSURE} Exam {i}.") for i in range(10)]
    found = list(hybrid(server, llm_budget=3).extract_many(items))
    assert len(found) == 10
    assert sum(server.seen.values()) == 3
    left = [e for e in found if "llm_budget_spent" in e.review_reasons]
    assert len(left) == 7
    assert all(details(e)["routed"] is False for e in left)


def test_a_budget_goes_to_the_least_sure(server, monkeypatch):
    extractor = hybrid(server, llm_budget=1)
    confidence = {"a": 0.5, "b": 0.1, "c": 0.3}
    monkeypatch.setattr(
        extractor._rules, "extract", lambda name, text: answer(name, confidence[name], ("low_confidence",))
    )
    found = {e.report_id: e for e in extractor.extract_many([(name, f"{UNSURE} {name}") for name in confidence])}
    assert [name for name, e in found.items() if details(e)["routed"]] == ["b"]
    assert "llm_budget_spent" in found["a"].review_reasons


def test_config_does_not_depend_on_the_budget(server):
    assert hybrid(server, llm_budget=3).config == hybrid(server).config


def lesion(organ="liver", side=None, sizes=(), start=0, **more):
    values = {"location": frozenset(), "lesion_type": "cyst", "certainty": "present", "count": 1, "count_min": 1}
    bound = "exact" if sizes else None
    return Comparable(organ, side, sizes_mm=sizes, size_bound=bound, start=start, end=start + 4, **values | more)


def test_findings_are_paired_by_place_size_and_side():
    a = [lesion(start=0, sizes=((20.0,),)), lesion("kidney", "left"), lesion("lung", start=90)]
    b = [lesion("kidney", "right"), lesion(start=2, sizes=((20.5,),), lesion_type="benign"), lesion("lung", start=90)]
    found = agree(a, b)
    assert (found.pairs, found.only_a, found.only_b) == (2, 1, 1)
    assert found.equal["lesion_type"] == 1
    assert all(found.equal[name] == 2 for name in FIELDS if name != "lesion_type")


def test_two_lesions_measured_differently_in_other_places_are_two():
    found = agree([lesion(sizes=((20.0,),))], [lesion(sizes=((50.0,),), start=80)])
    assert (found.pairs, found.only_a, found.only_b) == (0, 1, 1)
