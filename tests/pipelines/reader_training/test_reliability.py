"""Figures of confidence on hand-made numbers."""

import numpy as np
import pytest
from reportsup.pipelines.reader_training.outcomes import Outcomes
from reportsup.pipelines.reader_training.reliability import (
    auroc,
    bins,
    calibration_error,
    f1_of_the_surest,
    reliability,
    share_of_the_surest,
)


def of(*numbers):
    return np.array(numbers, dtype=float)


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [
        (of(0.9, 0.1), of(1, 0), 0.1),
        (of(0.5, 0.5), of(1, 0), 0.5),  # two bins of one finding
        (of(1, 1), of(0, 0), 1.0),
        (of(), of(), None),
    ],
)
def test_calibration_error(confidence, right, expected):
    assert calibration_error(confidence, right, n_bins=2) == pytest.approx(expected)


def test_bins_hold_equally_many_findings_and_the_least_sure_come_first():
    assert bins(of(0.9, 0.1, 0.8, 0.2), of(1, 0, 1, 1), n_bins=2) == [(0.15, 0.5, 2), (0.85, 1.0, 2)]


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [
        (of(0.9, 0.1), of(1, 0), 1.0),
        (of(0.1, 0.9), of(1, 0), 0.0),
        (of(0.5, 0.5), of(1, 0), 0.5),
        (of(0.9, 0.5, 0.5, 0.1), of(1, 1, 0, 0), 0.875),
        (of(0.9, 0.1), of(1, 1), None),
    ],
)
def test_auroc(confidence, right, expected):
    assert auroc(confidence, right) == expected


def test_share_right_among_the_surest():
    assert share_of_the_surest(of(0.9, 0.1, 0.8, 0.7), of(1, 1, 0, 0), 0.5) == 0.5
    assert share_of_the_surest(of(), of()) is None


@pytest.fixture
def two_reports():
    """A sure report, all found; an unsure one with a lesion missed and a finding that is none."""
    return Outcomes(
        confidence=of(0.9, 0.8, 0.3), right=of(1, 0, 0), matched=of(1, 1, 0), report=np.array([0, 0, 1]),
        report_confidence=of(0.9, 0.2), n_gold=of(2, 1), n_found=of(2, 1), n_matched=of(2, 0), n_right=of(1, 0),
    )  # fmt: skip


def test_f1_of_the_surest_reports(two_reports):
    assert f1_of_the_surest(two_reports, 1.0) == pytest.approx(4 / 6)
    assert f1_of_the_surest(two_reports, 0.5) == 1.0
    assert f1_of_the_surest(two_reports, 0.5, joint=True) == 0.5


def test_intervals_hold_the_value_and_are_the_same_each_time(two_reports):
    once, again = (reliability(two_reports, n_resamples=50) for _ in range(2))
    assert once == again
    figure = once["surest_70_reports_f1"]
    assert figure.lo <= figure.value <= figure.hi
