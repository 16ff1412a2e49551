"""Predictions land on the CT's own grid, whatever its axes, and are never half a case."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest
import torch
from reportsup.schemas import TrainingError
from reportsup.segmentation.prediction.inputs import PredictionInput, files_as_inputs
from reportsup.segmentation.prediction.model import load_model, predict_ct, to_native
from reportsup.segmentation.prediction.predict import PredictionOptions, predict_cases
from reportsup.segmentation.prediction.windows import predict_volume
from reportsup.segmentation.preprocessing import Grid, LesionChannel, Plan, target_grid, to_ras
from reportsup.segmentation.training.checkpoint import save_checkpoint
from reportsup.segmentation.training.config import TrainingConfig, write_config
from torch import nn

PLAN = Plan(
    spacing_mm=(2.0, 2.0, 2.0),
    patch_size=(16, 16, 16),
    clip_hu=(-200.0, 300.0),
    mean_hu=0.0,
    std_hu=100.0,
    channels=(LesionChannel("liver", "liver_lesion"),),
    region_masks=("liver",),
)


class Bright(nn.Module):
    """Calls lesion what is brighter than 150 HU."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(20.0))

    def forward(self, x):
        return self.scale * (x - 1.5)


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write_config(TrainingConfig(), folder / "config.toml")
    (folder / "plan.json").write_text(PLAN.to_json())
    save_checkpoint(folder / "best.pt", {"step": 7, "score": 0.5, "network": Bright().state_dict()})
    return folder


def oblique_affine() -> np.ndarray:
    """Axes P, I, R, spacing 1.5 × 3 × 1.1 mm, 12 degrees oblique."""
    turn = np.deg2rad(12)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    axes = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=float)
    affine = np.eye(4)
    affine[:3, :3] = rotation @ axes @ np.diag([1.5, 3.0, 1.1])
    affine[:3, 3] = (-20, 35, 110)
    return affine


def write_ct(path, affine, shape=(26, 12, 34)):
    axes = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    centre = np.array([15.0, 5.0, 12.0])
    lesion = np.linalg.norm((axes - centre) * spacing, axis=-1) <= 7
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.where(lesion, 250, 0).astype(np.int16), affine), path)
    return lesion


def test_masks_return_to_an_oblique_anisotropic_grid(tmp_path, run):
    affine = oblique_affine()
    lesion = write_ct(tmp_path / "a" / "ct.nii.gz", affine)
    model = load_model(run, device="cpu", network=Bright())
    out = tmp_path / "out"
    assert predict_cases(model, files_as_inputs([tmp_path / "a" / "ct.nii.gz"]), out) == {}
    image = nib.load(out / "a" / "liver_lesion.nii.gz")
    assert image.shape == lesion.shape
    np.testing.assert_allclose(image.affine, affine, atol=1e-4)
    assert image.get_data_dtype() == np.uint8
    assert (image.header["sform_code"], image.header["qform_code"]) == (1, 1)
    found = np.asarray(image.dataobj) > 0
    assert 2 * (found & lesion).sum() / (found.sum() + lesion.sum()) > 0.8
    (row,) = csv.DictReader((out / "components.csv").read_text().splitlines())
    world = affine @ [15.0, 5.0, 12.0, 1.0]
    for axis, value in zip("xyz", world, strict=False):
        assert float(row[f"{axis}_ras_mm"]) == pytest.approx(value, abs=1.0)
    assert float(row["volume_mm3"]) == pytest.approx(4 / 3 * np.pi * 7**3, rel=0.2)
    assert 0.5 < float(row["max_probability"]) <= 1


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR", "SLA"])
def test_there_and_back_again_is_the_identity_on_smooth_fields(axes):
    orientation = nib.orientations.axcodes2ornt(axes)
    shape = (20, 18, 16)
    affine = nib.orientations.inv_ornt_aff(orientation, shape) @ np.diag([2.0, 2.0, 2.0, 1.0])
    ramp = np.fromfunction(lambda x, y, z: 0.01 * x + 0.02 * y + 0.005 * z, shape).astype(np.float32)
    ras, ras_affine = to_ras(ramp, affine)
    source = Grid(ras.shape, ras_affine)
    assert target_grid(source, source.spacing_mm).shape == ras.shape
    np.testing.assert_allclose(to_native(ras.astype(np.float32), source, shape, affine), ramp, atol=1e-5)


def test_existing_cases_are_left_alone_and_other_settings_predict_again(tmp_path, run):
    write_ct(tmp_path / "a" / "ct.nii.gz", np.eye(4))
    model = load_model(run, device="cpu", network=Bright())
    inputs = files_as_inputs([tmp_path / "a" / "ct.nii.gz"])
    seen: list[bool] = []
    done = lambda case_id, lesions: seen.append(lesions is None)  # noqa: E731
    predict_cases(model, inputs, tmp_path / "out", done=done)
    predict_cases(model, inputs, tmp_path / "out", done=done)
    predict_cases(model, inputs, tmp_path / "out", PredictionOptions(threshold=0.9, probabilities=True), done=done)
    assert seen == [False, True, False]
    assert (tmp_path / "out" / "a" / "liver_lesion_probability.nii.gz").exists()
    assert json.loads((tmp_path / "out" / "a" / "components.json").read_text())["made_by"]["threshold"] == 0.9


def test_a_broken_ct_fails_alone(tmp_path, run):
    write_ct(tmp_path / "a" / "ct.nii.gz", np.eye(4))
    write_ct(tmp_path / "b" / "ct.nii.gz", np.eye(4))
    inputs = files_as_inputs([tmp_path / "a" / "ct.nii.gz", tmp_path / "b" / "ct.nii.gz"])
    broken = tmp_path / "a" / "ct.nii.gz"
    broken.write_bytes(broken.read_bytes()[:200])
    failures = predict_cases(load_model(run, device="cpu", network=Bright()), inputs, tmp_path / "out")
    assert list(failures) == ["a"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b", "components.csv"]


@pytest.mark.parametrize("error", [MemoryError("3 GiB"), RuntimeError("odd"), ZeroDivisionError()])
def test_whatever_goes_wrong_costs_its_own_case(tmp_path, run, error):
    def fail():
        raise error

    write_ct(tmp_path / "b" / "ct.nii.gz", np.eye(4))
    inputs = [
        PredictionInput("a", tmp_path / "b" / "ct.nii.gz", {"liver": fail}),
        PredictionInput("gone", tmp_path / "gone.nii.gz"),
        *files_as_inputs([tmp_path / "b" / "ct.nii.gz"]),
    ]
    out = tmp_path / "out"
    model = load_model(run, device="cpu", network=Bright())
    failures = predict_cases(model, inputs, out, PredictionOptions(organ_margin_mm=1.0))
    assert failures.keys() == {"a", "gone"}
    assert failures["a"].message.startswith(type(error).__name__)
    assert "Traceback" in failures["a"].traceback
    assert sorted(path.name for path in out.iterdir()) == ["b", "components.csv"]
    assert len((out / "components.csv").read_text().splitlines()) == 2


def test_an_interruption_stops_the_run(tmp_path, run):
    def interrupt():
        raise KeyboardInterrupt

    write_ct(tmp_path / "a" / "ct.nii.gz", np.eye(4))
    item = PredictionInput("a", tmp_path / "a" / "ct.nii.gz", {"liver": interrupt})
    model = load_model(run, device="cpu", network=Bright())
    with pytest.raises(KeyboardInterrupt):
        predict_cases(model, [item], tmp_path / "out", PredictionOptions(organ_margin_mm=1.0))


def test_another_ct_of_the_same_name_is_neither_skipped_nor_overwritten(tmp_path, run):
    write_ct(tmp_path / "one" / "scan.nii.gz", np.eye(4))
    write_ct(tmp_path / "two" / "scan.nii.gz", np.eye(4))
    model = load_model(run, device="cpu", network=Bright())
    predict_cases(model, files_as_inputs([tmp_path / "one" / "scan.nii.gz"]), tmp_path / "out")
    failures = predict_cases(model, files_as_inputs([tmp_path / "two" / "scan.nii.gz"]), tmp_path / "out")
    assert "earlier prediction would be overwritten" in failures["scan"].message
    made_by = json.loads((tmp_path / "out" / "scan" / "components.json").read_text())["made_by"]
    assert made_by["ct"] == str(tmp_path / "one" / "scan.nii.gz")


def test_a_ct_that_changed_is_predicted_again(tmp_path, run):
    seen: list[bool] = []
    model = load_model(run, device="cpu", network=Bright())
    for shape in ((26, 12, 34), (26, 12, 36)):
        write_ct(tmp_path / "a.nii.gz", np.eye(4), shape)
        done = lambda case_id, lesions: seen.append(lesions is None)  # noqa: E731
        predict_cases(model, files_as_inputs([tmp_path / "a.nii.gz"]), tmp_path / "out", done=done)
    assert seen == [False, False]
    assert nib.load(tmp_path / "out" / "a" / "liver_lesion.nii.gz").shape == (26, 12, 36)


def test_a_scaled_4d_ct_is_predicted_as_its_hounsfield_units(tmp_path, run):
    """int16 with intercept −1024, and one volume in four dimensions."""
    lesion = write_ct(tmp_path / "plain.nii.gz", np.eye(4))
    image = nib.Nifti1Image((np.where(lesion, 250, 0) + 1024).astype(np.int16)[..., None], np.eye(4))
    image.header.set_slope_inter(1, -1024)
    image.to_filename(tmp_path / "scaled.nii.gz")
    assert nib.load(tmp_path / "scaled.nii.gz").dataobj.inter == -1024
    model = load_model(run, device="cpu", network=Bright())
    inputs = files_as_inputs([tmp_path / "plain.nii.gz", tmp_path / "scaled.nii.gz"])
    assert predict_cases(model, inputs, tmp_path / "out") == {}
    plain, scaled = (nib.load(tmp_path / "out" / n / "liver_lesion.nii.gz") for n in ("plain", "scaled"))
    assert scaled.shape == plain.shape == lesion.shape
    np.testing.assert_array_equal(np.asarray(scaled.dataobj), np.asarray(plain.dataobj))


def lesion_voxels(folder) -> int:
    return int(np.asarray(nib.load(folder / "a" / "liver_lesion.nii.gz").dataobj).sum())


def test_organ_masks_limit_lesions_only_when_asked(tmp_path, run):
    lesion = write_ct(tmp_path / "a" / "ct.nii.gz", np.eye(4))
    corner = np.zeros_like(lesion)
    corner[0, 0, 0] = True
    item = PredictionInput("a", tmp_path / "a" / "ct.nii.gz", {"liver": lambda: corner})
    model = load_model(run, device="cpu", network=Bright())
    predict_cases(model, [item], tmp_path / "anywhere")
    assert lesion_voxels(tmp_path / "anywhere") > 0
    predict_cases(model, [item], tmp_path / "near", PredictionOptions(organ_margin_mm=2.0))
    assert lesion_voxels(tmp_path / "near") == 0


def test_a_tumour_left_out_of_its_organ_is_kept(tmp_path, run):
    lesion = write_ct(tmp_path / "a" / "ct.nii.gz", np.diag([2.0, 2.0, 2.0, 1.0]))
    around = np.ones_like(lesion) & ~lesion
    item = PredictionInput("a", tmp_path / "a" / "ct.nii.gz", {"liver": lambda: around})
    model = load_model(run, device="cpu", network=Bright())
    predict_cases(model, [item], tmp_path / "anywhere")
    predict_cases(model, [item], tmp_path / "near", PredictionOptions(organ_margin_mm=0.0))
    assert lesion_voxels(tmp_path / "near") == lesion_voxels(tmp_path / "anywhere")


def test_a_prediction_without_masks_is_made_again_when_there_are_some(tmp_path, run):
    lesion = write_ct(tmp_path / "a" / "ct.nii.gz", np.eye(4))
    options, model = PredictionOptions(organ_margin_mm=0.0), load_model(run, device="cpu", network=Bright())
    predict_cases(model, files_as_inputs([tmp_path / "a" / "ct.nii.gz"]), tmp_path / "out", options)
    assert lesion_voxels(tmp_path / "out") > 0
    item = PredictionInput("a", tmp_path / "a" / "ct.nii.gz", {"liver": lambda: np.zeros_like(lesion)})
    predict_cases(model, [item], tmp_path / "out", options)
    assert lesion_voxels(tmp_path / "out") == 0


def test_a_killed_prediction_is_made_again(tmp_path, run):
    write_ct(tmp_path / "a" / "ct.nii.gz", np.eye(4))
    out = tmp_path / "out"
    (out / ".a.part").mkdir(parents=True)
    (out / ".a.part" / "liver_lesion.nii.gz").write_bytes(b"half")
    model = load_model(run, device="cpu", network=Bright())
    assert predict_cases(model, files_as_inputs([tmp_path / "a" / "ct.nii.gz"]), out) == {}
    assert sorted(path.name for path in out.iterdir()) == ["a", "components.csv"]


def test_an_organ_mask_on_another_grid_fails_its_case(tmp_path, run):
    write_ct(tmp_path / "a" / "ct.nii.gz", np.eye(4))
    item = PredictionInput("a", tmp_path / "a" / "ct.nii.gz", {"liver": lambda: np.ones((3, 3, 3), bool)})
    model = load_model(run, device="cpu", network=Bright())
    failures = predict_cases(model, [item], tmp_path / "out", PredictionOptions(organ_margin_mm=2.0))
    assert "mask of liver: shape (3, 3, 3)" in failures["a"].message


def test_windows_agree_with_the_whole_volume():
    image = np.random.default_rng(0).normal(1.5, 1, (20, 24, 12)).astype(np.float32)
    blended = predict_volume(Bright(), image, (16, 16, 16), background=-2.0, overlap=0.5)
    np.testing.assert_allclose(blended[0], 1 / (1 + np.exp(-20 * (image - 1.5))), atol=1e-4)


def test_small_windows_go_through_the_network_together():
    seen = []

    class Watched(Bright):
        def forward(self, image):
            seen.append(len(image))
            return super().forward(image)

    image = np.ones((20, 24, 12), np.float32)
    predict_volume(Watched(), image, (16, 16, 16), background=0.0, overlap=0.5)
    assert seen == [4]  # 2 x 2 x 1 windows
    predict_volume(Watched(), image, (64, 64, 64), background=0.0, overlap=0.5)
    assert seen == [4, 1]


def test_last_checkpoint_serves_before_the_first_validation(tmp_path, run):
    (run / "best.pt").unlink()
    state = {f"module.{k}": v for k, v in Bright().state_dict().items()} | {"n_averaged": torch.tensor(3)}
    save_checkpoint(run / "last.pt", {"step": 3, "average": state})
    model = load_model(run, device="cpu", network=Bright())
    assert model.step == 3
    write_ct(tmp_path / "a.nii.gz", np.eye(4))
    probabilities, _ = predict_ct(model, tmp_path / "a.nii.gz")
    assert probabilities["liver"].shape == (26, 12, 34)
    with pytest.raises(TrainingError, match="no config"):
        load_model(tmp_path / "elsewhere")
