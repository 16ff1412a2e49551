"""Lesions found against false positives over all thresholds (FROC): fair to runs of different calibration.

Networks taught by reports call more voxels lesion than networks taught by masks, so that figures at one threshold say
little about which of the two knows more. The curve (Bunch et al. 1978) and its mean sensitivity at 1/8, 1/4, 1/2, 1, 2,
4 and 8 false positives a case (the LUNA16 score, Setio et al. 2017) compare them at equal false positives.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .components import ComponentMap, bounding_box, lesion_components
from .lesions import Localisation, match_lesions

Floats = NDArray[np.float64]

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
FALSE_POSITIVES_PER_CASE = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Detections:
    """One channel of one case at each of `THRESHOLDS`: true lesions found, and predicted ones that are not there."""

    n_found: tuple[int, ...]
    n_false_positives: tuple[int, ...]


def detections(
    probability: NDArray[np.floating],
    affine_ras: NDArray[np.float64],
    truth: ComponentMap | None,
    rule: Localisation,
    min_component_mm3: float,
) -> Detections:
    """The lesions that each mask {p ≥ threshold} finds, matched as `match_lesions` does.

    Args:
        probability: (x, y, z) in 0..1.
        truth: true lesions on the same grid; None = there are none.
    """
    box = bounding_box(probability >= min(THRESHOLDS))
    if box is None:
        nothing = (0,) * len(THRESHOLDS)
        return Detections(nothing, nothing)
    moved = np.array(affine_ras, dtype=float)
    moved[:3, 3] = (moved @ [*(span.start for span in box), 1.0])[:3]
    labels = np.zeros(probability[box].shape, dtype=np.int32) if truth is None else truth.labels[box]
    inside = ComponentMap(labels, () if truth is None else truth.components)
    n_found, n_false = [], []
    for threshold in THRESHOLDS:
        mask = probability[box] >= threshold
        predicted = lesion_components(mask, moved, organ="", min_volume_mm3=min_component_mm3, measure_axial=False)
        match = match_lesions(inside, predicted, rule)
        n_found.append(sum(lesion.detected for lesion in match.lesions))
        n_false.append(len(match.false_positive_diameters_mm))
    return Detections(tuple(n_found), tuple(n_false))


def froc_curve(n_found: Floats, n_false_positives: Floats, n_lesions: float) -> tuple[Floats, Floats]:
    """False positives a case, ascending from 0, and the sensitivity reached with that many or fewer.

    Args:
        n_found, n_false_positives: (cases, thresholds).
        n_lesions: true lesions of all cases, ≥ 1.
    """
    rate = n_false_positives.mean(axis=0)
    order = np.argsort(rate, kind="stable")
    sensitivity = np.maximum.accumulate(n_found.sum(axis=0)[order] / n_lesions)
    return np.append(0.0, rate[order]), np.append(0.0, sensitivity)


def froc_score(n_found: Floats, n_false_positives: Floats, n_lesions: float) -> float:
    """Mean sensitivity at `FALSE_POSITIVES_PER_CASE`, interpolated between thresholds.

    NaN without cases or lesions.

    >>> found, wrong = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [0.0, 0.0]])
    >>> froc_score(found, wrong, 2.0)  # 1 of 2 without a false positive, both from 0.5 a case
    0.9107142857142857
    """
    if not n_false_positives.size or not n_lesions:
        return float("nan")
    rate, sensitivity = froc_curve(n_found, n_false_positives, n_lesions)
    return float(np.interp(FALSE_POSITIVES_PER_CASE, rate, sensitivity).mean())
