"""Agreement of predicted and reported volume: an evaluation that needs no masks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .records import ReportedVolume
from .statistics import finite


@dataclass(frozen=True)
class VolumeAgreement:
    """How predicted volumes agree with what reports say; None where too few cases define a figure.

    Attributes:
        n: cases with a reported volume interval.
        inside: share of predictions inside [lo, hi].
        below, above: shares outside.
        n_estimates: cases whose report gives an estimate too; the figures below come from them.
        n_missed: estimates with a predicted volume of zero; they count in `median_ratio` and `spearman`.
        median_ratio: median of predicted / estimated volume.
        spearman: rank correlation.
        geometric_ratio: mean of predicted / estimated on a log scale, over those not missed (Bland–Altman bias).
        limits_of_agreement: geometric_ratio · exp(± 1.96 SD): where 95 % of the ratios lie (Bland and Altman 1986).
    """

    n: int
    inside: float | None
    below: float | None
    above: float | None
    n_estimates: int
    n_missed: int
    median_ratio: float | None
    spearman: float | None
    geometric_ratio: float | None
    limits_of_agreement: tuple[float, float] | None


def volume_agreement(predicted_mm3: Sequence[float], reported: Sequence[ReportedVolume]) -> VolumeAgreement:
    """Agreement over cases whose reports give a volume interval.

    Args:
        predicted_mm3: predicted volume per case, 0 or more.
        reported: what the report says of the same case.

    >>> said = [ReportedVolume(50.0, 200.0, 100.0), ReportedVolume(500.0, None, 1000.0)]
    >>> volume_agreement([100.0, 250.0], said).inside
    0.5
    """
    predicted = np.asarray(predicted_mm3, dtype=float)
    lo = np.array([r.lo_mm3 for r in reported], dtype=float)
    hi = np.array([np.inf if r.hi_mm3 is None else r.hi_mm3 for r in reported], dtype=float)
    estimate = np.array([np.nan if r.estimate_mm3 is None else r.estimate_mm3 for r in reported], dtype=float)
    n = len(predicted)
    below, above = predicted < lo, predicted > hi
    sized = estimate > 0
    ratios = predicted[sized] / estimate[sized]
    logs = np.log(ratios[ratios > 0])
    bias = float(logs.mean()) if logs.size else float("nan")
    spread = 1.96 * float(logs.std(ddof=1)) if logs.size > 1 else float("nan")
    return VolumeAgreement(
        n=n,
        inside=float((~below & ~above).mean()) if n else None,
        below=float(below.mean()) if n else None,
        above=float(above.mean()) if n else None,
        n_estimates=int(sized.sum()),
        n_missed=int((ratios == 0).sum()),
        median_ratio=float(np.median(ratios)) if ratios.size else None,
        spearman=_spearman(predicted[sized], estimate[sized]),
        geometric_ratio=finite(np.exp(bias)),
        limits_of_agreement=(float(np.exp(bias - spread)), float(np.exp(bias + spread))) if logs.size > 1 else None,
    )


def _spearman(predicted: np.ndarray, estimate: np.ndarray) -> float | None:
    if len(predicted) < 3 or np.ptp(predicted) == 0 or np.ptp(estimate) == 0:
        return None
    return finite(float(stats.spearmanr(predicted, estimate).statistic))
