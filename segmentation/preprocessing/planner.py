"""The fingerprint of the training cases and the plan that follows from it."""

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import partial

import nibabel as nib
import numpy as np
import numpy.typing as npt

from ...schemas import ConfigError, DataError, Failure, load_anatomy
from ..cases import IndexedCase, organ_masks
from ..cases.parallel import map_in_processes
from ..cases.volumes import open_volume, read_array, read_mask
from ..targets import ChannelStatus, TargetTable
from .plan import Fingerprint, LesionChannel, Plan

MAX_SAMPLED_CASES = 32
VOXELS_PER_CASE = 20_000
# Finer grids cost memory and teach little: report sizes are in whole millimetres.
FINEST_SPACING_MM = 1.0
# An axis this much coarser than the finest one is planned from its finer cases (as nnU-Net does).
ANISOTROPY = 3.0
# A lesion need not look like its organ (soft tissue in a lung), and report cases have no lesion voxels to sample.
LESION_WINDOW_HU = (-150.0, 250.0)
Triple = tuple[float, float, float]


def plan_channels(cases: Sequence[IndexedCase], targets: TargetTable) -> tuple[LesionChannel, ...]:
    """One channel for each organ that some case supervises: a drawn lesion, or a report's lesion with a region.

    Args:
        cases: training cases.

    Raises:
        DataError: no case supervises any organ.
    """
    ids = {case.case_id for case in cases}
    teaching = {
        organ
        for case_id, case in targets.cases.items()
        if case_id in ids
        for organ, channel in case.channels.items()
        if channel.status in (ChannelStatus.MASKED, ChannelStatus.REPORT)
    }
    if not teaching:
        raise DataError(
            f"training cases: {len(ids)} without a drawn or reported lesion vs at least one with. There is nothing "
            "to learn. See `reportsup index` for masks and `reportsup audit` for reports."
        )
    anatomy = load_anatomy()
    return tuple(LesionChannel(o, anatomy.organ(o).lesion_masks[0]) for o in anatomy.organs if o in teaching)


def plan_region_masks(cases: Sequence[IndexedCase], channels: Sequence[LesionChannel]) -> tuple[str, ...]:
    """Organ and part masks of the channels' organs that any case has, sorted."""
    wanted = frozenset().union(*(organ_masks(load_anatomy(), channel.organ) for channel in channels))
    present = {name for case in cases for name, mask in case.masks.items() if not mask.empty}
    return tuple(sorted(present & wanted))


def take_fingerprint(
    cases: Sequence[IndexedCase],
    masks: Sequence[str],
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    failed: Callable[[str, Failure], None] = lambda case_id, failure: None,
) -> Fingerprint:
    """Spacing and shape of all cases and the intensities of a sample of them.

    Args:
        cases: training cases, at least one.
        masks: their union is the foreground whose intensities count; the body where a case has none of them.
        progress: called with (done, total) for each sampled case.
        failed: called with each sampled case that cannot be read; the others make the figures.

    Raises:
        DataError: there are no cases, or none of the sample can be read.
    """
    if not cases:
        raise DataError(
            "fingerprint: 0 training cases vs at least one. Nothing can be planned. Run `reportsup index` first."
        )
    spacings, shapes = zip(*(_in_ras(case) for case in cases), strict=True)
    picked = [cases[i] for i in np.unique(np.linspace(0, len(cases) - 1, MAX_SAMPLED_CASES).astype(int))]
    values = _intensities(picked, tuple(masks), workers, progress, failed)
    low, median, high = (float(v) for v in np.percentile(values, (0.5, 50, 99.5)))
    clipped = np.clip(values, *_window(low, high))
    extents = np.asarray(spacings) * np.asarray(shapes)
    return Fingerprint(
        n_cases=len(cases),
        median_spacing_mm=_triple(np.median(spacings, axis=0)),
        min_spacing_mm=_triple(np.min(spacings, axis=0)),
        max_spacing_mm=_triple(np.max(spacings, axis=0)),
        low_spacing_mm=_triple(np.percentile(spacings, 10, axis=0)),
        median_shape=_whole(np.median(shapes, axis=0)),
        median_extent_mm=_triple(np.median(extents, axis=0)),
        foreground_hu=(low, median, high),
        foreground_mean_hu=float(clipped.mean(dtype=np.float64)),
        foreground_std_hu=float(clipped.std(dtype=np.float64)),
        n_sampled_cases=len(picked),
    )


def make_plan(
    fingerprint: Fingerprint,
    channels: Sequence[LesionChannel],
    region_masks: Sequence[str],
    *,
    spacing_mm: Triple | None = None,
    patch_size: tuple[int, int, int] | None = None,
    patch_voxels: int = 96**3,
    divisor: int = 16,
    margin_mm: float = 15.5,
    image_order: int = 1,
    organ_box_mm: float | None = None,
) -> Plan:
    """The plan for a fingerprint; what is given overrides what is planned.

    Args:
        spacing_mm: None = the median of the cases, not finer than 1 mm; on a much coarser axis its finest tenth.
        patch_size: None = as near to a cube in mm as `patch_voxels` and the volumes allow, multiples of `divisor`.
        image_order: 1 = linear, 3 = cubic spline.
        organ_box_mm: see `Plan`.

    Raises:
        ConfigError: a spacing, patch size, margin or order that cannot be meant.
    """
    spacing = spacing_mm or _plan_spacing(fingerprint)
    if min(spacing) <= 0 or margin_mm < 0 or image_order not in (0, 1, 2, 3) or (patch_size and min(patch_size) < 1):
        raise ConfigError(
            f"plan: spacing {spacing}, patch {patch_size}, margin {margin_mm}, order {image_order} vs sizes above 0, "
            "margin from 0, order 0–3. Volumes could not be resampled. Correct the value."
        )
    low, high = _window(fingerprint.foreground_hu[0], fingerprint.foreground_hu[2])
    return Plan(
        spacing_mm=spacing,
        patch_size=patch_size or plan_patch(fingerprint.median_extent_mm, spacing, patch_voxels, divisor),
        clip_hu=(round(low, 3), round(high, 3)),
        mean_hu=round(fingerprint.foreground_mean_hu, 3),
        std_hu=max(round(fingerprint.foreground_std_hu, 3), 1e-3),
        channels=tuple(channels),
        region_masks=tuple(sorted(region_masks)),
        margin_mm=margin_mm,
        image_order=image_order,
        organ_box_mm=organ_box_mm,
    )


def plan_patch(extent_mm: Triple, spacing_mm: Triple, voxels: int, divisor: int) -> tuple[int, int, int]:
    """Patch shape: near a cube in mm, at most `voxels`, multiples of `divisor`, no axis longer than the volume needs.

    >>> plan_patch((300.0, 300.0, 300.0), (1.0, 1.0, 1.0), 96**3, 16)
    (96, 96, 96)
    >>> plan_patch((96.0, 96.0, 60.0), (2.0, 2.0, 4.0), 96**3, 16)
    (48, 48, 16)
    """
    limit = [max(math.ceil(e / s / divisor), 1) * divisor for e, s in zip(extent_mm, spacing_mm, strict=True)]
    size = [divisor] * 3
    while True:
        # Grow the axis that is shortest in mm; an axis that is full or would break the budget drops out.
        grown = [[n + divisor * (axis == i) for i, n in enumerate(size)] for axis in range(3)]
        open_axes = [a for a in range(3) if grown[a][a] <= limit[a] and math.prod(grown[a]) <= voxels]
        if not open_axes:
            return size[0], size[1], size[2]
        size = grown[min(open_axes, key=lambda a: size[a] * spacing_mm[a])]


def _window(low_hu: float, high_hu: float) -> tuple[float, float]:
    return min(low_hu, LESION_WINDOW_HU[0]), max(high_hu, LESION_WINDOW_HU[1])


def _plan_spacing(fingerprint: Fingerprint) -> Triple:
    median = np.asarray(fingerprint.median_spacing_mm)
    low = np.asarray(fingerprint.low_spacing_mm)
    coarse = median > ANISOTROPY * median.min()
    return _triple(np.maximum(np.where(coarse, np.maximum(low, median.min()), median), FINEST_SPACING_MM))


def _in_ras(case: IndexedCase) -> tuple[Triple, tuple[int, int, int]]:
    """Spacing and shape of a case in RAS axis order, from its record alone."""
    axes = nib.orientations.axcodes2ornt(tuple(case.orientation))[:, 0].astype(int)
    order = [int(np.flatnonzero(axes == axis)[0]) for axis in range(3)]
    return _triple(np.asarray(case.spacing_mm)[order]), _whole(np.asarray(case.shape)[order])


def _intensities(
    cases: Sequence[IndexedCase],
    masks: tuple[str, ...],
    workers: int,
    progress: Callable[[int, int], None] | None,
    failed: Callable[[str, Failure], None],
) -> npt.NDArray[np.float32]:
    samples: list[npt.NDArray[np.float32]] = []
    reason = ""
    found = map_in_processes(partial(_foreground, masks=masks), cases, workers)
    for done, (case, sample) in enumerate(zip(cases, found, strict=True), start=1):
        if isinstance(sample, Failure):
            failed(case.case_id, sample)
            reason = sample.message
        else:
            samples.append(sample)
        if progress:
            progress(done, len(cases))
    if not samples:
        raise DataError(
            f"fingerprint: 0 of {len(cases)} sampled cases can be read vs at least one (the last: {reason}). Nothing "
            "can be planned. Run `reportsup check` on the data."
        )
    return np.concatenate(samples)


def _foreground(case: IndexedCase, masks: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Up to `VOXELS_PER_CASE` intensities of a case's foreground, the same ones every time."""
    array = read_array(open_volume(case.ct))
    inside = np.zeros(array.shape, dtype=np.bool_)
    for name in masks:
        mask = case.masks.get(name)
        if mask is not None and not mask.empty:
            inside |= read_mask(mask.path, mask.label)
    if not inside.any():
        inside = array > -300
    values = array[inside] if inside.any() else array.ravel()
    seed = int.from_bytes(hashlib.sha256(case.case_id.encode()).digest()[:8], "big")
    picked = np.random.default_rng(seed).integers(0, values.size, min(VOXELS_PER_CASE, values.size))
    return np.asarray(values[picked], dtype=np.float32)


def _triple(values: npt.NDArray[np.float64]) -> Triple:
    x, y, z = (round(float(value), 3) for value in values)
    return x, y, z


def _whole(values: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    x, y, z = (int(value) for value in values)
    return x, y, z
