"""Settings that follow from the data and the device: steps from the number of cases, batch from the memory."""

import copy
import math
from dataclasses import replace

import torch
from torch import nn

from ...schemas.errors import ConfigError
from .config import TrainingConfig
from .dataset import TrainingPools
from .networks import heads

STATE_BYTES = 20  # for each weight: itself, its average, gradient, two moments of AdamW, all fp32
USABLE = 0.8  # of a device's memory: the rest goes to workspaces of convolutions, fragments, targets


def planned_steps(config: TrainingConfig, pools: TrainingPools) -> TrainingConfig:
    """The configuration with `passes` made steps: each stage shows each of its cases that often on average."""
    if config.passes is None:
        return config
    masks, reports = len(pools.masks), len(pools.reports) if config.use_reports else 0
    first = math.ceil(config.passes * (masks or reports) / config.batch_size)
    second = math.ceil(config.passes * (masks + reports) / config.batch_size)
    return replace(
        config,
        mask_steps=first if config.mask_steps else 0,
        report_steps=second if config.report_steps else 0,
        passes=None,
    )


def times_shown(config: TrainingConfig, pools: TrainingPools) -> float:
    """How often a run shows a case of its pools on average."""
    cases = len(pools.masks) + (len(pools.reports) if config.use_reports else 0)
    return config.total_steps * config.batch_size / max(1, cases)


def step_bytes(network: nn.Module, patch_size: tuple[int, int, int], batch: int, half: bool) -> int:
    """Memory of a training step: weights with their optimiser, and what the backward pass keeps of the forward one.

    Counted on torch's meta device, without computing anything.

    Args:
        half: bf16 or fp16, which halves what is kept.
    """
    shapes = copy.deepcopy(network).to("meta").train()
    weights = {parameter.untyped_storage()._cdata for parameter in shapes.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage.nbytes()
            alive.append(storage)  # a freed storage's address would come again
        return tensor

    alive: list[torch.UntypedStorage] = []
    image = torch.empty(batch, 1, *patch_size, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = heads(shapes(image))
    logits = sum(head.numel() for head in output) * 4 * 4  # fp32, their gradient, probabilities, targets
    n_weights = sum(parameter.numel() for parameter in shapes.parameters())
    return n_weights * STATE_BYTES + int(sum(kept.values()) * (0.5 if half else 1.0)) + logits


def fitting_passes(
    network: nn.Module, patch_size: tuple[int, int, int], crops: int, half: bool, memory_bytes: float
) -> int:
    """Passes that a device's share of a batch is split into so that a step fits its memory.

    Raises:
        ConfigError: not even one crop fits.
    """
    for passes in range(1, crops + 1):
        if step_bytes(network, patch_size, -(-crops // passes), half) <= USABLE * memory_bytes:
            return passes
    needed = step_bytes(network, patch_size, 1, half) / USABLE / 1e9
    raise ConfigError(
        f"patch_size {list(patch_size)}: about {needed:.0f} GB for one crop vs {memory_bytes / 1e9:.0f} GB of this "
        "device. A step would not fit. Give a smaller patch_size or network."
    )
