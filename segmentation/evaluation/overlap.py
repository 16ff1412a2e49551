"""Agreement of two masks: Dice, surface Dice and Hausdorff distance, defined for empty masks too.

One convention for empty masks, so that a missed lesion costs and nothing is NaN:

    truth    prediction    DSC    NSD    HD95
    lesion   empty         0      0      diagonal of the volume (a miss)
    empty    lesion        0      0      diagonal of the volume (a false alarm)
    empty    empty         1      1      0

Means over cases are taken over cases whose truth holds a lesion; healthy cases are judged by specificity and false
positives instead.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .components import Mask, bounding_box


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances between two surfaces, element by element; infinite when the other surface does not exist.

    Attributes:
        truth_to_prediction_mm: for each surface element of the truth, distance to the predicted surface.
        truth_areas_mm2: areas of the same elements; likewise for the prediction.
        diagonal_mm: diagonal of the volume, the distance that stands for "none".
    """

    truth_to_prediction_mm: NDArray[np.float64]
    truth_areas_mm2: NDArray[np.float64]
    prediction_to_truth_mm: NDArray[np.float64]
    prediction_areas_mm2: NDArray[np.float64]
    diagonal_mm: float


def dice(truth: Mask, prediction: Mask) -> float:
    """Dice similarity coefficient of two masks of one shape, 0..1; 1 when both are empty.

    >>> dice(np.array([True, True, False]), np.array([True, False, False]))  # doctest: +ELLIPSIS
    0.666...
    """
    total = int(truth.sum()) + int(prediction.sum())
    return 1.0 if total == 0 else 2.0 * int((truth & prediction).sum()) / total


def surface_distances(truth: Mask, prediction: Mask, spacing_mm: tuple[float, float, float]) -> SurfaceDistances:
    """Distances between the surfaces of two masks, with the area of every surface element.

    Surface elements sit between voxels (2×2×2 neighbourhoods) and carry the area that marching cubes would give them:
    the definition of Nikolov et al. 2018 (arXiv 1809.04430), areas from MONAI's table.

    Args:
        truth, prediction: bool (x, y, z), same shape.
        spacing_mm: voxel size per axis.
    """
    diagonal_mm = float(np.linalg.norm(np.multiply(truth.shape, spacing_mm)))
    box = bounding_box(truth | prediction)
    if box is None:
        none = np.zeros(0)
        return SurfaceDistances(none, none, none, none, diagonal_mm)
    a_mm, a_areas_mm2 = _surface(np.pad(truth[box], 1), spacing_mm)
    b_mm, b_areas_mm2 = _surface(np.pad(prediction[box], 1), spacing_mm)
    return SurfaceDistances(
        truth_to_prediction_mm=_nearest_mm(a_mm, b_mm),
        truth_areas_mm2=a_areas_mm2,
        prediction_to_truth_mm=_nearest_mm(b_mm, a_mm),
        prediction_areas_mm2=b_areas_mm2,
        diagonal_mm=diagonal_mm,
    )


def surface_dice(distances: SurfaceDistances, tolerance_mm: float) -> float:
    """Share of both surfaces, by area, that lies within `tolerance_mm` of the other (NSD), 0..1; 1 if none exists."""
    total = distances.truth_areas_mm2.sum() + distances.prediction_areas_mm2.sum()
    if total == 0:
        return 1.0
    near = distances.truth_areas_mm2[distances.truth_to_prediction_mm <= tolerance_mm].sum()
    near += distances.prediction_areas_mm2[distances.prediction_to_truth_mm <= tolerance_mm].sum()
    return float(near / total)


def hausdorff_mm(distances: SurfaceDistances, percentile: float = 95.0) -> float:
    """Larger of the two area-weighted percentiles of surface distance in mm; never above the volume's diagonal."""
    both = (
        _weighted_percentile(distances.truth_to_prediction_mm, distances.truth_areas_mm2, percentile),
        _weighted_percentile(distances.prediction_to_truth_mm, distances.prediction_areas_mm2, percentile),
    )
    return float(min(max(both), distances.diagonal_mm))


def _weighted_percentile(values: NDArray[np.float64], weights: NDArray[np.float64], percentile: float) -> float:
    if values.size == 0:
        return 0.0
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    index = int(np.searchsorted(cumulated, percentile / 100 * cumulated[-1]))
    return float(values[order][min(index, values.size - 1)])


def _nearest_mm(points_mm: NDArray[np.float64], others_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point to the nearest of the others, infinite when there are none.

    A tree over surface points, not a distance transform: one false positive far away would make that run over the
    whole volume, many times the cost.
    """
    if len(points_mm) == 0 or len(others_mm) == 0:
        return np.full(len(points_mm), np.inf)
    return np.asarray(cKDTree(others_mm).query(points_mm)[0], dtype=np.float64)


def _surface(padded: Mask, spacing_mm: tuple[float, float, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place in mm and area in mm² of every surface element of a mask padded by one voxel."""
    areas_mm2, kernel = _area_table(spacing_mm)
    nx, ny, nz = (size - 1 for size in padded.shape)
    code = np.zeros((nx, ny, nz), dtype=np.uint8)
    for (i, j, k), bit in np.ndenumerate(kernel):
        code += bit * padded[i : i + nx, j : j + ny, k : k + nz].view(np.uint8)
    elements = np.argwhere((code > 0) & (code < 255))
    areas = areas_mm2[code[tuple(elements.T)]]
    return elements[areas > 0] * np.array(spacing_mm), areas[areas > 0]


@lru_cache(maxsize=64)
def _area_table(spacing_mm: tuple[float, float, float]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Area per neighbourhood code (256) and the 2×2×2 kernel of bit values that makes the code."""
    from monai.metrics.utils import get_code_to_measure_table  # seconds to import, and only surfaces need it

    areas, kernel = get_code_to_measure_table(spacing_mm)
    return areas.numpy().astype(np.float64), kernel.numpy().reshape(2, 2, 2).astype(np.uint8)
