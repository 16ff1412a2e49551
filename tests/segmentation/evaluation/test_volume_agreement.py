"""Agreement of volumes whose ratios are chosen."""

import numpy as np
import pytest
from reportsup.segmentation.evaluation.records import ReportedVolume
from reportsup.segmentation.evaluation.volume_agreement import volume_agreement


def test_shares_and_ratios_by_hand():
    said = [
        ReportedVolume(50, 200, 100),
        ReportedVolume(50, 200, 100),
        ReportedVolume(50, 200, 100),
        ReportedVolume(10),
    ]
    agreement = volume_agreement([0.0, 100.0, 400.0, 1e6], said)
    assert (agreement.n, agreement.inside, agreement.below, agreement.above) == (4, 0.5, 0.25, 0.25)
    assert (agreement.n_estimates, agreement.n_missed, agreement.median_ratio) == (3, 1, 1.0)
    assert agreement.geometric_ratio == pytest.approx(2.0)  # of 1 and 4; the miss has no logarithm


def test_limits_hold_the_log_normal_spread():
    rng = np.random.default_rng(2)
    estimate = np.exp(rng.normal(8, 1, size=4000))
    predicted = estimate * np.exp(rng.normal(np.log(1.2), 0.3, size=4000))
    agreement = volume_agreement(list(predicted), [ReportedVolume(0.0, None, v) for v in estimate])
    assert agreement.geometric_ratio == pytest.approx(1.2, rel=0.02)
    assert agreement.limits_of_agreement == pytest.approx((1.2 * np.exp(-0.588), 1.2 * np.exp(0.588)), rel=0.03)
    assert agreement.spearman > 0.9


def test_nothing_reported_is_nothing_claimed():
    agreement = volume_agreement([], [])
    assert (agreement.n, agreement.inside, agreement.median_ratio, agreement.spearman) == (0, None, None, None)


def test_one_pair_has_no_limits():
    agreement = volume_agreement([5.0], [ReportedVolume(1, 9, 5)])
    assert (agreement.geometric_ratio, agreement.limits_of_agreement) == (pytest.approx(1.0), None)
