"""Losses of report supervision: pure functions and modules for any training loop; targets come as `LesionTargets`."""

from .ball_loss import BallLoss, pseudo_mask_loss, slot_pseudo_mask
from .fft_correlation import ball_correlation, plateau_centre
from .masked_segmentation_loss import MaskedSegmentationLoss
from .presets import PRESETS, LossPreset
from .pseudo_mask import BallOptions, PseudoMask, place_lesions
from .region_margin import DEFAULT_MARGIN_MM, dilate_region
from .report_supervision_loss import ReportSupervisionLoss
from .volume_loss import VolumeLoss, interval_volume_loss, predicted_volumes_mm3, reference_volume_loss
from .voxel_terms import adaptive_tversky, area_pool, soft_dice, weighted_bce

__all__ = [
    "DEFAULT_MARGIN_MM",
    "PRESETS",
    "BallLoss",
    "BallOptions",
    "LossPreset",
    "MaskedSegmentationLoss",
    "PseudoMask",
    "ReportSupervisionLoss",
    "VolumeLoss",
    "adaptive_tversky",
    "area_pool",
    "ball_correlation",
    "dilate_region",
    "interval_volume_loss",
    "place_lesions",
    "plateau_centre",
    "predicted_volumes_mm3",
    "pseudo_mask_loss",
    "reference_volume_loss",
    "slot_pseudo_mask",
    "soft_dice",
    "weighted_bce",
]
