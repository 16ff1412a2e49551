"""The measured inputs of `docs/explanation/100000_cts.md`: what one case and one crop cost on this machine.

    python benchmarks/training_inputs.py                        # a synthetic abdomen, 320 × 280 × 300 voxels at 1 mm
    python benchmarks/training_inputs.py --workers 0 1 2

CPU seconds are of one thread; crops a second are by the wall clock and depend on what else the machine does.
"""

import argparse
import math
import os
import pickle
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from reportsup.segmentation.cases import IndexedCase, MaskSummary
from reportsup.segmentation.preprocessing import CachedCase, LesionChannel, Plan, build_cache, open_case
from reportsup.segmentation.regions import RegionLevel
from reportsup.segmentation.targets import CaseTargets, ChannelStatus, ChannelTarget, ReportedLesion, ReportedRegion
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.crops import TrainingCase, make_sample
from reportsup.segmentation.training.dataset import CropDataset, batches, crop_rules, make_samplers, sort_cases

SHAPE = (320, 280, 300)
ORGANS = {
    "liver": ((220, 150, 180), (75, 60, 70)),
    "kidney_left": ((100, 100, 130), (28, 26, 50)),
    "kidney_right": ((210, 90, 110), (28, 26, 50)),
    "pancreas": ((150, 140, 150), (60, 18, 18)),
    "spleen": ((80, 110, 190), (30, 40, 45)),
}
PLAN = Plan(
    spacing_mm=(1.0, 1.0, 1.0),
    patch_size=(96, 96, 96),
    clip_hu=(-150.0, 250.0),
    mean_hu=50.0,
    std_hu=60.0,
    channels=(LesionChannel("liver", "liver_lesion"), LesionChannel("kidney", "kidney_lesion")),
    region_masks=tuple(sorted(ORGANS)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--crops", type=int, default=32)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        indexed = write_case(work)
        cached = prepare_measured(work, indexed)
        case = TrainingCase(cached, CaseTargets("A", "train", None, {"liver": _liver(), "kidney": _kidneys()}))
        rules = crop_rules(TrainingConfig(), PLAN)
        crops_alone(case, rules, args.crops)
        for workers in args.workers:
            crops_of_workers(case, rules, workers, args.crops)


def write_case(work: Path) -> IndexedCase:
    """An abdomen of ellipsoids with noise, native voxels of 0.8 × 0.8 × 1.5 mm."""
    grid = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in SHAPE), indexing="ij", sparse=True)
    rng = np.random.default_rng(0)
    body = _ellipsoid(grid, (160, 140, 150), (150, 120, 400))
    ct = np.where(body, 40, -1000) + rng.normal(0, 15, SHAPE)
    masks = {}
    affine = np.diag([0.8, 0.8, 1.5, 1.0])
    for name, (centre, radii) in ORGANS.items():
        mask = _ellipsoid(grid, centre, radii)
        ct += 20 * mask
        nib.save(nib.Nifti1Image(mask.astype(np.uint8), affine), work / f"{name}.nii.gz")
        masks[name] = MaskSummary(name, work / f"{name}.nii.gz", None, False, 1.0)
    nib.save(nib.Nifti1Image(ct.astype(np.int16), affine), work / "ct.nii.gz")
    return IndexedCase(
        case_id="A", ct=work / "ct.nii.gz", shape=SHAPE, spacing_mm=(0.8, 0.8, 1.5), orientation="RAS", split="train",
        site=None, report_id=None, patient_id=None, fingerprint="1", usable=True, masks=masks,
    )  # fmt: skip


def prepare_measured(work: Path, case: IndexedCase) -> CachedCase:
    """Build the case and print what it took."""
    started = time.process_time()
    cached = build_cache([case], PLAN, work / "cache").cases["A"]
    seconds = time.process_time() - started
    size = sum(file.stat().st_size for file in cached.folder.iterdir()) / 1e6
    image = (cached.folder / "image.b2nd").stat().st_size / 1e6
    voxels = math.prod(cached.shape) / 1e6
    print(f"case: {math.prod(SHAPE) / 1e6:.1f} million voxels, {voxels:.1f} million at 1 mm, {len(ORGANS)} masks")
    print(f"preparation: {seconds:.1f} CPU s a case, {3600 / seconds:.0f} cases an hour and core")
    print(f"cache: {size:.1f} MB a case ({image:.1f} MB of them the image; {2 * voxels:.1f} MB as float16)")
    started = time.process_time()
    opened = [open_case(cached.folder, PLAN) for _ in range(200)]
    open_ms = (time.process_time() - started) / 200 * 1e3
    kilobytes = len(pickle.dumps([replace(case, plan=None) for case in opened])) / 200 / 1e3
    print(f"opening a case: {open_ms:.2f} CPU ms; {kilobytes:.1f} kB of it stay in memory, pickled")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory of the process so far: {peak:.1f} GB")
    return cached


def crops_alone(case: TrainingCase, rules, n: int) -> None:
    """CPU of report crops, which cost most, and of crops placed by masks alone."""
    for of_report in (True, False):
        make_sample(case, PLAN, rules, seed=(0,), with_reports=of_report)
        started = time.process_time()
        for seed in range(n):
            make_sample(case, PLAN, rules, seed=(1, seed), with_reports=of_report)
        cost_ms = (time.process_time() - started) / n * 1e3
        kind = "a report" if of_report else "masks"
        print(f"crop of {kind}, 96³: {cost_ms:.0f} CPU ms, {1e3 / cost_ms:.1f} a core second", flush=True)


def crops_of_workers(case: TrainingCase, rules, workers: int, n: int) -> None:
    """Crops a second by the wall clock."""
    config = TrainingConfig(batch_size=2)
    cases = {"A": case}
    pools = sort_cases(cases, PLAN, rules, use_reports=True)
    dataset = CropDataset(cases, PLAN, rules, make_samplers(pools, config)[2], range(n // 2))
    started = time.perf_counter()
    for _ in batches(dataset, workers=workers):
        pass
    rate = n / (time.perf_counter() - started)
    print(
        f"{workers} workers: {rate:.1f} report crops a second (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)"
    )


def _ellipsoid(grid, centre, radii) -> np.ndarray:
    return sum(((x - c) / r) ** 2 for x, c, r in zip(grid, centre, radii, strict=True)) <= 1


def _region(organ: str, masks: tuple[str, ...], diameter_mm: float) -> ReportedRegion:
    volume = math.pi / 6 * diameter_mm**3
    lesion = ReportedLesion((diameter_mm,), volume, 0.5 * volume, 1.5 * volume, sized=True)
    return ReportedRegion(organ, masks, RegionLevel.ORGAN, (lesion,), 1, 1, 0.5 * volume, 1.5 * volume, 1.0, ("f",))


def _liver() -> ChannelTarget:
    return ChannelTarget("liver", ChannelStatus.REPORT, (_region("liver", ("liver",), 40.0),))


def _kidneys() -> ChannelTarget:
    regions = (_region("kidney", ("kidney_left",), 15.0), _region("kidney", ("kidney_right",), 35.0))
    return ChannelTarget("kidney", ChannelStatus.REPORT, regions)


if __name__ == "__main__":
    main()
