"""Sensitivity against false positives over thresholds."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure
from reportsup.segmentation.evaluation import EvaluationCase, EvaluationSettings, compare, evaluate, lesion_components
from reportsup.segmentation.evaluation.figures import draw_froc
from reportsup.segmentation.evaluation.froc import THRESHOLDS, detections, froc_curve, froc_score
from reportsup.segmentation.evaluation.lesions import Localisation
from scipy.special import expit

SHAPE = (30, 20, 12)
AFFINE = np.diag([-1.0, -1.0, 2.0, 1.0])
LARGE, SMALL, WRONG = (
    (slice(2, 10), slice(2, 10), slice(2, 6)),
    (slice(14, 18),) * 2 + (slice(2, 4),),
    np.s_[22:28, 4:8, 6:9],
)


def volume(values):
    array = np.full(SHAPE, 0.01, dtype=np.float32)
    for where, value in values:
        array[where] = value
    return array


def truth():
    mask = np.zeros(SHAPE, dtype=bool)
    mask[LARGE] = mask[SMALL] = True
    return mask


def found_at(threshold, found):
    """Lesions found and false positives at the first threshold from the one given."""
    i = next(i for i, t in enumerate(THRESHOLDS) if t >= threshold)
    return found.n_found[i], found.n_false_positives[i]


def test_each_threshold_counts_what_its_mask_finds():
    probability = volume([(LARGE, 0.85), (SMALL, 0.15), (WRONG, 0.55)])
    components = lesion_components(truth(), AFFINE, organ="liver")
    found = detections(probability, AFFINE, components, Localisation(), min_component_mm3=0.0)
    expected = {t: ((t <= 0.85) + (t <= 0.15), int(t <= 0.55)) for t in THRESHOLDS}
    expected |= dict.fromkeys((t for t in THRESHOLDS if t <= 0.01), (0, 1))  # everything: one component, IoU too low
    assert dict(zip(THRESHOLDS, zip(found.n_found, found.n_false_positives, strict=True), strict=True)) == expected
    larger_only = detections(probability, AFFINE, components, Localisation(), min_component_mm3=100.0)
    assert found_at(0.1, larger_only) == (1, 1)  # the small lesion's 64 mm³ are below the minimum


@pytest.mark.parametrize(
    "rule", [Localisation("overlap"), Localisation("iou"), Localisation("centroid", max_distance_mm=2.0)]
)
def test_criteria_hold_in_the_cut_out_box(rule):
    probability = volume([(SMALL, 0.9)])  # the box of the prediction starts far from the origin
    components = lesion_components(truth(), AFFINE, organ="liver")
    found = detections(probability, AFFINE, components, rule, min_component_mm3=0.0)
    assert found_at(0.5, found) == (1, 0)


def test_the_rule_decides_what_is_found():
    beside = np.s_[12:16, 14:18, 2:4]  # half of the small lesion, and as much beside it: IoU 1/3, centres 2 mm apart
    components = lesion_components(truth(), AFFINE, organ="liver")

    def found(rule):
        return found_at(0.5, detections(volume([(beside, 0.9)]), AFFINE, components, rule, min_component_mm3=0.0))

    assert found(Localisation("iou", min_iou=0.3)) == (1, 0)
    assert found(Localisation("iou", min_iou=0.4)) == (0, 1)
    assert found(Localisation("centroid", max_distance_mm=2.5)) == (1, 0)
    assert found(Localisation("centroid", max_distance_mm=1.5)) == (0, 1)


@pytest.mark.parametrize("criterion", ["overlap", "iou"])
def test_a_mask_of_everything_finds_nothing(criterion):
    components = lesion_components(truth(), AFFINE, organ="liver")
    found = detections(np.full(SHAPE, 0.9), AFFINE, components, Localisation(criterion), min_component_mm3=0.0)
    assert set(found.n_found) == {0}


@pytest.mark.parametrize("shift", [-4.0, 4.0])
def test_shifted_logits_keep_the_curve(shift):
    logits = np.random.default_rng(1).normal(0.0, 1.0, SHAPE)
    logits[LARGE] += 4.0
    logits[SMALL] += 3.0
    components = lesion_components(truth(), AFFINE, organ="liver")

    def score(values):
        found = detections(expit(values), AFFINE, components, Localisation(), min_component_mm3=0.0)
        return froc_score(np.array([found.n_found]), np.array([found.n_false_positives]), 2.0)

    assert 0.5 < score(logits) < 1.0  # the large lesion alone, then both with three false positives
    assert score(logits + shift) == score(logits)


def test_nothing_predicted_and_nothing_there():
    empty = detections(np.zeros(SHAPE), AFFINE, None, Localisation(), min_component_mm3=0.0)
    assert set(empty.n_found) == set(empty.n_false_positives) == {0}
    healthy = detections(volume([(WRONG, 0.7)]), AFFINE, None, Localisation(), min_component_mm3=0.0)
    assert sum(healthy.n_false_positives) == sum(t <= 0.7 for t in THRESHOLDS)


def test_curve_never_falls_and_starts_at_the_origin():
    found, wrong = np.array([[2.0, 2.0, 1.0]]), np.array([[3.0, 1.0, 2.0]])
    rate, sensitivity = froc_curve(found, wrong, 2.0)
    assert rate.tolist() == [0, 1, 2, 3]
    assert sensitivity.tolist() == [0, 1, 1, 1]


def test_score_by_hand():
    perfect = froc_score(np.ones((4, 2)), np.zeros((4, 2)), 4.0)
    assert perfect == 1.0
    # one threshold, every lesion found at two false positives a case: 1/16, 1/8, 1/4, 1/2, 1, 1, 1
    linear = froc_score(np.ones((4, 1)), np.full((4, 1), 2.0), 4.0)
    assert linear == pytest.approx((1 / 16 + 1 / 8 + 1 / 4 + 1 / 2 + 3) / 7)
    assert math.isnan(froc_score(np.ones((0, 2)), np.ones((0, 2)), 3.0))
    assert math.isnan(froc_score(np.zeros((2, 2)), np.ones((2, 2)), 0.0))


def run(name, gain):
    """Two cases with the same lesions and false alarm, every probability raised to the power `gain`."""
    cases = [
        EvaluationCase("a", AFFINE, {"liver": volume([(LARGE, 0.8), (WRONG, 0.5)]) ** gain}, {"liver": truth()}),
        EvaluationCase("b", AFFINE, {"liver": volume([(SMALL, 0.9)]) ** gain}, {"liver": truth()}),
        EvaluationCase("unknown", AFFINE, {"liver": volume([(WRONG, 0.9)])}),
    ]
    return evaluate(cases, name=name, settings=EvaluationSettings(n_resamples=20))


def test_calibration_moves_the_threshold_figures_but_not_froc():
    shy, bold = run("shy", 4.0), run("bold", 0.5)
    difference = compare(shy, bold).strata[0].metrics
    assert difference["false_positives_per_case"].difference == 0.5
    assert difference["froc"].difference == 0.0
    assert shy.summary().metrics["froc"].value == pytest.approx(0.5)  # two of four lesions, without a false positive


def test_figure_shows_one_curve_an_organ():
    axes = Figure().subplots()
    draw_froc(axes, run("run", 1.0))
    (label,) = [text.get_text() for text in axes.get_legend().get_texts()]
    assert label == "liver (FROC 0.50)"
