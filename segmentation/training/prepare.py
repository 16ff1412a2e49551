"""From the database to what `train` takes: targets, plan, cache, training and validation cases."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from ...schemas.anatomy import load_anatomy
from ...schemas.errors import DataError
from ...schemas.failures import Failure
from ..cases import IndexedCase, read_cases
from ..preprocessing import (
    Fingerprint,
    LesionChannel,
    Plan,
    build_cache,
    make_plan,
    plan_channels,
    plan_region_masks,
    take_fingerprint,
)
from ..targets import TargetTable, read_targets
from .config import TrainingConfig
from .crops import TrainingCase
from .trainer import TrainingData

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Prepared:
    """Everything `train` needs, and what a user wants to see of it first.

    Attributes:
        failures: case_id → why its volumes could not be read; such a case is left out.
        n_tiny: lesion mask → lesions too small for the plan's grid, each kept as one voxel.
        unused_masks: drawn lesion mask of an organ that the settings leave out → number of training cases.
    """

    data: TrainingData
    targets: TargetTable
    fingerprint: Fingerprint
    failures: dict[str, Failure]
    n_tiny: dict[str, int]
    unused_masks: dict[str, int] = field(default_factory=dict)


def prepare(
    connection: duckdb.DuckDBPyConnection,
    config: TrainingConfig,
    cache: Path,
    *,
    workers: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> Prepared:
    """Targets, plan and cached cases of the database's splits `train` and `validation`.

    Args:
        cache: folder of caches; one for each plan.
        workers: processes that read volumes.
        progress: called with (what, done, total).

    Raises:
        DataError: no training case.
    """
    indexed = read_cases(connection)
    targets = read_targets(connection, organs=config.organs, unmentioned=config.unmentioned)
    training = _of_split(indexed, "train")
    if not training:
        raise DataError(
            f"training cases: 0 of {len(indexed)} usable cases vs at least one in the split 'train'. There is nothing "
            "to learn. Register volumes with `reportsup index`."
        )
    channels = plan_channels(training, targets)
    masks = plan_region_masks(training, channels)
    failures: dict[str, Failure] = {}
    fingerprint = take_fingerprint(
        training,
        masks,
        workers=workers,
        progress=lambda done, total: progress("fingerprint", done, total),
        failed=failures.__setitem__,
    )
    plan = make_plan(
        fingerprint,
        channels,
        masks,
        spacing_mm=config.spacing_mm,
        patch_size=config.patch_size,
        margin_mm=config.margin_mm,
    )
    readable = [case for case in indexed if case.case_id not in failures]
    prepared = _cached(readable, targets, fingerprint, plan, cache, workers, progress)
    unused = unused_lesion_masks(training, channels)
    return replace(prepared, failures={**failures, **prepared.failures}, unused_masks=unused)


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
    """The usable cases of the database and what is known of them, for prediction and evaluation."""
    return read_cases(connection), read_targets(connection, organs=config.organs, unmentioned=config.unmentioned)


def _cached(
    indexed: list[IndexedCase],
    targets: TargetTable,
    fingerprint: Fingerprint,
    plan: Plan,
    cache: Path,
    workers: int,
    progress: Progress,
) -> Prepared:
    wanted = [case for split in ("train", "validation") for case in _of_split(indexed, split)]
    built = build_cache(
        wanted, plan, cache, workers=workers, progress=lambda done, total: progress("volumes", done, total)
    )
    cases = {
        split: {
            case.case_id: TrainingCase(built.cases[case.case_id], targets.cases[case.case_id])
            for case in _of_split(wanted, split)
            if case.case_id in built.cases and case.case_id in targets.cases
        }
        for split in ("train", "validation")
    }
    data = TrainingData(plan, cases["train"], cases["validation"])
    return Prepared(data, targets, fingerprint, built.failures, built.n_tiny)


def _of_split(cases: list[IndexedCase], split: str) -> list[IndexedCase]:
    return [case if case.split else replace(case, split="train") for case in cases if (case.split or "train") == split]
