"""Rules first: who is asked, which answer is taken, and that the account of it is true."""

import json

import pytest
from reportsup.nlp.llm.agreement import FIELDS, Comparable, agree
from reportsup.nlp.llm.chat import ChatOptions
from reportsup.nlp.llm.hybrid import HybridExtractor, combine
from reportsup.nlp.llm.openai_backend import OpenAIExtractor
from reportsup.nlp.llm.routing import Router

SURE = "LIVER: 2 cm cyst in segment 4."
UNSURE = "There is a 2 cm cyst."  # of which organ?


def hybrid(server, **options):
    quick = ChatOptions(attempts=2, max_wait_s=0.1)
    return HybridExtractor(lambda: OpenAIExtractor("fake", server.url, self_test=False, options=quick), **options)


def details(extraction):
    return json.loads(extraction.details_json)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SURE, None),
        ("KIDNEYS: No mass.", None),
        ("LUNGS: 4 mm nodule in the right lower lobe, previously 3 mm.", None),
        (UNSURE, "lesion_without_organ"),
        ("Epiglottic mass lesion.", "organ_unknown"),
        ("A 45-year-old man presented with pain. CT: liver cyst of 2 cm.", "narrative"),
        ("LYMPH NODES: Enlarged retroperitoneal lymph nodes.", "node_unmeasured"),
        ("LUNGS: Nodule of 1 mm in the left upper lobe.", "tiny_size"),
    ],
)
def test_reasons_are_seen_in_the_report_alone(extractor, text, reason):
    found = Router().reasons(extractor.extract("r", text), text)
    assert (found == ()) if reason is None else (reason in found)


def test_only_unsure_reports_are_sent(server):
    items = [(f"s{i}", SURE) for i in range(200)] + [("u", UNSURE)]
    found = {e.report_id: e for e in hybrid(server).extract_many(items)}
    assert len(found) == 201
    assert list(server.seen) == [UNSURE]
    assert found["s0"].details_json == "{}"
    account = details(found["u"])
    assert (account["routed"], account["choice"], account["because"]) == (True, "llm", "llm_grounded")
    assert account["reasons"] == list(Router().reasons(hybrid(server)._rules.extract("u", UNSURE), UNSURE))
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
def test_a_poor_answer_leaves_the_rules_answer_and_says_so(server, fault, because):
    text = f"Enlarged retroperitoneal lymph nodes. Liver: cyst of 2 cm. @{fault}"
    extractor = hybrid(server)
    one = extractor.extract("r", text)
    assert one.findings == extractor._rules.extract("r", text).findings
    assert (details(one)["choice"], details(one)["because"]) == ("rules", because)
    assert f"hybrid_{because}" in one.review_reasons


def test_an_empty_answer_does_not_wipe_out_what_the_rules_found(server):
    one = hybrid(server).extract("r", "Enlarged retroperitoneal lymph nodes.")
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
