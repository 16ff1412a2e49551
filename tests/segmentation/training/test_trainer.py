"""The loop: a resumed or killed run is the straight run, divergence is named, other settings are refused."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from reportsup.schemas import TrainingError
from reportsup.segmentation.preprocessing import LesionChannel
from reportsup.segmentation.training.checkpoint import load_checkpoint, save_checkpoint
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.trainer import Trainer, TrainingData, train
from reportsup.segmentation.training.validation import fixed_subset
from torch import nn

from .conftest import PLAN

CONFIG = TrainingConfig(
    network="UNet",
    network_args={"channels": [4, 8], "strides": [2], "num_res_units": 0, "dropout": 0.1},
    mask_steps=6,
    report_steps=6,
    batch_size=2,
    log_every=2,
    checkpoint_every=3,
    validate_every=6,
    warmup_steps=2,
)


@pytest.fixture
def data(make_case):
    cases = [
        make_case("m1", "masked"),
        make_case("m2", "empty"),
        make_case("r1", "report"),
        make_case("r2", "healthy"),
    ]
    validation = [make_case("v1", "masked"), make_case("v2", "empty")]
    return TrainingData(PLAN, {c.cached.case_id: c for c in cases}, {c.cached.case_id: c for c in validation})


def states_equal(first, second) -> bool:
    """Whether two nested states hold the same values, tensors bit by bit."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(states_equal(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(states_equal, first, second))
    return torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second


def records(run):
    clocks = ("seconds_per_step", "validation_seconds")
    return [{k: v for k, v in record.items() if k not in clocks} for record in run.records()]


@pytest.mark.parametrize("stop", [3, 6, 7, 9])
def test_resumed_run_equals_the_straight_run(tmp_path, data, stop):
    straight = train(tmp_path / "straight", CONFIG, data)
    train(tmp_path / "resumed", CONFIG, data, stop_after=stop)
    resumed = train(tmp_path / "resumed", replace(CONFIG, workers=2), data)
    assert states_equal(load_checkpoint(straight.last), load_checkpoint(resumed.last))
    assert states_equal(load_checkpoint(straight.best), load_checkpoint(resumed.best))
    last = [r for r in records(straight) if r["step"] > 9]
    assert [r for r in records(resumed) if r["step"] > 9] == last


def test_run_folder_is_complete_and_a_finished_run_stays_as_it_is(tmp_path, data):
    run = train(tmp_path / "run", CONFIG, data)
    made = {path.name for path in run.path.iterdir()}
    texts, weights = {"config.toml", "plan.json", "data.json", "metrics.jsonl", "README.md"}, {"last.pt", "best.pt"}
    assert made == texts | weights | {"progress.png", "pseudo_masks.png"}
    before = run.last.read_bytes()
    train(tmp_path / "run", CONFIG, data)
    assert run.last.read_bytes() == before
    kinds = [(r["step"], r["kind"]) for r in records(run)]
    assert kinds.count((12, "validation")) == 1
    torch.load(run.last, weights_only=True)
    assert "12 of 12" in (run.path / "README.md").read_text()


def test_changed_settings_are_refused_with_the_difference(tmp_path, data, make_case):
    train(tmp_path / "run", CONFIG, data, stop_after=3)
    with pytest.raises(TrainingError, match=r"learning_rate: 0.001 -> 0.01"):
        train(tmp_path / "run", replace(CONFIG, learning_rate=0.01), data)
    with pytest.raises(TrainingError, match=r"plan margin_mm: 4.0 -> 5.0"):
        train(tmp_path / "run", CONFIG, replace(data, plan=replace(PLAN, margin_mm=5.0)))
    with pytest.raises(TrainingError, match=r"train cases: 1 added, 0 removed"):
        train(tmp_path / "run", CONFIG, replace(data, train={**data.train, "m3": make_case("m3")}))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.docx").write_text("mine")
    with pytest.raises(TrainingError, match="other files"):
        train(tmp_path / "other", CONFIG, data)


class Poisoned(nn.Module):
    """Returns NaN from the fifth step on."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(1, 1, 1)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        if x.is_meta or not self.training:
            return self.conv(x)
        self.calls += 1
        return self.conv(x) * torch.where(self.calls > 4, torch.nan, 1.0)


def test_divergence_stops_with_the_cases_named_and_keeps_the_last_good_checkpoint(tmp_path, data):
    only = replace(data, train={"m1": data.train["m1"]})
    with pytest.raises(TrainingError, match=r"diverged at step 5: loss nan .* on cases m1"):
        train(tmp_path / "run", replace(CONFIG, use_reports=False), only, network=Poisoned())
    assert load_checkpoint(tmp_path / "run" / "last.pt")["step"] == 3


def test_one_bad_step_is_no_divergence_but_a_bad_stretch_is(tmp_path, data):
    trainer = Trainer(tmp_path / "run", CONFIG, data)
    trainer.lowest_loss, trainer.step = 1.0, 10
    trainer._pending = [((f"c{i}",), {}) for i in range(10)]
    losses = torch.ones(10, 1)
    losses[4] = 100
    trainer._stop_if_diverged(["loss"], losses)
    losses[losses == 1] = 30
    with pytest.raises(TrainingError, match=r"diverged at step 5: loss 100 .* on cases c4"):
        trainer._stop_if_diverged(["loss"], losses)


def test_masks_alone_and_reports_take_equal_steps(tmp_path, data):
    with_reports = train(tmp_path / "a", CONFIG, data)
    without = train(tmp_path / "b", replace(CONFIG, use_reports=False), data)
    assert load_checkpoint(with_reports.last)["step"] == load_checkpoint(without.last)["step"] == 12
    assert "not used" in (without.path / "README.md").read_text()


def test_a_run_starts_from_the_weights_of_another(tmp_path, data):
    first = train(tmp_path / "masks", replace(CONFIG, report_steps=0), data)
    start = replace(CONFIG, mask_steps=0, initial_run=str(first.path))
    trainer = Trainer(tmp_path / "reports", start, data)
    assert states_equal(dict(trainer.network.state_dict()), dict(load_checkpoint(first.last)["network"]))


SCRIPT = """
import pickle, sys, warnings
from pathlib import Path
import torch
torch.set_num_threads(1)
from reportsup.segmentation.training.trainer import train
config, data = pickle.loads(Path(sys.argv[1]).read_bytes())
print("ready", flush=True)
train(Path(sys.argv[2]), config, data, report=lambda record: print(record["step"], flush=True))
"""


def test_killed_run_goes_on_to_the_same_result(tmp_path, data):
    """SIGKILL after some steps, twice, then to the end."""
    import pickle

    (tmp_path / "input").write_bytes(pickle.dumps((CONFIG, data)))
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "input"), str(tmp_path / "run")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for lines, delay in ((2, 0.0), (3, 0.03)):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
    resumed = train(tmp_path / "run", CONFIG, data)
    straight = train(tmp_path / "straight", CONFIG, data)
    assert states_equal(load_checkpoint(straight.last), load_checkpoint(resumed.last))
    assert records(resumed)[-1] == records(straight)[-1]
    for line in resumed.metrics.read_text().splitlines():
        json.loads(line)
    assert not list(resumed.path.glob(".*"))


def test_a_run_whose_regions_do_not_fit_scales_its_crops_and_trains(tmp_path, data):
    small = replace(data, plan=replace(PLAN, patch_size=(8, 8, 8)))
    trainer = Trainer(tmp_path / "run", CONFIG, small)
    assert trainer.pools.reports.positive == ("r1",)
    assert trainer.rules.spatial is not None
    assert trainer.rules.spatial.scale[0] == trainer.pools.smallest_scale < 0.85
    trainer.run(CONFIG.total_steps)
    balls = [r["ball"] for r in trainer.folder.records() if r["kind"] == "train" and r["stage"] == 2]
    assert max(balls) > 0


@pytest.mark.parametrize(
    ("changed", "config", "words"),
    [
        ({"channels": (*PLAN.channels, LesionChannel("spleen", "spleen_lesion"))}, {}, "organs liver -> liver, spleen"),
        ({"spacing_mm": (2.0, 2.0, 2.0)}, {}, r"spacing_mm \(2.0, 2.0, 3.0\) -> \(2.0, 2.0, 2.0\)"),
        ({"mean_hu": 90.0}, {}, "mean_hu 50.0 -> 90.0"),
        ({"clip_hu": (-1000.0, 300.0)}, {}, "clip_hu"),
        ({}, {"network_args": {"channels": [6, 8], "strides": [2], "num_res_units": 0}}, "weights of other shapes"),
    ],
)
def test_a_run_that_does_not_fit_is_no_start(tmp_path, data, changed, config, words):
    first = train(tmp_path / "masks", replace(CONFIG, report_steps=0), data)
    start = replace(CONFIG, mask_steps=0, initial_run=str(first.path), **config)
    with pytest.raises(TrainingError, match=words):
        Trainer(tmp_path / "new", start, replace(data, plan=replace(PLAN, **changed)))
    assert not (tmp_path / "new").exists()


def test_a_start_that_is_no_run_is_named(tmp_path, data):
    with pytest.raises(TrainingError, match="no config"):
        Trainer(tmp_path / "new", replace(CONFIG, initial_run=str(tmp_path / "nowhere")), data)
    assert not (tmp_path / "new").exists()


def test_a_bit_that_was_turned_over_in_a_checkpoint_is_noticed(tmp_path):
    path = tmp_path / "last.pt"
    save_checkpoint(path, {"network": {"weight": torch.arange(1000.0)}})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # among the weights
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="Use the other checkpoint"):
        load_checkpoint(path)


def test_a_second_training_into_a_run_folder_is_refused(tmp_path, data):
    script = "import sys; from pathlib import Path; from reportsup.segmentation.training.run_folder import training\n"
    script += "with training(Path(sys.argv[1])): print('training', flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", script, str(tmp_path / "run")]
    other = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    other.stdout.readline()
    with pytest.raises(TrainingError, match=f"trained into by process {other.pid}"):
        train(tmp_path / "run", CONFIG, data)
    assert not (tmp_path / "run").exists()
    other.kill()
    other.communicate()
    train(tmp_path / "run", CONFIG, data, stop_after=1)


def test_validation_looks_at_the_same_cases_of_every_kind(make_case):
    cases = {c.cached.case_id: c for c in [*(make_case(f"m{i}") for i in range(6)), make_case("e", "empty")]}
    chosen = fixed_subset(cases, 4)
    assert len(chosen) == 4
    assert "e" in chosen, "a rare kind stays"
    backwards = fixed_subset(dict(reversed(cases.items())), 4)
    assert list(backwards) == list(chosen)
    fewer = {name: case for name, case in cases.items() if name != next(n for n in cases if n not in chosen)}
    assert fixed_subset(fewer, 4).keys() == chosen.keys(), "a case that is not looked at changes nothing"
    assert fixed_subset(cases, 7) == cases
