"""Is there a lesion in this organ of this patient? Scores, operating points, and how well they answer."""

from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import expit, logit, ndtr
from scipy.stats import rankdata

from .components import bounding_box

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
MIN_CASES_TO_SMOOTH = 8  # of each class


@dataclass(frozen=True)
class OperatingPoint:
    """Score from which a patient is called positive.

    Attributes:
        source: "validation"; "default" when validation cases lack a class or their scores do not tell the classes
            apart; anything else for a point of the caller's own.
        n_positive, n_negative: validation cases behind it.
    """

    threshold: float
    criterion: str
    source: str
    n_positive: int = 0
    n_negative: int = 0


def patient_score(probability: NDArray[np.floating], voxel_mm3: float, min_component_mm3: float) -> float:
    """Highest threshold at which a component of at least `min_component_mm3` remains, 0..1.

    So `score ≥ t` says exactly that the mask {p ≥ t} holds such a component: choosing an operating point on the score
    is choosing the threshold of the mask, and single hot voxels never decide.

    Args:
        probability: (x, y, z) in 0..1.
        voxel_mm3: volume of a voxel.
    """
    values = np.asarray(probability)
    n_voxels = max(1, ceil(min_component_mm3 / voxel_mm3 - 1e-9))
    if n_voxels > values.size:
        return 0.0
    # The n-th largest voxel bounds the score from above; walk down until a component is there, then search exactly.
    upper = lower = float(np.partition(values.ravel(), -n_voxels)[-n_voxels])
    while lower > 1e-6 and not _has_component(values >= lower, n_voxels):
        lower *= 0.8
    if lower <= 1e-6:
        return 0.0
    candidates = np.unique(values[(values >= lower) & (values <= upper)])
    low, high = 0, len(candidates) - 1  # invariant: candidates[low] has a component
    while low < high:
        middle = (low + high + 1) // 2
        if _has_component(values >= candidates[middle], n_voxels):
            low = middle
        else:
            high = middle - 1
    return float(candidates[low])


def _has_component(mask: Bools, n_voxels: int) -> bool:
    box = bounding_box(mask)
    if box is None:
        return False
    labels, n = ndimage.label(mask[box], structure=np.ones((3, 3, 3)))
    return n > 0 and int(np.bincount(labels.ravel())[1:].max()) >= n_voxels


def auc(truth: Bools, score: Floats) -> float:
    """Area under the ROC curve: chance that a positive scores above a negative, ties half. NaN for a single class.

    >>> auc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    n_positive = int(truth.sum())
    n_negative = truth.size - n_positive
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    rank_sum = float(rankdata(score)[truth].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def average_precision(truth: Bools, score: Floats) -> float:
    """Area under the precision–recall curve, as the step sum Σ (Rₖ − Rₖ₋₁)·Pₖ. NaN without positives."""
    if not truth.any():
        return float("nan")
    found, called, _ = _cumulated(truth, score)
    recall = found / found[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * found / called))


def roc_curve(truth: Bools, score: Floats) -> tuple[Floats, Floats]:
    """False positive rate and sensitivity at every threshold, from (0, 0) to (1, 1)."""
    found, called, _ = _cumulated(truth, score)
    n_negative = max(int((~truth).sum()), 1)
    false = called - found
    return np.append(0.0, false / n_negative), np.append(0.0, found / max(int(truth.sum()), 1))


def confusion_metrics(truth: Bools, called: Bools) -> dict[str, float]:
    """Sensitivity, specificity, precision and F1; NaN where the denominator is zero."""
    hit = float((truth & called).sum())
    positives, negatives, n_called = float(truth.sum()), float((~truth).sum()), float(called.sum())
    nan = float("nan")
    return {
        "sensitivity": hit / positives if positives else nan,
        "specificity": float((~truth & ~called).sum()) / negatives if negatives else nan,
        "precision": hit / n_called if n_called else nan,
        "f1": 2 * hit / (positives + n_called) if positives else nan,
    }


def choose_operating_point(
    truth: Bools, score: Floats, *, criterion: str, default: float, scale: Literal["logit", "log"] = "logit"
) -> OperatingPoint:
    """Operating point that is best on validation cases.

    With `MIN_CASES_TO_SMOOTH` or more of each class the best threshold is that of their kernel-smoothed distributions
    on a logarithmic scale: with tens of cases it errs less than the best of the scores themselves (Fluss, Faraggi and
    Reiser 2005), which hangs on one or two patients. With fewer it is halfway between two neighbouring scores.

    Args:
        truth, score: one entry per case.
        criterion: "youden" maximises sensitivity + specificity, "f1" the F1 score, "fixed" takes `default`.
        default: threshold when nothing can be chosen.
        scale: "logit" for probabilities, "log" for volumes.
    """
    n_positive, n_negative = int(truth.sum()), int((~truth).sum())
    if criterion == "fixed" or n_positive == 0 or n_negative == 0:
        return OperatingPoint(default, criterion, "default", n_positive, n_negative)
    found, called, thresholds = _cumulated(truth, score)
    quality = _quality(criterion, found / n_positive, (called - found) / n_negative, n_positive, n_negative)
    quality[thresholds <= 0] = 0.0  # a score of 0 says that there is nothing: never a positive
    if quality.max() <= 0:  # the scores do not tell the classes apart
        return OperatingPoint(default, criterion, "default", n_positive, n_negative)
    best = int(np.flatnonzero(quality >= quality.max() - 1e-12)[0])  # ties: the strictest
    below = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    threshold = _smoothed_best(truth, score, criterion, scale) or float((thresholds[best] + below) / 2)
    return OperatingPoint(threshold, criterion, "validation", n_positive, n_negative)


def _quality(
    criterion: str, sensitivity: Floats, false_rate: Floats, n_positive: int, n_negative: int
) -> NDArray[np.float64]:
    if criterion == "f1":
        hits = sensitivity * n_positive
        return np.asarray(2 * hits / (n_positive + hits + false_rate * n_negative))
    return np.asarray(sensitivity - false_rate)


def _smoothed_best(truth: Bools, score: Floats, criterion: str, scale: str) -> float | None:
    """Best threshold of the two smoothed distributions; None with too few cases, or a class without spread."""
    positive = np.unique(score[score > 0])
    if min(truth.sum(), (~truth).sum()) < MIN_CASES_TO_SMOOTH or len(positive) < 2:
        return None
    x = logit(np.clip(score, 1e-6, 1 - 1e-6)) if scale == "logit" else np.log(np.maximum(score, positive[0]))
    grid = np.linspace(x[score > 0].min(), x.max(), num=512)
    widths = [_bandwidth(x[truth]), _bandwidth(x[~truth])]
    if min(widths) <= 0:
        return None
    sensitivity, false_rate = (
        ndtr((values[None] - grid[:, None]) / width).mean(axis=1)
        for values, width in zip((x[truth], x[~truth]), widths, strict=True)
    )
    quality = _quality(criterion, sensitivity, false_rate, int(truth.sum()), int((~truth).sum()))
    best = float(grid[np.argmax(quality)])
    return float(expit(best) if scale == "logit" else np.exp(best))


def _bandwidth(values: Floats) -> float:
    """Silverman's rule of thumb (1986) for a Gaussian kernel."""
    upper, lower = np.percentile(values, [75, 25])
    spread = min([s for s in (float(values.std(ddof=1)), float(upper - lower) / 1.34) if s > 0], default=0.0)
    return 0.9 * spread * len(values) ** -0.2


def _cumulated(truth: Bools, score: Floats) -> tuple[Floats, Floats, Floats]:
    """True positives and calls at each distinct threshold, highest first, and the thresholds."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    return np.cumsum(truth[order])[last].astype(float), last + 1.0, ordered[last]
