"""Sensitivity against false positives over thresholds."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure
from reportsup.segmentation.evaluation import EvaluationCase, EvaluationSettings, compare, evaluate, lesion_components
from reportsup.segmentation.evaluation.figures import draw_froc
from reportsup.segmentation.evaluation.froc import THRESHOLDS, detections, froc_curve, froc_score
from reportsup.segmentation.evaluation.lesions import Localisation

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


def test_each_threshold_counts_what_its_mask_finds():
    probability = volume([(LARGE, 0.85), (SMALL, 0.15), (WRONG, 0.55)])
    components = lesion_components(truth(), AFFINE, organ="liver")
    found = detections(probability, AFFINE, components, Localisation(), min_component_mm3=0.0)
    expected = {t: ((t <= 0.85) + (t <= 0.15), int(t <= 0.55)) for t in THRESHOLDS}
    assert dict(zip(THRESHOLDS, zip(found.n_found, found.n_false_positives, strict=True), strict=True)) == expected
    larger_only = detections(probability, AFFINE, components, Localisation(), min_component_mm3=100.0)
    assert larger_only.n_found[0] == 1  # the small lesion's 64 mm³ are below the minimum


@pytest.mark.parametrize("criterion", ["overlap", "iou", "centroid"])
def test_criteria_hold_in_the_cut_out_box(criterion):
    probability = volume([(SMALL, 0.9)])  # the box of the prediction starts far from the origin
    components = lesion_components(truth(), AFFINE, organ="liver")
    found = detections(probability, AFFINE, components, Localisation(criterion), min_component_mm3=0.0)
    assert (found.n_found[0], found.n_false_positives[0]) == (1, 0)


def test_nothing_predicted_and_nothing_there():
    empty = detections(volume([]), AFFINE, None, Localisation(), min_component_mm3=0.0)
    assert set(empty.n_found) == set(empty.n_false_positives) == {0}
    healthy = detections(volume([(WRONG, 0.7)]), AFFINE, None, Localisation(), min_component_mm3=0.0)
    assert sum(healthy.n_false_positives) == sum(t <= 0.7 for t in THRESHOLDS)


def test_curve_never_falls_and_starts_at_the_origin():
    found, wrong = np.array([[2.0, 1.0, 1.0]]), np.array([[3.0, 1.0, 2.0]])
    rate, sensitivity = froc_curve(found, wrong, 2.0)
    assert rate.tolist() == [0, 1, 2, 3]
    assert sensitivity.tolist() == [0, 0.5, 0.5, 1.0]


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
