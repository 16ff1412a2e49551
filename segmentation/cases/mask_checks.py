"""Checks of a case's masks: their grid, their values, and what must not be taken for known absence of lesions."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...schemas import Anatomy, load_anatomy
from .file_checks import open_or_say_why, read_or_say_why
from .geometry import Grid, check_same_grid, grid_of
from .place_checks import Lesion, MaskPlace, check_places, check_sides, lesion_of, place_of
from .records import CaseFiles, LabelMap, MaskFile, MaskSummary, Problem, organ_masks

_SHOWN_VALUES = 5
# What a wrong folder makes of every mask in it; from so many on they are one problem, of which the first is shown.
_SHARED_PROBLEMS = (
    "missing file", "unreadable file", "damaged file", "shape", "affine", "non-binary mask", "full mask"
)  # fmt: skip
_FEWEST_SHARED = 4


def check_masks(files: CaseFiles, ct: Grid, problems: list[Problem]) -> list[MaskSummary]:
    """Summaries of the masks that can be believed, one file in memory at a time, lesions before organs."""
    anatomy = load_anatomy()
    summaries: list[MaskSummary] = []
    lesions: list[Lesion] = []
    places: list[MaskPlace] = []
    of_files: list[Problem] = []
    in_order = sorted(
        files.masks, key=lambda m: (m.fallback, anatomy.lesion_organ(m.name) is None, str(m.path), m.label or 0)
    )
    for path, group in groupby(in_order, key=lambda m: m.path):
        drawn = {place.name for place in places}
        masks = [mask for mask in group if not (mask.fallback and mask.name in drawn)]
        array = _read_mask_file(files, path, masks, ct, of_files) if masks else None
        if array is None:
            continue
        for mask in masks:
            voxels = array != 0 if mask.label is None else array == mask.label
            volume_mm3 = float(np.count_nonzero(voxels)) * ct.voxel_mm3
            if mask.fallback:
                if volume_mm3 == 0:
                    continue
                summaries = [summary for summary in summaries if summary.name != mask.name]  # an empty one
            summaries.append(MaskSummary(mask.name, path, mask.label, volume_mm3 == 0, volume_mm3))
            if volume_mm3 == 0:
                continue
            organ = anatomy.lesion_organ(mask.name)
            if organ is not None:
                lesions.append(lesion_of(mask.name, organ, voxels, ct))
            else:
                places.append(place_of(mask.name, voxels, volume_mm3, ct))
                for lesion in lesions:
                    lesion.add_organ(mask.name, voxels)
    problems.extend(_united(of_files))
    problems.extend(check_places(files.case_id, lesions, places, ct))
    problems.extend(check_sides(files.case_id, places))
    kept = list(_without_empty_organs(files.case_id, summaries, anatomy, problems))
    return sorted(kept, key=lambda s: s.name)


def _united(problems: list[Problem]) -> Iterator[Problem]:
    """The problems of one case's mask files; what many of them share is told once, with their number."""
    groups: dict[tuple[str, bool], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.problem, problem.fatal), []).append(problem)
    for (problem_name, _), group in groups.items():
        if problem_name in _SHARED_PROBLEMS and len(group) >= _FEWEST_SHARED:
            yield replace(group[0], observed=f"{len(group)} mask files, the first: {group[0].observed}")
        else:
            yield from group


def _without_empty_organs(
    case_id: str, summaries: list[MaskSummary], anatomy: Anatomy, problems: list[Problem]
) -> Iterator[MaskSummary]:
    """The summaries without empty lesion masks beside nothing but empty masks of the organ.

    A segmentation that failed leaves both empty; it knows nothing of lesions.
    """
    empty = {summary.name: summary.empty for summary in summaries}
    for summary in summaries:
        organ = anatomy.lesion_organ(summary.name)
        if organ is None and summary.empty:
            next_step = "treated as missing; segment it again if the CT shows it"
            problems.append(
                Problem(case_id, "empty organ", f"{summary.name} has no voxel", "an organ", next_step, False)
            )
        of_organ = [empty[name] for name in organ_masks(anatomy, organ) if name in empty] if organ else []
        if summary.empty and of_organ and all(of_organ):
            observed = f"{summary.name} has no voxel, nor has the {organ}"
            next_step = "lesions count as unknown there; segment the organ again if the CT shows it"
            problems.append(Problem(case_id, "empty lesion mask", observed, "an organ", next_step, False))
        else:
            yield summary


def _read_mask_file(
    files: CaseFiles, path: Path, masks: list[MaskFile], ct: Grid, problems: list[Problem]
) -> npt.NDArray[Any] | None:
    case_id = files.case_id
    what = ", ".join(m.name for m in masks[:3]) + (" …" if len(masks) > 3 else "")
    image = open_or_say_why(case_id, what, path, problems)
    if image is None:
        return None
    fallback = all(mask.fallback for mask in masks)
    wrong_grid = [replace(p, fatal=not fallback) for p in check_same_grid(case_id, what, grid_of(image), ct)]
    problems.extend(wrong_grid)
    if wrong_grid:
        return None
    array = read_or_say_why(case_id, what, image, problems, labels=True)
    if array is None:
        return None
    label_map = files.label_map if files.label_map and files.label_map.path == path else None
    if label_map:
        bad = list(_check_labels(case_id, array, label_map))
    else:
        bad = list(_check_binary(case_id, what, array)) if masks[0].label is None else []
    problems.extend(replace(problem, fatal=problem.fatal and not fallback) for problem in bad)
    return None if bad else array


def _check_labels(case_id: str, array: npt.NDArray[Any], label_map: LabelMap) -> Iterator[Problem]:
    """Problems of a label map, each of which makes all of its masks unknown."""
    name = label_map.path.name[:80]
    if array.dtype.kind not in "iu":
        observed = f"{name}: {'fractions' if array.dtype.kind == 'f' else array.dtype}"
        next_step = "resample with nearest neighbour"
        yield Problem(case_id, "label map", observed, "whole numbers", next_step, True)
        return
    undeclared = array[~np.isin(array, label_map.declared)]
    if undeclared.size:
        expected = f"{_values(label_map.declared)} as its description declares"
        observed = f"{name}: {_values(np.unique(undeclared))} in {undeclared.size} voxels"
        # Their voxels would count as background: known to be free of lesions.
        next_step = "declare these values, correct the label map, or name the right file"
        yield Problem(case_id, "undeclared label", observed, expected, next_step, True)
    elif label_map.ignore is not None and (n := int(np.count_nonzero(array == label_map.ignore))):
        next_step = "lesions and organs of this file count as unknown; annotate them to use the masks"
        yield Problem(case_id, "ignore label", f"{name}: {n} voxels", "all annotated", next_step, False)


def _check_binary(case_id: str, what: str, array: npt.NDArray[Any]) -> Iterator[Problem]:
    inside = int(np.count_nonzero(array))
    if inside and int(np.count_nonzero(array == array.max())) != inside:
        next_step = "threshold it, or list it in a manifest as a label map (mask_labels)"
        observed = f"{what}: values {_values(np.unique(array))}"
        yield Problem(case_id, "non-binary mask", observed, "0 and one other value", next_step, True)
    elif inside == array.size:
        next_step = "0 is outside, another value inside; is it inverted or constant?"
        yield Problem(case_id, "full mask", f"{what}: every voxel", "a part of the volume", next_step, True)


def _values(values: Iterable[Any]) -> str:
    listed = list(values)
    return ", ".join(f"{v:g}" for v in listed[:_SHOWN_VALUES]) + (" …" if len(listed) > _SHOWN_VALUES else "")
