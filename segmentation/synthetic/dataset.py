"""A whole synthetic dataset on disk, in the folder layout of AbdomenAtlas.

FOLDER/cases/CASE/ct.nii.gz
FOLDER/cases/CASE/segmentations/<mask>.nii.gz    lesion masks only where a case is said to have them
FOLDER/hidden/CASE/segmentations/<mask>.nii.gz   lesion masks of the training cases that have reports only
FOLDER/manifest.csv                              case_id, ct, masks, report_id, patient_id, split, site
FOLDER/lesions.json                              case_id → records of its lesions
"""

import csv
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import nibabel as nib
import numpy as np

from .case import MAX_LESIONS, SyntheticCase, make_case
from .lesions import LESION_ORGANS, LesionRecord
from .shapes import Mask

# Role → n: every n-th pair of cases comes from scanner B; roles left out come from A.
_PAIRS_FROM_B = {"reported": 3, "validation": 2, "external": 1}
MANIFEST_COLUMNS = ("case_id", "ct", "masks", "report_id", "patient_id", "split", "site")


@dataclass(frozen=True)
class DatasetSize:
    """How many cases of each role; half of each have lesions, but three quarters of the masked ones.

    Training masks come from scanner A alone, reports from both, as where one hospital draws and several write.

    Attributes:
        masked: training cases with lesion masks, all from scanner A.
        reported: training cases with a report and no lesion masks, every third pair from scanner B.
        validation: half from each scanner.
        test: from scanner A.
        external: test cases from scanner B.
    """

    masked: int = 4
    reported: int = 150
    validation: int = 40
    test: int = 48
    external: int = 48


@dataclass(frozen=True)
class CasePlan:
    """What one case will be; `role` is a field name of `DatasetSize`."""

    case_id: str
    seed: int
    role: str
    split: str
    scanner: str
    lesion_count: int


@dataclass(frozen=True)
class DatasetCase:
    """A written case and the truth about its lesions."""

    plan: CasePlan
    lesions: tuple[LesionRecord, ...]


def plan_dataset(size: DatasetSize, seed: int) -> list[CasePlan]:
    """The cases of a dataset, in order; nothing is made yet."""
    rng = np.random.default_rng(seed)
    plans: list[CasePlan] = []
    for role, count in asdict(size).items():
        split = {"masked": "train", "reported": "train", "external": "test"}.get(role, role)
        every = 4 if role == "masked" else 2
        for number in range(count):
            lesions = int(rng.integers(1, MAX_LESIONS + 1)) if number % every else 0
            case_seed = int(rng.integers(2**31))
            pair = number // 2 + 1  # one with lesions, one without
            scanner = "B" if role in _PAIRS_FROM_B and pair % _PAIRS_FROM_B[role] == 0 else "A"
            plans.append(CasePlan(f"syn_{len(plans) + 1:04d}", case_seed, role, split, scanner, lesions))
    return plans


def write_dataset(
    folder: Path,
    *,
    size: DatasetSize | None = None,
    seed: int = 0,
    organs: Sequence[str] = LESION_ORGANS,
    smallest_mm: float | None = None,
    workers: int = 2,
) -> list[DatasetCase]:
    """The cases written under `folder`, with the records of their lesions.

    Args:
        smallest_mm: see `place_lesions`.
        workers: processes that make cases at the same time.
    """
    plans = plan_dataset(size or DatasetSize(), seed)
    write = partial(_write_case, folder, organs=tuple(organs), smallest_mm=smallest_mm)
    if workers > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            cases = list(pool.map(write, plans, chunksize=8))
    else:
        cases = [write(plan) for plan in plans]
    _write_manifest(folder, plans)
    records = {case.plan.case_id: [asdict(lesion) for lesion in case.lesions] for case in cases}
    (folder / "lesions.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    return cases


def _write_case(folder: Path, plan: CasePlan, organs: Sequence[str], smallest_mm: float | None) -> DatasetCase:
    case = make_case(plan.seed, plan.scanner, lesion_count=plan.lesion_count, organs=organs, smallest_mm=smallest_mm)
    place = folder / "cases" / plan.case_id
    _write_masks(place / "segmentations", case.organ_masks, case)
    _save(place / "ct.nii.gz", np.rint(case.ct).astype(np.int16), case)
    lesions_at = folder / "hidden" / plan.case_id if plan.role == "reported" else place
    _write_masks(lesions_at / "segmentations", case.lesion_masks, case)
    return DatasetCase(plan, case.lesions)


def _write_masks(folder: Path, masks: Mapping[str, Mask], case: SyntheticCase) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, mask in masks.items():
        _save(folder / f"{name}.nii.gz", mask.astype(np.uint8), case)


def _save(path: Path, array: np.ndarray, case: SyntheticCase) -> None:
    image = nib.Nifti1Image(array, case.affine_ras)
    image.set_qform(case.affine_ras, 1)
    image.set_sform(case.affine_ras, 1)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)


def _write_manifest(folder: Path, plans: Sequence[CasePlan]) -> None:
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(MANIFEST_COLUMNS)
        for plan in plans:
            place = f"cases/{plan.case_id}"
            writer.writerow((plan.case_id, f"{place}/ct.nii.gz", f"{place}/segmentations", f"report_{plan.case_id}",
                             f"patient_{plan.case_id}", plan.split, f"scanner_{plan.scanner}"))  # fmt: skip
