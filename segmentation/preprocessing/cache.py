"""The cache: every case resampled once to memory-mapped arrays, from which a crop reads only its own part.

    ROOT/<plan.cache_key>/plan.json
    ROOT/<plan.cache_key>/<case_id>/image.npy    float16 (X, Y, Z), normalised, RAS, spacing of the plan
                                    masks.npy    uint8 (P, X, Y, Z), eight masks per byte
                                    points.npz   sample voxels of each mask, int32 (n, 3)
                                    case.json    geometry, mask order, boxes, volumes

A case folder is written under a temporary name and renamed when it is complete (`build.py`), so a killed build leaves
no half case and the next one goes on. What a report says is not in here: targets change with corrections, volumes do
not.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...schemas import DataError

Index3 = tuple[int, int, int]


@dataclass(frozen=True)
class MaskInfo:
    """One mask of a cached case.

    Attributes:
        box_start, box_stop: bounding box in voxels, `mask[start:stop]` holds it all; equal when the mask is empty.
        n_voxels: voxels on the cache's grid.
        volume_mm3: volume on the native grid.
        n_tiny: lesions too small for the cache's grid, each kept as one voxel.
    """

    name: str
    box_start: Index3
    box_stop: Index3
    n_voxels: int
    volume_mm3: float
    n_tiny: int = 0


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
        shape: voxels (X, Y, Z) of the cache's grid.
        spacing_mm: voxel size on it, the plan's to within rounding.
        affine_ras: its voxel → mm affine (4, 4).
        masks: name → info, for lesion and region masks that the case has. A name that is absent is unknown, not empty;
            a lesion mask that is present but empty is in here with `n_voxels` 0.
        planes: names in the order of their bits in `masks.npy`: "mask:liver" the mask, "margin:liver" the dilated one.
        plan_masks: every name that the plan keeps, whether or not this case has it.
        background: normalised intensity of air.
        fingerprint: of the files that it was made from.
    """

    case_id: str
    folder: Path
    shape: Index3
    spacing_mm: tuple[float, float, float]
    affine_ras: tuple[tuple[float, ...], ...]
    masks: dict[str, MaskInfo]
    planes: tuple[str, ...]
    plan_masks: tuple[str, ...]
    background: float
    fingerprint: str

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
        self._check_names((*masks, *margins))
        first = np.clip(start, 0, self.shape)
        last = np.clip(np.asarray(start) + size, 0, self.shape)
        here = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        inside = tuple(slice(int(a - s), int(b - s)) for a, b, s in zip(first, last, start, strict=True))
        image = np.full(tuple(size), self.background, dtype=np.float32)
        image[inside] = self.image()[here]
        packed = self._packed()
        cropped: dict[str, dict[str, npt.NDArray[np.bool_]]] = {"mask": {}, "margin": {}}
        for kind, names in (("mask", masks), ("margin", margins)):
            for name in names:
                if f"{kind}:{name}" in self.planes:
                    block = np.zeros(tuple(size), dtype=np.bool_)
                    block[inside] = self._bit(packed, f"{kind}:{name}", here)
                    cropped[kind][name] = block
        corner = tuple(int(s) for s in start)
        return CaseCrop(image, cropped["mask"], cropped["margin"], corner, inside)  # type: ignore[arg-type]

    def image(self) -> npt.NDArray[np.float16]:
        """The whole normalised volume, memory-mapped, (X, Y, Z)."""
        array: npt.NDArray[np.float16] = np.load(self.folder / "image.npy", mmap_mode="r")
        return array

    def mask(self, name: str) -> npt.NDArray[np.bool_]:
        """One whole mask, (X, Y, Z).

        Raises:
            DataError: the case has no such mask.
        """
        return self._whole("mask", [name])

    def margin(self, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Union of whole region masks dilated by the plan's `margin_mm`, (X, Y, Z): the M of the losses for a region.

        Raises:
            DataError: the case lacks one of the masks.
        """
        return self._whole("margin", names)

    def box(self, names: Sequence[str]) -> tuple[Index3, Index3]:
        """Bounding box (start, stop) of a union of masks, for region-aware crops.

        Raises:
            DataError: none of the masks has a voxel in this case.
        """
        infos = [self.masks[name] for name in names if name in self.masks and self.masks[name].n_voxels]
        if not infos:
            raise DataError(
                f"case {self.case_id}: no voxel of {', '.join(names)} vs at least one. A crop cannot be placed. "
                "Check the masks with `reportsup check`."
            )
        start = np.min([info.box_start for info in infos], axis=0)
        stop = np.max([info.box_stop for info in infos], axis=0)
        return (int(start[0]), int(start[1]), int(start[2])), (int(stop[0]), int(stop[1]), int(stop[2]))

    def points(self, names: Sequence[str]) -> npt.NDArray[np.int32]:
        """Voxels (n, 3) drawn evenly from each of some masks, at most 1000 from each; for crops around them."""
        with np.load(self.folder / "points.npz") as stored:
            found = [stored[name] for name in names if name in stored.files]
        return np.concatenate(found) if found else np.zeros((0, 3), dtype=np.int32)

    def _whole(self, kind: str, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        self._check_names(names)
        packed = self._packed()
        united = np.zeros(self.shape, dtype=np.bool_)
        for name in names:
            if f"{kind}:{name}" not in self.planes:
                raise DataError(
                    f"case {self.case_id}: no {kind} of '{name}' vs {', '.join(self.masks) or 'no mask at all'}. "
                    "Ask only for masks that it has."
                )
            united |= self._bit(packed, f"{kind}:{name}", (slice(None),) * 3)
        return united

    def _packed(self) -> npt.NDArray[np.uint8]:
        if not self.planes:  # an empty file cannot be mapped
            return np.zeros((0, *self.shape), dtype=np.uint8)
        array: npt.NDArray[np.uint8] = np.load(self.folder / "masks.npy", mmap_mode="r")  # (P, X, Y, Z)
        return array

    def _bit(self, packed: npt.NDArray[np.uint8], plane: str, where: tuple[slice, ...]) -> npt.NDArray[np.bool_]:
        number = self.planes.index(plane)
        return np.asarray(packed[number // 8][where] & np.uint8(1 << number % 8), dtype=np.bool_)

    def _check_names(self, names: Iterable[str]) -> None:
        strangers = sorted(set(names) - set(self.plan_masks))
        if strangers:
            raise DataError(
                f"mask: '{', '.join(strangers)}' vs one of {', '.join(self.plan_masks)}. The cache does not hold it. "
                "Plan again with it."
            )


def open_case(folder: Path) -> CachedCase:
    """A case that `build_cache` wrote.

    Raises:
        DataError: the folder holds no complete case.
    """
    try:
        raw: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        masks = {
            row["name"]: MaskInfo(**{**row, "box_start": tuple(row["box_start"]), "box_stop": tuple(row["box_stop"])})
            for row in raw.pop("masks")
        }
        affine = tuple(tuple(row) for row in raw.pop("affine_ras"))
        lists: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
        return CachedCase(folder=folder, masks=masks, affine_ras=affine, **lists)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"cache: {folder} holds no complete case ({type(error).__name__}) vs case.json and its arrays. It "
            "cannot be trained on. Remove the folder; the next run makes it again."
        ) from error
