"""Checks of where masks lie: lesions in their organ, left on the left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, label, minimum

from ...schemas import load_anatomy
from ..regions import resolve_region
from .geometry import Grid
from .records import Problem, organ_masks

# A lesion may bulge out of its organ by as much as the losses' search region does.
LESION_MARGIN_MM = 15.5
_STRAY_SHARE, _WRONG_SHARE = 0.1, 0.5  # of a lesion mask, in components away from the organ
_LARGEST_SHARE = 2.0  # lesions over organ; annotations leave the tumour out of the organ
_SMALLEST_MM3 = 1000.0  # smaller masks are specks whose centre says nothing
_SIDE_TOLERANCE_MM = 10.0  # a pelvic or crossed kidney is no swap


@dataclass(frozen=True)
class MaskPlace:
    """Volume of an organ mask and how far right its centre lies (x of RAS)."""

    name: str
    volume_mm3: float
    right_mm: float


def place_of(name: str, voxels: npt.NDArray[np.bool_], volume_mm3: float, ct: Grid) -> MaskPlace:
    """Where a mask that is not empty lies."""
    centre = np.ones(4)
    for axis in range(3):
        profile = np.count_nonzero(voxels, axis=tuple(a for a in range(3) if a != axis))
        centre[axis] = np.average(np.arange(len(profile)), weights=profile)
    return MaskPlace(name, volume_mm3, float(ct.affine_ras[0] @ centre))


@dataclass
class Lesion:
    """A lesion mask waiting for the organ masks: its voxels, the block around them, the organ inside that block."""

    name: str
    organ: str
    block: tuple[slice, ...]
    voxels: npt.NDArray[np.bool_]
    organ_voxels: npt.NDArray[np.bool_]
    volume_mm3: float

    def add_organ(self, name: str, voxels: npt.NDArray[np.bool_]) -> None:
        """Add a mask, if it shows the lesion's organ or a part of it."""
        if name in organ_masks(load_anatomy(), self.organ):
            self.organ_voxels |= voxels[self.block]


def lesion_of(name: str, organ: str, voxels: npt.NDArray[np.bool_], ct: Grid) -> Lesion:
    """A lesion mask that is not empty, cut out with its margin."""
    block = []
    for axis, spacing in enumerate(ct.spacing_mm):
        used = np.flatnonzero(voxels.any(axis=tuple(a for a in range(3) if a != axis)))
        reach = int(np.ceil(LESION_MARGIN_MM / spacing))
        block.append(slice(max(int(used[0]) - reach, 0), int(used[-1]) + reach + 1))
    inside = voxels[tuple(block)].copy()
    volume_mm3 = float(np.count_nonzero(inside)) * ct.voxel_mm3
    return Lesion(name, organ, tuple(block), inside, np.zeros_like(inside), volume_mm3)


def check_places(case_id: str, lesions: Sequence[Lesion], places: Sequence[MaskPlace], ct: Grid) -> Iterator[Problem]:
    """Problems of lesion masks against the masks of their organs, for organs that the case has masks of."""
    anatomy = load_anatomy()
    volumes = {place.name: place.volume_mm3 for place in places}
    for lesion in lesions:
        if not volumes.keys() & organ_masks(anatomy, lesion.organ):
            continue
        # With parts of the organ missing, a lesion far from the others may lie in those.
        whole = resolve_region(anatomy, lesion.organ, None, (), volumes.keys())
        outside = _share_outside(lesion, ct)
        if outside > _STRAY_SHARE:
            yield Problem(
                case_id,
                "lesion outside its organ",
                f"{lesion.name}: {outside:.0%} of its voxels",
                f"all within {LESION_MARGIN_MM:g} mm of the {lesion.organ}",
                "look at both masks; one of them may be flipped or named wrongly",
                whole is not None and outside > _WRONG_SHARE,
            )
        organ_mm3 = sum(volumes[name] for name in whole.masks) if whole else 0.0
        if organ_mm3 and lesion.volume_mm3 > _LARGEST_SHARE * organ_mm3:
            observed = f"{lesion.name}: {lesion.volume_mm3 / 1000:.3g} mL in {organ_mm3 / 1000:.3g} mL"
            next_step = "look at both masks; their names may be swapped"
            yield Problem(case_id, "lesion larger than its organ", observed, "a part of it", next_step, False)


def _share_outside(lesion: Lesion, ct: Grid) -> float:
    """Share of a lesion mask's voxels in components that keep away from the organ by more than the margin.

    By component, because the middle of a large tumour lies far from an organ that was drawn without it.
    """
    if not lesion.organ_voxels.any():
        return 1.0
    distance_mm = distance_transform_edt(~lesion.organ_voxels, sampling=ct.spacing_mm)
    components, n = label(lesion.voxels, np.ones((3, 3, 3)))
    nearest_mm = np.atleast_1d(minimum(distance_mm, components, np.arange(1, n + 1)))
    sizes = np.bincount(components.reshape(-1), minlength=n + 1)[1:]
    return float(sizes[nearest_mm > LESION_MARGIN_MM].sum() / sizes.sum())


def check_sides(case_id: str, places: Sequence[MaskPlace]) -> Iterator[Problem]:
    """Masks of the left that lie right of their counterpart, or a spleen right of the liver: the report's left is not.

    A lone kidney is held against the liver or the spleen.
    """
    large = [place for place in places if place.volume_mm3 >= _SMALLEST_MM3]
    left = [place for place in large if place.name.endswith("_left") or place.name == "spleen"]
    right = [place for place in large if place.name.endswith("_right") or place.name == "liver"]
    swapped = [
        f"{a.name} {a.right_mm - b.right_mm:.0f} mm right of {b.name}"
        for a, b in product(left, right)
        if _comparable(a.name, b.name) and a.right_mm > b.right_mm + _SIDE_TOLERANCE_MM
    ]
    if swapped:
        shown = "; ".join(swapped[:2]) + (" …" if len(swapped) > 2 else "")
        next_step = (
            "swap the masks' names, or correct the affine if the volume is mirrored (look at the liver); "
            "a patient with situs inversus cannot be used"
        )
        yield Problem(case_id, "left and right", shown, "left of it", next_step, True)


def _comparable(left: str, right: str) -> bool:
    """Counterparts of one organ; of the single organs the liver and the spleen, which no disease moves across."""
    anchors = {"liver", "spleen"}
    kidneys = {"kidney_left", "kidney_right"}
    same = left.removesuffix("_left") == right.removesuffix("_right")
    return same or (left in anchors | kidneys and right in anchors | kidneys)
