"""Lesions found against false positives over all thresholds (FROC): fair to runs of different calibration.

Networks taught by reports call more voxels lesion than networks taught by masks, so that figures at one threshold say
little about which of the two knows more. The curve (Bunch et al. 1978) and its mean sensitivity at 1/8, 1/4, 1/2, 1, 2,
4 and 8 false positives a case (the LUNA16 score, Setio et al. 2017) compare them at equal false positives.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import center_of_mass
from scipy.special import expit

from .components import ComponentMap, Mask, bounding_box, label_components, spacing_from_affine
from .lesions import Localisation, Overlap, shared_voxels, sizes_and_centroids

Floats = NDArray[np.float64]

# Even in logits and far into both tails: a run whose logits are all shifted or scaled keeps its curve.
THRESHOLDS = tuple(float(p) for p in expit(np.linspace(-10.0, 10.0, 41)))
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
        rule: "overlap" counts as "iou" here: a mask of everything overlaps every lesion at one false positive or none.
    """
    if rule.criterion == "overlap":
        rule = replace(rule, criterion="iou")
    truth_voxels, truth_mm = sizes_and_centroids(() if truth is None else truth.components)
    labels = np.zeros(probability.shape, dtype=np.int32) if truth is None else truth.labels
    affine = np.array(affine_ras, dtype=float)
    min_voxels = min_component_mm3 / float(np.prod(spacing_from_affine(affine)))
    counts: list[tuple[int, int]] = []
    n_voxels = -1
    for threshold in THRESHOLDS:  # ascending: each mask lies inside the one before
        mask = probability >= threshold
        if (n := int(mask.sum())) == n_voxels:
            counts.append(counts[-1])
            continue
        n_voxels = n
        if (box := bounding_box(mask)) is None:
            break
        probability, labels, mask = probability[box], labels[box], mask[box]
        affine[:3, 3] = (affine @ [*(span.start for span in box), 1.0])[:3]
        counts.append(_count(mask, affine, labels, truth_voxels, truth_mm, rule, min_voxels))
    counts += [(0, 0)] * (len(THRESHOLDS) - len(counts))
    n_found, n_false = zip(*counts, strict=True)
    return Detections(n_found, n_false)


def _count(
    mask: Mask,
    affine_ras: Floats,
    truth_labels: NDArray[np.int32],
    truth_voxels: Floats,
    truth_mm: Floats,
    rule: Localisation,
    min_voxels: float,
) -> tuple[int, int]:
    """Lesions found and false positives of one mask: `match_lesions` without a table of the components."""
    labels, predicted_voxels = label_components(mask, min_voxels)
    n = len(predicted_voxels)
    shared = shared_voxels(truth_labels, labels, len(truth_voxels), n)
    overlap = Overlap(shared, truth_voxels, predicted_voxels.astype(float))
    predicted_mm = np.zeros((n, 3))
    if rule.criterion == "centroid" and n:
        centres = np.array(center_of_mass(mask, labels, np.arange(1, n + 1)))
        predicted_mm = centres @ affine_ras[:3, :3].T + affine_ras[:3, 3]
    hits = overlap.hits(rule, truth_mm, predicted_mm)
    return int(hits.any(axis=1).sum()), int(overlap.wrong(hits).sum())


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
