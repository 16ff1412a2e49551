"""What reports do to the weights, and that two devices do what one does."""

import logging
import os
import pickle
import socket
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from reportsup.segmentation.losses import ReportSupervisionLoss
from reportsup.segmentation.training.checkpoint import load_checkpoint
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.crops import CropRules, make_sample
from reportsup.segmentation.training.dataset import collate
from reportsup.segmentation.training.networks import build_network
from reportsup.segmentation.training.run_folder import RunFolder
from reportsup.segmentation.training.trainer import TrainingData, _warn_of_batch_norm, train

from .conftest import PLAN

CONFIG = TrainingConfig(
    network="SegResNetDS",
    network_args={"init_filters": 8, "blocks_down": [1, 1], "dsdepth": 2},
    mask_steps=2,
    report_steps=4,
    batch_size=2,
    augment=False,
    log_every=2,
    checkpoint_every=6,
    validate_every=6,
)


def test_a_report_pulls_probability_into_its_region_and_out_of_the_rest(make_case):
    case = make_case("r", "report")
    rules = CropRules(PLAN.patch_size, target_share=1.0)
    batch = collate([make_sample(case, PLAN, rules, seed=(1,), with_reports=True)])
    logits = torch.full(batch.label.shape, -3.0, requires_grad=True)
    loss = ReportSupervisionLoss(volume_weight=1.0, ball_weight=1.0)
    noise = 0.5 * batch.image
    for _ in range(100):
        terms = loss([logits + noise], batch.label, batch.known, batch.targets)
        (gradient,) = torch.autograd.grad(terms["loss"], logits)
        logits = (logits - 30 * gradient).detach().requires_grad_()
    probability = torch.sigmoid(logits.detach() + noise)
    region = batch.targets.unknown(1)
    volume_mm3 = float((probability * region).sum()) * 12
    assert float(batch.targets.volume_lo_mm3[0, 0]) * 0.8 < volume_mm3 < float(batch.targets.volume_hi_mm3[0, 0]) * 1.2
    assert float(probability[~region].max()) < 0.1


def test_a_report_changes_the_run_of_its_masks(tmp_path, make_case):
    cases = {c.cached.case_id: c for c in (make_case("m", "masked"), make_case("r", "report"))}
    data = TrainingData(PLAN, cases, {})
    run = train(tmp_path / "a", CONFIG, data)
    reported = [record for record in run.records() if record["stage"] == 2]
    assert all(record["volume"] + record["ball"] > 0 for record in reported)
    masks = train(tmp_path / "b", replace(CONFIG, use_reports=False), data)
    assert all(record["volume"] + record["ball"] == 0 for record in masks.records())


SCRIPT = """
import pickle, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from reportsup.segmentation.training.run_folder import RunFolder
from reportsup.segmentation.training.trainer import Trainer
config, data = pickle.loads(Path(sys.argv[1]).read_bytes())
trainer = Trainer(Path(sys.argv[2]), config, data)
trainer.run(config.total_steps)
weights = torch.cat([p.detach().flatten() for p in trainer.network.parameters()])
torch.save(weights, Path(sys.argv[3]) / f"{trainer.accelerator.process_index}.pt")
trainer.accelerator.wait_for_everyone()
torch.distributed.destroy_process_group()
"""


@pytest.mark.parametrize(("norm", "ranks", "warned"), [("BATCH", 2, True), ("BATCH", 1, False), ("INSTANCE", 2, False)])
def test_batch_norm_on_several_ranks_is_warned_of(caplog, norm, ranks, warned):
    channels = {"channels": [4, 8], "strides": [2], "norm": norm}
    with caplog.at_level(logging.WARNING):
        _warn_of_batch_norm(build_network("UNet", 1, channels), ranks)
    assert ("batch norm" in caplog.text) == warned


def start_ranks(folder, config, data, changed=None):
    """Two processes that train one run; `changed`: the data of the second one, where it differs."""
    (folder / "script.py").write_text(SCRIPT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ranks = []
    for r in range(2):
        (folder / f"input{r}").write_bytes(pickle.dumps((config, changed if r and changed else data)))
        arguments = [sys.executable, *(str(folder / name) for name in ("script.py", f"input{r}", "run", "."))]
        env = {**os.environ, "RANK": str(r), "LOCAL_RANK": str(r), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
               "MASTER_PORT": port, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}  # fmt: skip
        ranks.append(subprocess.Popen(arguments, env=env, stderr=subprocess.PIPE, text=True))
    errors = [rank.communicate(timeout=900)[1] for rank in ranks]
    return [rank.returncode for rank in ranks], errors


def test_two_ranks_keep_one_set_of_weights_when_only_one_has_a_report(tmp_path, make_case):
    """One slot of a stage-2 batch is a report and the other a mask: in each step one rank has no report target.

    Three validation cases: one rank has one more than the other.
    """
    cases = {c.cached.case_id: c for c in (make_case("m", "masked"), make_case("r", "report"))}
    validation = {c.cached.case_id: c for c in (make_case("v", "masked"), make_case("w", "empty"), make_case("x"))}
    codes, errors = start_ranks(tmp_path, CONFIG, TrainingData(PLAN, cases, validation))
    assert codes == [0, 0], errors
    first, second = (torch.load(tmp_path / f"{r}.pt", weights_only=True) for r in range(2))
    assert torch.equal(first, second)
    assert load_checkpoint(tmp_path / "run" / "last.pt")["step"] == 6
    (validated,) = [r for r in RunFolder(tmp_path / "run").records() if r["kind"] == "validation"]
    assert validated["validated_cases"] == 3


def test_a_rank_that_dies_ends_the_other_and_says_why(tmp_path, make_case):
    case, report = make_case("m", "masked"), make_case("r", "report")
    data = TrainingData(PLAN, {"m": case, "r": report}, {})
    gone = replace(case, cached=replace(case.cached, folder=tmp_path / "gone"))
    codes, errors = start_ranks(tmp_path, CONFIG, data, replace(data, train={"m": gone, "r": report}))
    assert all(codes), "the other rank does not wait for ever"
    assert "gone" in errors[1]
