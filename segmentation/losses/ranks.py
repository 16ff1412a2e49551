"""Sums over the ranks of a distributed run, so that N ranks minimise what one rank with the whole batch would.

Every term of the losses is a function of sums (of errors, of voxels, of slots). Averaged rank by rank, a term that only
one of four ranks has a target for would count a quarter; with its sums taken over all ranks it counts as on one.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed


def sum_over_ranks(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return the sums of tensors over all ranks; the tensors themselves where nothing is distributed.

    The gradient of a sum is the world size times the local one, because DDP then averages gradients over the ranks.
    All ranks must call it with tensors of the same shapes: also those ranks that have no target of their own.
    """
    if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_world_size() == 1:
        return tensors
    local = torch.cat([tensor.flatten() for tensor in tensors])
    total = local.detach().clone()
    distributed.all_reduce(total)
    total = total + distributed.get_world_size() * (local - local.detach())
    parts = total.split([tensor.numel() for tensor in tensors])
    return tuple(part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True))
