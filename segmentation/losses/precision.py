"""Full precision for the losses: half-precision logits are summed over a million voxels here, and FFTs reject them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor


def full_precision(logits: Tensor) -> Tensor:
    """Return `logits` in float32; float64 stays as it is."""
    return logits if logits.dtype == torch.float64 else logits.float()


def without_autocast(logits: Tensor) -> AbstractContextManager[None]:
    """Return a context in which operations on the device of `logits` keep their operands' precision."""
    return torch.autocast(device_type=logits.device.type, enabled=False)


def zero_touching(heads: Sequence[Tensor]) -> Tensor:
    """Return a 0 that every head takes part in: DDP waits for a gradient of each, also when no target is there."""
    return torch.stack([full_precision(head).sum() * 0.0 for head in heads]).sum()
