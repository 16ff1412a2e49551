"""From a series folder to a segmentation object, through a network."""

import nibabel as nib
import numpy as np
import pytest
import torch
from reportsup.segmentation.dicom import read_series
from reportsup.segmentation.prediction.inputs import check_inputs, files_as_inputs
from reportsup.segmentation.prediction.model import load_model
from reportsup.segmentation.prediction.predict import PredictionOptions, predict_cases
from reportsup.segmentation.preprocessing import LesionChannel, Plan
from reportsup.segmentation.training.checkpoint import save_checkpoint
from reportsup.segmentation.training.config import TrainingConfig, write_config
from torch import nn

from .conftest import ORIGIN, SHAPE, write_slice

highdicom = pytest.importorskip("highdicom")

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


def test_a_dicom_series_comes_back_as_a_segmentation_of_its_slices(tmp_path, run):
    uids = ["1.2.3", "1.2.3.4", "1.2.3.5"]
    straight = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [2, 2]}
    rng = np.random.default_rng(0)
    for k in range(SHAPE[2]):
        stored = rng.integers(2020, 2076, SHAPE[1::-1]).astype("<u2")  # -14 to 14 HU
        stored[:2] = 48  # air
        if 1 <= k <= 3:
            stored[3:7, 4:9] = 2548  # 250 HU
        place = {"ImagePositionPatient": [*ORIGIN[:2], 2.5 * k], **straight}
        write_slice(tmp_path / "Doe J" / str(k), k, uids, PixelData=stored.tobytes(), **place)
    (tmp_path / "empty").mkdir()
    model = load_model(run, device="cpu", network=Bright())
    out = tmp_path / "out"
    inputs = files_as_inputs([tmp_path / "Doe J", tmp_path / "empty"], out / "converted")
    checked = check_inputs(inputs)
    assert list(checked.failures) == ["empty"]
    assert "no CT slice" in checked.failures["empty"].message
    options = PredictionOptions(dicom_seg=True, pictures=True)
    assert predict_cases(model, checked.good, out, options) == {}
    found = {path.name for path in (out / "Doe J").iterdir()}
    assert found == {"liver_lesion.nii.gz", "lesions.dcm", "overview.png", "components.json"}
    segmentation = highdicom.seg.segread(out / "Doe J" / "lesions.dcm")
    slices = [header.SOPInstanceUID for header in read_series(tmp_path / "Doe J").slices]
    frames = segmentation.get_pixels_by_source_instance(
        slices, segment_numbers=[1], assert_missing_frames_are_empty=True
    )
    mask = np.asarray(nib.load(out / "Doe J" / "liver_lesion.nii.gz").dataobj) > 0
    assert np.array_equal(frames[..., 0].transpose(2, 1, 0) > 0, mask)
    assert mask[4:9, 3:7, 1:4].mean() > 0.7
    assert mask.sum() < 2 * 5 * 4 * 3
