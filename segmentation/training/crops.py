"""Crops: from a cached case and what is known of it to one training sample.

What a crop may claim about a region that a report names (never more than is true):

    the crop holds the region and as far beyond it as its lesions reach   interval and lesions unchanged
    the crop cuts it, or the region is too small to hold its lesions      lower bound 0, upper bound kept, no lesions:
                                                                          the part inside holds between nothing and all
    scaled by s                                                           volumes · s³, diameters · s

A region larger than the patch is seen in a crop that is scaled down until it holds the region, down to
`CropRules.smallest_scale`; a kidney at 1 mm needs 0.6 of a 96³ patch, a whole liver 0.4.

A lesion of diameter d centred in the region reaches 0.6 d beyond it (half of d, and a fifth of that for the error of
the report); one without a size is only claimed to hold its lower bound, a small ball around its centre. Around a region
the voxels are unknown, and searched, as far as its lesions reach, and at least to the plan's margin (`zones`). A crop
that is made for a region holds all of that where it can; to claim the region's lesions it must hold the reach up to the
margin.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...schemas.anatomy import load_anatomy
from ..lesion_targets import Lesion, RegionTarget
from ..preprocessing.cache import CachedCase, Index3
from ..preprocessing.plan import Plan
from ..regions import resolve_region
from ..targets import CaseTargets, ChannelStatus, ChannelTarget, ReportedLesion, ReportedRegion
from .augmentation import SpatialAugmentation, change_intensity, cut
from .placement import Placement, Transform, fitting_scale, keep_inside, place_around, place_at
from .zones import region_zones

Mask = npt.NDArray[np.bool_]
REACH = 0.6  # of the diameter: half, and a fifth of it for the error of the report
FILLED = 0.9  # a region that its lesions would fill beyond this share contradicts the report


@dataclass(frozen=True)
class TrainingCase:
    """A case of the cache with what is known of its lesions."""

    cached: CachedCase
    targets: CaseTargets


@dataclass(frozen=True)
class CropRules:
    """How crops are chosen and what they claim; see the fields of the same name in `TrainingConfig`."""

    size: tuple[int, int, int]
    lesion_share: float = 0.6
    organ_share: float = 0.3
    target_share: float = 0.9
    presence_targets: bool = True
    smallest_scale: float = 1.0
    search: str = "reach"
    unknown_margin_mm: float | None = None
    one_region: bool = False
    spatial: SpatialAugmentation | None = None
    intensity: bool = False


@dataclass(frozen=True)
class Sample:
    """One crop: image float32 (X, Y, Z); label and known bool (C, X, Y, Z); the report's regions.

    `of_report` says what it was made for, `placement` where it lies.
    """

    case_id: str
    image: Tensor
    label: Tensor
    known: Tensor
    regions: tuple[RegionTarget, ...]
    spacing_mm: tuple[float, float, float]
    placement: Placement
    of_report: bool = False


def make_sample(
    case: TrainingCase,
    plan: Plan,
    rules: CropRules,
    *,
    seed: tuple[int, ...],
    with_reports: bool,
    of_report: bool = True,
    organ: str | None = None,
) -> Sample:
    """The crop that `seed` decides on.

    Args:
        with_reports: False leaves everything that only a report says unknown (stage 1).
        of_report: the crop may be placed for a region of the report; False places it by the masks alone, also in a case
            whose report describes lesions of another organ.
        organ: place it for the lesions of this organ, where the case has some.
    """
    rng = np.random.default_rng(seed)
    channels = _channels(case, plan, with_reports)
    transform = Transform.identity()
    if rules.spatial is not None:
        transform = rules.spatial.draw(rng, case.cached.spacing_mm)
    wanted = _wanted(channels, plan, of_report, organ)
    placement, region = _choose(case, wanted, plan, rules, transform, rng)
    sample = cut_sample(case, plan, placement, rules, with_reports=with_reports, made_for=region)
    image = change_intensity(sample.image, rng) if rules.intensity else sample.image
    return replace(sample, image=image, of_report=of_report)


def cut_sample(
    case: TrainingCase,
    plan: Plan,
    placement: Placement,
    rules: CropRules | None = None,
    *,
    with_reports: bool = True,
    made_for: ReportedRegion | None = None,
) -> Sample:
    """The sample of a given placement, with everything that is known inside it.

    Args:
        rules: what crops claim; None = the default ones.
        made_for: the region that the crop was placed around, the only one it teaches where `rules.one_region` is set.
    """
    rules = rules or CropRules(placement.size)
    cached, channels = case.cached, _channels(case, plan, with_reports)
    lesion_names = [plan.channels[i].name for i, channel in channels.items() if channel.status is ChannelStatus.MASKED]
    reported = [(index, region) for index, channel in channels.items() for region in channel.regions]
    start, size = placement.block()
    within = sorted({name for _, region in reported for name in region.masks})
    block = cached.crop(start, size, masks=[*lesion_names, *within], margins=within)
    arrays = {f"mask/{name}": block.masks[name] for name in lesion_names}
    for i, (index, region) in enumerate(reported):
        margin = np.any([block.margins[name] for name in region.masks], axis=0)
        if rules.search == "margin":
            arrays[f"zone/{i}"] = arrays[f"centres/{i}"] = margin
        else:
            arrays[f"zone/{i}"], centres = _zones(region, margin, cached, plan, start, size)
            for name in _masks_of_others(region, channels[index]):
                centres = centres & ~block.masks[name]
            arrays[f"centres/{i}"] = centres
        if rules.unknown_margin_mm is not None:
            (arrays[f"unknown/{i}"],) = region_zones(cached, region.masks, (rules.unknown_margin_mm,), start, size)
    image, moved = cut(block.image, arrays, start, placement, cached.background)

    label = torch.zeros(len(plan.channels), *placement.size, dtype=torch.bool)
    known = torch.zeros_like(label)
    for index, channel in channels.items():
        known[index] = channel.status is not ChannelStatus.UNKNOWN
        if channel.status is ChannelStatus.MASKED:
            label[index] = moved[f"mask/{plan.channels[index].name}"]
    regions: list[RegionTarget] = []
    for i, (index, region) in enumerate(reported):
        taught = not rules.one_region or region is made_for
        if rules.unknown_margin_mm is not None or not taught:
            known[index] &= ~moved.get(f"unknown/{i}", moved[f"zone/{i}"])
        if taught and bool(moved[f"zone/{i}"].any()):
            target = _crop_region(index, region, moved[f"zone/{i}"], cached, plan, placement, rules)
            regions.append(replace(target, centres=moved[f"centres/{i}"]))
    return Sample(cached.case_id, image, label, known, tuple(regions), cached.spacing_mm, placement)


def _zones(
    region: ReportedRegion, margin: Mask, case: CachedCase, plan: Plan, start: Index3, size: Index3
) -> tuple[Mask, Mask]:
    """Where a region's lesions may lie in a block, and where their centres may: half as far out, or in the margin."""
    reach_mm = lesions_reach_mm(region)
    if reach_mm <= plan.margin_mm:
        return margin, margin
    zone, inner = region_zones(case, region.masks, (reach_mm, reach_mm / 2), start, size)
    return zone | margin, inner | margin


def _masks_of_others(region: ReportedRegion, channel: ChannelTarget) -> set[str]:
    """Where the report puts other lesions of the organ: a lesion centred there is not one of this region."""
    return {name for other in channel.regions for name in other.masks} - set(region.masks)


def trains_on(region: ReportedRegion, case: CachedCase, rules: CropRules, plan: Plan) -> str | None:
    """Why no crop of the case can train on a region, or None when crops can."""
    if not rules.presence_targets and not all(lesion.sized for lesion in region.lesions):
        return "lesion without a size (presence targets are off)"
    if region.volume_lo_mm3 <= 0:
        return "no lower bound"
    if region_scale(region, case, rules, plan) < rules.smallest_scale:
        return "region larger than the patch (raise patch_size or lower smallest_scale)"
    return None


def region_scale(region: ReportedRegion, case: CachedCase, rules: CropRules, plan: Plan) -> float:
    """The scale, at most 1, at which a crop holds a region and what its lesions reach beyond it."""
    return fitting_scale(*_reached_box(region, case, plan, rules), rules.size)


def lesions_reach_mm(region: ReportedRegion) -> float:
    """How far beyond a region its lesions can reach, in mm, judged by their sizes."""
    return max((_lesion_reach_mm(lesion) for lesion in region.lesions), default=0.0)


def _lesion_reach_mm(lesion: ReportedLesion) -> float:
    if lesion.diameters_mm:
        return REACH * max(lesion.diameters_mm)
    return (3 * lesion.volume_lo_mm3 / (4 * math.pi)) ** (1 / 3)


def _channels(case: TrainingCase, plan: Plan, with_reports: bool) -> Mapping[int, ChannelTarget]:
    """Channel index → target; without reports, what no lesion mask says is unknown."""
    found = {}
    for index, channel in enumerate(plan.channels):
        target = case.targets.channels.get(channel.organ)
        by_mask = channel.name in case.cached.masks
        if target is None or (not with_reports and not by_mask):
            target = ChannelTarget(channel.organ, ChannelStatus.UNKNOWN, reason="not asked for")
        found[index] = target
    return found


def _crop_region(
    index: int,
    region: ReportedRegion,
    mask: Tensor,
    case: CachedCase,
    plan: Plan,
    placement: Placement,
    rules: CropRules,
) -> RegionTarget:
    growth = placement.transform.scale**3
    low, high = _reached_box(region, case, plan, rules)
    usable = rules.presence_targets or all(lesion.sized for lesion in region.lesions)
    capacity_mm3 = float(mask.sum()) * float(np.prod(case.spacing_mm))
    lo, hi = region.volume_lo_mm3 * growth, _or_open(region.volume_hi_mm3) * growth
    if not usable:
        lo, hi = 0.0, math.inf
    if not usable or not placement.contains(low, high) or lo > FILLED * capacity_mm3:
        return RegionTarget(index, mask, 0.0, hi, (), background_known=False, weight=region.weight)
    lesions = tuple(_lesion(lesion, placement.transform.scale) for lesion in region.lesions)
    return RegionTarget(index, mask, lo, hi, lesions, background_known=region.background_known, weight=region.weight)


def _lesion(lesion: ReportedLesion, scale: float) -> Lesion:
    if lesion.sized and lesion.volume_mm3:
        return Lesion(max(lesion.diameters_mm) * scale, lesion.volume_mm3 * scale**3)
    return Lesion.unsized()


def _or_open(volume_hi_mm3: float | None) -> float:
    return math.inf if volume_hi_mm3 is None else volume_hi_mm3


def _reached_box(
    region: ReportedRegion, case: CachedCase, plan: Plan, rules: CropRules, roomy: bool = False
) -> tuple[npt.NDArray, npt.NDArray]:
    """Voxel edges of the region's bounding box grown by its lesions' reach, cut off at the volume's faces.

    At most by the margin; `roomy` by all of the reach, and the margin beyond. The box alone where `rules.search` does
    not ask what lesions reach.
    """
    start, stop = case.box(region.masks)
    reach_mm = lesions_reach_mm(region)
    reach_mm = reach_mm + plan.margin_mm if roomy else min(reach_mm, plan.margin_mm)
    if rules.search == "margin":
        reach_mm = 0.0
    reach = reach_mm / np.asarray(case.spacing_mm)
    low = np.maximum(np.asarray(start) - reach, 0) - 0.5
    high = np.minimum(np.asarray(stop) + reach, case.shape) - 0.5
    return low, high


def _wanted(
    channels: Mapping[int, ChannelTarget], plan: Plan, of_report: bool, organ: str | None
) -> Mapping[int, ChannelTarget]:
    """The channels that a crop is placed for: of masks or of reports, of one organ or of all; all where none is so."""
    if not of_report:
        by_mask = {i: c for i, c in channels.items() if c.status is not ChannelStatus.REPORT}
        channels = by_mask or channels
    mine = {i: c for i, c in channels.items() if plan.channels[i].organ == organ}
    return mine or channels


def _choose(
    case: TrainingCase,
    channels: Mapping[int, ChannelTarget],
    plan: Plan,
    rules: CropRules,
    transform: Transform,
    rng: np.random.Generator,
) -> tuple[Placement, ReportedRegion | None]:
    """A placement: around a region, which is returned too, on a lesion, on an organ, or anywhere."""
    regions = [
        region
        for channel in channels.values()
        for region in channel.regions
        if trains_on(region, case.cached, rules, plan) is None
    ]
    if regions and rng.random() < rules.target_share:
        region = regions[int(rng.integers(len(regions)))]
        return _around_region(region, case.cached, plan, rules, transform, rng), region
    lesions = [plan.channels[i].name for i, c in channels.items() if c.status is ChannelStatus.MASKED]
    organs = [name for i, c in channels.items() for name in _organ_masks(case.cached, c.organ)]
    at, choice = rng.uniform(0.15, 0.85, 3) * np.asarray(rules.size), rng.random()
    if lesions and choice < rules.lesion_share:
        point = _random_point(case.cached, lesions[int(rng.integers(len(lesions)))], rng)
    elif organs and choice < rules.lesion_share + rules.organ_share:
        point = _random_point(case.cached, organs[int(rng.integers(len(organs)))], rng)
    else:
        point = rng.uniform(0, 1, 3) * np.asarray(case.cached.shape)
    return keep_inside(place_at(point, rules.size, transform, at), case.cached.shape), None


def _around_region(
    region: ReportedRegion,
    case: CachedCase,
    plan: Plan,
    rules: CropRules,
    transform: Transform,
    rng: np.random.Generator,
) -> Placement:
    """A crop that holds the region: with its whole margin if it can; unturned, then scaled down, if it must."""
    u = rng.uniform(0, 1, 3)
    needed = _reached_box(region, case, plan, rules)
    roomy = _reached_box(region, case, plan, rules, roomy=True)
    upright = Transform.identity(transform.flips)
    scale = fitting_scale(*needed, rules.size)
    if scale < 1:
        upright = Transform.similarity(np.zeros(3), scale, case.spacing_mm, transform.flips)
    for turned in (transform, upright):
        for low, high in (roomy, needed):
            placement = place_around(low, high, rules.size, turned, u)
            if placement is not None:
                inside = keep_inside(placement, case.shape)
                return inside if inside.contains(*needed) else placement
    raise AssertionError("trains_on keeps regions that no crop can hold away from here")


def _organ_masks(case: CachedCase, organ: str) -> list[str]:
    region = resolve_region(load_anatomy(), organ, None, (), case.masks.keys())
    return sorted(region.masks) if region else []


def _random_point(case: CachedCase, name: str, rng: np.random.Generator) -> npt.NDArray:
    points = case.points([name])
    return np.asarray(points[int(rng.integers(len(points)))], float)
