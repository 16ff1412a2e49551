"""One case of the cache: its CT, masks, margins and sample points, written into a folder."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from ...schemas import load_anatomy
from ..cases import IndexedCase
from ..cases.volumes import open_volume, read_array, read_mask, spatial_shape
from ..losses.region_margin import dilate_region
from .arrays import SUFFIX, read_array_part, write_array
from .cache import IMAGE, Index3, MaskInfo, margin_file, mask_file, points_file
from .plan import Plan
from .resample import Affine, Grid, bounding_box, resample_image, resample_lesions, resample_mask, target_grid, to_ras

MAX_POINTS = 1000
STORED_HU = (-1024.0, 3071.0)  # what CT scanners give in 12 bits; metal beyond it teaches nothing
Volume = nib.Nifti1Image


def prepare_image(path: Path, plan: Plan) -> tuple[npt.NDArray[np.float32], Grid]:
    """A CT as the network sees it, whole: normalised (X, Y, Z) on the plan's RAS grid, and that grid.

    Raises:
        DataError: the file cannot be read.
    """
    hu, _, target = _load(path, plan)
    return plan.normalise(hu), target


def _load(path: Path, plan: Plan) -> tuple[npt.NDArray[np.int16], Grid, Grid]:
    """A CT in whole HU on the plan's grid, its own grid in RAS, and that of the plan."""
    volume = open_volume(path)
    array, _ = to_ras(read_array(volume), _affine(volume))
    source, target = _grids(volume, plan)
    clipped = np.clip(array.astype(np.float32), *STORED_HU)
    resampled = np.clip(resample_image(clipped, source, target, plan.image_order), *STORED_HU)
    return np.rint(resampled).astype(np.int16), source, target


def write_image(case: IndexedCase, plan: Plan, folder: Path) -> dict[str, Any]:
    """The volume, and a description of a case without masks."""
    image, source, target = _load(case.ct, plan)
    start, stop = _kept_box(case, plan, source, target)
    write_array(folder / f"{IMAGE}{SUFFIX}", image[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))])
    affine = target.affine_ras.copy()
    affine[:3, 3] += affine[:3, :3] @ np.asarray(start, float)
    return {
        "case_id": case.case_id,
        "shape": [b - a for a, b in zip(start, stop, strict=True)],
        "spacing_mm": target.spacing_mm,
        "affine_ras": affine.tolist(),
        "whole_shape": target.shape,
        "start": start,
        "masks": [],
        "looked_for": [],
        "files": [],
        "fingerprint": case.fingerprint,
    }


def _kept_box(case: IndexedCase, plan: Plan, source: Grid, target: Grid) -> tuple[Index3, Index3]:
    """The part of the volume that is cached: all of it, or what lies near organs and lesions."""
    native_affine = _affine(open_volume(case.ct))
    boxes = []
    for name in plan.mask_names if plan.organ_box_mm is not None else ():
        found = _resampled_mask(case, name, native_affine, source, target)
        box = bounding_box(found[0]) if found else None
        boxes += [box] if box else []
    if not boxes or plan.organ_box_mm is None:
        return (0, 0, 0), target.shape
    reach = np.ceil(plan.organ_box_mm / np.asarray(target.spacing_mm)).astype(int)
    low = np.maximum(np.min([box[0] for box in boxes], axis=0) - reach, 0)
    high = np.minimum(np.max([box[1] for box in boxes], axis=0) + reach, target.shape)
    return (int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2]))


def complete(case: IndexedCase, plan: Plan, folder: Path, description: dict[str, Any]) -> dict[str, Any]:
    """The description of a case with the plan's masks and margins in its folder, those that it lacked written now."""
    infos = {row["name"]: row for row in description["masks"]}
    missing = [name for name in plan.mask_names if name not in description["looked_for"]]
    for name in missing:
        volume = open_volume(case.ct)
        found = _resampled_mask(case, name, _affine(volume), *_grids(volume, plan))
        if found is not None:
            infos[name] = _write_mask(case, name, folder, description, *found)
    files = set(description["files"])
    for name in plan.region_masks:
        file = margin_file(name, plan.margin_mm)
        if name in infos and file not in files:
            _write_margin(folder, name, infos[name], description, plan.margin_mm)
            files.add(file)
    looked_for = sorted({*description["looked_for"], *plan.mask_names})
    return {**description, "masks": list(infos.values()), "looked_for": looked_for, "files": sorted(files)}


def _write_mask(
    case: IndexedCase,
    name: str,
    folder: Path,
    description: dict[str, Any],
    whole: npt.NDArray[np.bool_],
    volume_mm3: float,
    n_tiny: int,
) -> dict[str, Any]:
    kept = tuple(slice(a, a + n) for a, n in zip(description["start"], description["shape"], strict=True))
    mask = whole[kept]
    write_array(folder / mask_file(name), mask)
    points = folder / points_file(name)
    np.save(points, _points(mask, f"{case.case_id}/{name}"))
    box = bounding_box(mask) or ((0, 0, 0), (0, 0, 0))
    return asdict(MaskInfo(name, *box, int(np.count_nonzero(mask)), volume_mm3, n_tiny))


def _write_margin(folder: Path, name: str, info: dict[str, Any], description: dict[str, Any], margin_mm: float) -> None:
    where = tuple(slice(0, n) for n in description["shape"])
    mask = read_array_part(folder / mask_file(name), where)
    x_mm, y_mm, z_mm = description["spacing_mm"]
    write_array(folder / margin_file(name, margin_mm), dilate_region(mask, (x_mm, y_mm, z_mm), margin_mm))


def _resampled_mask(
    case: IndexedCase, name: str, native_affine: Affine, source: Grid, target: Grid
) -> tuple[npt.NDArray[np.bool_], float, int] | None:
    """One mask on the target grid, its native volume and its tiny lesions, None for one that the case does not have.

    Lesion masks of all names that the organ's data sets use are united. An empty organ counts as missing; an empty
    lesion mask is known absence and stays.
    """
    anatomy = load_anatomy()
    organ = anatomy.lesion_organ(name)
    names = anatomy.organ(organ).lesion_masks if organ else (name,)
    files = [case.masks[n] for n in names if n in case.masks and (organ or not case.masks[n].empty)]
    if not files:
        return None
    native = np.zeros(source.shape, dtype=np.bool_)
    for file in files:
        if not file.empty:
            native |= to_ras(read_mask(file.path, file.label), native_affine)[0]
    voxel_mm3 = float(np.prod(source.spacing_mm))
    volume_mm3 = float(np.count_nonzero(native)) * voxel_mm3
    mask, n_tiny = resample_lesions(native, source, target) if organ else (resample_mask(native, source, target), 0)
    return mask, volume_mm3, n_tiny


def _points(mask: npt.NDArray[np.bool_], seed: str) -> npt.NDArray[np.int32]:
    voxels = np.flatnonzero(mask)
    if voxels.size > MAX_POINTS:
        entropy = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
        voxels = np.sort(np.random.default_rng(entropy).choice(voxels, MAX_POINTS, replace=False))
    return np.stack(np.unravel_index(voxels, mask.shape), axis=1).astype(np.int32)


def _affine(volume: Volume) -> Affine:
    return np.asarray(volume.affine, dtype=np.float64)


def _grids(volume: Volume, plan: Plan) -> tuple[Grid, Grid]:
    """A volume's own grid in RAS, and the plan's; from its header alone."""
    shape, orientation = spatial_shape(volume), nib.io_orientation(_affine(volume))
    x, y, z = (int(shape[axis]) for axis in np.argsort(orientation[:, 0]))
    source = Grid((x, y, z), _affine(volume) @ nib.orientations.inv_ornt_aff(orientation, shape))
    return source, target_grid(source, plan.spacing_mm)
