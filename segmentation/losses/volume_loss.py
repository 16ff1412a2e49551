"""Volume Loss: the probabilities inside a region sum up to the volume that the report gives (Bassi et al. 2025)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..lesion_targets import LesionTargets
from .checks import check_choice, check_options, check_targets
from .precision import full_precision, without_autocast, zero_touching
from .voxel_terms import area_pool, mean_over_batch

LARGEST_VOLUME_MM3 = 1e12  # stands for an open upper bound: inf − inf is not a number
REFERENCE_SOFTENING_MM3 = 500.0
REFERENCE_SMALL_MM3 = 100.0


def interval_volume_loss(
    volume_mm3: Tensor,
    lo_mm3: Tensor,
    hi_mm3: Tensor,
    relative_softening: float = 0.1,
    softening_mm3: float = 5.0,
    *,
    own_mm3: Tensor | None = None,
) -> Tensor:
    """Return 0 for volumes inside [lo, hi] and the softened log ratio to the nearer bound outside, element-wise.

        (log (lo + E)/(V + E))⁺ + (log (V + E)/(hi + E))⁺, divided by log(1 + 1/ε);  E = ε·bound + softening

    An empty prediction costs 0.67 at 33 mm³ and 0.99 at 4 cm³ (the reference: 0.06 and 0.79). Too much never saturates:
    shifting every logit of a flooded region changes the loss as much as ever, where the reference's slope is 0.

    Args:
        volume_mm3: predicted volumes, ≥ 0.
        lo_mm3: lower bounds, ≥ 0.
        hi_mm3: upper bounds, ≥ `lo_mm3`; inf = open.
        relative_softening: ε, > 0.
        softening_mm3: keeps a bound of 0 finite, > 0.
        own_mm3: what counts against the upper bound, at most `volume_mm3`; None = all of it.

    Example:
        >>> volume = torch.tensor([0.0, 800.0, 1200.0])
        >>> interval_volume_loss(volume, torch.tensor(1000.0), torch.tensor(1500.0)).round(decimals=2)
        tensor([0.9800, 0.0800, 0.0000])
    """
    hi_mm3 = hi_mm3.clamp(max=LARGEST_VOLUME_MM3)
    lo_soft = relative_softening * lo_mm3 + softening_mm3
    hi_soft = relative_softening * hi_mm3 + softening_mm3
    too_little = torch.relu(torch.log((lo_mm3 + lo_soft) / (volume_mm3 + lo_soft)))
    too_much = torch.relu(torch.log(((volume_mm3 if own_mm3 is None else own_mm3) + hi_soft) / (hi_mm3 + hi_soft)))
    return (too_little + too_much) / math.log1p(1 / relative_softening)


def reference_volume_loss(volume_mm3: Tensor, reported_mm3: Tensor, tolerance: float = 0.2) -> Tensor:
    """Return the published loss for one reported volume, element-wise, in 0–1.

        clamp(r(V̂) − r(v), 0, 1),  r(x) = |x − V| / (x + V + 500),  v = max((1 − τ)·V, min(V, 100))

    Args:
        volume_mm3: predicted volumes V̂, ≥ 0.
        reported_mm3: reported volumes V, ≥ 0.
        tolerance: τ, 0–1: the share by which V̂ may fall short (0.1 in the paper, 0.2 in its commands).

    Example:
        >>> reference_volume_loss(torch.zeros(2), torch.tensor([33.0, 4000.0])).round(decimals=3)
        tensor([0.0620, 0.7850])
    """
    tolerated = torch.maximum((1 - tolerance) * reported_mm3, reported_mm3.clamp(max=REFERENCE_SMALL_MM3))
    return (_deviation(volume_mm3, reported_mm3) - _deviation(tolerated, reported_mm3)).clamp(0, 1)


def _deviation(volume_mm3: Tensor, reported_mm3: Tensor) -> Tensor:
    return (volume_mm3 - reported_mm3).abs() / (volume_mm3 + reported_mm3 + REFERENCE_SOFTENING_MM3)


def predicted_volumes_mm3(
    logits: Tensor, targets: LesionTargets, slots: list[tuple[int, int]], regions: Tensor | None = None
) -> Tensor:
    """Return (S,) the probability mass in mm³ inside the region of each (sample, slot) pair.

    `regions`, bool (S, X, Y, Z), stands in for the slots' own. On a head of lower resolution a coarse voxel counts with
    the share of it that lies in the region. That is exactly the sum over the nearest-neighbour upsampled head, without
    ever building it at full resolution.
    """
    samples = [b for b, _ in slots]
    channels = [int(targets.channel[b, r]) for b, r in slots]
    if regions is None:
        regions = targets.region[samples, [r for _, r in slots]]
    inside = area_pool(regions.unsqueeze(1), tuple(logits.shape[2:]))[:, 0].to(logits.dtype)
    probabilities = torch.sigmoid(logits[samples, channels])  # (S, x, y, z)
    grid_ratio = math.prod(targets.region.shape[2:]) / math.prod(logits.shape[2:])
    voxel_mm3 = (targets.spacing_mm[samples].double().prod(1) * grid_ratio).to(logits)
    return (probabilities * inside).sum((1, 2, 3)) * voxel_mm3


def own_volumes_mm3(logits: Tensor, targets: LesionTargets, slots: list[tuple[int, int]], volume_mm3: Tensor) -> Tensor:
    """Return (S,) the part of `volume_mm3` that the neighbours of each slot cannot account for.

    Where a slot shares voxels with others of its channel, their lesions may fill those, up to their upper bounds: own =
    V − min(V shared, Σ their hi). It is never more than the slot's lesions hold if the prediction is right.
    """
    shared = [(i, near) for i, (b, r) in enumerate(slots) if (near := targets.neighbours(b, r))]
    if not shared:
        return volume_mm3
    pairs = [slots[i] for i, _ in shared]
    overlaps = [
        targets.region[b, r] & targets.region[b, near].any(0) for (b, r), (_, near) in zip(pairs, shared, strict=True)
    ]
    theirs_mm3 = torch.stack(
        [targets.volume_hi_mm3[b, near].sum() for (b, _), (_, near) in zip(pairs, shared, strict=True)]
    )
    explained = torch.minimum(
        predicted_volumes_mm3(logits, targets, pairs, torch.stack(overlaps)), theirs_mm3.to(volume_mm3)
    )
    return volume_mm3.index_add(0, torch.tensor([i for i, _ in shared], device=volume_mm3.device), -explained)


class VolumeLoss(nn.Module):
    """Penalises a predicted lesion volume outside the reported interval; for the deep-supervision heads.

    The lower bound asks for the volume of the whole region; against the upper bound counts what the slot's neighbours
    cannot account for (`own_volumes_mm3`). A slot's loss is multiplied by its weight; the mean goes over all slots with
    a usable target.

    Args:
        form: "interval", or "reference" (one volume, the sum of the slot's lesions; slots with an open interval or
            without listed lesions are skipped).
        relative_softening: ε of `interval_volume_loss`.
        softening_mm3: absolute softening of `interval_volume_loss`.
        tolerance: τ of `reference_volume_loss`.
        mean_over: "slots" with a usable target, or "crops": all channels of all crops, 0 without a target (the
            reference).
        over_ranks: take the mean over the slots of all ranks (see `ranks.sum_over_ranks`).

    Raises:
        ConfigError: an option out of its range.

    Example:
        >>> from reportsup.segmentation.lesion_targets import RegionTarget
        >>> target = RegionTarget(0, torch.ones(8, 8, 8, dtype=torch.bool), 30.0, 60.0)
        >>> targets = LesionTargets.from_regions([[target]], torch.ones(1, 3), (8, 8, 8))
        >>> logits = torch.full((1, 1, 4, 4, 4), -20.0)  # a head of half the resolution that predicts nothing
        >>> round(VolumeLoss()(logits, targets).item(), 2)
        0.65
    """

    def __init__(
        self,
        form: str = "interval",
        *,
        relative_softening: float = 0.1,
        softening_mm3: float = 5.0,
        tolerance: float = 0.2,
        mean_over: str = "slots",
        over_ranks: bool = False,
    ) -> None:
        super().__init__()
        check_choice("form", form, ("interval", "reference"))
        check_choice("mean_over", mean_over, ("slots", "crops"))
        check_options(
            relative_softening=(relative_softening, 1e-3, 10.0),
            softening_mm3=(softening_mm3, 1e-3, 1e6),
            tolerance=(tolerance, 0.0, 1.0),
        )
        self.form = form
        self.relative_softening = relative_softening
        self.softening_mm3 = softening_mm3
        self.tolerance = tolerance
        self.mean_over = mean_over
        self.over_ranks = over_ranks

    def forward(self, logits: Tensor, targets: LesionTargets) -> Tensor:
        """Return the scalar loss of one head.

        Args:
            logits: (B, C, x, y, z), at the crop's resolution or lower.
            targets: of the same batch, regions on the device of `logits`.

        Raises:
            DataError: targets that do not fit the logits.
        """
        check_targets(logits, targets, same_grid=False)
        slots = self._usable_slots(targets)
        total = zero_touching([logits])
        with without_autocast(logits):
            if slots:
                weights = torch.stack([targets.weight[b, r] for b, r in slots]).to(total)
                total = (self._slot_losses(full_precision(logits), targets, slots) * weights).sum()
            count = len(slots) if self.mean_over == "slots" else logits.shape[0] * logits.shape[1]
            return mean_over_batch(total, total.new_tensor(float(count)), self.over_ranks)

    def _usable_slots(self, targets: LesionTargets) -> list[tuple[int, int]]:
        usable = targets.channel >= 0
        if self.form == "reference":
            usable = usable & targets.volume_hi_mm3.isfinite() & (targets.lesion_volume_mm3.sum(2) > 0)
        return [(b, r) for b, r in usable.nonzero().tolist()]

    def _slot_losses(self, logits: Tensor, targets: LesionTargets, slots: list[tuple[int, int]]) -> Tensor:
        volume_mm3 = predicted_volumes_mm3(logits, targets, slots)

        def of_slots(field: Tensor) -> Tensor:
            return torch.stack([field[b, r] for b, r in slots]).to(volume_mm3)

        if self.form == "reference":
            return reference_volume_loss(volume_mm3, of_slots(targets.lesion_volume_mm3.sum(2)), self.tolerance)
        return interval_volume_loss(
            volume_mm3,
            of_slots(targets.volume_lo_mm3),
            of_slots(targets.volume_hi_mm3),
            self.relative_softening,
            self.softening_mm3,
            own_mm3=own_volumes_mm3(logits, targets, slots, volume_mm3),
        )
