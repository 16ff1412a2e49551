"""From a file's own grid to RAS axes and the plan's spacing.

Grids share their field of view, not their first voxel: output voxel i sits at input voxel (i + ½)·out/in − ½ along each
axis, so resampling neither shifts nor crops, whatever the two spacings are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform, center_of_mass, label, maximum

# A voxel centred exactly on a mask's surface is outside, whatever the rounding.
_HALF = 0.5 + 1e-4
Affine = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """A RAS grid: shape (X, Y, Z) and voxel → mm affine (4, 4)."""

    shape: tuple[int, int, int]
    affine_ras: Affine

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size per axis."""
        x, y, z = np.linalg.norm(self.affine_ras[:3, :3], axis=0)
        return float(x), float(y), float(z)


def to_ras(array: npt.NDArray[Any], affine_ras: Affine) -> tuple[npt.NDArray[Any], Affine]:
    """An array and its affine with axes flipped and swapped so that they run closest to right, anterior, superior."""
    orientation = nib.io_orientation(affine_ras)
    turned = np.asarray(nib.apply_orientation(array, orientation))
    return turned, affine_ras @ nib.orientations.inv_ornt_aff(orientation, array.shape)


def target_grid(source: Grid, spacing_mm: Sequence[float]) -> Grid:
    """The grid of another spacing over the same field of view, to the nearest whole voxel.

    >>> target_grid(Grid((10, 10, 4), np.diag([1.0, 1.0, 5.0, 1.0])), (2.0, 2.0, 2.5)).shape
    (5, 5, 8)
    """
    ratio = np.asarray(spacing_mm) / source.spacing_mm
    shape = tuple(max(round(n / r), 1) for n, r in zip(source.shape, ratio, strict=True))
    affine = source.affine_ras.copy()
    affine[:3, 3] = affine[:3, :3] @ (0.5 * ratio - 0.5) + affine[:3, 3]
    affine[:3, :3] = affine[:3, :3] * ratio
    return Grid((shape[0], shape[1], shape[2]), affine)


def resample_image(array: npt.NDArray[Any], source: Grid, target: Grid, order: int = 1) -> npt.NDArray[np.float32]:
    """An image on another grid of the same field of view.

    Args:
        array: (X, Y, Z) on the source grid.
        order: spline order, 1 = linear, 3 = cubic.
    """
    ratio = np.asarray(target.spacing_mm) / source.spacing_mm
    if _same_grid(source, target):
        return array.astype(np.float32)
    return np.asarray(
        affine_transform(array.astype(np.float32), ratio, 0.5 * ratio - 0.5, target.shape, order=order, mode="nearest")
    )


def resample_mask(mask: npt.NDArray[np.bool_], source: Grid, target: Grid) -> npt.NDArray[np.bool_]:
    """A mask on another grid: where its linear interpolation exceeds one half.

    A mask too small for the target grid keeps the one voxel nearest to its centre.
    """
    out = _interpolated(mask, source, target)
    if not out.any() and mask.any():
        ratio = np.asarray(target.spacing_mm) / source.spacing_mm
        out[_nearest_voxel(np.argwhere(mask).mean(axis=0), ratio, target)] = True
    return out


def resample_lesions(mask: npt.NDArray[np.bool_], source: Grid, target: Grid) -> tuple[npt.NDArray[np.bool_], int]:
    """A lesion mask on another grid, and how many lesions had to be kept as one voxel.

    A connected lesion that linear interpolation leaves without a voxel keeps the one nearest to its centre: it would
    become background, known to be free of lesions.
    """
    out = _interpolated(mask, source, target)
    box = bounding_box(mask)
    if box is None or _same_grid(source, target):
        return out, 0
    ratio = np.asarray(target.spacing_mm) / source.spacing_mm
    components, n = label(mask[tuple(slice(a, b) for a, b in zip(*box, strict=True))], np.ones((3, 3, 3)))
    numbers = np.arange(1, n + 1)
    # The native voxels whose nearest voxel of the target grid is inside: a lesion with one of them is still there.
    kept = out[np.ix_(*(_nearest_index(axis, box, ratio, target) for axis in range(3)))]
    lost = numbers[np.atleast_1d(maximum(kept, components, numbers)) == 0]
    for centre in center_of_mass(components, components, lost):
        out[_nearest_voxel(np.asarray(centre) + box[0], ratio, target)] = True
    return out, len(lost)


def _interpolated(mask: npt.NDArray[np.bool_], source: Grid, target: Grid) -> npt.NDArray[np.bool_]:
    if _same_grid(source, target):
        return mask.copy()
    ratio = np.asarray(target.spacing_mm) / source.spacing_mm
    out = np.zeros(target.shape, dtype=np.bool_)
    box = bounding_box(mask)
    if box is None:
        return out
    low = np.maximum(np.asarray(box[0]) - 1, 0)
    high = np.minimum(np.asarray(box[1]) + 1, source.shape)
    # The last half voxel at the volume's edge lies beyond the outermost voxel centre: a block at the edge runs to it.
    first = np.where(low == 0, 0, np.floor((low + 0.5) / ratio - 0.5)).astype(int)
    last = np.minimum(np.ceil((high - 0.5) / ratio - 0.5) + 1, target.shape)
    last = np.where(high == source.shape, target.shape, last).astype(int)
    block = mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float32)
    offset = (first + 0.5) * ratio - 0.5 - low
    moved = affine_transform(block, ratio, offset, tuple(last - first), order=1, mode="nearest")
    out[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] = moved > _HALF
    return out


def _same_grid(source: Grid, target: Grid) -> bool:
    ratio = np.asarray(target.spacing_mm) / source.spacing_mm
    return source.shape == target.shape and bool(np.allclose(ratio, 1, atol=1e-4))


def _nearest_index(
    axis: int, box: tuple[tuple[int, int, int], tuple[int, int, int]], ratio: Affine, target: Grid
) -> npt.NDArray[np.int64]:
    native = np.arange(box[0][axis], box[1][axis])
    return np.clip(np.round((native + 0.5) / ratio[axis] - 0.5), 0, target.shape[axis] - 1).astype(np.int64)


def _nearest_voxel(centre: npt.NDArray[Any], ratio: Affine, target: Grid) -> tuple[int, int, int]:
    x, y, z = np.clip(np.round((centre + 0.5) / ratio - 0.5), 0, np.asarray(target.shape) - 1).astype(int)
    return int(x), int(y), int(z)


def bounding_box(mask: npt.NDArray[np.bool_]) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
    """First voxel and one past the last voxel of a mask along each axis, None for an empty mask.

    >>> bounding_box(np.pad(np.ones((2, 3, 1), dtype=bool), 1))
    ((1, 1, 1), (3, 4, 2))
    """
    start, stop = [], []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if not hit.size:
            return None
        start.append(int(hit[0]))
        stop.append(int(hit[-1]) + 1)
    return (start[0], start[1], start[2]), (stop[0], stop[1], stop[2])
