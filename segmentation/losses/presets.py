"""The two sets of options that have a name: the published method, and this project's default."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

from .pseudo_mask import BallOptions


@dataclass(frozen=True)
class LossPreset:
    """Options of `ReportSupervisionLoss`.

    Args:
        volume_form: of the Volume Loss.
        overlap: of the segmentation loss.
        ball: how the Ball Loss draws lesions.
        ball_normalisation: how it averages the voxels of a slot.
        ball_overlap: its overlap term.
        mean_over: what the report terms are averaged over.
        volume_weight: of the Volume Loss in the total, ≥ 0.
        ball_weight: of the Ball Loss in the total, ≥ 0.
        head_decay: weight of each deep-supervision head relative to the one before, > 0.
    """

    volume_form: str = "interval"
    overlap: str = "dice"
    ball: BallOptions = field(default_factory=BallOptions)
    ball_normalisation: str = "terms"
    ball_overlap: str = "dice"
    mean_over: str = "slots"
    volume_weight: float = 0.2
    ball_weight: float = 0.2
    head_decay: float = 0.5


# The published commands weigh both heads 0.5 and the report terms 0.1 (there the volume is learned on the other head).
PRESETS = MappingProxyType(
    {
        "interval": LossPreset(),
        "reference": LossPreset(
            volume_form="reference",
            overlap="tversky",
            ball=BallOptions(rank_weights=True, whole_ball=True),
            ball_normalisation="crop",
            ball_overlap="tversky",
            mean_over="crops",
            volume_weight=0.05,
            ball_weight=0.05,
            head_decay=1.0,
        ),
    }
)
