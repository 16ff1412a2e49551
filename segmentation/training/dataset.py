"""The training set: pools of cases, crops by (stage, step, slot), batches for the losses."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ...schemas.errors import ConfigError
from ..lesion_targets import LesionTargets
from ..preprocessing.plan import Plan
from ..targets import ChannelStatus, ReportedRegion
from .augmentation import SpatialAugmentation
from .config import TrainingConfig
from .crops import CropRules, Sample, TrainingCase, make_sample, region_scale, trains_on
from .sampling import Pool, Sampler, rank_slots
from .teaching import NOTHING_KNOWN, REPORTS_OFF

PREFETCHED = 4  # batches of each worker: a run of costly crops does not stop the device


@dataclass(frozen=True)
class Batch:
    """What one step of one device trains on.

    Attributes:
        image: float32 (B, 1, X, Y, Z); label: bool (B, C, X, Y, Z); known: bool (B, C, X, Y, Z).
        targets: what the reports say of the crops.
        of_report: for each crop, whether it was made for a report.
    """

    case_ids: tuple[str, ...]
    image: Tensor
    label: Tensor
    known: Tensor
    targets: LesionTargets
    of_report: tuple[bool, ...] = ()

    def to(self, device: torch.device, memory_format: torch.memory_format = torch.contiguous_format) -> Self:
        """The batch on a device, its images in the memory layout that suits it."""
        return replace(
            self,
            image=self.image.to(device, non_blocking=True, memory_format=memory_format),
            label=self.label.to(device, non_blocking=True),
            known=self.known.to(device, non_blocking=True),
            targets=self.targets.to(device, non_blocking=True),
        )

    def pin_memory(self) -> Self:
        """The batch in pinned memory."""
        return replace(
            self,
            image=self.image.pin_memory(),
            label=self.label.pin_memory(),
            known=self.known.pin_memory(),
            targets=self.targets.pin_memory(),
        )


@dataclass(frozen=True)
class TrainingPools:
    """Training cases by what they teach, and why the rest is left out.

    Attributes:
        unused: case_id → reason, for cases that no stage draws.
        regions: (organ, how it is trained on or why it is not) → number of the reports' regions.
        smallest_scale: of the crops that hold these regions; 1 where the patch is large enough for all.
    """

    masks: Pool
    reports: Pool
    unused: dict[str, str]
    regions: dict[tuple[str, str], int]
    smallest_scale: float = 1.0


def sort_cases(cases: Mapping[str, TrainingCase], plan: Plan, rules: CropRules, use_reports: bool) -> TrainingPools:
    """The pools of the training cases.

    A case with any lesion mask (empty ones count) is a mask case; one whose report describes lesions of an organ
    without a mask is a report case; it may be both, and each of its draws says which.
    """
    groups: dict[str, list[str]] = {"mask+": [], "mask-": [], "report+": [], "report-": []}
    unused: dict[str, str] = {}
    regions: Counter[tuple[str, str]] = Counter()
    smallest_scale = 1.0
    for case_id, case in cases.items():
        uses = _region_uses(case, plan, rules)
        regions.update((use.organ, use.reason or use.how) for use in uses)
        kind = _kind(case, plan, rules, uses)
        if kind in groups and (use_reports or kind.startswith("mask")):
            groups[kind].append(case_id)
        else:
            unused[case_id] = REPORTS_OFF if kind in groups else kind
        if use_reports and kind.startswith("mask") and any(use.reason is None for use in uses):
            groups["report+"].append(case_id)
        if use_reports and kind in groups:
            smallest_scale = min([smallest_scale, *(use.scale for use in uses if use.reason is None)])
    masks = _pool(groups["mask+"], groups["mask-"], cases, plan, ChannelStatus.MASKED)
    reports = _pool(groups["report+"], groups["report-"], cases, plan, ChannelStatus.REPORT)
    return TrainingPools(masks, reports, unused, dict(regions), smallest_scale)


def _pool(
    positive: list[str], negative: list[str], cases: Mapping[str, TrainingCase], plan: Plan, status: ChannelStatus
) -> Pool:
    by_organ: dict[str, tuple[str, ...]] = {}
    for organ in (channel.organ for channel in plan.channels):
        channels = {case_id: cases[case_id].targets.channels.get(organ) for case_id in positive}
        by_organ[organ] = tuple(
            i for i, channel in channels.items() if channel is not None and channel.status is status
        )
    return Pool(tuple(positive), tuple(negative), by_organ)


@dataclass(frozen=True)
class _RegionUse:
    """A region of a report: at which scale crops hold it, and why none is trained on (None = they are)."""

    organ: str
    scale: float
    reason: str | None

    @property
    def how(self) -> str:
        return "trained on" if self.scale == 1 else "trained on, scaled down to the patch"


def _region_uses(case: TrainingCase, plan: Plan, rules: CropRules) -> list[_RegionUse]:
    targets = [t for channel in plan.channels if (t := case.targets.channels.get(channel.organ))]
    return [_region_use(target.organ, region, case, plan, rules) for target in targets for region in target.regions]


def _region_use(organ: str, region: ReportedRegion, case: TrainingCase, plan: Plan, rules: CropRules) -> _RegionUse:
    reason = trains_on(region, case.cached, rules, plan)
    scale = region_scale(region, case.cached, rules, plan) if reason is None else 1.0  # no mask in the cache: no scale
    return _RegionUse(organ, scale, reason)


def _kind(case: TrainingCase, plan: Plan, rules: CropRules, uses: Sequence[_RegionUse]) -> str:
    """mask+, mask-, report+, report-, or why the case teaches nothing."""
    targets = {c.name: t for c in plan.channels if (t := case.targets.channels.get(c.organ)) is not None}
    statuses = {target.status for target in targets.values()}
    lesions = [lesion for target in targets.values() for region in target.regions for lesion in region.lesions]
    if any(name in case.cached.masks for name in targets):
        return "mask+" if ChannelStatus.MASKED in statuses else "mask-"
    if not rules.presence_targets and not all(lesion.sized for lesion in lesions):
        return "a lesion without a size (presence targets are off)"
    if any(use.reason is None for use in uses):
        return "report+"
    if ChannelStatus.KNOWN_ABSENT in statuses:
        return "report-"
    return "no region of its report can be trained on" if ChannelStatus.REPORT in statuses else NOTHING_KNOWN


def make_samplers(pools: TrainingPools, config: TrainingConfig) -> dict[int, Sampler]:
    """Stage → sampler. Stage 1 draws masks alone; without any mask case it draws reports.

    Raises:
        ConfigError: a report share of an organ that is not trained, or of some organs and not of others.
    """
    organs = set(pools.masks.by_organ) | set(pools.reports.by_organ)
    if isinstance(config.report_share, dict) and set(config.report_share) != organs:
        raise ConfigError(
            f"report_share: given for {', '.join(config.report_share)} vs {', '.join(sorted(organs))}. The organs take "
            "turns, so that each needs its share. Name them all, or give one number."
        )
    shared = {
        "batch_size": config.batch_size,
        "report_share": config.report_share,
        "positive_share": config.positive_share,
        "seed": config.seed,
    }
    alone = Pool() if len(pools.masks) else pools.reports
    return {
        1: Sampler(pools.masks, alone, stage=1, **shared),  # type: ignore[arg-type]
        2: Sampler(pools.masks, pools.reports, stage=2, **shared),  # type: ignore[arg-type]
    }


def crop_rules(config: TrainingConfig, plan: Plan) -> CropRules:
    """The rules for crops of a configuration."""
    spatial = None
    if config.augment:
        spatial = SpatialAugmentation() if config.flip else SpatialAugmentation(flip_axes=())
    return CropRules(
        size=plan.patch_size,
        lesion_share=config.lesion_share,
        organ_share=config.organ_share,
        target_share=config.target_share,
        smallest_scale=config.smallest_scale,
        presence_targets=config.presence_targets,
        search=config.search,
        unknown_margin_mm=config.unknown_margin_mm,
        one_region=config.one_region,
        spatial=spatial,
        intensity=config.augment,
    )


def seen_at_scale(rules: CropRules, scale: float) -> CropRules:
    """The rules with every crop's random scale reaching down to `scale`, so that masks teach what it looks like."""
    if rules.spatial is None or scale >= rules.spatial.scale[0]:
        return rules
    return replace(rules, spatial=replace(rules.spatial, scale=(scale, rules.spatial.scale[1])))


class CropDataset(Dataset[Sample]):
    """The crops of one device from one step of a stage to its end; nothing depends on the worker that makes them."""

    def __init__(
        self,
        cases: Mapping[str, TrainingCase],
        plan: Plan,
        rules: CropRules,
        sampler: Sampler,
        steps: range,
        *,
        rank: int = 0,
        world_size: int = 1,
        with_reports: bool = True,
    ) -> None:
        self._with_reports = with_reports
        self._cases, self._plan, self._rules = cases, plan, rules
        self._sampler, self._steps, self._rank, self._world = sampler, steps, rank, world_size
        self.per_step = sampler.batch_size // world_size

    def __len__(self) -> int:
        return len(self._steps) * self.per_step

    def __getitem__(self, index: int) -> Sample:
        step, place = divmod(index, self.per_step)
        slots = rank_slots(self._steps[step], self._sampler.batch_size, self._rank, self._world)
        draw = self._sampler.slot(slots[place])
        case = self._cases[draw.case_id]
        return make_sample(
            case,
            self._plan,
            self._rules,
            seed=draw.seed,
            with_reports=self._with_reports,
            of_report=draw.of_report,
            organ=draw.organ,
        )


def collate(samples: Sequence[Sample]) -> Batch:
    """The batch of some samples."""
    shape = tuple(samples[0].image.shape)
    spacing = torch.tensor([sample.spacing_mm for sample in samples], dtype=torch.float32)
    regions = [list(sample.regions) for sample in samples]
    return Batch(
        case_ids=tuple(sample.case_id for sample in samples),
        image=torch.stack([sample.image for sample in samples])[:, None],
        label=torch.stack([sample.label for sample in samples]),
        known=torch.stack([sample.known for sample in samples]),
        targets=LesionTargets.from_regions(regions, spacing_mm=spacing, shape=(shape[0], shape[1], shape[2])),
        of_report=tuple(sample.of_report for sample in samples),
    )


def batches(dataset: CropDataset, *, workers: int = 0, pin: bool = False) -> Iterator[Batch]:
    """The batches of consecutive steps, made ahead by workers if there are any."""
    yield from DataLoader(
        dataset,
        batch_size=dataset.per_step,
        collate_fn=collate,
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=PREFETCHED if workers else None,
    )
