"""From the database to what `train` takes: targets, plan, cache, training and validation cases."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from ...schemas.anatomy import load_anatomy
from ...schemas.errors import ConfigError, DataError
from ...schemas.failures import Failure
from ..cases import IndexedCase, read_cases
from ..preprocessing import (
    CachedCase,
    Fingerprint,
    LesionChannel,
    Plan,
    build_cache,
    cached_case,
    make_plan,
    outline_cases,
    plan_channels,
    plan_region_masks,
    stored_fingerprint,
)
from ..targets import TargetTable, read_targets
from .config import TrainingConfig
from .crops import TrainingCase
from .run_folder import RunFolder
from .teaching import why_not
from .trainer import TrainingData

Progress = Callable[[str, int, int], None]


Known = tuple[list[IndexedCase], TargetTable]


@dataclass(frozen=True)
class Prepared:
    """Everything `train` needs, and what a user wants to see of it first.

    Attributes:
        failures: case_id → why its volumes could not be read; such a case is left out.
        n_tiny: lesion mask → lesions too small for the plan's grid, each kept as one voxel.
        unused_masks: drawn lesion mask of an organ that the settings leave out → number of training cases.
        left_out: case_id → why a training case teaches nothing; it was not read.
        n_to_build: cases that a dry run found not to be in the cache.
        n_unmeasured: of these, cases whose reported regions a dry run did not measure.
    """

    data: TrainingData
    targets: TargetTable
    fingerprint: Fingerprint
    failures: dict[str, Failure]
    n_tiny: dict[str, int]
    unused_masks: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    n_to_build: int = 0
    n_unmeasured: int = 0


def prepare(
    known: Known,
    config: TrainingConfig,
    cache: Path,
    *,
    workers: int = 1,
    dry_run: bool = False,
    progress: Progress = lambda what, done, total: None,
) -> Prepared:
    """Plan and cached cases of the splits `train` and `validation`.

    Args:
        known: `case_targets` of a database, which need not stay open.
        cache: folder of caches; one for each grid.
        workers: processes that read volumes.
        dry_run: resample nothing; cases that are not in the cache have no arrays.
        progress: called with (what, done, total).

    Raises:
        DataError: no training case.
        ConfigError: cached volumes that would end nearer to the organs than lesions may reach.
    """
    indexed, targets = known
    training = _of_split(indexed, "train")
    if not training:
        raise DataError(
            f"training cases: 0 of {len(indexed)} usable cases vs at least one in the split 'train'. There is nothing "
            "to learn. Register volumes with `reportsup index`."
        )
    channels = plan_channels(training, targets)
    masks = plan_region_masks(training, channels)
    organs = [channel.organ for channel in channels]
    # Reports or not, the plan is the same: arms that differ in them start from one another and compare.
    teaching = [case for case in training if why_not(case, targets.cases.get(case.case_id), organs, True) is None]
    failures: dict[str, Failure] = {}
    fingerprint = stored_fingerprint(
        teaching,
        masks,
        cache,
        workers=workers,
        progress=lambda done, total: progress("fingerprint", done, total),
        failed=failures.__setitem__,
    )
    plan = _plan(config, fingerprint, channels, masks)
    reasons = {
        case.case_id: why_not(case, targets.cases.get(case.case_id), organs, config.use_reports) for case in training
    }
    wanted = [case for case in training if reasons[case.case_id] is None]
    wanted += [
        c for c in _of_split(indexed, "validation") if why_not(c, targets.cases.get(c.case_id), organs, True) is None
    ]
    wanted = [case for case in wanted if case.case_id not in failures]
    prepared = (_outlined if dry_run else _cached)(wanted, targets, fingerprint, plan, cache, workers, progress)
    return replace(
        prepared,
        failures={**failures, **prepared.failures},
        unused_masks=unused_lesion_masks(training, channels),
        left_out={case_id: reason for case_id, reason in reasons.items() if reason is not None},
    )


def _plan(
    config: TrainingConfig, fingerprint: Fingerprint, channels: Sequence[LesionChannel], masks: Sequence[str]
) -> Plan:
    """The plan of the data; grid and intensities of the plan that the settings name, if they name one."""
    if config.organ_box_mm is not None and config.organ_box_mm < config.margin_mm:
        raise ConfigError(
            f"organ_box_mm: {config.organ_box_mm:g} vs at least margin_mm, {config.margin_mm:g}. Cached volumes would "
            "end where lesions are searched. Raise it, or leave it out."
        )
    plan = make_plan(
        fingerprint,
        channels,
        masks,
        spacing_mm=config.spacing_mm,
        patch_size=config.patch_size,
        margin_mm=config.margin_mm,
        organ_box_mm=config.organ_box_mm,
    )
    source = config.plan_of
    if source is None and config.initial_run and RunFolder(Path(config.initial_run)).plan.exists():
        source = config.initial_run  # its weights mean something on its grid alone
    if source is None:
        return plan
    before = RunFolder(Path(source)).read_plan()
    kept = {name: getattr(before, name) for name in ("clip_hu", "mean_hu", "std_hu", "image_order")}
    return replace(
        plan,
        **kept,
        spacing_mm=config.spacing_mm or before.spacing_mm,
        patch_size=config.patch_size or before.patch_size,
    )


def unused_lesion_masks(cases: Sequence[IndexedCase], channels: Sequence[LesionChannel]) -> dict[str, int]:
    """Drawn lesion mask of an organ without a channel → number of cases: work of readers that trains nothing."""
    anatomy, trained = load_anatomy(), {channel.organ for channel in channels}
    drawn = Counter(
        name
        for case in cases
        for name, mask in case.masks.items()
        if not mask.empty and (organ := anatomy.lesion_organ(name)) and organ not in trained
    )
    return dict(drawn.most_common())


def case_targets(
    connection: duckdb.DuckDBPyConnection, config: TrainingConfig
) -> tuple[list[IndexedCase], TargetTable]:
    """The usable cases of the database and what is known of them; the database can be closed then."""
    return read_cases(connection), read_targets(connection, organs=config.organs, unmentioned=config.unmentioned)


def _cached(
    wanted: list[IndexedCase],
    targets: TargetTable,
    fingerprint: Fingerprint,
    plan: Plan,
    cache: Path,
    workers: int,
    progress: Progress,
) -> Prepared:
    built = build_cache(
        wanted, plan, cache, workers=workers, progress=lambda done, total: progress("volumes", done, total)
    )
    data = _data(wanted, targets, plan, built.cases)
    return Prepared(data, targets, fingerprint, built.failures, built.n_tiny)


def _outlined(
    wanted: list[IndexedCase],
    targets: TargetTable,
    fingerprint: Fingerprint,
    plan: Plan,
    cache: Path,
    workers: int,
    progress: Progress,
) -> Prepared:
    there = {case.case_id: found for case in wanted if (found := cached_case(case, plan, cache))}
    missing = [case for case in wanted if case.case_id not in there]
    regions = {
        case.case_id: sorted({name for c in known.channels.values() for region in c.regions for name in region.masks})
        for case in missing
        if (known := targets.cases.get(case.case_id)) is not None
    }
    outlined, n_unmeasured = outline_cases(
        missing, plan, regions, workers=workers, progress=lambda done, total: progress("regions", done, total)
    )
    data = _data(wanted, targets, plan, {**there, **outlined})
    return Prepared(data, targets, fingerprint, {}, {}, n_to_build=len(missing), n_unmeasured=n_unmeasured)


def _data(
    wanted: list[IndexedCase], targets: TargetTable, plan: Plan, cached: Mapping[str, CachedCase]
) -> TrainingData:
    cases = {
        split: {
            case.case_id: TrainingCase(cached[case.case_id], targets.cases[case.case_id])
            for case in _of_split(wanted, split)
            if case.case_id in cached and case.case_id in targets.cases
        }
        for split in ("train", "validation")
    }
    return TrainingData(plan, cases["train"], cases["validation"])


def _of_split(cases: list[IndexedCase], split: str) -> list[IndexedCase]:
    return [case if case.split else replace(case, split="train") for case in cases if (case.split or "train") == split]
