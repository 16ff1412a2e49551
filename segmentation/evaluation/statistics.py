"""How sure a figure is, and whether two runs differ. Patients are resampled, never voxels or lesions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Indices = NDArray[np.intp]
Metrics = Callable[[Indices], dict[str, float]]


@dataclass(frozen=True)
class Estimate:
    """A figure with its bootstrap interval; None where it is not defined."""

    value: float | None
    lo: float | None
    hi: float | None

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        interval = "" if self.lo is None or self.hi is None else f" [{self.lo:.3f}, {self.hi:.3f}]"
        return f"{self.value:.3f}{interval}"


@dataclass(frozen=True)
class Difference:
    """One metric of two runs on the same cases.

    Attributes:
        difference: b − a, with its interval `lo`, `hi`.
        p_value: two-sided, paired bootstrap over patients; None where it is not defined.
    """

    a: float | None
    b: float | None
    difference: float | None
    lo: float | None
    hi: float | None
    p_value: float | None


def patient_resamples(groups: NDArray[np.generic], n_resamples: int, seed: int) -> list[Indices]:
    """Row indices of each bootstrap sample: patients drawn with replacement, all their rows with them.

    Args:
        groups: patient of each row.
    """
    rng = np.random.default_rng(seed)
    names, inverse = np.unique(groups, return_inverse=True)
    rows = [np.flatnonzero(inverse == i) for i in range(len(names))]
    if not rows:
        return []
    return [np.concatenate([rows[i] for i in draw]) for draw in rng.integers(len(rows), size=(n_resamples, len(rows)))]


def bootstrap(
    metrics: Metrics, groups: NDArray[np.generic], *, n_resamples: int, level: float, seed: int
) -> dict[str, Estimate]:
    """Every metric on all rows, with its percentile interval over patients.

    Samples in which a metric is not defined (one class only) are left out of its interval.

    Args:
        metrics: row indices → named figures, NaN where not defined.
        groups: patient of each row.
        level: of the interval, e.g. 0.95.
    """
    values = metrics(np.arange(len(groups)))
    draws = [metrics(rows) for rows in patient_resamples(groups, n_resamples, seed)]
    return {name: _estimate(value, [draw[name] for draw in draws], level) for name, value in values.items()}


def paired_bootstrap(
    metrics_a: Metrics, metrics_b: Metrics, groups: NDArray[np.generic], *, n_resamples: int, level: float, seed: int
) -> dict[str, Difference]:
    """Difference b − a of every metric, both runs on the same resampled patients.

    p = 2·min(share of differences ≤ 0, share ≥ 0), each counted with one extra so that p is never 0
    (Davison and Hinkley 1997, §4.2).
    """
    everything = np.arange(len(groups))
    a, b = metrics_a(everything), metrics_b(everything)
    resamples = patient_resamples(groups, n_resamples, seed)
    draws = [(metrics_a(rows), metrics_b(rows)) for rows in resamples]
    return {name: _difference(a[name], b[name], [y[name] - x[name] for x, y in draws], level) for name in a}


def mcnemar_exact(correct_a: NDArray[np.bool_], correct_b: NDArray[np.bool_]) -> float:
    """Two-sided exact p-value that two runs are right on the same cases equally often (McNemar 1947).

    >>> mcnemar_exact(np.array([True] * 8 + [False]), np.array([False] * 8 + [True]))
    0.0390625
    """
    only_a = int((correct_a & ~correct_b).sum())
    only_b = int((~correct_a & correct_b).sum())
    if only_a + only_b == 0:
        return 1.0
    return float(stats.binomtest(only_a, only_a + only_b, 0.5).pvalue)


def wilcoxon_signed_rank(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Two-sided p-value that paired values differ by a symmetric nothing; 1 when all pairs are equal."""
    if a.size == 0 or not np.any(a != b):
        return 1.0
    return float(stats.wilcoxon(a, b, zero_method="wilcox").pvalue)


def finite(value: float) -> float | None:
    """The value, or None for NaN and infinity, which JSON does not know."""
    return float(value) if np.isfinite(value) else None


def _interval(draws: list[float], level: float) -> tuple[float | None, float | None]:
    defined = np.array([value for value in draws if np.isfinite(value)])
    if defined.size < 2:
        return None, None
    lo, hi = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(lo), float(hi)


def _estimate(value: float, draws: list[float], level: float) -> Estimate:
    lo, hi = _interval(draws, level) if np.isfinite(value) else (None, None)
    return Estimate(finite(value), lo, hi)


def _difference(a: float, b: float, draws: list[float], level: float) -> Difference:
    if not np.isfinite(b - a):
        return Difference(finite(a), finite(b), None, None, None, None)
    lo, hi = _interval(draws, level)
    defined = np.array([value for value in draws if np.isfinite(value)])
    tails = [(1 + int((defined <= 0).sum())) / (1 + defined.size), (1 + int((defined >= 0).sum())) / (1 + defined.size)]
    return Difference(finite(a), finite(b), b - a, lo, hi, min(1.0, 2 * min(tails)))
