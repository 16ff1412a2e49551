"""Starting from another run's weights: does that run see and say what this one does."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...schemas.errors import TrainingError
from ..preprocessing.plan import Plan
from .checkpoint import load_checkpoint
from .config import TrainingConfig
from .run_folder import RunFolder

# Weights mean something only on these: the grid, the intensities, and what each output channel stands for.
_SAME = ("spacing_mm", "clip_hu", "mean_hu", "std_hu", "image_order")
# Two samples of one data set give intensities this close (HU); a lesion differs from its organ by more.
_SAME_HU = 5.0
_SAME_MM = 1e-3


def load_initial_run(path: Path, config: TrainingConfig, plan: Plan, network: nn.Module) -> dict[str, Any]:
    """The checkpoint of a run that this one can start from.

    Args:
        network: of this run; its weights must have the names and shapes of the other's.

    Raises:
        TrainingError: the folder is no run, or was trained on another grid, other intensities, organs or network; the
            differences are in the message.
    """
    run = RunFolder(path)
    run.check_complete()
    before = run.read_plan()
    state = load_checkpoint(run.last)
    differences = [*_plans(before, plan), *_weights(state["network"], network.state_dict())]
    if run.read_config().network != config.network:
        differences.insert(0, f"network {run.read_config().network} -> {config.network}")
    if differences:
        raise TrainingError(
            f"initial_run {path}: another network or plan vs this run's ({'; '.join(differences[:6])}). Its weights "
            "would mean something else here. Start from a run of the same organs, spacing, intensities and network, "
            "or leave initial_run out."
        )
    return state


def _plans(before: Plan, now: Plan) -> Iterator[str]:
    then, here = ([channel.organ for channel in plan.channels] for plan in (before, now))
    if then != here:
        yield f"organs {', '.join(then)} -> {', '.join(here)}"
    for name in _SAME:
        a, b = getattr(before, name), getattr(now, name)
        if not _alike(name, a, b):
            yield f"{name} {a} -> {b}"


def _alike(name: str, a: Any, b: Any) -> bool:
    if name == "image_order":
        return bool(a == b)
    tolerance = _SAME_HU if name.endswith("_hu") else _SAME_MM
    pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    return all(abs(x - y) <= tolerance for x, y in pairs)


def _weights(before: Mapping[str, torch.Tensor], now: Mapping[str, torch.Tensor]) -> Iterator[str]:
    shapes = [{name: tuple(weight.shape) for name, weight in weights.items()} for weights in (before, now)]
    wrong = [name for name in shapes[0].keys() | shapes[1].keys() if shapes[0].get(name) != shapes[1].get(name)]
    if wrong:
        yield f"{len(wrong)} of {len(shapes[1])} weights of other shapes"
