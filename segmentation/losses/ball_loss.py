"""Ball Loss: each reported lesion, placed where the network believes it most, as voxel target (Bassi et al. 2025)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..lesion_targets import LesionTargets
from .checks import check_choice, check_options, check_targets
from .precision import full_precision, without_autocast, zero_touching
from .pseudo_mask import BallOptions, PseudoMask, place_lesions
from .voxel_terms import adaptive_tversky, mean_over_batch, soft_dice

Box = tuple[slice, slice, slice]


def pseudo_mask_loss(
    logits: Tensor,
    mask: PseudoMask,
    background: Tensor,
    dice_weight: float = 1.0,
    crop_voxels: int | None = None,
    overlap: str = "dice",
) -> Tensor:
    """Return how far the logits of one region are from its pseudo-mask; all tensors (X, Y, Z).

    Foreground and background are averaged separately: a lesion of 500 voxels counts as much as the 500 000 around it.

    Args:
        logits: of the region's bounding box.
        mask: foreground weights and ignored voxels.
        background: float, 1 where no lesion is.
        dice_weight: weight of the overlap term over foreground and background, ≥ 0.
        crop_voxels: divide both sums by this number of voxels, as the reference does, instead of averaging.
        overlap: "dice", or "tversky" (`adaptive_tversky`: the reference).
    """
    as_lesion = (functional.softplus(-logits) * mask.foreground).sum()
    as_background = (functional.softplus(logits) * background).sum()
    if crop_voxels is None:
        cross_entropy = as_lesion / mask.foreground.sum().clamp(min=1e-6)
        has_background = (background.sum() > 0).to(logits.dtype)
        cross_entropy = cross_entropy + as_background / background.sum().clamp(min=1e-6)
        cross_entropy = cross_entropy / (1 + has_background)
    else:
        cross_entropy = (as_lesion + as_background) / crop_voxels
    if dice_weight == 0:
        return cross_entropy
    lesion = (mask.foreground > 0).to(logits.dtype)
    measure = adaptive_tversky if overlap == "tversky" else soft_dice
    probabilities, labels, weights = (f[None, None] for f in (torch.sigmoid(logits), lesion, lesion + background))
    return cross_entropy + dice_weight * measure(probabilities, labels, weights).sum()


@dataclass(frozen=True)
class PlacedSlot:
    """The lesions of one slot where the network believes them most, inside the slot's bounding box."""

    sample: int
    slot: int
    box: Box
    mask: PseudoMask
    background: Tensor


@torch.no_grad()
def place_slots(logits: Tensor, targets: LesionTargets, options: BallOptions | None = None) -> list[PlacedSlot]:
    """Return every slot with lesions, placed; logits (B, C, X, Y, Z).

    Slots of one channel in one sample are placed one after the other, the one with the largest lesion first, and no
    voxel is given away twice. Background is what no lesion of any slot reaches, and no slot with unknown background.
    """
    placed: list[PlacedSlot] = []
    for b, channel in dict.fromkeys((b, int(targets.channel[b, r])) for b, r in slots_with_lesions(targets)):
        mine = [r for s, r in slots_with_lesions(targets) if s == b and int(targets.channel[b, r]) == channel]
        mine.sort(key=lambda r: -float(targets.lesion_volume_mm3[b, r].max()))
        taken = torch.zeros_like(targets.region[b, 0])
        spoken_for = torch.zeros_like(taken)
        masks: list[tuple[int, Box, PseudoMask]] = []
        for r in mine:
            box, _ = region_box(targets, b, r)
            mask = slot_pseudo_mask(logits[b, channel][box], targets, b, r, options, taken=taken[box])
            taken[box] |= mask.lesion
            spoken_for[box] |= mask.ignored | (mask.foreground > 0)
            masks.append((r, box, mask))
        for r, box, mask in masks:
            background = known_background(targets, b, r) & ~spoken_for[box]
            placed.append(PlacedSlot(b, r, box, mask, background))
    return placed


def known_background(targets: LesionTargets, b: int, r: int) -> Tensor:
    """Return bool (x, y, z) in a slot's box: the voxels of its region that hold none but the lesions listed."""
    box, region = region_box(targets, b, r)
    if not targets.background_known[b, r]:
        return torch.zeros_like(region)
    for other in targets.neighbours(b, r):
        if not targets.background_known[b, other]:
            region = region & ~targets.region[b, other][box]
    return region


class BallLoss(nn.Module):
    """Supervises the final head with pseudo-masks of the reported lesions; for logits at the crop's resolution.

    The voxels of a region that are neither lesion nor ignored are background, unless the slot's `background_known` is
    false or they also belong to such a slot. Slots without lesions are left to the Volume Loss. A slot's loss is
    multiplied by its weight; the mean goes over all slots with lesions.

    Args:
        options: how a lesion is drawn.
        dice_weight: weight of the Dice beside the cross-entropy, ≥ 0.
        normalisation: "terms" (lesion and background averaged apart) or "crop" (both over all voxels: the reference).
        overlap: "dice" or "tversky" (the reference's).
        mean_over: "slots" with lesions, or all "crops" of the batch, those without reports too (the reference).
        over_ranks: take the mean over the slots of all ranks (see `ranks.sum_over_ranks`).

    Raises:
        ConfigError: an option out of its range.

    Example:
        >>> from reportsup.segmentation.lesion_targets import Lesion, RegionTarget
        >>> target = RegionTarget(0, torch.ones(12, 12, 12, dtype=torch.bool), 20.0, 60.0, (Lesion(4.0, 33.5),))
        >>> targets = LesionTargets.from_regions([[target]], torch.ones(1, 3), (12, 12, 12))
        >>> nothing = torch.full((1, 1, 12, 12, 12), -4.0)
        >>> lesion = nothing.clone()
        >>> lesion[0, 0, 4:7, 4:7, 4:7] = 4.0
        >>> bool(BallLoss()(lesion, targets) < BallLoss()(nothing, targets))
        True
    """

    def __init__(
        self,
        options: BallOptions | None = None,
        *,
        dice_weight: float = 1.0,
        normalisation: str = "terms",
        overlap: str = "dice",
        mean_over: str = "slots",
        over_ranks: bool = False,
    ) -> None:
        super().__init__()
        self.options = options or BallOptions()
        check_choice("normalisation", normalisation, ("terms", "crop"))
        check_choice("overlap", overlap, ("dice", "tversky"))
        check_choice("mean_over", mean_over, ("slots", "crops"))
        check_options(
            dice_weight=(dice_weight, 0.0, 1e3),
            search_factor=(self.options.search_factor, 1.0, 10.0),
            foreground_fraction=(self.options.foreground_fraction, 0.0, 1.0),
            ignored_fraction=(self.options.ignored_fraction, 1.0, 10.0),
            ring_mm=(self.options.ring_mm, 0.0, 100.0),
            small_mm3=(self.options.small_mm3, 0.0, 1e6),
        )
        self.dice_weight = dice_weight
        self.normalisation = normalisation
        self.overlap = overlap
        self.mean_over = mean_over
        self.over_ranks = over_ranks

    def forward(self, logits: Tensor, targets: LesionTargets) -> Tensor:
        """Return the scalar loss of the final head.

        Args:
            logits: (B, C, X, Y, Z) at the crop's resolution.
            targets: of the same batch, regions on the device of `logits`.

        Raises:
            DataError: targets that do not fit the logits.
        """
        check_targets(logits, targets, same_grid=True)
        total = zero_touching([logits])
        with without_autocast(logits):
            logits = full_precision(logits)
            placed = place_slots(logits, targets, self.options)
            for slot in placed:
                total = total + targets.weight[slot.sample, slot.slot].item() * self._slot_loss(logits, targets, slot)
            count = len(placed) if self.mean_over == "slots" else len(logits)
            return mean_over_batch(total, total.new_tensor(float(count)), self.over_ranks)

    def _slot_loss(self, logits: Tensor, targets: LesionTargets, slot: PlacedSlot) -> Tensor:
        region_logits = logits[slot.sample, int(targets.channel[slot.sample, slot.slot])][slot.box]
        crop_voxels = prod(logits.shape[2:]) if self.normalisation == "crop" else None
        # Without background the Dice is a foreground term alone: the cross-entropy says the same.
        dice_weight = self.dice_weight if targets.background_known[slot.sample, slot.slot] else 0.0
        background = slot.background.to(region_logits.dtype)
        return pseudo_mask_loss(region_logits, slot.mask, background, dice_weight, crop_voxels, self.overlap)


def slots_with_lesions(targets: LesionTargets) -> list[tuple[int, int]]:
    """Return the (sample, slot) pairs that list lesions."""
    listed = (targets.channel >= 0) & (targets.lesion_diameter_mm > 0).any(2)
    return [(b, r) for b, r in listed.nonzero().tolist()]


def region_box(targets: LesionTargets, b: int, r: int) -> tuple[Box, Tensor]:
    """Return the slices of a slot's bounding box and its region inside them, bool (x, y, z)."""
    x0, x1, y0, y1, z0, z1 = targets.box[b, r].tolist()
    box = (slice(x0, x1), slice(y0, y1), slice(z0, z1))
    return box, targets.region[b, r][box]


def slot_pseudo_mask(
    region_logits: Tensor,
    targets: LesionTargets,
    b: int,
    r: int,
    options: BallOptions | None = None,
    *,
    taken: Tensor | None = None,
) -> PseudoMask:
    """Return the pseudo-mask of a slot inside its bounding box, from the logits (x, y, z); see `place_lesions`."""
    box, region = region_box(targets, b, r)
    pairs = zip(targets.lesion_volume_mm3[b, r].tolist(), targets.lesion_diameter_mm[b, r].tolist(), strict=True)
    largest_first = sorted(((volume, diameter) for volume, diameter in pairs if diameter > 0), reverse=True)
    x_mm, y_mm, z_mm = targets.spacing_mm[b].tolist()
    return place_lesions(
        torch.sigmoid(full_precision(region_logits.detach())),
        region,
        [diameter for _, diameter in largest_first],
        [volume for volume, _ in largest_first],
        (x_mm, y_mm, z_mm),
        options,
        centres=targets.centres[b, r][box],
        taken=taken,
    )
