"""What is predicted is named and checked first, in the words of `reportsup check`."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from reportsup.schemas import ConfigError
from reportsup.segmentation.prediction.inputs import PredictionInput, check_inputs, files_as_inputs, shard


def body(shape=(12, 12, 8)):
    array = np.random.default_rng(0).normal(40, 20, shape).astype(np.int16)
    array[:3] = -1000
    return array


def write(path, array, affine=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, np.eye(4) if affine is None else affine), path)
    return path


def sheared():
    affine = np.eye(4)
    affine[1, 2] = 0.3
    return affine


BAD = {
    "missing": (None, None, "missing file"),
    "4D": (np.stack([body(), body()], axis=-1), None, "dimensions: 12×12×8×2 vs a 3D volume"),
    "sheared": (body(), sheared(), "sheared affine"),
    "mask": ((body() > 0).astype(np.uint8), None, "intensities: 0 to 1"),
    "mask255": (((body() > 0) * 255).astype(np.uint8), None, "2 different values: 0, 255"),
    "mr": (np.where(body() < 0, 0, body() * 17 % 1400 + 300).astype(np.int16), None, "air at 0"),
    "constant": (body() * 0, None, "constant image"),
}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_ct_that_check_refuses_is_set_aside_and_the_others_are_kept(tmp_path, workers):
    paths = []
    for name, (array, affine, _) in BAD.items():
        paths.append(tmp_path / f"{name}.nii.gz")
        if array is not None:
            write(paths[-1], array, affine)
    (tmp_path / "text.nii.gz").write_text("no")
    paths += [tmp_path / "text.nii.gz", write(tmp_path / "good.nii.gz", body())]
    paths.append(write(tmp_path / "one_volume_4D.nii.gz", body()[..., None]))
    checked = check_inputs(files_as_inputs(paths), workers=workers)
    assert [item.case_id for item in checked.good] == ["good", "one_volume_4D"]
    assert checked.failures.keys() == {*BAD, "text"}
    for name, (_, _, words) in BAD.items():
        assert words in checked.failures[name].message
        assert "Next: " in checked.failures[name].message
    assert checked.warnings == ()


def test_what_is_odd_but_usable_is_said(tmp_path):
    path = write(tmp_path / "cropped.nii.gz", np.random.default_rng(0).normal(60, 30, (10, 10, 10)).astype(np.int16))
    checked = check_inputs(files_as_inputs([path]))
    assert [item.case_id for item in checked.good] == ["cropped"]
    assert [problem.problem for problem in checked.warnings] == ["intensities"]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    paths = [tmp_path / p for p in ("x/1/scan.nii.gz", "y/1/scan.nii", "y/2/scan.nii.gz", "z/ct.nii.gz", "other.nii")]
    named = {item.ct: item.case_id for item in files_as_inputs([*paths, paths[0]])}
    assert list(named.values()) == ["x_1_scan", "y_1_scan", "2_scan", "z", "other"]
    assert list(named) == paths


def test_cts_of_equal_folders_are_told_apart(tmp_path):
    paths = [tmp_path / "a/scan/ct.nii.gz", tmp_path / "b/scan/ct.nii.gz"]
    assert [item.case_id for item in files_as_inputs(paths)] == ["a_scan", "b_scan"]


def test_shards_share_all_inputs_once():
    inputs = [PredictionInput(f"c{i}", Path()) for i in range(7)]
    parts = [shard(list(reversed(inputs)), f"{i}/3") for i in (1, 2, 3)]
    assert sorted(item.case_id for part in parts for item in part) == [item.case_id for item in inputs]
    assert {len(part) for part in parts} == {2, 3}
    for wrong in ("0/3", "4/3", "1", "a/b", "1/0", "-1/3"):
        with pytest.raises(ConfigError, match="--shard"):
            shard(inputs, wrong)
