"""Everything a training step minimises: known voxels, reported volumes, reported lesions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...schemas.errors import DataError
from ..lesion_targets import LesionTargets
from .ball_loss import BallLoss
from .checks import check_choice, check_options
from .masked_segmentation_loss import MaskedSegmentationLoss
from .precision import zero_touching
from .presets import PRESETS
from .volume_loss import VolumeLoss


class ReportSupervisionLoss(nn.Module):
    """Segmentation loss on every head, Volume Loss on the deep-supervision heads, Ball Loss on the final one.

    With a single head both report terms act on it.

    Args:
        preset: "interval" (default) or "reference"; see `presets.PRESETS`.
        volume_weight: of the Volume Loss; None = the preset's.
        ball_weight: of the Ball Loss; None = the preset's.
        cross_entropy_weight, positive_weight: see `MaskedSegmentationLoss`.
        regions_unknown: take the voxels of a slot's region out of `known`, so that none is pulled in two directions;
            False leaves `known` as it is given (the reference keeps the outer part of a region's margin known).
        over_ranks: in a distributed run, take every term over the batches of all ranks: N ranks minimise what one rank
            with the whole batch would. All ranks must then call the loss in step.

    Raises:
        ConfigError: an unknown preset or a negative weight.

    Example:
        >>> from reportsup.segmentation.lesion_targets import Lesion, RegionTarget
        >>> target = RegionTarget(0, torch.ones(8, 8, 8, dtype=torch.bool), 20.0, 60.0, (Lesion(4.0, 33.5),))
        >>> targets = LesionTargets.from_regions([[target]], torch.ones(1, 3), (8, 8, 8))
        >>> heads = [torch.zeros(1, 1, 8, 8, 8, requires_grad=True), torch.zeros(1, 1, 4, 4, 4, requires_grad=True)]
        >>> terms = ReportSupervisionLoss()(heads, torch.zeros(1, 1, 8, 8, 8), None, targets)
        >>> sorted(terms)
        ['ball', 'loss', 'segmentation', 'volume']
        >>> terms["loss"].backward()
    """

    def __init__(
        self,
        preset: str = "interval",
        *,
        volume_weight: float | None = None,
        ball_weight: float | None = None,
        cross_entropy_weight: float = 1.0,
        positive_weight: float = 1.0,
        regions_unknown: bool = True,
        over_ranks: bool = False,
    ) -> None:
        super().__init__()
        check_choice("preset", preset, tuple(PRESETS))
        options = PRESETS[preset]
        options = replace(
            options,
            volume_weight=options.volume_weight if volume_weight is None else volume_weight,
            ball_weight=options.ball_weight if ball_weight is None else ball_weight,
        )
        check_options(volume_weight=(options.volume_weight, 0.0, 1e3), ball_weight=(options.ball_weight, 0.0, 1e3))
        self.options = options
        self.regions_unknown = regions_unknown
        self.segmentation_loss = MaskedSegmentationLoss(
            options.overlap,
            cross_entropy_weight=cross_entropy_weight,
            positive_weight=positive_weight,
            over_ranks=over_ranks,
        )
        self.volume_loss = VolumeLoss(options.volume_form, mean_over=options.mean_over, over_ranks=over_ranks)
        self.ball_loss = BallLoss(
            options.ball,
            normalisation=options.ball_normalisation,
            overlap=options.ball_overlap,
            mean_over=options.mean_over,
            over_ranks=over_ranks,
        )

    def forward(
        self,
        heads: Tensor | Sequence[Tensor],
        labels: Tensor,
        known: Tensor | None = None,
        targets: LesionTargets | None = None,
    ) -> dict[str, Tensor]:
        """Return "loss" to call `backward` on, and its detached terms "segmentation", "volume" and "ball".

        Args:
            heads: logits (B, C, X, Y, Z), the final head first, coarser ones after it; or the final head alone.
            labels: (B, C, X, Y, Z), bool or 0/1.
            known: bool (B, C, X, Y, Z); None = all.
            targets: what the reports say; None = nothing.

        Raises:
            DataError: shapes that do not fit.
        """
        heads = [heads] if isinstance(heads, Tensor) else list(heads)
        if not heads:
            raise DataError("heads: none vs at least one. There is nothing to train. Pass the network's logits.")
        known = _left_to_masks(labels, known, targets) if self.regions_unknown else known
        segmentation = self._segmentation(heads, labels, known)
        volume, ball = self.report_terms(heads, targets)
        loss = segmentation + self.options.volume_weight * volume + self.options.ball_weight * ball
        terms = {"segmentation": segmentation, "volume": volume, "ball": ball}
        return {name: term.detach() for name, term in terms.items()} | {"loss": loss + zero_touching(heads)}

    def _segmentation(self, heads: list[Tensor], labels: Tensor, known: Tensor | None) -> Tensor:
        weights = [self.options.head_decay**level for level in range(len(heads))]
        losses = [w * self.segmentation_loss(head, labels, known) for w, head in zip(weights, heads, strict=True)]
        return torch.stack(losses).sum() / sum(weights)

    def report_terms(self, heads: list[Tensor], targets: LesionTargets | None) -> tuple[Tensor, Tensor]:
        """Return the unweighted Volume Loss and Ball Loss of the heads; zeros that touch them without a target."""
        if targets is None:
            x, y, z = heads[0].shape[2:]
            targets = LesionTargets.empty(len(heads[0]), (x, y, z)).to(heads[0].device)
        volume = torch.stack([self.volume_loss(head, targets) for head in heads[1:] or heads]).mean()
        return volume, self.ball_loss(heads[0], targets)


def _left_to_masks(labels: Tensor, known: Tensor | None, targets: LesionTargets | None) -> Tensor | None:
    if targets is None or not bool((targets.channel >= 0).any()):
        return known
    outside = ~targets.unknown(labels.shape[1])
    return outside if known is None else known.bool() & outside
