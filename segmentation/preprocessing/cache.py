"""The cache: every case resampled once to memory-mapped arrays, from which a crop reads only its own part.

    ROOT/<plan.cache_key>/plan.json
    ROOT/<plan.cache_key>/<case_id>/image.npy    float16 (X, Y, Z), normalised, RAS, spacing of the plan
                                    masks.npy    uint8 (P, X, Y, Z), eight masks per byte
                                    points.npz   sample voxels of each mask, int32 (n, 3)
                                    case.json    geometry, mask order, boxes, volumes

A case folder is written under a temporary name and renamed when it is complete, so a killed build leaves no half case and
the next one goes on. What a report says is not in here: targets change with corrections, volumes do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Index3 = tuple[int, int, int]


@dataclass(frozen=True)
class MaskInfo:
    """One mask of a cached case.

    Attributes:
        box_start, box_stop: bounding box in voxels, `mask[start:stop]` holds it all; equal when the mask is empty.
        n_voxels: voxels on the cache's grid.
        volume_mm3: volume on the native grid.
    """

    name: str
    box_start: Index3
    box_stop: Index3
    n_voxels: int
    volume_mm3: float


@dataclass(frozen=True)
class CaseCrop:
    """A block of a cached case; parts beyond the volume hold air and no mask.

    Attributes:
        image: float32 (X, Y, Z), normalised.
        masks: name → bool (X, Y, Z), for the masks asked for. A mask the case lacks is not in it.
        margins: name → bool (X, Y, Z): the mask dilated by the plan's `margin_mm` (Euclidean, in mm).
        start: first voxel in the case's grid; may be negative.
        inside: slices of the crop that lie inside the volume.
    """

    image: npt.NDArray[np.float32]
    masks: dict[str, npt.NDArray[np.bool_]]
    margins: dict[str, npt.NDArray[np.bool_]]
    start: Index3
    inside: tuple[slice, slice, slice]


@dataclass(frozen=True)
class CachedCase:
    """One case of the cache. Opening reads only `case.json`; arrays are memory-mapped when a crop is read.

    Attributes:
        shape: voxels (X, Y, Z) of the cache's grid; spacing_mm: the plan's; affine_ras: its voxel → mm affine (4, 4).
        masks: name → info, for lesion and region masks that the case has (present and not empty as an organ; a lesion mask
            that is present but empty is in here with `n_voxels` 0). A name that is absent is unknown, not empty.
    """

    case_id: str
    folder: Path
    shape: Index3
    spacing_mm: tuple[float, float, float]
    affine_ras: tuple[tuple[float, ...], ...]
    masks: dict[str, MaskInfo]
    background: float

    def crop(
        self, start: Sequence[int], size: Sequence[int], masks: Sequence[str] = (), margins: Sequence[str] = ()
    ) -> CaseCrop:
        """Block of `size` voxels from `start`, read from disk without touching the rest.

        Args:
            start: first voxel (x, y, z); may lie outside of the volume.
            size: voxels per axis, positive.
            masks: names of masks to read as they are.
            margins: names of region masks to read dilated by the plan's `margin_mm`.

        Raises:
            DataError: a name that the plan did not keep.
        """
        raise NotImplementedError

    def image(self) -> npt.NDArray[np.float16]:
        """The whole normalised volume, memory-mapped, (X, Y, Z)."""
        raise NotImplementedError

    def mask(self, name: str) -> npt.NDArray[np.bool_]:
        """One whole mask, (X, Y, Z)."""
        raise NotImplementedError

    def margin(self, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Union of whole masks dilated by the plan's `margin_mm`, (X, Y, Z): the M of the losses for a region."""
        raise NotImplementedError

    def box(self, names: Sequence[str]) -> tuple[Index3, Index3]:
        """Bounding box (start, stop) of a union of masks, for region-aware crops."""
        raise NotImplementedError

    def points(self, names: Sequence[str]) -> npt.NDArray[np.int32]:
        """Up to 1000 voxels (n, 3) drawn evenly from each mask, for lesion- and region-aware crops."""
        raise NotImplementedError


def open_case(folder: Path) -> CachedCase:
    """A case that `build_cache` wrote.

    Raises:
        DataError: the folder holds no complete case.
    """
    raise NotImplementedError
