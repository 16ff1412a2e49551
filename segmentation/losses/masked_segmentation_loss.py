"""Segmentation loss on the voxels that somebody knows: cross-entropy and Dice, everything else ignored."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .checks import check_choice, check_labels, check_options
from .precision import full_precision, without_autocast
from .voxel_terms import adaptive_tversky, area_pool, mean_of_present, mean_over_batch, soft_dice, weighted_bce


class MaskedSegmentationLoss(nn.Module):
    """Cross-entropy plus Dice over known voxels, for one head at the labels' resolution or lower.

    On a coarser head a voxel's label is the share of its known part that is lesion, and it counts with the share of
    it that is known: a small lesion fades but never vanishes. The Dice is taken over the batch and averaged over the
    channels that have a known positive voxel; with none it is left out. A batch with nothing known costs 0.

    Args:
        overlap: "dice", or "tversky" (the reference's adaptive Tversky, with cross-entropy over all voxels).
        dice_weight: weight of the overlap term, ≥ 0.
        cross_entropy_weight: weight of the cross-entropy, ≥ 0.
        positive_weight: how many times a lesion voxel counts in the cross-entropy, ≥ 1. Lesions fill a thousandth of a
            crop; a small network trained briefly predicts nothing at all unless they count for more.
        over_ranks: take sums over the batches of all ranks (see `ranks.sum_over_ranks`).

    Raises:
        ConfigError: an option out of its range.

    Example:
        >>> labels = torch.zeros(1, 1, 4, 4, 4)
        >>> labels[..., 0] = 1
        >>> loss = MaskedSegmentationLoss()
        >>> perfect, undecided = 20 * (2 * labels - 1), torch.zeros_like(labels)
        >>> round(loss(perfect, labels).item(), 3), round(loss(undecided, labels).item(), 2)
        (0.0, 1.35)
    """

    def __init__(
        self,
        overlap: str = "dice",
        *,
        dice_weight: float = 1.0,
        cross_entropy_weight: float = 1.0,
        positive_weight: float = 1.0,
        over_ranks: bool = False,
    ) -> None:
        super().__init__()
        check_choice("overlap", overlap, ("dice", "tversky"))
        check_options(
            dice_weight=(dice_weight, 0.0, 1e3),
            cross_entropy_weight=(cross_entropy_weight, 0.0, 1e3),
            positive_weight=(positive_weight, 1.0, 1e4),
        )
        self.overlap = overlap
        self.dice_weight = dice_weight
        self.cross_entropy_weight = cross_entropy_weight
        self.positive_weight = positive_weight
        self.over_ranks = over_ranks

    def forward(self, logits: Tensor, labels: Tensor, known: Tensor | None = None) -> Tensor:
        """Return the scalar loss of one head.

        Args:
            logits: (B, C, x, y, z).
            labels: (B, C, X, Y, Z), bool or 0/1.
            known: bool (B, C, X, Y, Z); None = all.

        Raises:
            DataError: shapes that do not fit.
        """
        check_labels(logits, labels, known)
        with without_autocast(logits):
            logits = full_precision(logits)
            shape = tuple(logits.shape[2:])
            weights = area_pool(torch.ones_like(labels) if known is None else known, shape).to(logits.dtype)
            positive = area_pool(labels if known is None else labels * known, shape).to(logits.dtype)
            target = positive / weights.clamp(min=1e-6)
            probabilities = torch.sigmoid(logits)
            bce = weighted_bce(logits, target, weights, self.positive_weight, self.over_ranks)
            bce = self.cross_entropy_weight * bce
            if self.overlap == "tversky":
                voxels = weights.new_tensor(float(weights.numel()))
                bce = bce * mean_over_batch(weights.sum(), voxels, self.over_ranks)
                overlap = adaptive_tversky(probabilities, target, weights, self.over_ranks).mean()
            else:
                dice = soft_dice(probabilities, target, weights, self.over_ranks)
                overlap = mean_of_present(dice, target, weights, self.over_ranks)
            return bce + self.dice_weight * overlap
