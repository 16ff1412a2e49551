"""Voxel-wise terms with weights: cross-entropy and overlap, where a weight of 0 means "nothing is known here".

`over_ranks` takes the sums over the whole batch of a distributed run (`ranks.sum_over_ranks`).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .ranks import sum_over_ranks

SMOOTHING_VOXELS = 1.0  # keeps the Dice of a lesion of a few voxels from jumping with every one of them


def mean_over_batch(total: Tensor, count: Tensor, over_ranks: bool = False) -> Tensor:
    """Return a sum over its count, 0 where there is nothing to count."""
    if over_ranks:
        total, count = sum_over_ranks(total, count)
    return total / count.clamp(min=1e-6)


def weighted_bce(
    logits: Tensor, labels: Tensor, weights: Tensor, positive_weight: float = 1.0, over_ranks: bool = False
) -> Tensor:
    """Return the cross-entropy averaged over the known voxels, that of positives times `positive_weight`."""
    positive = None if positive_weight == 1.0 else logits.new_tensor(positive_weight)
    values = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none", pos_weight=positive)
    return mean_over_batch((values * weights).sum(), weights.sum(), over_ranks)


def soft_dice(probabilities: Tensor, labels: Tensor, weights: Tensor, over_ranks: bool = False) -> Tensor:
    """Return 1 − Dice per channel over the whole batch, (C,); arguments are (B, C, X, Y, Z)."""
    voxels = (0, 2, 3, 4)
    overlap = (weights * probabilities * labels).sum(voxels)
    total = (weights * probabilities).sum(voxels) + (weights * labels).sum(voxels)
    if over_ranks:
        overlap, total = sum_over_ranks(overlap, total)
    return 1 - (2 * overlap + SMOOTHING_VOXELS) / (total + SMOOTHING_VOXELS)


def adaptive_tversky(probabilities: Tensor, labels: Tensor, weights: Tensor, over_ranks: bool = False) -> Tensor:
    """Return the reference's overlap term per channel, (C,): false positives and negatives weighted by their share.

    α = clip(FP / (FP + FN), 0.2, 0.8) over the batch, β = 1 − α; 1 − TP / (TP + α FP + β FN) for each sample, averaged.
    """
    true_positive = (weights * probabilities * labels).sum((2, 3, 4))
    false_positive = (weights * probabilities * (1 - labels)).sum((2, 3, 4))
    false_negative = (weights * (1 - probabilities) * labels).sum((2, 3, 4))
    batch_fp, batch_fn = false_positive.sum(0), false_negative.sum(0)
    if over_ranks:
        batch_fp, batch_fn = sum_over_ranks(batch_fp, batch_fn)
    alpha = (batch_fp / (batch_fp + batch_fn + 1e-5)).clamp(0.2, 0.8)
    index = true_positive / (true_positive + alpha * false_positive + (1 - alpha) * false_negative + 1e-5)
    return mean_over_batch((1 - index).sum(0), index.new_tensor([float(len(index))]), over_ranks)


def mean_of_present(per_channel: Tensor, labels: Tensor, weights: Tensor, over_ranks: bool = False) -> Tensor:
    """Return the mean over the channels that have a known positive voxel; the others have no overlap to measure."""
    positive = (labels * weights).sum((0, 2, 3, 4))
    if over_ranks:
        (positive,) = sum_over_ranks(positive)
    present = (positive > 0).to(per_channel.dtype)
    return mean_over_batch((per_channel * present).sum(), present.sum())


def area_pool(mask: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return float32 (B, C, *shape): the share of each coarse voxel that the fine mask (B, C, X, Y, Z) covers."""
    fine = mask.to(torch.float32)
    return fine if tuple(mask.shape[2:]) == shape else functional.interpolate(fine, size=shape, mode="area")
