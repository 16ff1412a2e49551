"""Where a crop lies in its case: a similarity transform between the case's voxels and the crop's.

The crop's centre sits on `centre` of the case; around it, crop offset = `linear` · case offset, both in voxels.
Rotation and scale act in millimetres, so a turned lesion keeps its shape on an anisotropic grid, and its volume
changes by exactly `scale`³, which the crop's targets follow.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
OFF_GRID = 0.999  # a box that fits a crop between whole voxels only


@dataclass(frozen=True)
class Transform:
    """Flip, rotate and scale around the crop's centre.

    Attributes:
        linear: (3, 3), from case offset to crop offset, in voxels.
        scale: how much longer a length in mm becomes.
        on_grid: whether crop voxels fall on case voxels, so that slicing and flipping is all there is to do.
        flips: axes that are mirrored.
    """

    linear: Floats
    scale: float = 1.0
    on_grid: bool = True
    flips: tuple[int, ...] = ()

    @classmethod
    def identity(cls, flips: tuple[int, ...] = ()) -> "Transform":
        """No change but mirrored axes."""
        return cls(np.diag([-1.0 if axis in flips else 1.0 for axis in range(3)]), flips=flips)

    @classmethod
    def similarity(
        cls, angles_rad: npt.ArrayLike, scale: float, spacing_mm: npt.ArrayLike, flips: tuple[int, ...] = ()
    ) -> "Transform":
        """Mirror, rotate around x, y, z by `angles_rad` and scale, rigid in mm on a grid of `spacing_mm`."""
        matrix = np.diag([-1.0 if axis in flips else 1.0 for axis in range(3)])
        for axis, angle in enumerate(np.asarray(angles_rad, float)):
            matrix = _rotation(axis, float(angle)) @ matrix
        spacing = np.asarray(spacing_mm, float)
        return cls((scale * matrix * spacing[None, :]) / spacing[:, None], scale=scale, on_grid=False, flips=flips)


@dataclass(frozen=True)
class Placement:
    """A crop of `size` voxels whose centre lies on voxel coordinate `centre` of the case."""

    centre: Floats
    size: tuple[int, int, int]
    transform: Transform

    def to_crop(self, points: npt.ArrayLike) -> Floats:
        """Crop coordinates (n, 3) of case coordinates (n, 3)."""
        return (np.asarray(points, float) - self.centre) @ self.transform.linear.T + _middle(self.size)

    def to_case(self, points: npt.ArrayLike) -> Floats:
        """Case coordinates (n, 3) of crop coordinates (n, 3)."""
        inverse = np.linalg.inv(self.transform.linear)
        return (np.asarray(points, float) - _middle(self.size)) @ inverse.T + self.centre

    def contains(self, low: npt.ArrayLike, high: npt.ArrayLike) -> bool:
        """Whether the box between two corners (case coordinates of voxel edges) lies wholly inside the crop."""
        corners = self.to_crop(box_corners(low, high))
        return bool((corners >= -0.5 - 1e-6).all() and (corners <= np.asarray(self.size) - 0.5 + 1e-6).all())

    def block(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """(start, size) of the case's voxels that interpolation needs; exactly the crop when on the grid."""
        edge = np.asarray(self.size, float) - 1
        corners = self.to_case(box_corners(np.zeros(3), edge))
        tolerance = 1e-6  # a half-integer centre carries rounding errors
        start = np.floor(corners.min(axis=0) + tolerance).astype(int)
        stop = np.ceil(corners.max(axis=0) - tolerance).astype(int) + 1
        size = stop - start
        return (int(start[0]), int(start[1]), int(start[2])), (int(size[0]), int(size[1]), int(size[2]))


def place_at(point: npt.ArrayLike, size: tuple[int, int, int], transform: Transform, at: npt.ArrayLike) -> Placement:
    """The crop where case coordinate `point` falls on crop coordinate `at`; to the nearest voxel on the grid."""
    offset = np.linalg.inv(transform.linear) @ (np.asarray(at, float) - _middle(size))
    return _snap(Placement(np.asarray(point, float) - offset, size, transform))


def place_around(
    low: npt.ArrayLike, high: npt.ArrayLike, size: tuple[int, int, int], transform: Transform, u: npt.ArrayLike
) -> Placement | None:
    """A crop that holds the whole box between two corners, at `u` (3 of 0–1) among all such; None if none does."""
    if transform.on_grid:  # to whole voxels, so that a placement between two that hold the box holds it when snapped
        low, high = np.floor(np.asarray(low) + 0.5) - 0.5, np.ceil(np.asarray(high) + 0.5) - 0.5
    corners = box_corners(low, high) @ transform.linear.T
    middle, edge = _middle(size), np.asarray(size, float) - 0.5
    first, last = corners.max(axis=0) + middle - edge, corners.min(axis=0) + middle + 0.5
    if (last < first - 1e-9).any():
        return None
    turned = first + np.asarray(u, float) * (last - first)
    placement = _snap(Placement(np.linalg.inv(transform.linear) @ turned, size, transform))
    return placement if placement.contains(low, high) else None


def fitting_scale(low: npt.ArrayLike, high: npt.ArrayLike, size: tuple[int, int, int]) -> float:
    """The largest scale up to 1 at which a crop, not turned, holds the box between two corners.

    >>> fitting_scale((0, 0, 0), (40, 16, 16), (32, 32, 32))
    0.8
    """
    upright = Transform.identity()
    if place_around(low, high, size, upright, (0.5, 0.5, 0.5)) is not None:
        return 1.0
    extent = np.asarray(high, float) - np.asarray(low, float)
    return float(min(OFF_GRID, (np.asarray(size, float) / extent).min()))


def keep_inside(placement: Placement, shape: tuple[int, int, int]) -> Placement:
    """The crop moved so that its middle half keeps inside the volume; a volume smaller than the crop is centred.

    A crop on the grid is moved until no part of it lies outside, where the volume is large enough.
    """
    extent = np.abs(np.linalg.inv(placement.transform.linear)) @ np.asarray(placement.size, float)
    half = extent / 2 if placement.transform.on_grid else extent / 4
    low, high = half - 0.5, np.asarray(shape, float) - 0.5 - half
    centre = np.where(low <= high, np.clip(placement.centre, low, high), (np.asarray(shape, float) - 1) / 2)
    return _snap(Placement(centre, placement.size, placement.transform))


def box_corners(low: npt.ArrayLike, high: npt.ArrayLike) -> Floats:
    """The eight corners (8, 3) of a box."""
    return np.array(list(itertools.product(*np.stack([np.asarray(low, float), np.asarray(high, float)], axis=1))))


def _snap(placement: Placement) -> Placement:
    if not placement.transform.on_grid:
        return placement
    middle = _middle(placement.size)
    return Placement(np.round(placement.centre - middle) + middle, placement.size, placement.transform)


def _middle(size: tuple[int, int, int]) -> Floats:
    return (np.asarray(size, float) - 1) / 2


def _rotation(axis: int, angle: float) -> Floats:
    matrix, (a, b) = np.eye(3), [i for i in range(3) if i != axis]
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix
