"""The dataset on disk: layout, roles, geometry."""

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from reportsup.segmentation.synthetic import DatasetCase, DatasetSize, make_case, plan_dataset, write_dataset

SIZE = DatasetSize(masked=1, reported=1, validation=0, test=0, external=1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[DatasetCase]]:
    folder = tmp_path_factory.mktemp("synthetic")
    return folder, write_dataset(folder, size=SIZE, seed=4, workers=1)


def test_volumes_load_with_the_cases_affine(written: tuple[Path, list[DatasetCase]]) -> None:
    folder, cases = written
    for case in cases:
        image = nib.load(folder / "cases" / case.plan.case_id / "ct.nii.gz")
        expected = make_case(case.plan.seed, case.plan.scanner, lesion_count=case.plan.lesion_count)
        assert np.allclose(image.affine, expected.affine_ras, atol=1e-4)
        assert np.allclose(image.get_qform(), image.get_sform(), atol=1e-4)
        assert np.abs(np.asanyarray(image.dataobj) - expected.ct).max() <= 0.5
        liver = nib.load(folder / "cases" / case.plan.case_id / "segmentations" / "liver.nii.gz")
        assert np.array_equal(np.asanyarray(liver.dataobj).astype(bool), expected.organ_masks["liver"])


def test_only_reported_cases_hide_their_lesions(written: tuple[Path, list[DatasetCase]]) -> None:
    folder, cases = written
    for case in cases:
        shown = list((folder / "cases" / case.plan.case_id / "segmentations").glob("*_lesion.nii.gz"))
        hidden = list((folder / "hidden").glob(f"{case.plan.case_id}/segmentations/*_lesion.nii.gz"))
        assert (len(shown), len(hidden)) == ((0, 3) if case.plan.role == "reported" else (3, 0))


def test_manifest_and_truth_name_every_case(written: tuple[Path, list[DatasetCase]]) -> None:
    folder, cases = written
    with (folder / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["case_id"] for row in rows] == [case.plan.case_id for case in cases]
    assert all((folder / row["ct"]).is_file() and (folder / row["masks"]).is_dir() for row in rows)
    assert [row["site"] for row in rows] == ["scanner_A", "scanner_A", "scanner_B"]
    truth = json.loads((folder / "lesions.json").read_text())
    assert {name: len(lesions) for name, lesions in truth.items()} == {c.plan.case_id: len(c.lesions) for c in cases}


def test_roles_have_the_promised_share_of_lesions() -> None:
    plans = plan_dataset(DatasetSize(), seed=0)
    for role, share in {"masked": 0.75, "reported": 0.5, "validation": 0.5, "test": 0.5, "external": 0.5}.items():
        counts = [plan.lesion_count for plan in plans if plan.role == role]
        assert np.mean([count > 0 for count in counts]) == share
    for role, share in {"masked": 0, "reported": 1 / 3, "validation": 0.5, "test": 0, "external": 1}.items():
        for sick in (True, False):  # neither scanner is known by its lesions
            scanners = [plan.scanner == "B" for plan in plans if plan.role == role and bool(plan.lesion_count) is sick]
            assert np.mean(scanners) == pytest.approx(share, abs=0.01)
    assert len({plan.seed for plan in plans}) == len(plans)
    assert plan_dataset(DatasetSize(), seed=0) == plans
