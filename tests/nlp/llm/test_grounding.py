"""A model's claims reach the tables only when the report says so."""

import json

import pytest
from reportsup.nlp.llm.grounding import Grounder
from reportsup.nlp.llm.wire import RawAnswer
from reportsup.nlp.rule_files import load_rules

from .fake_server import finding

TEXT = (
    "INDICATION: Known 5 cm renal mass.\n"
    "FINDINGS: Liver: three hypodense lesions, the  largest 2,3 x 1.4 cm\n(previously 12 mm). "
    "Cyst of 8 mm; another cyst of 8 mm.\n"
    "Thyroid nodule in the isthmus grew from 4 to 6 mm. Spleen is normal."
)


@pytest.fixture(scope="module")
def grounder():
    return Grounder(load_rules())


def ground(grounder, *items, negative=()):
    return grounder.ground(TEXT, RawAnswer(list(items), [{"evidence": e, "organ": o} for e, o in negative]))


def test_quotes_keep_the_reports_own_characters_and_sizes_are_read_by_our_grammar(grounder):
    said = finding(
        ["THREE HYPODENSE LESIONS, the largest 2,3 X 1.4 cm (previously 12 mm)"],
        count=3, count_min=3, type="unspecified", sizes=["2,3 x 1.4 cm"], prior_sizes=["12 mm"], size_bound="exact",
    )  # fmt: skip
    found = ground(grounder, said)
    (one,) = found.findings
    assert one.sizes[0].diameters_mm == (23.0, 14.0)
    assert one.prior_sizes[0].diameters_mm == (12.0,)
    assert one.evidence[0].text == "three hypodense lesions, the  largest 2,3 x 1.4 cm\n(previously 12 mm)"
    assert TEXT[one.anchor.start : one.anchor.end] == one.anchor.text == "lesions"
    assert one.section == "findings"
    assert found.inexact_quotes == 1


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ({"evidence": ["hypodense lesion of the spleen"]}, "a quote is not in the report"),
        ({"evidence": ["5 cm renal mass"], "organ": "kidney"}, "a quote stands only in section indication"),
        ({"evidence": ["8"]}, "the evidence holds no word"),
        ({"evidence": ["Cyst of 8 mm"], "sizes": ["9 mm"], "size_bound": "exact"}, "a size is not in its quote"),
        ({"evidence": ["Cyst of 8 mm"], "sizes": ["12 mm"], "size_bound": "exact"}, "a size is not in its quote"),
        ({"evidence": ["Cyst of 8 mm"], "sizes": ["cyst"], "size_bound": "exact"}, "a size is not in its quote"),
        ({"evidence": ["largest 2,3 x 1.4 cm\n(previously 12 mm)"], "sizes": ["12 mm"]}, "a size of an earlier exam"),
        ({"evidence": ["Cyst of 8 mm"], "sizes": ["8 mm"], "prior_sizes": ["8 mm"]}, "both as current and as earlier"),
        ({"evidence": ["Cyst of 8 mm"], "count": 7, "count_min": 7}, "a count is not in its quote"),
        ({"evidence": ["Cyst of 8 mm"], "count": None, "count_min": 10**12}, "a count is outside"),
        ({"evidence": ["Cyst of 8 mm"], "count": -1, "count_min": -1}, "a count is outside"),
        ({"evidence": ["Cyst of 8 mm"], "organ": "soul"}, "organ is outside the list"),
        ({"evidence": ["Cyst of 8 mm"], "location": ["segment 9"]}, "a location is no part of liver"),
        ({"evidence": ["Thyroid nodule"], "organ": "thyroid", "location": ["left lobe"]}, "a location is not"),
        ({"evidence": []}, "evidence is not as the schema has it"),
        ({"evidence": ["Cyst of 8 mm"], "count": "one"}, "count is not as the schema has it"),
        ({"evidence": ["Cyst of 8 mm"], "remark": "benign"}, "a field is not in the schema"),
    ],
)  # fmt: skip
def test_what_the_report_does_not_say_is_quarantined_with_its_reason(grounder, claim, reason):
    found = ground(grounder, finding(["Cyst of 8 mm"]) | claim)
    assert found.findings == []
    (kept,) = found.quarantined
    assert reason in kept.reason
    assert json.loads(kept.finding_json)["evidence"] == claim["evidence"]


def test_equal_quotes_of_several_findings_stand_for_their_occurrences(grounder):
    said = [finding(["yst of 8 mm"], laterality=side, sizes=["8 mm"], size_bound="exact") for side in (None, "left")]
    starts = [f.evidence[0].start for f in ground(grounder, *said).findings]
    assert starts == [TEXT.index("yst of 8 mm"), TEXT.rindex("yst of 8 mm")]


def test_repeated_items_count_once(grounder):
    said = finding(["Cyst of 8 mm"], sizes=["8 mm"], size_bound="exact")
    found = ground(grounder, said, said)
    assert (len(found.findings), found.repeated) == (1, 1)


def test_a_change_gives_both_sizes(grounder):
    said = finding(
        ["Thyroid nodule in the isthmus grew from 4 to 6 mm"], organ="thyroid", location=["isthmus"],
        sizes=["6 mm"], prior_sizes=["from 4"], size_bound="exact",
    )  # fmt: skip
    (one,) = ground(grounder, said).findings
    assert (one.sizes[0].diameters_mm, one.prior_sizes[0].diameters_mm) == ((6.0,), (4.0,))


def test_a_bound_without_a_size_says_nothing(grounder):
    (one,) = ground(grounder, finding(["Cyst of"], size_bound="upper")).findings
    assert one.size_bound is None


def test_negative_organs_need_a_quote_and_no_finding(grounder):
    cyst = finding(["Cyst of 8 mm"])
    claims = [("Spleen is normal", "spleen"), ("Pancreas is normal", "pancreas"), ("Liver", "liver")]
    found = ground(grounder, cyst, negative=claims)
    assert found.negative_organs == ["spleen"]
    assert found.ungrounded_negatives == 1
