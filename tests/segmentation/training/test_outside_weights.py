"""Weights of other programs: what is taken, what is not, and that nothing in a file is executed."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from reportsup.schemas import TrainingError
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.networks import build_network
from reportsup.segmentation.training.outside_weights import load_outside_weights
from reportsup.segmentation.training.trainer import Trainer, TrainingData
from torch import nn

from .conftest import PLAN


class Ours(nn.Module):
    """An input layer, two equal layers, an output layer of two classes."""

    def __init__(self, channels: int = 1, classes: int = 2, width: int = 6) -> None:
        super().__init__()
        self.first = nn.Conv3d(channels, width, 3)
        self.middle = nn.ModuleList([nn.Conv3d(width, width, 3), nn.Conv3d(width, width, 3)])
        self.last = nn.Conv3d(width, classes, 1)


class Theirs(nn.Module):
    """The same network under the names of another program."""

    def __init__(self, channels: int = 1, classes: int = 14) -> None:
        super().__init__()
        self.stem = nn.Conv3d(channels, 6, 3)
        self.stages = nn.Sequential(nn.Conv3d(6, 6, 3), nn.Conv3d(6, 6, 3))
        self.seg_layers = nn.Conv3d(6, classes, 1)


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return torch.equal(a, b)


def test_a_monai_bundle_is_taken_by_name(tmp_path):
    source, network = Ours(), Ours()
    (tmp_path / "bundle" / "models").mkdir(parents=True)
    state = {f"module.{name}": weight for name, weight in source.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "bundle" / "models" / "model.pt")
    taken = load_outside_weights(network, tmp_path / "bundle")
    assert taken.share == 1
    assert all(same(a, b) for a, b in zip(network.state_dict().values(), source.state_dict().values(), strict=True))


def test_an_nnunet_checkpoint_is_taken_by_shape_and_order(tmp_path):
    source, network = Theirs(), Ours()
    before = network.last.weight.clone()
    state = source.state_dict()
    state |= {f"decoder.encoder.{name}": weight for name, weight in source.state_dict().items()}
    trainer = {"best_ema": np.float64(0.7), "current_epoch": 1000, "init_args": {"fold": 0}}
    (tmp_path / "fold_0").mkdir()
    torch.save({"network_weights": state, **trainer}, tmp_path / "fold_0" / "checkpoint_final.pth")
    taken = load_outside_weights(network, tmp_path)
    assert same(network.first.weight, source.stem.weight)
    assert same(network.middle[0].weight, source.stages[0].weight)
    assert same(network.middle[1].weight, source.stages[1].weight)
    assert same(network.last.weight, before), "other classes start anew"
    assert taken.left == ("last.weight", "last.bias")
    assert set(taken.unused) == {"seg_layers.weight", "seg_layers.bias"}
    assert "2 start anew (last.weight, last.bias)" in str(taken)


@pytest.mark.parametrize("source", [Ours(channels=4, classes=3), Theirs(channels=4)])
def test_input_channels_are_averaged_into_one(tmp_path, source):
    network = Ours()
    torch.save({"state_dict": source.state_dict()}, tmp_path / "stunet.model")
    taken = load_outside_weights(network, tmp_path / "stunet.model")
    assert taken.averaged == ("first.weight",)
    kernels = next(iter(source.parameters()))
    torch.testing.assert_close(network.first.weight, kernels.mean(1, keepdim=True))


def test_layers_that_nobody_can_tell_apart_are_left(tmp_path):
    state = Theirs().state_dict()
    state["stages.2.weight"] = torch.zeros(6, 6, 3, 3, 3)
    torch.save(state, tmp_path / "three.pt")
    network = Ours()
    before = network.middle[0].weight.clone()
    with pytest.raises(TrainingError, match=r"vs at least 50%. It is another network"):
        load_outside_weights(network, tmp_path / "three.pt")
    assert same(network.middle[0].weight, before)


def test_another_network_is_refused(tmp_path):
    torch.save(Ours(width=8).state_dict(), tmp_path / "wide.pt")
    with pytest.raises(TrainingError, match="Set network and network_args"):
        load_outside_weights(Ours(), tmp_path / "wide.pt")


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


def test_what_could_run_code_is_refused(tmp_path, capsys):
    torch.save({"state_dict": Ours().state_dict(), "trainer": Evil()}, tmp_path / "evil.pt")
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "empty.pt").write_bytes(b"")
    for name in ("evil.pt", "plain.pkl", "empty.pt"):
        with pytest.raises(TrainingError, match="checkpoint of plain tensors"):
            load_outside_weights(Ours(), tmp_path / name)
    assert "executed" not in capsys.readouterr().out
    with pytest.raises(TrainingError, match="Correct the path"):
        load_outside_weights(Ours(), tmp_path / "nowhere")


def test_a_run_starts_from_them_and_says_so(tmp_path, make_case):
    case = make_case("m1")
    data = TrainingData(PLAN, {"m1": case}, {})
    args = {"channels": [4, 8], "strides": [2], "num_res_units": 0}
    config = TrainingConfig(network="UNet", network_args=args, mask_steps=1, report_steps=0)
    source = build_network("UNet", 1, args)
    torch.save({"model": source.state_dict()}, tmp_path / "theirs.pt")
    trainer = Trainer(tmp_path / "run", replace(config, initial_weights=str(tmp_path / "theirs.pt")), data)
    average = trainer.average.module.state_dict()
    assert all(same(average[name], weight) for name, weight in source.state_dict().items())
    assert "100% of the network's values" in (tmp_path / "run" / "initial_weights.txt").read_text()
