"""Intervals that hold what they promise, also for findings that come in reports and for weighted strata."""

import random

import pytest
from reportsup.pipelines.review.estimates import Counted, share, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(hits, n, low, high):
    """81/263 and 1/29: Newcombe, Statistics in Medicine 17 (1998), table I, method 3; 0/10: 1.96²/(10 + 1.96²)."""
    assert wilson(hits / n, n) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_single_findings_drawn_at_random_give_the_plain_wilson_interval():
    told = share([Counted(1, 1)] * 81 + [Counted(0, 1)] * 182)
    assert (told.value, told.n) == (81 / 263, 263)
    # The variance over drawn reports has n − 1 in place of n.
    assert told.n_effective == pytest.approx(262, abs=1e-6)
    assert (told.low, told.high) == (pytest.approx(0.2553, abs=2e-4), pytest.approx(0.3662, abs=2e-4))


def test_findings_of_one_report_that_go_together_count_as_one():
    told = share([Counted(5, 5)] * 10 + [Counted(0, 5)] * 10)
    assert told.n == 100
    assert told.n_effective == pytest.approx(19, abs=1e-6)


def test_weights_undo_how_the_reports_were_drawn():
    common = [Counted(1, 1, weight=90, stratum="common")] * 10
    rare = [Counted(0, 1, weight=10, stratum="rare")] * 10
    assert share(common + rare).value == pytest.approx(0.9)
    assert share([Counted(r.hits, r.trials) for r in common + rare]).value == pytest.approx(0.5)


def test_no_trial_no_share():
    assert share([Counted(0, 0)] * 3) is None


def test_all_hits_leave_room_for_doubt():
    told = share([Counted(3, 3, weight=w) for w in (1, 1, 10)])
    assert told.value == told.high == 1
    assert told.n_effective == pytest.approx(36**2 / (3 + 3 + 300))
    assert told.low == pytest.approx(told.n_effective / (told.n_effective + 1.959964**2))


def test_nineteen_of_twenty_intervals_hold_the_truth():
    """Strata with shares of their own, one of them drawn ten times as often, and findings that go together."""
    generator = random.Random(0)
    population = {
        name: [_report(generator, p) for _ in range(size)] for name, size, p in (("a", 3000, 0.9), ("b", 300, 0.6))
    }
    hits, trials = (sum(r[i] for reports in population.values() for r in reports) for i in (0, 1))
    n, held = 1000, 0
    for _ in range(n):
        drawn = [
            Counted(*report, weight=len(reports) / 40, stratum=name)
            for name, reports in population.items()
            for report in generator.sample(reports, 40)
        ]
        told = share(drawn)
        held += told.low <= hits / trials <= told.high
    assert 0.93 <= held / n <= 0.98


def _report(generator, p):
    """(right, all) findings of a report; a report that is read badly is read badly throughout."""
    trials = generator.choice((0, 1, 2, 5))
    own = min(1.0, max(0.0, generator.gauss(p, 0.2)))
    return sum(generator.random() < own for _ in range(trials)), trials
