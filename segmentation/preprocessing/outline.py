"""Cases as the cache would hold them, before anything is resampled: for a plan that only looks (`train --dry-run`).

Grids come from the index. Where a report's region lies is read from its masks, at most from `MAX_MEASURED` cases: the
others count as if their regions fitted the patch.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np

from ...schemas import Failure
from ..cases import IndexedCase
from ..cases.parallel import map_in_processes
from ..cases.volumes import open_volume, read_mask
from .cache import CachedCase, Index3, MaskInfo
from .plan import Plan
from .resample import Grid, bounding_box, target_grid, to_ras

MAX_MEASURED = 200
Box = tuple[Index3, Index3]


def outline_cases(
    cases: Sequence[IndexedCase],
    plan: Plan,
    regions: Mapping[str, Sequence[str]],
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, CachedCase], int]:
    """Cases without arrays, by id, and how many of those with regions were not measured.

    Args:
        regions: case_id → masks that its report names.
        workers: processes that read masks.
        progress: called with (done, total) for the cases whose masks are read.
    """
    named = [case for case in cases if regions.get(case.case_id)]
    picked = [named[i] for i in np.unique(np.linspace(0, len(named) - 1, MAX_MEASURED).astype(int))] if named else []
    boxes: dict[str, dict[str, Box]] = {}
    measure = partial(_boxes, plan=plan, regions=dict(regions))
    for done, (case, found) in enumerate(zip(picked, map_in_processes(measure, picked, workers), strict=True), start=1):
        boxes[case.case_id] = {} if isinstance(found, Failure) else found
        if progress:
            progress(done, len(picked))
    return {case.case_id: _outline(case, plan, boxes.get(case.case_id, {})) for case in cases}, len(named) - len(picked)


def _outline(case: IndexedCase, plan: Plan, boxes: Mapping[str, Box]) -> CachedCase:
    source = _native_grid(case)
    target = target_grid(source, plan.spacing_mm)
    middle = tuple(n // 2 for n in target.shape)
    point: Box = (middle, tuple(n + 1 for n in middle))  # type: ignore[assignment]
    masks = {
        name: MaskInfo(name, *boxes.get(name, point), int(not case.masks[name].empty), case.masks[name].volume_mm3)
        for name in plan.mask_names
        if name in case.masks
    }
    affine = tuple(tuple(float(v) for v in row) for row in target.affine_ras)
    return CachedCase(case.case_id, Path(), target.shape, target.spacing_mm, affine, masks, plan, case.fingerprint)


def _boxes(case: IndexedCase, plan: Plan, regions: Mapping[str, Sequence[str]]) -> dict[str, Box]:
    """Where some masks of a case lie on the plan's grid, to a voxel."""
    affine = np.asarray(open_volume(case.ct).affine, dtype=np.float64)
    found = {}
    for name in regions[case.case_id]:
        mask = case.masks.get(name)
        box = None if mask is None else bounding_box(to_ras(read_mask(mask.path, mask.label), affine)[0])
        if box is not None:
            source = _native_grid(case)
            target = target_grid(source, plan.spacing_mm)
            ratio = np.asarray(source.shape) / np.asarray(target.shape)
            low = np.floor(np.asarray(box[0]) / ratio).astype(int)
            high = np.maximum(np.ceil(np.asarray(box[1]) / ratio).astype(int), low + 1)
            found[name] = ((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))
    return found


def _native_grid(case: IndexedCase) -> Grid:
    """A case's own grid in RAS axis order, from its record; its place in space is not in there."""
    axes = nib.orientations.axcodes2ornt(tuple(case.orientation))[:, 0].astype(int)
    order = [int(np.flatnonzero(axes == axis)[0]) for axis in range(3)]
    x, y, z = (int(case.shape[axis]) for axis in order)
    return Grid((x, y, z), np.diag([*(float(case.spacing_mm[axis]) for axis in order), 1.0]))
