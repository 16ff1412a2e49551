"""Solids as signed fields over points in millimetres: negative inside, near the surface about the distance to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Grid:
    """The voxel grid of a volume.

    Attributes:
        shape: voxels along (x, y, z) of the array.
        affine_ras: voxel index → patient millimetres, RAS+, (4, 4).
    """

    shape: tuple[int, int, int]
    affine_ras: npt.NDArray[np.float64]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Edge lengths of a voxel."""
        x, y, z = np.linalg.norm(self.affine_ras[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return float(np.prod(self.spacing_mm))

    def points_mm(self) -> Field:
        """Patient coordinates of every voxel centre, (3, X, Y, Z)."""
        index = np.indices(self.shape, dtype=np.float32).reshape(3, -1)
        points = self.affine_ras[:3, :3] @ index + self.affine_ras[:3, 3:]
        return points.reshape(3, *self.shape).astype(np.float32)


def ellipsoid(points_mm: Field, centre_mm: Sequence[float], radii_mm: Sequence[float]) -> Field:
    """Signed field of an axis-parallel ellipsoid; exact on its surface, scaled by the shortest radius elsewhere."""
    centre = np.asarray(centre_mm, np.float32).reshape(3, 1, 1, 1)
    radii = np.asarray(radii_mm, np.float32).reshape(3, 1, 1, 1)
    scaled = (points_mm - centre) / radii
    return (np.sqrt((scaled * scaled).sum(0)) - 1) * np.float32(min(radii_mm))


def tube(points_mm: Field, path_mm: Sequence[Sequence[float]], radii_mm: Sequence[float]) -> Field:
    """Signed field of a tube along a polyline whose radius changes linearly from corner to corner."""
    field = np.full(points_mm.shape[1:], np.inf, np.float32)
    ends = list(zip(path_mm, radii_mm, strict=True))
    for (start, start_radius), (stop, stop_radius) in pairwise(ends):
        origin = np.asarray(start, np.float32).reshape(3, 1, 1, 1)
        direction = np.asarray(stop, np.float32).reshape(3, 1, 1, 1) - origin
        along = ((points_mm - origin) * direction).sum(0) / np.float32((direction**2).sum())
        along = np.clip(along, 0, 1)
        offset = points_mm - origin - along * direction
        radius = np.float32(start_radius) + along * np.float32(stop_radius - start_radius)
        field = np.minimum(field, np.sqrt((offset * offset).sum(0)) - radius)
    return field


@dataclass(frozen=True)
class Warp:
    """A smooth displacement, a sum of plane waves, so that it is the same on every grid.

    Attributes:
        waves: wave vectors, radians per mm, (N, 3).
        phases: (N,).
        amplitudes_mm: displacement of each wave, (N, 3).
    """

    waves: Field
    phases: Field
    amplitudes_mm: Field

    def __call__(self, points_mm: Field) -> Field:
        """The displaced points, (3, X, Y, Z)."""
        moved = points_mm.copy()
        for wave, phase, amplitude in zip(self.waves, self.phases, self.amplitudes_mm, strict=True):
            moved += amplitude.reshape(3, 1, 1, 1) * np.sin(np.tensordot(wave, points_mm, 1) + phase)
        return moved


def random_warp(
    rng: np.random.Generator, *, waves: int, wavelength_mm: tuple[float, float], amplitude_mm: float
) -> Warp:
    """A warp of random waves; `amplitude_mm` is the standard deviation of the whole displacement per axis."""
    directions = rng.normal(size=(waves, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = rng.uniform(*wavelength_mm, size=(waves, 1))
    amplitudes = rng.normal(size=(waves, 3)) * amplitude_mm * np.sqrt(2 / waves)
    return Warp(
        (directions * 2 * np.pi / lengths).astype(np.float32),
        rng.uniform(0, 2 * np.pi, waves).astype(np.float32),
        amplitudes.astype(np.float32),
    )
