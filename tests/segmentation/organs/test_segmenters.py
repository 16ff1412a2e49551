"""Segmenters as programs: what they are told, what is kept of what they draw, and what is refused."""

import json

import nibabel as nib
import numpy as np
import pytest
from reportsup.schemas import BackendError, ConfigError, DataError
from reportsup.schemas.database import open_database
from reportsup.segmentation.cases import read_cases
from reportsup.segmentation.organs import NnUNet, TotalSegmentator, register_masks, segment_case, unsegmented

from . import bodies
from .bodies import AFFINE, ORGANS, SHAPE


@pytest.fixture
def case(tmp_path):
    bodies.write_case(tmp_path / "data" / "one")
    return bodies.index(tmp_path / "data", tmp_path / "r.duckdb")[0]


def drawn_by_hand(tmp_path, masks):
    for name, mask in masks.items():
        bodies.save(tmp_path / "drawn" / f"{name}.nii.gz", mask)
    return bodies.DRAW.format(source=str(tmp_path / "drawn"))


def test_totalsegmentator_is_told_to_send_nothing_and_cannot(tmp_path, monkeypatch, program, case):
    home = tmp_path / "home"
    (home / ".totalsegmentator").mkdir(parents=True)
    own = {"totalseg_id": "me", "send_usage_stats": True, "license_number": "aca_1"}
    (home / ".totalsegmentator" / "config.json").write_text(json.dumps(own))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("no_proxy", "*")
    for name in ("TOTALSEG_HOME_DIR", "TOTALSEG_WEIGHTS_PATH"):
        monkeypatch.delenv(name, raising=False)
    program("TotalSegmentator", drawn_by_hand(tmp_path, ORGANS))
    masks = segment_case(TotalSegmentator(fast=True, device="cpu"), case, tmp_path / "organs")
    (call,) = program.calls()
    assert call["words"][-1] == "-f"
    assert call["words"][4:8] == ["-ta", "total", "-d", "cpu"]
    assert call["settings"]["send_usage_stats"] is False
    assert (call["settings"]["totalseg_id"], call["settings"]["license_number"]) == ("", "aca_1")
    assert call["environment"]["TOTALSEG_WEIGHTS_PATH"] == str(home / ".totalsegmentator" / "nnunet" / "results")
    assert call["environment"]["https_proxy"] == call["environment"]["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert "no_proxy" not in call["environment"]
    assert json.loads((home / ".totalsegmentator" / "config.json").read_text()) == own
    for name, mask in ORGANS.items():
        image = nib.load(masks.path / f"{name}.nii.gz")
        assert np.array_equal(np.asarray(image.dataobj), mask)
        assert np.array_equal(image.affine, AFFINE)
    segment_case(TotalSegmentator(fast=True, device="cpu"), case, tmp_path / "organs")
    assert len(program.calls()) == 1  # what is there is not drawn again
    segment_case(TotalSegmentator(device="cpu"), case, tmp_path / "organs")
    assert len(program.calls()) == 2  # by another model it is


def test_what_is_kept(tmp_path, program, case):
    """Empty organs, lesions and structures of no interest are not."""
    more = {"pancreas": np.zeros(SHAPE, np.uint8), "liver_lesions": ORGANS["spleen"], "aorta": ORGANS["spleen"]}
    program("TotalSegmentator", drawn_by_hand(tmp_path, ORGANS | more))
    masks = segment_case(TotalSegmentator(device="cpu"), case, tmp_path / "organs")
    assert {path.name for path in masks.path.iterdir()} == {f"{name}.nii.gz" for name in ORGANS} | {"made_by.json"}


SWAPPED = {**ORGANS, "kidney_left": ORGANS["kidney_right"], "kidney_right": ORGANS["kidney_left"]}


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({}, "no organ in one"),
        ({"liver": np.zeros(SHAPE, np.uint8)}, "no organ in one"),
        (SWAPPED, "Left and right are exchanged"),
        ({"liver": ORGANS["spleen"], "spleen": ORGANS["liver"]}, "Left and right are exchanged"),
        ({"liver": ORGANS["liver"], "kidney_left": bodies.box((1, 20, 4), (3, 6, 9))}, "right of liver"),
        ({"liver": ORGANS["liver"][:-1]}, "as the CT"),
    ],
)
def test_what_cannot_be_believed_leaves_nothing(tmp_path, program, case, masks, message):
    program("TotalSegmentator", drawn_by_hand(tmp_path, masks))
    with pytest.raises(DataError, match=message):
        segment_case(TotalSegmentator(device="cpu"), case, tmp_path / "organs")
    assert list((tmp_path / "organs").iterdir()) == []


def test_a_program_that_fails_or_is_missing(tmp_path, program, case):
    with pytest.raises(ConfigError, match=r"pip install 'reportsup\[nnunet\]'"):
        segment_case(NnUNet(model(tmp_path)), case, tmp_path / "organs")
    program("TotalSegmentator", "print('out of memory', file=sys.stderr); sys.exit(3)")
    with pytest.raises(BackendError, match=r"exit code 3 vs 0 \(out of memory\)"):
        segment_case(TotalSegmentator(device="cpu"), case, tmp_path / "organs")
    program("nnUNetv2_predict_from_modelfolder", "")
    with pytest.raises(BackendError, match=r"wrote nothing vs one\.nii\.gz"):
        segment_case(NnUNet(model(tmp_path)), case, tmp_path / "organs")


def model(tmp_path, **changes):
    folder = tmp_path / "Dataset701_Organs" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True, exist_ok=True)
    labels = {"background": 0, "right kidney": 1, "left_kidney": 2, "Liver": 3, "liver_tumor": 4, "both": [1, 2]}
    description = {"channel_names": {"0": "CT"}, "labels": labels, "file_ending": ".nii.gz", **changes}
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder


def test_nnunet_gets_the_ct_under_its_name_and_its_labels_are_read_from_the_model(tmp_path, program, case):
    label_map = ORGANS["kidney_right"] + 2 * ORGANS["kidney_left"] + 3 * ORGANS["liver"] + 4 * ORGANS["spleen"]
    bodies.save(tmp_path / "drawn.nii.gz", label_map)
    program(
        "nnUNetv2_predict_from_modelfolder",
        f"""
(given,) = Path(arguments["-i"]).iterdir()
assert given.name == "one_0000.nii.gz"
assert np.asarray(nib.load(given).dataobj).min() < -900
nib.save(nib.load({str(tmp_path / "drawn.nii.gz")!r}), Path(arguments["-o"]) / "one.nii.gz")
""",
    )
    segmenter = NnUNet(model(tmp_path), device="cpu")
    assert segmenter.organs == {"kidney_left", "kidney_right", "liver"}
    masks = segment_case(segmenter, case, tmp_path / "organs")
    for name in segmenter.organs:
        assert np.array_equal(np.asarray(nib.load(masks.path / f"{name}.nii.gz").dataobj), ORGANS[name])
    assert not (masks.path / "liver_lesion.nii.gz").exists()
    words = program.calls()[0]["words"]
    assert words[words.index("-f") + 1] == "0"
    assert words[words.index("-device") + 1] == "cpu"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel_names": {"0": "CT", "1": "PET"}}, "wants 2 images"),
        ({"file_ending": ".nrrd"}, "reads .nrrd files"),
    ],
)
def test_models_that_cannot_be_run_here(tmp_path, program, case, changes, message):
    program("nnUNetv2_predict_from_modelfolder", "")
    with pytest.raises(ConfigError, match=message):
        segment_case(NnUNet(model(tmp_path, **changes)), case, tmp_path / "organs")


def test_masks_stay_through_the_next_index_and_the_data_sets_own_come_first(tmp_path, program):
    data, db = tmp_path / "data", tmp_path / "r.duckdb"
    own_liver = bodies.box((5, 9, 6), (10, 10, 9))
    bodies.write_case(data / "one", {"liver": own_liver, "spleen": np.zeros(SHAPE, np.uint8)})
    (case,) = bodies.index(data, db)
    assert [c.case_id for c in unsegmented([case], ["liver"], set(ORGANS))] == []
    assert [c.case_id for c in unsegmented([case], ["liver", "kidney"], set(ORGANS))] == ["one"]
    program("TotalSegmentator", drawn_by_hand(tmp_path, ORGANS))
    masks = segment_case(TotalSegmentator(device="cpu"), case, tmp_path / "organs")
    with open_database(db) as connection:
        assert sorted(register_masks(connection, case, masks)) == ["kidney_left", "kidney_right", "spleen"]
        (registered,) = read_cases(connection)
    (again,) = bodies.index(data, db)
    assert registered.fingerprint != case.fingerprint
    assert [problem.problem for problem in case.problems] == ["empty organ", "no supervision"]
    assert [problem.problem for problem in again.problems] == ["no supervision"]  # the spleen is not empty any more
    for seen in (registered, again):
        assert {name: mask.empty for name, mask in seen.masks.items()} == dict.fromkeys(ORGANS, False)
        assert seen.masks["liver"].volume_mm3 == pytest.approx(own_liver.sum() * 64)
        assert seen.masks["spleen"].path.parent == masks.path
    (unchanged,) = bodies.index(data, db)
    assert unchanged.fingerprint == again.fingerprint
