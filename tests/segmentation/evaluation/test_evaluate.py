"""Whole evaluations: figures by hand, JSON round trip, comparison, page."""

import dataclasses
import re

import numpy as np
import pytest
from reportsup.schemas import ConfigError, DataError, InputError
from reportsup.segmentation.evaluation import (
    METRICS,
    Comparison,
    Evaluation,
    EvaluationCase,
    EvaluationSettings,
    Gallery,
    OperatingPoint,
    ReportedPlace,
    ReportedVolume,
    compare,
    evaluate,
    page_tables,
    write_report,
)
from reportsup.segmentation.evaluation.consistency import against_reports
from reportsup.segmentation.evaluation.evaluate import LAYOUT_VERSION

SHAPE = (28, 26, 16)
AFFINE = np.diag([-1.0, -1.0, 2.0, 1.0])
SETTINGS = EvaluationSettings(n_resamples=50)


def box(start, size):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[tuple(slice(s, s + n) for s, n in zip(start, size, strict=True))] = True
    return mask


LESION = box((6, 6, 4), (8, 8, 4))
ELSEWHERE = box((18, 18, 10), (5, 5, 3))
NOTHING = np.zeros(SHAPE, dtype=bool)


def case(name, truth, prediction, *, high=0.9, **options):
    probability = np.where(prediction, high, 0.02).astype(np.float32)
    return EvaluationCase(name, AFFINE, {"liver": probability}, {"liver": truth}, **options)


def run_of_four(name="run", **options):
    """Found, missed, false alarm, clean."""
    cases = [
        case("a", LESION, LESION, site="one"),
        case("b", LESION, NOTHING, site="two"),
        case("c", NOTHING, ELSEWHERE, high=0.6, site="one"),
        case("d", NOTHING, NOTHING, site="two"),
    ]
    return evaluate(iter(cases), name=name, settings=SETTINGS, **options)


def values(summary):
    return {name: estimate.value for name, estimate in summary.metrics.items()}


def test_figures_by_hand():
    summary = run_of_four().summary("liver")
    assert (summary.n_cases, summary.n_positive, summary.n_negative, summary.n_missed) == (4, 2, 2, 1)
    expected = {
        "sensitivity": 0.5,
        "specificity": 0.5,
        "precision": 0.5,
        "f1": 0.5,
        "auc": (1 + 1 + 0 + 0.5) / 4,
        "auprc": 0.5 * 1 + 0.5 * 2 / 4,
        "dsc": 0.5,
        "nsd": 0.5,
        "hd95_mm": np.sqrt(28**2 + 26**2 + 32**2) / 2,
        "lesion_sensitivity": 0.5,
        "false_positives_per_case": 0.25,
        "froc": 0.5,
    }
    assert values(summary) == pytest.approx(expected)
    assert set(expected) == set(METRICS)


def test_sizes_and_sites():
    evaluation = run_of_four()
    stratum = evaluation.summary().sizes[1]  # 8×8 voxels of 1 mm: about 11 mm
    assert (stratum.label, stratum.n_lesions, stratum.lesion_sensitivity.value) == ("1–2 cm", 2, 0.5)
    assert stratum.patient_sensitivity.value == 0.5
    assert [(s.organ, s.site) for s in evaluation.summaries] == [("liver", "all"), ("liver", "one"), ("liver", "two")]
    assert evaluation.summary(site="one").metrics["dsc"].value == 1.0
    assert evaluation.summary(site="two").metrics["dsc"].value == 0.0


def test_operating_point_comes_from_validation_and_is_applied_to_test():
    validation = [
        case("v1", LESION, LESION, high=0.4, split="validation"),
        case("v2", NOTHING, NOTHING, split="validation"),
    ]
    test = [
        case("t1", LESION, LESION, high=0.4),
        case("t2", NOTHING, NOTHING),
        case("x", LESION, LESION, split="train"),
    ]
    chosen = evaluate(validation + test, settings=SETTINGS)
    assert chosen.operating_points["liver"].threshold == pytest.approx((0.4 + 0.02) / 2)
    assert chosen.summary().metrics["f1"].value == 1.0
    assert chosen.summary().n_cases == 2
    assert {r.case_id for r in chosen.results} == {"v1", "v2", "t1", "t2"}
    given = evaluate(test, settings=SETTINGS, operating_points={"liver": OperatingPoint(0.7, "youden", "given")})
    assert given.summary().metrics["sensitivity"].value == 0.0


def test_reports_alone_give_patient_metrics_and_volume_agreement():
    def reported(name, prediction, volume):
        probability = np.where(prediction, 0.9, 0.01)
        said = {} if volume is None else {"liver": volume}
        return EvaluationCase(name, AFFINE, {"liver": probability}, present={"liver": bool(said)}, reported=said)

    volume = LESION.sum() * 2.0
    summary = evaluate(
        [
            reported("a", LESION, ReportedVolume(0.5 * volume, 2 * volume, volume, 11.0)),
            reported("b", NOTHING, ReportedVolume(100.0, None, 500.0, 30.0)),
            reported("c", ELSEWHERE, None),
            reported("d", NOTHING, None),
        ],
        settings=SETTINGS,
    ).summary()
    assert summary.metrics["sensitivity"].value == 0.5
    assert summary.metrics["dsc"].value is None
    assert summary.metrics["lesion_sensitivity"].value is None
    assert summary.metrics["false_positives_per_case"].value == 0.5  # only the healthy say where nothing is
    assert (summary.volume.inside, summary.volume.n_missed) == (0.5, 1)
    assert [(s.n_patients, s.patient_sensitivity.value) for s in summary.sizes[1:3]] == [(1, 1.0), (1, 0.0)]


def test_unknown_truth_counts_nowhere():
    cases = [case("a", LESION, LESION), EvaluationCase("u", AFFINE, {"liver": np.full(SHAPE, 0.9)})]
    summary = evaluate(cases, settings=SETTINGS).summary()
    assert (summary.n_cases, summary.n_positive, summary.n_negative) == (2, 1, 0)
    assert summary.metrics["false_positives_per_case"].value == 0.0


def test_organs_are_averaged_for_patients_and_pooled_for_lesions():
    def two(name, liver, kidney):
        masks = {"liver": LESION, "kidney": LESION}
        return EvaluationCase(name, AFFINE, {"liver": 0.9 * liver, "kidney": 0.9 * kidney}, masks)

    evaluation = evaluate([two("a", LESION, LESION), two("b", LESION, NOTHING)], settings=SETTINGS)
    assert [s.organ for s in evaluation.summaries] == ["all", "kidney", "liver"]
    assert evaluation.summary().metrics["sensitivity"].value == pytest.approx((1.0 + 0.5) / 2)
    assert evaluation.summary().metrics["lesion_sensitivity"].value == pytest.approx(3 / 4)


def test_score_by_volume_needs_a_component():
    settings = dataclasses.replace(SETTINGS, score="volume")
    cases = [case("a", LESION, LESION), case("b", NOTHING, NOTHING)]
    assert evaluate(cases, settings=settings).summary().metrics["f1"].value == 1.0


def test_one_case_is_in_memory_at_a_time():
    alive = []

    def stream():
        import gc
        import weakref

        for name in "abc":
            gc.collect()
            assert sum(reference() is not None for reference in alive) <= 1
            yielded = case(name, LESION, LESION)
            alive.append(weakref.ref(yielded.probabilities["liver"]))
            yield yielded
            del yielded

    assert evaluate(stream(), settings=SETTINGS).summary().n_cases == 3


def test_json_round_trip(tmp_path):
    evaluation = run_of_four()
    path = tmp_path / "evaluation.json"
    path.write_text(evaluation.to_json())
    assert Evaluation.from_json(path) == evaluation
    assert "NaN" not in path.read_text()


def test_json_never_holds_a_patient_id():
    evaluation = evaluate([case("a", LESION, LESION, patient_id="MRN-4711")], settings=SETTINGS)
    assert "4711" not in evaluation.to_json()


def test_foreign_json_is_refused(tmp_path):
    path = tmp_path / "evaluation.json"
    with pytest.raises(InputError, match="reportsup evaluate"):
        Evaluation.from_json(path)
    path.write_text('{"name": "x"}')
    with pytest.raises(InputError, match="do not fit"):
        Evaluation.from_json(path)
    current = run_of_four().to_json()
    path.write_text(current.replace(f'"version": {LAYOUT_VERSION}', f'"version": {LAYOUT_VERSION - 1}'))
    with pytest.raises(InputError, match="written by another program or version"):
        Evaluation.from_json(path)


def perfect_run(name="perfect"):
    cases = [case("d", NOTHING, NOTHING, site="two"), case("b", LESION, LESION, site="two")]
    cases += [case("a", LESION, LESION, site="one"), case("c", NOTHING, NOTHING, site="one")]
    return evaluate(cases, name=name, settings=SETTINGS)


def test_comparison_pairs_by_case_whatever_the_order(tmp_path):
    comparison = compare(run_of_four(), perfect_run())
    stratum = comparison.strata[0]
    assert (comparison.n_paired, comparison.n_unpaired, stratum.n_cases) == (4, 0, 4)
    assert stratum.metrics["f1"].difference == pytest.approx(0.5)
    assert stratum.metrics["auc"].difference == pytest.approx(1 - 0.625)
    assert stratum.mcnemar_p == pytest.approx(0.5)  # b is right twice where a is wrong
    assert [s.site for s in comparison.strata] == ["all", "one", "two"]
    path = tmp_path / "comparison.json"
    path.write_text(comparison.to_json())
    assert Comparison.from_json(path) == comparison


def test_comparisons_that_mean_nothing_are_refused():
    a = run_of_four()
    other = evaluate([case("z", LESION, LESION)], settings=SETTINGS)
    flipped = evaluate([case("a", NOTHING, LESION)], settings=SETTINGS)
    strict = evaluate([case("a", LESION, LESION)], settings=dataclasses.replace(SETTINGS, threshold=0.8))
    for b, message in ((other, "no test case in common"), (flipped, "case a holds"), (strict, "different evaluation")):
        with pytest.raises(DataError, match=message):
            compare(a, b)


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ([], "no case in split 'test'"),
        ([case("v", LESION, LESION, split="validation")], "no case in split 'test'"),
        ([case("a", LESION, LESION), case("a", LESION, LESION)], "case a: given twice"),
        ([case("a", LESION[:-1], LESION)], "liver lesion mask"),
        ([EvaluationCase("a", AFFINE, {"liver": np.full(SHAPE, 7.0)})], "from 7 to 7 vs 0 to 1"),
        ([EvaluationCase("a", AFFINE, {"liver": np.full(SHAPE, np.nan)})], "from nan to nan"),
        ([EvaluationCase("a", AFFINE, {})], "at least one probability map"),
    ],
)
def test_cases_that_cannot_be_judged_are_named(cases, message):
    with pytest.raises(DataError, match=re.escape(message)):
        evaluate(cases, settings=SETTINGS)


@pytest.mark.parametrize("wrong", [{"threshold": 1.5}, {"criterion": "best"}, {"n_resamples": 0}, {"level": 95.0}])
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        EvaluationSettings(**wrong)


def test_page_needs_no_other_file(tmp_path):
    image_hu = np.random.default_rng(0).normal(40, 30, SHAPE).astype(np.int16)
    cases = [case("a<b", LESION, LESION, image_hu=image_hu), case("c", NOTHING, ELSEWHERE, image_hu=image_hu)]
    gallery = Gallery()
    evaluation = evaluate(cases, name="<run>", settings=SETTINGS, gallery=gallery)
    files = write_report(evaluation, tmp_path / "page", gallery=gallery, comparison=compare(evaluation, evaluation))
    page = files.html.read_text()
    assert page.count("data:image/png;base64,") == 6  # four panels, one lesion, one false alarm
    assert not re.search(r"<script\s|<link|https?://|src=\"(?!data:)|@import|url\(", page)
    assert "&lt;run&gt;" in page
    assert "<run>" not in page
    assert files.png.read_bytes().startswith(b"\x89PNG")


def test_page_tells_reports_failures_and_who_is_worst(tmp_path):
    said = ReportedVolume(400.0, 800.0, 500.0, 10.0, 1, 1, (ReportedPlace("left", ("upper pole",), 1, 1, ((10.0,),)),))
    free = ReportedVolume(0.0, 0.0, 0.0, None, 0, 0)
    image_hu = np.zeros(SHAPE, dtype=np.int16)
    cases = [
        case("good", LESION, LESION, reported={"liver": said}, image_hu=image_hu),
        case("missed", LESION, NOTHING, reported={"liver": said}, image_hu=image_hu),
        case("alarm", NOTHING, LESION, reported={"liver": free}, image_hu=image_hu),
        case("silent", NOTHING, NOTHING),
    ]
    gallery = Gallery()
    evaluation = evaluate(cases, settings=SETTINGS, gallery=gallery)
    assert [(row[0].case_id, row[2].verdict) for row in against_reports(evaluation.test_results)] == [
        ("alarm", "not reported"),
        ("missed", "not predicted"),
        ("good", "agrees"),
    ]
    assert evaluation.summary().volume.n == 2  # a report of no lesion gives no volume to agree with
    failed = dataclasses.replace(evaluation, failures={"lost": "file: <x> cannot be opened"})
    page = write_report(failed, tmp_path, gallery=gallery).html.read_text()
    assert "<td>lost</td><td>file: &lt;x&gt; cannot be opened</td>" in page
    assert "1 of 3 predictions are as reported" in page
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert [re.findall("<b>(.*?)</b>", caption)[0] for caption in captions] == ["good", "missed", "alarm"]
    assert "Report: 1 × left upper pole, 10 mm<br>Prediction: no lesion" in captions[1]
    assert "Report: no lesion<br>Prediction: 1 × " in captions[2]


def test_long_tables_are_cut_and_say_so(monkeypatch):
    monkeypatch.setattr(page_tables, "MOST_ROWS", 2)
    shown = page_tables.cases_table(run_of_four()).to_html()
    assert shown.count("<tr>") == 1 + 2
    assert "… and 2 more in evaluation.json" in shown


def test_gallery_shows_the_patient_as_radiologists_do():
    marked = np.zeros(SHAPE, dtype=np.int16)
    marked[6:14, 6:14, 4:8] = 200
    gallery = Gallery(width_mm=60.0)
    # With a −x affine a low first index is far right of the patient, which belongs on the left of the picture.
    evaluate([case("a", LESION, NOTHING, image_hu=marked)], settings=SETTINGS, gallery=gallery)
    (example,) = gallery.chosen()
    rows, columns = np.nonzero(example.truth)
    assert example.grey.shape == example.truth.shape
    assert np.array_equal(example.grey > 200, example.truth)
    assert columns.mean() < example.truth.shape[1] / 2
    assert rows.mean() > example.truth.shape[0] / 2  # low second index with −y = anterior = up


def test_a_case_that_cannot_be_measured_costs_itself_alone():
    """Logits instead of probabilities in one case; the others give the figures they give without it."""
    logits = dataclasses.replace(case("b", LESION, NOTHING), probabilities={"liver": np.full(SHAPE, 7.0, np.float32)})
    good = [case("a", LESION, LESION), case("c", NOTHING, ELSEWHERE, high=0.6)]
    failures = {}
    found = evaluate(iter([good[0], logits, good[1]]), settings=SETTINGS, failed=failures.__setitem__)
    assert list(failures) == ["b"]
    assert "probabilities from 7 to 7" in failures["b"].message
    assert values(found.summary()) == pytest.approx(values(evaluate(good, settings=SETTINGS).summary()), nan_ok=True)
