"""A batch in several passes is the batch at once."""

from dataclasses import replace

import pytest
import torch
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.trainer import Trainer, TrainingData, train

from .conftest import PLAN
from .test_trainer import records

CONFIG = TrainingConfig(
    network="SegResNetDS",
    network_args={"init_filters": 8, "blocks_down": [1, 1], "dsdepth": 2},
    mask_steps=2,
    report_steps=3,
    batch_size=4,
    report_share=0.5,
    augment=False,
    log_every=1,
    warmup_steps=1,
)


@pytest.fixture
def data(make_case):
    cases = [make_case("m", "masked"), make_case("e", "empty"), make_case("r", "report"), make_case("h", "healthy")]
    return TrainingData(PLAN, {c.cached.case_id: c for c in cases}, {})


@pytest.mark.parametrize("passes", [2, 3, 4, 9])
def test_several_passes_have_the_gradient_of_one(tmp_path, data, passes):
    gradients = []
    for accumulation in (1, passes):
        trainer = Trainer(tmp_path / str(accumulation), replace(CONFIG, mask_steps=0, accumulation=accumulation), data)
        step, found = trainer.optimizer.step, []
        keep = lambda t=trainer, f=found: f.extend(p.grad.clone() for p in t.network.parameters())  # noqa: E731
        trainer.optimizer.step = lambda s=step, k=keep: (k(), s())
        trainer.run(1)
        gradients.append(torch.cat([g.flatten() for g in found]))
    scale = float(gradients[0].abs().max())
    assert scale > 1e-3
    torch.testing.assert_close(gradients[1], gradients[0], atol=1e-5 * scale, rtol=1e-4)


def test_a_run_in_passes_is_the_run_at_once(tmp_path, data):
    runs = [records(train(tmp_path / str(n), replace(CONFIG, accumulation=n), data)) for n in (1, 2)]
    for whole, parts in zip(*runs, strict=True):
        assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-4)
        assert parts["gradient_norm"] == pytest.approx(whole["gradient_norm"], rel=1e-3)


def test_dropout_is_drawn_alike_in_both_passes(tmp_path, data):
    """The gradient of the second pass belongs to the logits of the first."""
    args = {"channels": [4, 8], "strides": [2], "num_res_units": 0, "dropout": 0.5}
    config = replace(CONFIG, network="UNet", network_args=args, accumulation=2, mask_steps=0, report_steps=1)
    trainer = Trainer(tmp_path / "run", config, data)
    seen = []
    trainer.network.register_forward_hook(lambda module, inputs, output: seen.append(output.detach().clone()))
    trainer.run(1)
    first, second, again, last = seen
    assert torch.equal(first, again)
    assert torch.equal(second, last)
    assert not torch.equal(first, second)
