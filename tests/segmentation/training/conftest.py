"""Tiny cases in a cache: a liver box with one bright ball in it, known by mask, by report, or as absent."""

import math
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from reportsup.segmentation.cases import IndexedCase, MaskSummary
from reportsup.segmentation.preprocessing import LesionChannel, Plan, build_cache
from reportsup.segmentation.regions import RegionLevel
from reportsup.segmentation.targets import CaseTargets, ChannelStatus, ChannelTarget, ReportedLesion, ReportedRegion
from reportsup.segmentation.training.crops import TrainingCase

SHAPE = (24, 24, 16)
SPACING_MM = (2.0, 2.0, 3.0)
PLAN = Plan(
    spacing_mm=SPACING_MM,
    patch_size=(16, 16, 16),
    clip_hu=(-200.0, 300.0),
    mean_hu=50.0,
    std_hu=60.0,
    channels=(LesionChannel("liver", "liver_lesion"),),
    region_masks=("liver",),
    margin_mm=4.0,
)
LIVER = (slice(7, 17), slice(6, 16), slice(5, 11))


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def ball(centre: tuple[float, float, float], diameter_mm: float) -> np.ndarray:
    """A ball on the test grid, as bool voxels."""
    axes = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij")
    offset = (np.stack(axes, axis=-1) - np.asarray(centre)) * np.asarray(SPACING_MM)
    return np.linalg.norm(offset, axis=-1) <= diameter_mm / 2


def region_of(diameters_mm: tuple[float, ...], lo: float, hi: float | None) -> ReportedRegion:
    """A report's liver region with one lesion; without diameters an unsized one."""
    volume = math.pi / 6 * diameters_mm[0] ** 3 if diameters_mm else None
    lesion = ReportedLesion(diameters_mm, volume, lo, hi, sized=bool(diameters_mm))
    return ReportedRegion("liver", ("liver",), RegionLevel.ORGAN, (lesion,), 1, 1, lo, hi, 1.0, ("f",))


@pytest.fixture
def make_case(tmp_path):
    """Cache a case; `kind`: masked, empty (mask file without lesion), report, healthy (by report), unknown."""

    def make(case_id: str, kind: str = "masked", diameter_mm: float = 10.0, region: ReportedRegion | None = None):
        rng = np.random.default_rng(sum(map(ord, case_id)))
        lesion = ball(tuple(rng.uniform((10, 9, 7), (14, 13, 9))), diameter_mm)
        if kind in ("empty", "healthy"):
            lesion[:] = False
        liver = np.zeros(SHAPE, dtype=bool)
        liver[LIVER] = True
        ct = rng.normal(0, 15, SHAPE) + 60 * liver + 120 * lesion
        masks = {"liver": liver} | ({"liver_lesion": lesion} if kind in ("masked", "empty") else {})
        cached = build_cache([_indexed(tmp_path, case_id, ct, masks)], PLAN, tmp_path / "cache").cases[case_id]
        volume = float(lesion.sum()) * 12
        report = region or region_of((diameter_mm,), 0.45 * volume, 1.6 * volume)
        status = {"masked": "masked", "empty": "known_absent", "healthy": "known_absent"}.get(kind, kind)
        regions = (report,) if status == "report" else ()
        channel = ChannelTarget("liver", ChannelStatus(status), regions)
        return TrainingCase(cached, CaseTargets(case_id, "train", None, {"liver": channel}))

    return make


def _indexed(folder: Path, case_id: str, ct: np.ndarray, masks: dict[str, np.ndarray]) -> IndexedCase:
    affine = np.diag([*SPACING_MM, 1.0])
    (folder / case_id).mkdir()
    nib.save(nib.Nifti1Image(ct.astype(np.int16), affine), folder / case_id / "ct.nii.gz")
    found = {}
    for name, mask in masks.items():
        path = folder / case_id / f"{name}.nii.gz"
        nib.save(nib.Nifti1Image(mask.astype(np.uint8), affine), path)
        found[name] = MaskSummary(name, path, None, not mask.any(), float(mask.sum()) * 12)
    return IndexedCase(
        case_id=case_id, ct=folder / case_id / "ct.nii.gz", shape=SHAPE, spacing_mm=SPACING_MM, orientation="RAS",
        split="train", site=None, report_id=None, patient_id=None, fingerprint=case_id, usable=True, masks=found,
    )  # fmt: skip
