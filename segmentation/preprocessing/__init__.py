"""Fingerprint, plan and the compressed cache of resampled volumes.

channels = plan_channels(train, targets)
masks = plan_region_masks(train, channels)
plan = make_plan(take_fingerprint(train, masks), channels, masks)
cache = build_cache(cases, plan, Path("cache"))
cache.cases["CASE_1"].crop((0, 0, 0), plan.patch_size, masks=["liver_lesion"], margins=["liver"])
"""

from .build import CacheResult, build_cache, cached_case
from .cache import CachedCase, CaseCrop, MaskInfo, open_case
from .case_files import prepare_image
from .fingerprints import stored_fingerprint
from .outline import outline_cases
from .plan import Fingerprint, LesionChannel, Plan, render_plan
from .planner import make_plan, plan_channels, plan_patch, plan_region_masks, take_fingerprint
from .resample import Grid, resample_image, resample_lesions, resample_mask, target_grid, to_ras

__all__ = [
    "CacheResult",
    "CachedCase",
    "CaseCrop",
    "Fingerprint",
    "Grid",
    "LesionChannel",
    "MaskInfo",
    "Plan",
    "build_cache",
    "cached_case",
    "make_plan",
    "open_case",
    "outline_cases",
    "plan_channels",
    "plan_patch",
    "plan_region_masks",
    "prepare_image",
    "render_plan",
    "resample_image",
    "resample_lesions",
    "resample_mask",
    "stored_fingerprint",
    "take_fingerprint",
    "target_grid",
    "to_ras",
]
