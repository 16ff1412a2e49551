"""What a run tells of itself between two log lines: by organ, what was seen and how the reports' lesions were placed.

loss/liver               cross-entropy of the final head over the known voxels
drawn/liver              crops that showed a drawn lesion
reported/liver           regions with reported lesions in the crops
background_known/liver   share of these whose background is known
confidence/liver         mean probability of the voxels that the Ball Loss took for lesion
volume_ratio/liver       predicted over reported volume of these regions: 1 = as reported
mask_crops, report_crops  crops made for what masks show, and for what reports say
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..lesion_targets import LesionTargets
from ..losses.ball_loss import place_slots
from ..losses.volume_loss import predicted_volumes_mm3
from .dataset import Batch

RATIOS = ("loss", "background_known", "confidence", "volume_ratio")
COUNTS = ("drawn", "reported")
CROPS = ("mask_crops", "report_crops")


@torch.no_grad()
def diagnose(logits: Tensor, batch: Batch, n_channels: int) -> Tensor:
    """Return the sums that `describe` makes words of, of one step: float32 (n,), on the device of the logits.

    Args:
        logits: of the final head, (B, C, X, Y, Z).
    """
    logits = logits.detach().float()
    known = batch.known & ~batch.targets.unknown(n_channels)
    errors = functional.binary_cross_entropy_with_logits(logits, batch.label.float(), reduction="none") * known
    sums = torch.zeros(n_channels, len(RATIOS), 2, device=logits.device)
    sums[:, 0, 0], sums[:, 0, 1] = errors.sum((0, 2, 3, 4)), known.sum((0, 2, 3, 4)).float()
    counts = torch.zeros(n_channels, len(COUNTS), device=logits.device)
    counts[:, 0] = batch.label.flatten(2).any(2).sum(0).float()
    _describe_slots(logits, batch.targets, sums, counts)
    crops = torch.tensor([batch.of_report.count(False), batch.of_report.count(True)], dtype=torch.float32)
    return torch.cat([sums.flatten(), counts.flatten(), crops.to(logits.device)])


def _describe_slots(logits: Tensor, targets: LesionTargets, sums: Tensor, counts: Tensor) -> None:
    placed = place_slots(logits, targets)
    if not placed:
        return
    volumes_mm3 = predicted_volumes_mm3(logits, targets, [(slot.sample, slot.slot) for slot in placed])
    for slot, volume_mm3 in zip(placed, volumes_mm3, strict=True):
        b, r = slot.sample, slot.slot
        channel = int(targets.channel[b, r])
        counts[channel, 1] += 1
        sums[channel, 1] += torch.tensor([float(targets.background_known[b, r]), 1.0]).to(sums.device)
        sums[channel, 2, 0] += slot.mask.confidence
        sums[channel, 2, 1] += 1
        sums[channel, 3, 0] += volume_mm3
        sums[channel, 3, 1] += float(targets.lesion_volume_mm3[b, r].sum())


def describe(sums: Tensor, organs: Sequence[str]) -> dict[str, float]:
    """Name → value of the added sums of some steps; what was never seen is left out."""
    n = len(organs)
    ratios, counts, crops = sums.cpu().split([n * len(RATIOS) * 2, n * len(COUNTS), len(CROPS)])
    words: dict[str, float] = dict(zip(CROPS, (int(v) for v in crops), strict=True))
    for organ, row, seen in zip(organs, ratios.view(n, len(RATIOS), 2), counts.view(n, len(COUNTS)), strict=True):
        words |= {f"{name}/{organ}": int(v) for name, v in zip(COUNTS, seen, strict=True)}
        for name, (total, count) in zip(RATIOS, row.tolist(), strict=True):
            if count > 0:
                words[f"{name}/{organ}"] = round(total / count, 5)
    return words
