"""Where the lesions of a reported region may lie in a crop: the region, and as far beyond it as they reach.

The cache holds every region dilated by the plan's margin. A lesion that reaches further (a large tumour of which the
organ mask shows only the healthy rest) needs more: over 70 mm, 50 % of a kidney tumour's volume lies beyond 15.5 mm of
the kidney without it, and 3 % beyond 0.6 diameters (`benchmarks/unknown_zone.py`). Filling the organ's convex hull
would bring that to 2.4 % and triple the region.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from ..preprocessing.cache import CachedCase, Index3

COARSE_MM = 3.0  # grid on which a distance of centimetres is measured


def region_zones(
    case: CachedCase, names: Sequence[str], reaches_mm: Sequence[float], start: Index3, size: Index3
) -> list[npt.NDArray[np.bool_]]:
    """Return for each reach bool (X, Y, Z), the block's voxels so near to a union of masks (to 3 mm and a half).

    Args:
        names: masks that the case has.
        start, size: the block in voxels of the case; it may lie outside of the volume.
    """
    low, high = case.box(names)
    stride = np.maximum((COARSE_MM / np.asarray(case.spacing_mm)).astype(int), 1)
    spacing_mm = stride * np.asarray(case.spacing_mm)
    pad = np.ceil(max(reaches_mm) / spacing_mm).astype(int) + 1
    counts = -(-np.subtract(high, low) // stride) + 2 * pad  # of the coarse grid: the region's box and its reach
    places = [(s + np.arange(n) - a) // k + p for s, n, a, k, p in zip(start, size, low, stride, pad, strict=True)]
    inside = [(at >= 0) & (at < n) for at, n in zip(places, counts, strict=True)]
    zones = [np.zeros(tuple(size), dtype=np.bool_) for _ in reaches_mm]
    if all(axis.any() for axis in inside):
        region = case.union(names, low, high)
        coarse = np.pad(_any_of_blocks(region, stride), [(n, n) for n in pad])
        distance_mm = distance_transform_edt(~coarse, sampling=spacing_mm)
        x, y, z = (at[ok] for at, ok in zip(places, inside, strict=True))
        seen = tuple(slice(int(ok.argmax()), int(ok.argmax()) + int(ok.sum())) for ok in inside)  # places rise by one
        for zone, reach_mm in zip(zones, reaches_mm, strict=True):
            near = distance_mm <= reach_mm + 1e-6
            zone[seen] = near[:, :, z][:, y][x]  # the last axis first: what is copied then stays small
    return zones


def _any_of_blocks(mask: npt.NDArray[np.bool_], stride: npt.NDArray[np.int_]) -> npt.NDArray[np.bool_]:
    """The mask on a coarser grid: a voxel holds what any of its fine ones holds."""
    counts = -(-np.asarray(mask.shape) // stride)
    padded = np.pad(mask, [(0, int(c * k - n)) for c, k, n in zip(counts, stride, mask.shape, strict=True)])
    x, y, z = (int(k) for k in stride)
    thin = np.logical_or.reduce([padded[i::x] for i in range(x)])
    thin = np.logical_or.reduce([thin[:, i::y] for i in range(y)])
    return np.asarray(np.logical_or.reduce([thin[:, :, i::z] for i in range(z)]))
