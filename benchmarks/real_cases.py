"""Cases with real anatomy in the native layout, and a free-text report for each: a trial of the whole chain.

    python benchmarks/real_cases.py OUT --kits23 PATH/kits23 --totalsegmentator PATH/totalsegmentator_example

KiTS23 gives real kidneys and tumours and the radiographic size, but no CT: intensities are synthesised from the labels
(fat, kidney, tumour and cyst with noise and blur; two scanners), on a grid cut to the kidneys and resampled so that a
CPU can train on it. Only the first `--masked` training cases keep their tumour mask, the other training cases have
their report alone; validation and test cases keep theirs for evaluation. The TotalSegmentator example is a real CT with
real organ masks and a report that calls its organs normal.

Writes OUT/cases/CASE/ct.nii.gz, OUT/cases/CASE/segmentations/*.nii.gz and OUT/reports.csv (report_id = case id), then
runs extract, index, train (the network of the demo, kidneys only: few masks alone, and with the reports), evaluate.
Every KiTS23 patient has a tumour, so that overlap and lesion sensitivity can be judged, detection by patient cannot.
"""

import argparse
import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from reportsup.pipelines.demo import DemoFolder, call, judging_commands, train, training_commands, write_settings
from reportsup.segmentation.cases import CaseFiles, assign_splits
from reportsup.segmentation.preprocessing import Grid, resample_mask, target_grid, to_ras
from rich.console import Console
from scipy.ndimage import gaussian_filter, label

Bool3D = npt.NDArray[np.bool_]
SETTINGS = Path(__file__).with_name("demo_settings.toml")
TUMOUR, CYST = 2, 3  # KiTS23 labels; 1 is the kidney
HU = {"fat": -90.0, "kidney": 150.0, "tumour": 85.0, "cyst": 8.0, "muscle": 55.0}
MARGIN_MM = 30.0
SCANNERS = ((12.0, 0.5), (25.0, 0.8))  # noise in HU, blur in voxels
ORGANS = ("liver", "pancreas", "spleen", "kidney_left", "kidney_right", "stomach", "gallbladder", "duodenum", "colon")
SENTENCES = (
    "There is a {size} cm mass in the {side} kidney.",
    "{Side} kidney: enhancing solid mass measuring {size} cm.",
    "A {size} cm lesion arises from the {side} kidney, concerning for renal cell carcinoma.",
    "Within the {side} kidney there is a solid enhancing lesion measuring {size} cm in greatest dimension.",
)
NORMAL = "FINDINGS:\nThe liver, pancreas, spleen, gallbladder and both kidneys are normal.\nNo free fluid.\n"


def kits_cases(folder: Path, spacing_mm: float, limit: int | None) -> Iterator[tuple[str, str, nib.Nifti1Image, dict]]:
    """(case id, report, CT, masks) of every KiTS23 case with a recorded size."""
    records = [r for r in json.loads((folder / "cases.json").read_text()) if r.get("radiographic_size")]
    for number, record in enumerate(records[:limit]):
        image = nib.load(folder / record["case_id"] / "segmentation.nii.gz")
        array, affine = to_ras(np.asarray(image.dataobj).astype(np.uint8), image.affine)
        labels, affine = _crop(array, affine)
        masks, affine = _masks(labels, affine, spacing_mm)
        if not masks["kidney_lesion"].any():
            continue
        rng = np.random.default_rng(number)
        left = np.count_nonzero(masks["kidney_lesion"] & masks["kidney_left"])
        side = "left" if 2 * left >= np.count_nonzero(masks["kidney_lesion"]) else "right"
        sentence = SENTENCES[number % len(SENTENCES)].format(
            size=f"{record['radiographic_size']:g}", side=side, Side=side.capitalize()
        )
        report = f"FINDINGS:\n{sentence}\nThe {_other(side)} kidney is unremarkable.\nNo hydronephrosis.\n"
        ct = nib.Nifti1Image(_synthesise(masks, rng, *SCANNERS[number % len(SCANNERS)]), affine)
        yield record["case_id"], report, ct, masks


def totalsegmentator_case(folder: Path) -> tuple[str, str, nib.Nifti1Image, dict[str, Bool3D]]:
    """The real example CT with its organ masks."""
    masks = {name: np.asarray(nib.load(folder / "example_seg_fast" / f"{name}.nii.gz").dataobj) != 0 for name in ORGANS}
    return "totalsegmentator_example", NORMAL, nib.load(folder / "example_ct_sm.nii.gz"), masks


def _other(side: str) -> str:
    return "right" if side == "left" else "left"


def _crop(array: npt.NDArray[np.uint8], affine: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray]:
    spacing_mm = np.linalg.norm(affine[:3, :3], axis=0)
    voxels = np.argwhere(array)
    reach = np.ceil(MARGIN_MM / spacing_mm).astype(int)
    low = np.maximum(voxels.min(axis=0) - reach, 0)
    high = voxels.max(axis=0) + reach + 1
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ low
    return array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], moved


def _masks(
    labels: npt.NDArray[np.uint8], affine: npt.NDArray[np.float64], spacing_mm: float
) -> tuple[dict[str, Bool3D], npt.NDArray[np.float64]]:
    """Sides (tumours and cysts included), tumour and cyst on the coarse grid."""
    source = Grid(labels.shape, affine)
    target = target_grid(source, (spacing_mm,) * 3)
    names = {"kidneys": labels > 0, "kidney_lesion": labels == TUMOUR, "cyst": labels == CYST}
    masks = {name: resample_mask(mask, source, target) for name, mask in names.items()}
    kidneys = masks.pop("kidneys") | masks["kidney_lesion"]
    parts, n_parts = label(kidneys)
    middle = np.argwhere(kidneys)[:, 0].mean() if n_parts < 2 else _midline(parts)
    is_left = np.zeros(kidneys.shape, dtype=bool)
    for part in range(1, n_parts + 1):
        voxels = parts == part
        is_left |= voxels & (np.argwhere(voxels)[:, 0].mean() < middle)  # RAS: left has the smaller x
    return {**masks, "kidney_left": kidneys & is_left, "kidney_right": kidneys & ~is_left}, target.affine_ras


def _midline(parts: npt.NDArray[np.int32]) -> float:
    """x halfway between the two largest components."""
    first, second = np.argsort(np.bincount(parts.ravel())[1:])[::-1][:2] + 1
    return float(np.mean([np.argwhere(parts == part)[:, 0].mean() for part in (first, second)]))


def _synthesise(
    masks: dict[str, Bool3D], rng: np.random.Generator, noise_hu: float, blur: float
) -> npt.NDArray[np.int16]:
    shape = masks["kidney_left"].shape
    texture = gaussian_filter(rng.normal(size=shape), 3)
    hu = np.where(texture > texture.std(), HU["muscle"], HU["fat"]).astype(np.float32)
    kidneys = masks["kidney_left"] | masks["kidney_right"]
    for mask, name in ((kidneys, "kidney"), (masks["cyst"], "cyst"), (masks["kidney_lesion"], "tumour")):
        hu[mask] = HU[name] + rng.normal(0, 8)
    hu = gaussian_filter(hu, blur) + rng.normal(0, noise_hu, shape)
    x, y = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    hu[(x**2 + y**2 > 1.7)] = -1000 + rng.normal(0, 5)
    return np.clip(np.round(hu), -1024, 3000).astype(np.int16)


def write_case(folder: Path, ct: nib.Nifti1Image, masks: dict[str, Bool3D]) -> None:
    """One case in the native layout; int16 CT, uint8 masks, sform and qform alike."""
    (folder / "segmentations").mkdir(parents=True, exist_ok=True)
    _save(folder / "ct.nii.gz", np.round(np.asarray(ct.dataobj)).astype(np.int16), ct.affine)
    for name, mask in masks.items():
        _save(folder / "segmentations" / f"{name}.nii.gz", mask.astype(np.uint8), ct.affine)


def _save(path: Path, array: npt.NDArray[np.generic], affine: npt.NDArray[np.float64]) -> None:
    image = nib.Nifti1Image(array, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    nib.save(image, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--kits23", type=Path)
    parser.add_argument("--totalsegmentator", type=Path)
    parser.add_argument("--spacing-mm", type=float, default=3.0)
    parser.add_argument("--masked", type=int, default=8, help="training cases that keep their tumour mask")
    parser.add_argument("--limit", type=int, help="KiTS23 cases at most")
    parser.add_argument("--mask-steps", type=int, default=500)
    parser.add_argument("--report-steps", type=int, default=800)
    parser.add_argument("--set", action="append", default=[], help="key=value over the training settings; repeatable")
    parser.add_argument("--no-train", action="store_true", help="write the cases and reports only")
    args = parser.parse_args()
    write_dataset(args)
    if not args.no_train:
        train_and_compare(DemoFolder(args.out), args.mask_steps, args.report_steps, args.set)


def write_dataset(args: argparse.Namespace) -> None:
    """Cases and reports on disk, unless they are there, made with the same arguments."""
    asked = {"spacing_mm": args.spacing_mm, "masked": args.masked, "limit": args.limit}
    done = args.out / "arguments.json"
    if done.exists():
        made = json.loads(done.read_text(encoding="utf-8"))
        if made != asked:
            raise SystemExit(f"{args.out}: made with {made} vs {asked}. Name another folder, or remove this one.")
        return
    shutil.rmtree(args.out / "cases", ignore_errors=True)
    cases = list(kits_cases(args.kits23, args.spacing_mm, args.limit)) if args.kits23 else []
    splits = {c.case_id: c.split for c in assign_splits([CaseFiles(case[0], args.out) for case in cases])}
    masked = [case_id for case_id, split in splits.items() if split == "train"][: args.masked]
    if args.totalsegmentator:
        cases.append(totalsegmentator_case(args.totalsegmentator))
    for case_id, _, ct, masks in cases:
        keep_lesion = splits.get(case_id) != "train" or case_id in masked
        kept = {n: m for n, m in masks.items() if n != "cyst" and (n != "kidney_lesion" or keep_lesion)}
        write_case(args.out / "cases" / case_id, ct, kept)
    with (args.out / "reports.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("report_id", "text"))
        table.writerows((case_id, report) for case_id, report, _, _ in cases)
    done.write_text(json.dumps(asked), encoding="utf-8")  # last: says that all is there
    print(f"{len(cases)} cases, {len(masked)} of the training cases with a tumour mask → {args.out}")


def train_and_compare(folder: DemoFolder, mask_steps: int, report_steps: int, settings: Sequence[str] = ()) -> None:
    """The commands that a user would type."""
    write_settings(folder, SETTINGS.read_text(encoding="utf-8"))
    db = ["--db", str(folder.database)]
    call(["extract", str(folder.path / "reports.csv"), *db], print)
    call(["index", str(folder.path / "cases"), *db], print, accepted=(0, 1))  # 1: some cases were set aside
    # Real tumours are large: a wider field, fewer weights on them, smaller steps than the demo's.
    changes = ['organs=["kidney"]', "spacing_mm=[5.0, 5.0, 5.0]", "positive_weight=2", "learning_rate=0.003"]
    changes += ["report_learning_rate=0.0015", f"mask_steps={mask_steps}", f"report_steps={report_steps}"]
    changes += ["smallest_scale=0.4", *settings]
    for group, steps in zip(training_commands(folder, 0, changes), (mask_steps, report_steps), strict=True):
        train(group, folder, steps, print, Console(stderr=True))
    call(judging_commands(folder)[0], print)


if __name__ == "__main__":
    main()
