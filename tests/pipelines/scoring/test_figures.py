"""Matching and figures on findings small enough to count by hand."""

import pytest
from reportsup.pipelines.scoring import GoldFinding, GoldRecord, GoldSet, score
from reportsup.pipelines.scoring.matching import match


def finding(organ="liver", sizes=(), **fields):
    return GoldFinding(organ=organ, sizes_mm=sizes, **{"count_min": 1, **fields})


def scored(gold, predicted, texts=None, **options):
    records = {str(i): GoldRecord(id=str(i), findings=found) for i, found in enumerate(gold)}
    answers = {str(i): GoldRecord(id=str(i), findings=found) for i, found in enumerate(predicted)}
    return score(GoldSet(records, texts or {}, dict.fromkeys(records, "here")), answers, **options)


MATCHES = {
    "another organ": (finding("liver"), finding("spleen"), False),
    "the other side": (finding("kidney", laterality="left"), finding("kidney", laterality="right"), False),
    "a side not said": (finding("kidney", laterality="left"), finding("kidney"), True),
    "one side of both": (finding("kidney", laterality="bilateral"), finding("kidney", laterality="right"), True),
    "one mm apart": (finding(sizes=[[20]]), finding(sizes=[[21, 9]]), True),
    "more than one mm apart": (finding(sizes=[[20]]), finding(sizes=[[21.1]]), False),
    "size lost": (finding(sizes=[[20]]), finding(), True),
    "one of several sizes": (finding(sizes=[[20], [8]]), finding(sizes=[[8]]), True),
}


@pytest.mark.parametrize(("gold", "found", "same"), MATCHES.values(), ids=MATCHES)
def test_what_may_be_the_same_lesion(gold, found, same):
    assert match([gold], [found]) == ([(0, 0)] if same else [])


def test_the_likeliest_pairs_come_first_and_each_finding_once():
    golds = [finding(sizes=[[20]]), finding()]
    assert sorted(match(golds, [finding(), finding(sizes=[[20]])])) == [(0, 1), (1, 0)]
    assert match(golds, [finding(sizes=[[20]])]) == [(0, 0)]


def test_precision_recall_and_f1_by_hand():
    result = scored(
        [[finding("liver"), finding("lymph_node")], [finding("kidney")]], [[finding("liver")], [finding("lung")]]
    )
    value = {name: figure.value for name, figure in result.figures.items()}
    assert (value["target.precision"], value["target.recall"], value["target.f1"]) == (1 / 2, 1 / 2, 1 / 2)
    assert (value["findings.precision"], value["findings.recall"], value["findings.f1"]) == (1 / 2, 1 / 3, 2 / 5)
    assert result.by_organ["liver"]["f1"].value == 1
    assert result.by_organ["kidney"]["precision"].value is None
    assert result.by_organ["lung"]["recall"].value is None


JOINT = {
    "all right": (finding(sizes=[[20, 10]]), finding(sizes=[[20.4, 10]]), 1),
    "side lost": (finding("kidney", laterality="left"), finding("kidney"), 0),
    "a diameter lost": (finding(sizes=[[20, 10]]), finding(sizes=[[20]]), 0),
    "a size lost": (finding(sizes=[[20], [10]]), finding(sizes=[[20]]), 0),
    "another number": (finding(count_min=2), finding(), 0),
}


@pytest.mark.parametrize(("gold", "found", "hits"), JOINT.values(), ids=JOINT)
def test_jointly_right_is_organ_side_sizes_and_count_at_once(gold, found, hits):
    figures = scored([[gold]], [[found]]).figures
    assert figures["target.f1"].value == 1
    assert figures["joint.f1"].value == hits


def test_a_prior_size_taken_as_current_is_told_from_a_wrong_one():
    gold = finding(sizes=[[20]], prior_sizes_mm=[[12]])
    figures = scored([[gold]], [[finding(sizes=[[20]]), finding(sizes=[[12]]), finding(sizes=[[33]])]]).figures
    shares = [figures[f"sizes.{name}"].value for name in ("correct", "prior_as_current", "wrong")]
    assert shares == [1 / 3, 1 / 3, 1 / 3]


def test_quotes_are_checked_where_the_text_is_known():
    predicted = [[finding(evidence=["a cyst"])], [finding(evidence=["a cyst"])], [finding()]]
    gold = [[finding()]] * 3
    assert scored(gold, predicted, {"0": "There is a cyst.", "1": "Other words.", "2": "x"}).figures[
        "evidence_verbatim"
    ].value == pytest.approx(1 / 3)
    assert scored(gold, predicted).figures["evidence_verbatim"].value is None


def test_a_report_without_prediction_counts_as_one_in_which_nothing_was_found():
    assert scored([[finding()], [finding()]], [[finding()]]).figures["target.recall"].value == 1 / 2


def test_an_organ_that_nobody_knows_is_spurious():
    result = scored([[finding()]], [[finding(), finding("hepar")]])
    assert result.figures["findings.precision"].value == 1 / 2
    assert result.figures["target.precision"].value == 1


def test_intervals_hold_the_value_and_follow_the_seed():
    gold = [[finding()]] * 40
    predicted = [[finding()] if i % 4 else [] for i in range(40)]
    first, again, other = (scored(gold, predicted, seed=seed, n_resamples=20).figures for seed in (1, 1, 2))
    assert first == again
    assert first != other
    recall = scored(gold, predicted).figures["target.recall"]
    # Recall over 40 reports is binomial: 0.75 ± 1.96 · sqrt(0.75 · 0.25 / 40).
    assert recall.lo == pytest.approx(0.616, abs=0.03)
    assert recall.hi == pytest.approx(0.884, abs=0.03)


def test_few_reports_get_no_interval():
    figure = scored([[finding()]] * 9, [[finding()]] * 9).figures["target.recall"]
    assert (figure.value, figure.lo, figure.hi) == (1, None, None)


def test_sources_are_scored_apart():
    records = {i: GoldRecord(id=i, findings=[finding()]) for i in "ab"}
    gold = GoldSet(records, {}, {"a": "one house", "b": "another"})
    result = score(gold, {"a": records["a"]})
    assert result.by_source["one house"]["target.f1"].value == 1
    assert result.by_source["another"]["target.f1"].value == 0
