"""The cache: every case resampled once to compressed arrays, from which a crop reads only its own part.

    ROOT/<plan.cache_key>/<case_id>/case.json               geometry, boxes, volumes, which files are there
                                    image.b2nd              int16 (X, Y, Z): whole HU, RAS, spacing of the plan
                                    mask.<name>.b2nd        bool (X, Y, Z)
                                    margin.<mm>.<name>.b2nd bool (X, Y, Z): the mask dilated, for each margin asked for
                                    points.<name>.npy       int32 (n, 3): voxels of the mask, for crops around them

A case folder is written under a temporary name and renamed when it is complete (`build.py`), so a killed build leaves
no half case and the next one goes on. Masks of further organs, and other margins, are added to it; `case.json` names
them last. Intensities follow from the plan when a crop is read. What a report says is not in here: targets change with
corrections, volumes do not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...schemas import DataError
from .arrays import SUFFIX, Where, read_array_part
from .checksums import unsealed
from .plan import Plan

CASE_FILE = "case.json"
IMAGE = "image"
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
    """One case of the cache. Opening reads only `case.json`; arrays are read when a crop is.

    Attributes:
        shape: voxels (X, Y, Z) of the cache's grid.
        spacing_mm: voxel size on it, the plan's to within rounding.
        affine_ras: its voxel → mm affine (4, 4).
        masks: name → info, for lesion and region masks that the case has. A name that is absent is unknown, not empty;
            a lesion mask that is present but empty is in here with `n_voxels` 0.
        plan: says how intensities are normalised, which masks there may be, and how far margins reach.
        fingerprint: of the files that it was made from.
    """

    case_id: str
    folder: Path
    shape: Index3
    spacing_mm: tuple[float, float, float]
    affine_ras: tuple[tuple[float, ...], ...]
    masks: dict[str, MaskInfo]
    plan: Plan
    fingerprint: str

    @property
    def background(self) -> float:
        """Normalised intensity of air."""
        return self.plan.background

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
        image[inside] = self._normalised(here)
        cropped: dict[str, dict[str, npt.NDArray[np.bool_]]] = {"mask": {}, "margin": {}}
        for kind, names in (("mask", masks), ("margin", margins)):
            for name in names:
                if name in self.masks:
                    block = np.zeros(tuple(size), dtype=np.bool_)
                    block[inside] = self._voxels(kind, name, here)
                    cropped[kind][name] = block
        corner = tuple(int(s) for s in start)
        return CaseCrop(image, cropped["mask"], cropped["margin"], corner, inside)  # type: ignore[arg-type]

    def union(self, names: Sequence[str], start: Sequence[int], stop: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Union of masks in a block inside the volume, without reading the image."""
        where = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
        first, *others = [self._voxels("mask", name, where) for name in names if name in self.masks]
        for other in others:
            first = first | other
        return first

    def image(self) -> npt.NDArray[np.float32]:
        """The whole normalised volume, (X, Y, Z)."""
        return self._normalised(tuple(slice(0, n) for n in self.shape))

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
        """Voxels (n, 3) drawn evenly from each of some masks, at most 1000 from each; for crops around them.

        Raises:
            DataError: a file is missing or damaged.
        """
        try:
            found = [np.load(self.folder / points_file(name)) for name in names if name in self.masks]
        except (OSError, ValueError, EOFError) as error:
            raise _incomplete(self.folder, error) from error
        return np.concatenate(found) if found else np.zeros((0, 3), dtype=np.int32)

    def _whole(self, kind: str, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        self._check_names(names)
        united = np.zeros(self.shape, dtype=np.bool_)
        for name in names:
            if name not in self.masks:
                raise DataError(
                    f"case {self.case_id}: no {kind} of '{name}' vs {', '.join(self.masks) or 'no mask at all'}. "
                    "Ask only for masks that it has."
                )
            united |= self._voxels(kind, name, tuple(slice(0, n) for n in self.shape))
        return united

    def _normalised(self, where: Where) -> npt.NDArray[np.float32]:
        return self.plan.normalise(read_array_part(self.folder / f"{IMAGE}{SUFFIX}", where))

    def _voxels(self, kind: str, name: str, where: Where) -> npt.NDArray[np.bool_]:
        """A block of a mask or margin; a region with no voxel in the block's box is not read."""
        if not self.masks[name].n_voxels:
            return np.zeros([part.stop - part.start for part in where], dtype=np.bool_)
        file = mask_file(name) if kind == "mask" else margin_file(name, self.plan.margin_mm)
        return read_array_part(self.folder / file, where)

    def _check_names(self, names: Iterable[str]) -> None:
        strangers = sorted(set(names) - set(self.plan.mask_names))
        if strangers:
            raise DataError(
                f"mask: '{', '.join(strangers)}' vs one of {', '.join(self.plan.mask_names)}. The cache does not "
                "hold it. Plan again with it."
            )


def mask_file(name: str) -> str:
    """The file of a mask in a case's folder."""
    return f"mask.{name}{SUFFIX}"


def margin_file(name: str, margin_mm: float) -> str:
    """The file of a region mask dilated by a margin."""
    return f"margin.{margin_mm:g}.{name}{SUFFIX}"


def points_file(name: str) -> str:
    """The file of a mask's sample voxels."""
    return f"points.{name}.npy"


def read_description(folder: Path) -> dict[str, Any]:
    """What `case.json` of a case says.

    Raises:
        DataError: the folder holds no complete case.
    """
    try:
        description = unsealed((folder / CASE_FILE).read_text(encoding="utf-8"))
        _ = description["fingerprint"], description["looked_for"], description["files"], description["sums"]
        return description
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _incomplete(folder, error) from error


def is_complete(description: dict[str, Any], plan: Plan, fingerprint: str) -> bool:
    """Whether a case holds all that a plan asks for, made from the files of this fingerprint."""
    names = {row["name"] for row in description["masks"]}
    margins = {margin_file(name, plan.margin_mm) for name in plan.region_masks if name in names}
    return (
        description["fingerprint"] == fingerprint
        and set(plan.mask_names) <= set(description["looked_for"])
        and margins <= set(description["files"])
    )


def open_case(folder: Path, plan: Plan) -> CachedCase:
    """A case that `build_cache` wrote, as a plan sees it.

    Raises:
        DataError: the folder holds no complete case.
    """
    raw = read_description(folder)
    wanted = set(plan.mask_names)
    try:
        masks = {
            row["name"]: MaskInfo(**{**row, "box_start": tuple(row["box_start"]), "box_stop": tuple(row["box_stop"])})
            for row in raw["masks"]
            if row["name"] in wanted
        }
        ordered = {name: masks[name] for name in plan.mask_names if name in masks}
        return CachedCase(
            case_id=raw["case_id"],
            folder=folder,
            shape=tuple(raw["shape"]),
            spacing_mm=tuple(raw["spacing_mm"]),
            affine_ras=tuple(tuple(row) for row in raw["affine_ras"]),
            masks=ordered,
            plan=plan,
            fingerprint=raw["fingerprint"],
        )
    except (KeyError, TypeError) as error:
        raise _incomplete(folder, error) from error


def _incomplete(folder: Path, error: Exception) -> DataError:
    return DataError(
        f"cache: {folder} holds no complete case ({type(error).__name__}) vs case.json and its arrays. It "
        "cannot be trained on. Remove the folder; the next run makes it again."
    )
