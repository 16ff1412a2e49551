"""Intervals that cover, tests whose p-values are known."""

import numpy as np
import pytest
from reportsup.segmentation.evaluation.statistics import (
    bootstrap,
    mcnemar_exact,
    paired_bootstrap,
    patient_resamples,
    wilcoxon_signed_rank,
)

OPTIONS = {"level": 0.95, "seed": 0}


def mean_of(values):
    return lambda rows: {"mean": float(values[rows].mean())}


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        values = rng.normal(1.0, 2.0, size=50)
        estimate = bootstrap(mean_of(values), np.arange(50), n_resamples=200, **OPTIONS)["mean"]
        covered += estimate.lo <= 1.0 <= estimate.hi
    assert 0.88 <= covered / 200 <= 0.99


def test_interval_width_is_that_of_the_standard_error():
    values = np.random.default_rng(6).normal(size=400)
    estimate = bootstrap(mean_of(values), np.arange(400), n_resamples=2000, **OPTIONS)["mean"]
    assert estimate.hi - estimate.lo == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_patients_are_resampled_not_rows():
    values = np.repeat(np.random.default_rng(7).normal(size=20), 10)
    by_row = bootstrap(mean_of(values), np.arange(200), n_resamples=500, **OPTIONS)["mean"]
    by_patient = bootstrap(mean_of(values), np.repeat(np.arange(20), 10), n_resamples=500, **OPTIONS)["mean"]
    ratio = (by_patient.hi - by_patient.lo) / (by_row.hi - by_row.lo)
    assert ratio == pytest.approx(np.sqrt(10), rel=0.25)


def test_resamples_hold_whole_patients_and_repeat_with_the_seed():
    groups = np.array([3, 3, 8, 9, 9, 9])
    first, again, other = (patient_resamples(groups, 5, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    for rows in first:
        counts = np.bincount(rows, minlength=6)
        assert counts[0] == counts[1]
        assert counts[3] == counts[4] == counts[5]


def test_undefined_figures_have_no_interval():
    estimate = bootstrap(lambda rows: {"x": float("nan")}, np.arange(4), n_resamples=20, **OPTIONS)["x"]
    assert (estimate.value, estimate.lo, estimate.hi) == (None, None, None)


def test_undefined_samples_are_left_out_of_the_interval():
    def metric(rows):
        return {"x": 1.0 if 0 in rows else float("nan")}

    estimate = bootstrap(metric, np.arange(4), n_resamples=50, **OPTIONS)["x"]
    assert (estimate.value, estimate.lo, estimate.hi) == (1.0, 1.0, 1.0)


def test_paired_difference_is_found_where_unpaired_noise_would_hide_it():
    rng = np.random.default_rng(8)
    patients = rng.normal(0, 10, size=40)
    better = patients + 0.5 + rng.normal(0, 0.5, size=40)
    found = paired_bootstrap(mean_of(patients), mean_of(better), np.arange(40), n_resamples=1000, **OPTIONS)["mean"]
    assert found.difference == pytest.approx(better.mean() - patients.mean())
    assert found.lo > 0
    assert found.p_value < 0.01


def test_p_values_are_about_uniform_under_no_difference():
    rng = np.random.default_rng(9)
    small = 0
    for _ in range(200):
        a = rng.normal(size=30)
        b = a + rng.normal(0, 1, size=30)
        small += (
            paired_bootstrap(mean_of(a), mean_of(b), np.arange(30), n_resamples=100, **OPTIONS)["mean"].p_value < 0.1
        )
    assert 0.04 <= small / 200 <= 0.18


def test_equal_runs_do_not_differ():
    values = np.arange(10.0)
    same = paired_bootstrap(mean_of(values), mean_of(values), np.arange(10), n_resamples=50, **OPTIONS)["mean"]
    assert (same.difference, same.p_value) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"), [(8, 1, 20 / 512), (5, 0, 2 / 32), (0, 5, 2 / 32), (3, 3, 1.0), (0, 0, 1.0)]
)
def test_mcnemar_equals_the_binomial_sum(only_a, only_b, p):
    a = np.array([True] * only_a + [False] * only_b + [True, False])
    b = np.array([False] * only_a + [True] * only_b + [True, False])
    assert mcnemar_exact(a, b) == pytest.approx(p)


def test_wilcoxon_exact_for_all_of_one_sign():
    a = np.zeros(6)
    assert wilcoxon_signed_rank(a, np.arange(1.0, 7.0)) == pytest.approx(2 / 64)
    assert wilcoxon_signed_rank(a, a) == 1.0
