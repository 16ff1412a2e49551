"""Scores and operating points against brute force."""

import numpy as np
import pytest
from reportsup.segmentation.evaluation import patients
from reportsup.segmentation.evaluation.patients import (
    auc,
    average_precision,
    choose_operating_point,
    confusion_metrics,
    patient_score,
    roc_curve,
)
from scipy import ndimage
from scipy.special import expit, logit

RNG = np.random.default_rng(11)
TRUTH = RNG.random(60) < 0.4
SCORE = np.round(RNG.random(60) + 0.3 * TRUTH, 1)  # many ties


def brute_force_score(probability, n_voxels):
    best = 0.0
    for threshold in np.unique(probability):
        labels, _ = ndimage.label(probability >= threshold, structure=np.ones((3, 3, 3)))
        if np.bincount(labels.ravel())[1:].max(initial=0) >= n_voxels:
            best = max(best, float(threshold))
    return best


@pytest.mark.parametrize("n_voxels", [1, 5, 27])
@pytest.mark.parametrize("seed", range(5))
def test_patient_score_is_the_highest_threshold_that_keeps_a_component(seed, n_voxels):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).random((9, 8, 7)), 0.7).round(3)
    field[0, 0, 0] = 1.0  # a hot voxel of its own
    assert patient_score(field, 2.0, 2.0 * n_voxels) == pytest.approx(brute_force_score(field, n_voxels), abs=0)


def test_score_decides_as_the_mask_does():
    field = ndimage.gaussian_filter(RNG.random((12, 12, 12)), 1.0)
    score = patient_score(field, 1.0, 10.0)
    for threshold in (score - 1e-9, score + 1e-9):
        labels, _ = ndimage.label(field >= threshold, structure=np.ones((3, 3, 3)))
        assert (np.bincount(labels.ravel())[1:].max(initial=0) >= 10) == (score >= threshold)


@pytest.mark.parametrize(("fill", "expected"), [(0.0, 0.0), (1.0, 1.0)])
def test_constant_volumes(fill, expected):
    assert patient_score(np.full((4, 4, 4), fill), 1.0, 10.0) == expected


def test_volume_smaller_than_the_minimum_has_no_score():
    assert patient_score(np.ones((2, 2, 2)), 1.0, 10.0) == 0.0


def test_auc_equals_all_pairs():
    pairs = [(p > n) + 0.5 * (p == n) for p in SCORE[TRUTH] for n in SCORE[~TRUTH]]
    assert auc(TRUTH, SCORE) == pytest.approx(np.mean(pairs), abs=1e-12)


def test_auc_is_the_area_under_the_curve():
    false_rate, sensitivity = roc_curve(TRUTH, SCORE)
    assert np.trapz(sensitivity, false_rate) == pytest.approx(auc(TRUTH, SCORE), abs=1e-12)
    assert (false_rate[-1], sensitivity[-1]) == (1.0, 1.0)


def test_average_precision_equals_the_step_sum():
    area, recall = 0.0, 0.0
    for threshold in sorted(set(SCORE), reverse=True):
        called = threshold <= SCORE
        new = (called & TRUTH).sum() / TRUTH.sum()
        area, recall = area + (new - recall) * (called & TRUTH).sum() / called.sum(), new
    assert average_precision(TRUTH, SCORE) == pytest.approx(area)


def test_single_classes_are_not_defined():
    ones = np.ones(4, dtype=bool)
    assert np.isnan(auc(ones, np.arange(4.0)))
    assert np.isnan(average_precision(~ones, np.arange(4.0)))
    assert np.isnan(confusion_metrics(ones, ones)["specificity"])
    assert np.isnan(confusion_metrics(~ones, ~ones)["f1"])


def test_confusion_by_hand():
    truth, called = np.array([1, 1, 1, 0, 0], dtype=bool), np.array([1, 1, 0, 1, 0], dtype=bool)
    metrics = confusion_metrics(truth, called)
    assert metrics == pytest.approx({"sensitivity": 2 / 3, "specificity": 0.5, "precision": 2 / 3, "f1": 2 / 3})


def quality(criterion, called):
    metrics = confusion_metrics(TRUTH, called)
    return metrics["f1"] if criterion == "f1" else metrics["sensitivity"] + metrics["specificity"]


@pytest.mark.parametrize("criterion", ["youden", "f1"])
def test_with_few_cases_the_operating_point_is_the_best_of_all_thresholds(criterion, monkeypatch):
    monkeypatch.setattr(patients, "MIN_CASES_TO_SMOOTH", 1000)
    point = choose_operating_point(TRUTH, SCORE, criterion=criterion, default=0.5)
    best = max(quality(criterion, threshold <= SCORE) for threshold in np.unique(SCORE))
    assert quality(criterion, point.threshold <= SCORE) == pytest.approx(best)
    assert point.threshold not in SCORE  # between scores, not on one
    assert point.source == "validation"


def drawn(seed, n=20):
    """Two classes whose best threshold (sensitivity + specificity) lies at a logit of 1."""
    rng = np.random.default_rng(seed)
    return np.repeat([False, True], n), expit(np.concatenate([rng.normal(0, 1, n), rng.normal(2, 1, n)]))


def test_smoothing_errs_less_than_the_best_of_the_scores(monkeypatch):
    def error():
        points = [choose_operating_point(*drawn(seed), criterion="youden", default=0.5) for seed in range(100)]
        return np.sqrt(np.mean([(logit(point.threshold) - 1) ** 2 for point in points]))

    smoothed = error()
    monkeypatch.setattr(patients, "MIN_CASES_TO_SMOOTH", 1000)
    assert smoothed < 0.8 * error()


def test_f1_with_few_positives_asks_for_a_higher_score():
    rare = np.concatenate([np.zeros(90, dtype=bool), np.ones(10, dtype=bool)])
    score = expit(np.concatenate([np.random.default_rng(0).normal(0, 1, 90), np.linspace(1, 3, 10)]))
    youden, f1 = (choose_operating_point(rare, score, criterion=c, default=0.5).threshold for c in ("youden", "f1"))
    assert f1 > youden


def test_volumes_in_other_units_give_the_same_point():
    truth, score = drawn(0)
    volume = np.where(score < 0.3, 0.0, 1000 * score)
    small, large = (
        choose_operating_point(truth, v, criterion="youden", default=1.0, scale="log").threshold
        for v in (volume, 10 * volume)
    )
    assert 0 < small < 1000
    assert large == pytest.approx(10 * small)


def test_a_class_without_spread_needs_no_smoothing():
    truth = np.repeat([False, True], 10)
    point = choose_operating_point(truth, np.repeat([0.2, 0.6], 10), criterion="youden", default=0.5)
    assert point.threshold == pytest.approx(0.4)


def test_operating_point_lies_halfway_between_separable_classes():
    point = choose_operating_point(
        np.array([0, 0, 1, 1], bool), np.array([0.1, 0.2, 0.6, 0.9]), criterion="f1", default=0
    )
    assert point.threshold == pytest.approx(0.4)


@pytest.mark.parametrize("truth", [[], [True, True], [False]])
def test_without_both_classes_the_default_is_taken(truth):
    point = choose_operating_point(np.array(truth, bool), np.ones(len(truth)), criterion="youden", default=0.5)
    assert (point.threshold, point.source) == (0.5, "default")


def test_lesionless_scores_of_zero_never_make_everyone_positive():
    point = choose_operating_point(np.array([1, 0], bool), np.array([0.0, 0.0]), criterion="youden", default=0.5)
    assert (point.threshold, point.source) == (0.5, "default")
