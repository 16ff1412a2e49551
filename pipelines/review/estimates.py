"""Shares estimated from reviewed reports, with intervals that know how the reports were drawn."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Counted:
    """What one reviewed report adds to a share: `hits` of `trials`, for `weight` reports of its stratum."""

    hits: int
    trials: int
    weight: float = 1.0
    stratum: str = ""


@dataclass(frozen=True)
class Share:
    """An estimated share with its 95 % interval.

    Attributes:
        n: findings that it rests on.
        n_effective: findings drawn one by one at random that would tell as much.
    """

    value: float
    low: float
    high: float
    n: int
    n_effective: float


def share(reports: Sequence[Counted]) -> Share | None:
    """Hits over trials in the population that the reports were drawn from; None without any trial.

    The ratio is weighted by stratum. Its variance is that of a ratio of totals over reports drawn at random within
    strata, linearised (Särndal, Swensson and Wretman 1992), without correction for a finite population: findings of one
    report are no independent trials. The interval is Wilson's with the number of independent trials that have this
    variance (Dean and Pagano 2015), at most Kish's (Σw)²/Σw², which also serves where all or no trials are hits.

    >>> share([Counted(hits=9, trials=10)] * 10).value
    0.9
    """
    total = sum(r.weight * r.trials for r in reports)
    if not total:
        return None
    value = sum(r.weight * r.hits for r in reports) / total
    n_effective = total**2 / sum(r.weight**2 * r.trials for r in reports)
    variance = _variance(reports, value, total)
    if 0 < value < 1 and variance > 0:
        n_effective = min(n_effective, value * (1 - value) / variance)
    low, high = wilson(value, n_effective)
    return Share(value, low, high, sum(r.trials for r in reports), n_effective)


def wilson(value: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Wilson's interval of a share of `n` trials.

    >>> tuple(round(limit, 3) for limit in wilson(0.9, 100))
    (0.826, 0.945)
    """
    middle = value + z**2 / (2 * n)
    half = z * math.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _variance(reports: Sequence[Counted], value: float, total: float) -> float:
    """Of the ratio; strata with a single report are taken together."""
    residuals = defaultdict(list)
    for r in reports:
        residuals[r.stratum].append(r.weight * (r.hits - value * r.trials) / total)
    groups = [group for group in residuals.values() if len(group) > 1]
    singles = [group[0] for group in residuals.values() if len(group) == 1]
    variance = sum(_spread(group) for group in [*groups, singles] if len(group) > 1)
    return variance + (singles[0] ** 2 if len(singles) == 1 else 0.0)


def _spread(group: Sequence[float]) -> float:
    n, mean = len(group), sum(group) / len(group)
    return n / (n - 1) * sum((value - mean) ** 2 for value in group)
