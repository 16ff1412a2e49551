"""Whether confidence tells right from wrong: calibration, ranking, and what is left when the unsure is set aside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .outcomes import Floats, Outcomes

N_BINS = 10
SURE_SHARE = 0.7
N_RESAMPLES = 500
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval over reports; None where it cannot be told."""

    value: float | None
    lo: float | None = None
    hi: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """For JSON, four decimals."""
        shown = {"value": self.value, "lo": self.lo, "hi": self.hi}
        return {name: None if v is None else round(v, 4) for name, v in shown.items()}


def bins(confidence: Floats, right: Floats, n_bins: int = N_BINS) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, findings) of bins of equally many findings, the least sure first.

    >>> bins(np.array([0.9, 0.1, 0.8, 0.2]), np.array([1.0, 0.0, 1.0, 1.0]), n_bins=2)
    [(0.15, 0.5, 2), (0.85, 1.0, 2)]
    """
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, n_bins) if len(part)]
    return [(round(float(confidence[p].mean()), 4), round(float(right[p].mean()), 4), len(p)) for p in parts]


def calibration_error(confidence: Floats, right: Floats, n_bins: int = N_BINS) -> float | None:
    """Mean distance of confidence and share right over bins of equally many findings.

    >>> calibration_error(np.array([0.9, 0.1]), np.array([1.0, 0.0]), n_bins=2)
    0.1
    """
    order = np.argsort(confidence, kind="stable")
    gaps = [abs(float(confidence[p].sum() - right[p].sum())) for p in np.array_split(order, n_bins) if len(p)]
    return round(sum(gaps) / len(confidence), 12) if len(confidence) else None


def auroc(confidence: Floats, right: Floats) -> float | None:
    """How often a right finding is surer than a wrong one, ties half; None without both.

    >>> auroc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1.0, 1.0, 0.0, 0.0]))
    0.875
    """
    from scipy.stats import rankdata

    n_right = int(right.sum())
    n_wrong = len(right) - n_right
    if not n_right or not n_wrong:
        return None
    ranks = float(rankdata(confidence)[right > 0].sum())
    return (ranks - n_right * (n_right + 1) / 2) / (n_right * n_wrong)


def share_of_the_surest(confidence: Floats, right: Floats, share: float = SURE_SHARE) -> float | None:
    """Share right among the surest findings; ties by their order.

    >>> share_of_the_surest(np.array([0.9, 0.1, 0.8, 0.7]), np.array([1.0, 0.0, 1.0, 0.0]), 0.5)
    1.0
    """
    kept = np.argsort(-confidence, kind="stable")[: round(share * len(confidence))]
    return float(right[kept].mean()) if len(kept) else None


def f1_of_the_surest(found: Outcomes, share: float, *, joint: bool = False, reports: Any = None) -> float | None:
    """F1 of findings over the surest reports.

    Args:
        share: of the reports that is kept, the surest.
        joint: a finding must be right in organ, side, sizes and count at once.
        reports: numbers of reports, for a resample; by default all.
    """
    of = np.arange(len(found.report_confidence)) if reports is None else reports
    kept = of[np.argsort(-found.report_confidence[of], kind="stable")[: round(share * len(of))]]
    hits = (found.n_right if joint else found.n_matched)[kept].sum()
    total = found.n_gold[kept].sum() + found.n_found[kept].sum()
    return float(2 * hits / total) if total else None


def reliability(found: Outcomes, *, n_resamples: int = N_RESAMPLES, seed: int = 0) -> dict[str, Estimate]:
    """The figures of confidence, with intervals from resampled reports."""
    by_report = np.argsort(found.report, kind="stable")
    starts = np.searchsorted(found.report[by_report], np.arange(len(found.n_gold) + 1))

    def findings(reports: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.concatenate([by_report[starts[r] : starts[r + 1]] for r in reports])

    on_findings: dict[str, Callable[[Any], float | None]] = {
        "calibration_error": lambda k: calibration_error(found.confidence[k], found.right[k]),
        "auroc_right": lambda k: auroc(found.confidence[k], found.right[k]),
        "auroc_matched": lambda k: auroc(found.confidence[k], found.matched[k]),
        "surest_70_right": lambda k: share_of_the_surest(found.confidence[k], found.right[k]),
        "surest_70_matched": lambda k: share_of_the_surest(found.confidence[k], found.matched[k]),
    }
    on_reports: dict[str, Callable[[Any], float | None]] = {
        "surest_70_reports_f1": lambda r: f1_of_the_surest(found, SURE_SHARE, reports=r),
        "surest_70_reports_joint_f1": lambda r: f1_of_the_surest(found, SURE_SHARE, joint=True, reports=r),
    }
    if not len(found.confidence):
        return {name: Estimate(None) for name in (*on_findings, *on_reports)}
    everything = np.arange(len(found.n_gold))
    draws = np.random.default_rng(seed).integers(0, len(everything), size=(n_resamples, len(everything)))
    samples: dict[str, list[float | None]] = {name: [] for name in (*on_findings, *on_reports)}
    for draw in draws:
        of = findings(draw)
        for name, figure in on_findings.items():
            samples[name].append(figure(of))
        for name, figure in on_reports.items():
            samples[name].append(figure(draw))
    values = {name: figure(np.arange(len(found.confidence))) for name, figure in on_findings.items()}
    values |= {name: figure(everything) for name, figure in on_reports.items()}
    return {name: _estimate(value, samples[name]) for name, value in values.items()}


def _estimate(value: float | None, samples: Sequence[float | None]) -> Estimate:
    known = [sample for sample in samples if sample is not None]
    if value is None or not known:
        return Estimate(value)
    lo, hi = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(lo), float(hi))
