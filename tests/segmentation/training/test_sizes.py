"""Steps from the number of cases, passes from the memory, times of checkpoints."""

from dataclasses import replace

import pytest
import torch
from reportsup.schemas import ConfigError
from reportsup.segmentation.precision import inference_dtype
from reportsup.segmentation.prediction.windows import blending_device
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.dataset import TrainingPools
from reportsup.segmentation.training.networks import build_network
from reportsup.segmentation.training.sampling import Pool
from reportsup.segmentation.training.sizes import fitting_passes, planned_steps, step_bytes, times_shown
from reportsup.segmentation.training.trainer import Trainer, TrainingData
from torch import nn

from .conftest import PLAN


def pools(masks: int, reports: int) -> TrainingPools:
    names = [tuple(f"{kind}{i}" for i in range(n)) for kind, n in (("m", masks), ("r", reports))]
    return TrainingPools(Pool(names[0]), Pool(names[1]), {}, {})


def test_steps_follow_the_number_of_cases():
    config = TrainingConfig(batch_size=4, passes=2)
    planned = planned_steps(config, pools(100, 900))
    assert (planned.mask_steps, planned.report_steps, planned.passes) == (50, 500, None)
    assert planned_steps(replace(config, passes=None), pools(100, 900)).mask_steps == 20_000
    assert planned_steps(replace(config, mask_steps=0), pools(100, 900)).mask_steps == 0
    assert planned_steps(replace(config, use_reports=False), pools(100, 900)).report_steps == 50
    assert times_shown(TrainingConfig(batch_size=2), pools(1000, 99_000)) == pytest.approx(0.8)


class OneConvolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv3d(1, 2, 1, bias=False), nn.Conv3d(2, 1, 1, bias=False)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def test_memory_of_a_step_by_hand():
    """Kept: the image, the output of relu (once for relu and the second convolution); logits four times; 4 weights."""
    voxels = 2 * 8**3
    kept = voxels * 4 * (1 + 2)
    assert step_bytes(OneConvolution(), (8, 8, 8), 2, half=False) == kept + 4 * 20 + voxels * 16
    assert step_bytes(OneConvolution(), (8, 8, 8), 2, half=True) == kept // 2 + 4 * 20 + voxels * 16


def test_a_share_is_split_until_it_fits():
    network = build_network("SegResNetDS", 2)
    one = step_bytes(network, (96, 96, 96), 1, half=True)
    assert 2e9 < one < 20e9, "a network of this size trains on cards of 8 to 24 GB"
    assert fitting_passes(network, (96, 96, 96), 4, True, 80e9) == 1
    assert fitting_passes(network, (96, 96, 96), 4, True, one * 1.3) == 4
    with pytest.raises(ConfigError, match="would not fit"):
        fitting_passes(network, (96, 96, 96), 4, True, one / 2)


def test_a_checkpoint_is_written_when_its_time_has_come(tmp_path, make_case):
    config = TrainingConfig(
        network="UNet", network_args={"channels": [4, 8], "strides": [2], "num_res_units": 0}, mask_steps=6,
        report_steps=0, log_every=2, checkpoint_minutes=0,
    )  # fmt: skip
    saved = []
    for minutes in (0, 60):
        case = make_case(f"m{minutes}", "masked")
        data = TrainingData(PLAN, {case.cached.case_id: case}, {})
        trainer = Trainer(tmp_path / str(minutes), replace(config, checkpoint_minutes=minutes), data)
        steps: list[int] = []
        trainer._save = lambda t=trainer, s=steps: s.append(t.step)
        trainer.run(6)
        saved.append(steps)
    assert saved == [[2, 4, 6], [6]]


def test_precision_of_inference(monkeypatch):
    assert inference_dtype("bf16", "cpu") is None
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert inference_dtype("auto", "cuda") is torch.bfloat16
    assert inference_dtype("fp32", "cuda") is None
    assert inference_dtype("fp16", "cuda") is torch.float16
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert inference_dtype("auto", "cuda") is torch.float16
    assert inference_dtype("bf16", "cuda") is torch.float16


def test_blending_moves_to_the_cpu_where_memory_is_short():
    gpu = torch.device("cuda")
    assert blending_device(torch.device("cpu"), 10**9).type == "cpu"
    assert blending_device(gpu, 10**8, free_bytes=70 * 10**9).type == "cuda"
    assert blending_device(gpu, 10**9, free_bytes=16 * 10**9).type == "cpu"
