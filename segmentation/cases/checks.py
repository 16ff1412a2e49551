"""Checks of one case: every file is opened and read, everything wrong with it is collected."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from ...schemas import DataError, load_anatomy
from .geometry import Grid, check_grid, check_same_grid, grid_of
from .parallel import map_in_processes
from .records import CaseFiles, CheckedCase, MaskFile, MaskSummary, Problem, organ_masks
from .volumes import open_volume, read_array

CHECKS_VERSION = 1
# A lesion may bulge out of its organ by as much as the losses' search region does.
LESION_MARGIN_MM = 15.5
_CASE_ID = re.compile(r"[\w][\w.\-]*")


def check_cases(
    cases: Sequence[CaseFiles], *, workers: int = 1, progress: Callable[[int, int], None] | None = None
) -> list[CheckedCase]:
    """Every case checked, in the order given.

    Args:
        workers: processes; 1 = in this one.
        progress: called with (done, total) after each case.
    """
    done: list[CheckedCase] = []
    for checked in map_in_processes(check_case, cases, workers):
        done.append(checked)
        if progress:
            progress(len(done), len(cases))
    return done


def check_case(files: CaseFiles) -> CheckedCase:
    """One case after all of its files were read; nothing raises for what is wrong with them."""
    problems = list(files.problems)
    summaries: list[MaskSummary] = []
    if not _CASE_ID.fullmatch(files.case_id):
        problems.append(
            Problem(
                files.case_id,
                "case id",
                repr(files.case_id),
                "letters, digits, '_', '-', '.'",
                "rename the case: its name becomes a folder of the cache",
                True,
            )
        )
    image = _open(files.case_id, "CT", files.ct, problems)
    grid = grid_of(image) if image else None
    if image and grid:
        fatal_before = sum(p.fatal for p in problems)
        problems.extend(check_grid(files.case_id, image))
        if sum(p.fatal for p in problems) == fatal_before:
            problems.extend(_check_intensities(files.case_id, image))
            summaries = _check_masks(files, grid, problems)
    return CheckedCase(
        files=files,
        shape=grid.shape if grid else None,
        spacing_mm=tuple(round(s, 6) for s in grid.spacing_mm) if grid else None,
        orientation=grid.orientation if grid else None,
        masks=tuple(summaries),
        problems=tuple(problems),
        fingerprint=fingerprint(files),
    )


def fingerprint(files: CaseFiles) -> str:
    """Hash over the paths, sizes and times of a case's files and over what they are taken for."""
    digest = hashlib.sha256(str(CHECKS_VERSION).encode())
    for name, path, label in [("ct", files.ct, None), *((m.name, m.path, m.label) for m in files.masks)]:
        try:
            status = path.stat()
            digest.update(f"{name}|{path.absolute()}|{label}|{status.st_size}|{status.st_mtime_ns}\n".encode())
        except (OSError, ValueError):
            digest.update(f"{name}|{path.absolute()}|{label}|missing\n".encode())
    return digest.hexdigest()[:16]


def _open(case_id: str, what: str, path: Path, problems: list[Problem]) -> nib.Nifti1Image | None:
    try:
        return open_volume(path)
    except DataError as error:
        missing = _is_missing(path)
        observed = f"{what}: {path.name[:80]} {'is missing' if missing else 'cannot be opened'}"
        if missing:
            next_step = f"restore {path} or correct its path"
        elif not os.access(path, os.R_OK):
            next_step = f"give your user the right to read {path}"
        else:
            next_step = _what_to_do(error)
        problems.append(
            Problem(case_id, "missing file" if missing else "unreadable file", observed, "a volume", next_step, True)
        )
        return None


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError:
        return False
    except (OSError, ValueError):
        return True
    return False


def _read(case_id: str, what: str, image: nib.Nifti1Image, problems: list[Problem]) -> npt.NDArray[Any] | None:
    try:
        return read_array(image)
    except DataError as error:
        name = Path(image.get_filename() or "").name
        problems.append(
            Problem(
                case_id,
                "damaged file",
                f"{what}: {name} ends early or is damaged",
                "a complete volume",
                _what_to_do(error),
                True,
            )
        )
        return None


def _what_to_do(error: DataError) -> str:
    reason = re.search(r"\((.*)\)", str(error))
    return f"copy the file again ({reason.group(1)})" if reason else "convert it to .nii.gz"


def _check_intensities(case_id: str, image: nib.Nifti1Image) -> list[Problem]:
    problems: list[Problem] = []
    array = _read(case_id, "CT", image, problems)
    if array is None:
        return problems
    if array.dtype.kind not in "iuf":
        return [Problem(case_id, "intensities", f"dtype {array.dtype}", "numbers", "store the CT as int16 HU", True)]
    if array.dtype.kind == "f":
        bad = array.size - int(np.count_nonzero(np.isfinite(array)))
        if bad:
            next_step = "find out what they stand for; air is -1000 HU"
            return [Problem(case_id, "NaN or infinity", f"{bad} voxels", "finite HU", next_step, True)]
    low, high = float(array.min()), float(array.max())
    return list(_check_range(case_id, low, high))


def _check_range(case_id: str, low: float, high: float) -> Iterator[Problem]:
    observed = f"{low:g} to {high:g}"
    if low == high:
        yield Problem(case_id, "constant image", f"every voxel is {low:g}", "a CT", "convert the series again", True)
    elif high - low < 50:
        yield Problem(
            case_id,
            "intensities",
            observed,
            "HU: air -1000, bone up to 3000",
            "the volume looks normalised; give the one in HU",
            True,
        )
    elif low > -200:
        hint = "add -1024 if this is CT without its offset" if high > 500 else "ignore this if it is cropped or no CT"
        yield Problem(case_id, "intensities", observed, "HU: air -1000, bone up to 3000", hint, False)
    elif low < -32000 or high > 32000:
        yield Problem(
            case_id,
            "intensities",
            observed,
            "HU: air -1000, bone up to 3000",
            "set the padding outside of the scanner's field of view to -1024",
            False,
        )


@dataclass
class _Lesion:
    """A lesion mask waiting for the organ masks: its voxels, the block around them, the organ inside that block."""

    name: str
    organ: str
    block: tuple[slice, ...]
    voxels: npt.NDArray[np.bool_]
    organ_voxels: npt.NDArray[np.bool_]
    organ_seen: bool = False


def _check_masks(files: CaseFiles, ct: Grid, problems: list[Problem]) -> list[MaskSummary]:
    """Summaries of the masks of a case, one file in memory at a time, lesions before organs."""
    anatomy = load_anatomy()
    summaries: list[MaskSummary] = []
    lesions: list[_Lesion] = []
    in_order = sorted(files.masks, key=lambda m: (anatomy.lesion_organ(m.name) is None, str(m.path), m.label or 0))
    for path, group in groupby(in_order, key=lambda m: m.path):
        masks = list(group)
        array = _read_mask_file(files.case_id, path, masks, ct, problems)
        if array is None:
            continue
        for mask in masks:
            voxels = array != 0 if mask.label is None else array == mask.label
            volume_mm3 = float(np.count_nonzero(voxels)) * ct.voxel_mm3
            summaries.append(MaskSummary(mask.name, path, mask.label, volume_mm3 == 0, volume_mm3))
            organ = anatomy.lesion_organ(mask.name)
            if organ is None and volume_mm3 == 0:
                problems.append(
                    Problem(
                        files.case_id,
                        "empty organ",
                        f"{mask.name} has no voxel",
                        "an organ",
                        "treated as missing; segment it again if the CT shows it",
                        False,
                    )
                )
            elif organ is not None and volume_mm3 > 0:
                lesions.append(_lesion(mask.name, organ, voxels, ct))
            elif organ is None:
                _add_organ(lesions, mask.name, voxels)
    problems.extend(p for lesion in lesions for p in _check_place(files.case_id, lesion, ct))
    return sorted(summaries, key=lambda s: s.name)


def _read_mask_file(
    case_id: str, path: Path, masks: list[MaskFile], ct: Grid, problems: list[Problem]
) -> npt.NDArray[Any] | None:
    what = ", ".join(m.name for m in masks[:3]) + (" …" if len(masks) > 3 else "")
    image = _open(case_id, what, path, problems)
    if image is None:
        return None
    wrong_grid = list(check_same_grid(case_id, what, grid_of(image), ct))
    problems.extend(wrong_grid)
    if wrong_grid:
        return None
    array = _read(case_id, what, image, problems)
    if array is None:
        return None
    bad_values = list(_check_values(case_id, what, array, [m.label for m in masks]))
    problems.extend(bad_values)
    return None if any(p.fatal for p in bad_values) else array


def _check_values(case_id: str, what: str, array: npt.NDArray[Any], labels: Iterable[int | None]) -> Iterator[Problem]:
    inside = int(np.count_nonzero(array))
    declared = [label for label in labels if label is not None]
    if declared:
        if array.dtype.kind == "f" and not np.array_equal(array, np.round(array)):
            yield Problem(
                case_id, "label map", f"{what}: fractions", "whole numbers", "resample with nearest neighbour", True
            )
    elif inside and int(np.count_nonzero(array == array.max())) != inside:
        few = ", ".join(f"{v:g}" for v in np.unique(array)[:5])
        yield Problem(
            case_id,
            "non-binary mask",
            f"{what}: values {few} …",
            "0 and one other value",
            "threshold it, or list it in a manifest as a label map (mask_labels)",
            True,
        )


def _lesion(name: str, organ: str, voxels: npt.NDArray[np.bool_], ct: Grid) -> _Lesion:
    block = []
    for axis, spacing in enumerate(ct.spacing_mm):
        used = np.flatnonzero(voxels.any(axis=tuple(a for a in range(3) if a != axis)))
        reach = int(np.ceil(LESION_MARGIN_MM / spacing))
        block.append(slice(max(int(used[0]) - reach, 0), int(used[-1]) + reach + 1))
    inside = voxels[tuple(block)].copy()
    return _Lesion(name, organ, tuple(block), inside, np.zeros_like(inside))


def _add_organ(lesions: list[_Lesion], name: str, voxels: npt.NDArray[np.bool_]) -> None:
    for lesion in lesions:
        if name in organ_masks(load_anatomy(), lesion.organ):
            lesion.organ_voxels |= voxels[lesion.block]
            lesion.organ_seen = True


def _check_place(case_id: str, lesion: _Lesion, ct: Grid) -> Iterator[Problem]:
    if not lesion.organ_seen:
        return
    total = int(np.count_nonzero(lesion.voxels))
    near = 0
    if lesion.organ_voxels.any():
        distance_mm = distance_transform_edt(~lesion.organ_voxels, sampling=ct.spacing_mm)
        near = int(np.count_nonzero(distance_mm[lesion.voxels] <= LESION_MARGIN_MM))
    if near < 0.9 * total:
        yield Problem(
            case_id,
            "lesion outside its organ",
            f"{lesion.name}: {1 - near / total:.0%} of its voxels",
            f"all within {LESION_MARGIN_MM:g} mm of the {lesion.organ}",
            "look at both masks; one of them may be flipped or named wrongly",
            False,
        )
