"""The safety margin around an organ or part: masks are imprecise and lesions stick out of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from ...schemas.errors import ConfigError, DataError

DEFAULT_MARGIN_MM = 15.5  # what Bassi et al. use (a 31-voxel ball at 1 mm), here for "unknown" and for the search alike


def dilate_region(
    region: NDArray[np.bool_], spacing_mm: tuple[float, float, float], margin_mm: float = DEFAULT_MARGIN_MM
) -> NDArray[np.bool_]:
    """Return all voxels within `margin_mm` of the region: exact, Euclidean, on the volume's own spacing.

    Masks do not move during training, so do this once per case and not in the training loop.

    Args:
        region: bool (X, Y, Z).
        spacing_mm: voxel size, > 0.
        margin_mm: reach of the dilation between voxel centres, ≥ 0.

    Raises:
        DataError: the mask is not bool (X, Y, Z).
        ConfigError: a spacing that is not positive or a negative margin.

    Example:
        >>> region = np.zeros((9, 9, 9), dtype=bool)
        >>> region[4, 4, 4] = True
        >>> int(dilate_region(region, (1.0, 1.0, 2.0), margin_mm=2.0).sum())
        15
    """
    if region.dtype != np.bool_ or region.ndim != 3:
        raise DataError(f"region mask: {region.dtype} of shape {region.shape} vs bool (X, Y, Z). Threshold it.")
    if not 0 <= margin_mm < np.inf or len(spacing_mm) != 3 or min(spacing_mm) <= 0:
        raise ConfigError(
            f"dilation: {margin_mm} mm at spacing {spacing_mm} vs a length ≥ 0 and three sizes above 0. Correct it."
        )
    grown = np.zeros_like(region)
    if not region.any():
        return grown
    box = _box_with_margin(region, spacing_mm, margin_mm)
    distance_mm = distance_transform_edt(~region[box], sampling=spacing_mm)
    grown[box] = distance_mm <= margin_mm + 1e-6
    return grown


def _box_with_margin(
    region: NDArray[np.bool_], spacing_mm: tuple[float, float, float], margin_mm: float
) -> tuple[slice, ...]:
    slices = []
    for axis, size_mm in enumerate(spacing_mm):
        others = tuple(a for a in range(3) if a != axis)
        hit = np.flatnonzero(region.any(axis=others))
        reach = int(margin_mm / size_mm) + 1
        slices.append(slice(max(int(hit[0]) - reach, 0), int(hit[-1]) + 1 + reach))
    return tuple(slices)
