"""Voxel-wise terms with weights: cross-entropy and overlap, where a weight of 0 means "nothing is known here"."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMOOTHING_VOXELS = 1.0  # keeps the Dice of a lesion of a few voxels from jumping with every one of them


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean, 0 where all weights are 0."""
    return (values * weights).sum() / weights.sum().clamp(min=1e-6)


def weighted_bce(logits: Tensor, labels: Tensor, weights: Tensor, positive_weight: float = 1.0) -> Tensor:
    """Return the cross-entropy averaged over the known voxels, that of positives times `positive_weight`."""
    positive = None if positive_weight == 1.0 else logits.new_tensor(positive_weight)
    values = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none", pos_weight=positive)
    return weighted_mean(values, weights)


def soft_dice(probabilities: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return 1 − Dice per channel over the whole batch, (C,); arguments are (B, C, X, Y, Z)."""
    voxels = (0, 2, 3, 4)
    overlap = (weights * probabilities * labels).sum(voxels)
    total = (weights * probabilities).sum(voxels) + (weights * labels).sum(voxels)
    return 1 - (2 * overlap + SMOOTHING_VOXELS) / (total + SMOOTHING_VOXELS)


def adaptive_tversky(probabilities: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return the reference's overlap term per channel, (C,): false positives and negatives weighted by their share.

    α = clip(FP / (FP + FN), 0.2, 0.8) over the batch, β = 1 − α; 1 − TP / (TP + α FP + β FN) for each sample, averaged.
    """
    true_positive = (weights * probabilities * labels).sum((2, 3, 4))
    false_positive = (weights * probabilities * (1 - labels)).sum((2, 3, 4))
    false_negative = (weights * (1 - probabilities) * labels).sum((2, 3, 4))
    batch_fp, batch_fn = false_positive.sum(0), false_negative.sum(0)
    alpha = (batch_fp / (batch_fp + batch_fn + 1e-5)).clamp(0.2, 0.8)
    index = true_positive / (true_positive + alpha * false_positive + (1 - alpha) * false_negative + 1e-5)
    return (1 - index).mean(0)


def mean_of_present(per_channel: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return the mean over the channels that have a known positive voxel; the others have no overlap to measure."""
    present = ((labels * weights).sum((0, 2, 3, 4)) > 0).to(per_channel.dtype)
    return weighted_mean(per_channel, present)


def area_pool(mask: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return float32 (B, C, *shape): the share of each coarse voxel that the fine mask (B, C, X, Y, Z) covers."""
    fine = mask.to(torch.float32)
    return fine if tuple(mask.shape[2:]) == shape else functional.interpolate(fine, size=shape, mode="area")
