"""Arms against each other: metrics averaged over seeds, intervals and paired tests by patient.

A resample draws patients and takes all of their organs and all seeds with it. The interval says how far the figure
depends on these patients; how far it depends on the seed is shown by the figures of the single seeds.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from arms import BY_NAME
from numpy.typing import NDArray
from records import read_cases
from reportsup.segmentation.evaluation.lesions import SIZE_LABELS
from reportsup.segmentation.evaluation.statistics import (
    Difference,
    Estimate,
    bootstrap,
    finite,
    paired_bootstrap,
    wilcoxon_signed_rank,
)
from reportsup.segmentation.evaluation.summary import ResultTable

METRICS = ("f1", "auc", "dsc", "froc", "sensitivity", "specificity", "false_positives_per_case")
RESAMPLES, LEVEL, SEED = 1000, 0.95, 0
SHOWN_WITH_80_PERCENT = (1.96 + 0.84) / (2 * 1.96)  # of the interval's width


@dataclass(frozen=True)
class ArmResults:
    """The finished runs of one arm.

    Attributes:
        records: seed → what `runs` wrote of the run.
        cases: seed → file of its test cases.
        tried: settings that validation has chosen among so far.
    """

    name: str
    records: dict[int, dict[str, Any]]
    cases: dict[int, Path]
    tried: int = 0

    @property
    def seeds(self) -> list[int]:
        """Seeds with judged test cases."""
        return sorted(self.cases)


@dataclass(frozen=True)
class Compared:
    """Arm b against arm a in one stratum, by metric.

    Attributes:
        of_seeds: differences b − a of the single seeds.
        smallest_shown: the difference that a two-sided 5 % test finds in 80 % of such test sets.
        wilcoxon_p_dsc: signed-rank test of the DSC per case, mean over seeds.
    """

    differences: dict[str, Difference]
    of_seeds: dict[str, list[float]]
    smallest_shown: dict[str, float | None]
    wilcoxon_p_dsc: float | None
    seeds: list[int]


def read_arms(results: Path) -> dict[str, ArmResults]:
    """Name → arm, of those with at least one judged run."""
    arms: dict[str, ArmResults] = {}
    for path in sorted(results.glob("*, seed *.json")):
        cases = results / "cases" / path.name
        if not cases.exists():
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        choices = BY_NAME[record["arm"]]
        tried = len(list(results.glob(f"{choices.like or choices.name}, rate *, seed 0.json")))
        arm = arms.setdefault(record["arm"], ArmResults(record["arm"], {}, {}, tried))
        arm.records[record["seed"]] = record
        arm.cases[record["seed"]] = cases
    return arms


def figures_of(arm: ArmResults, organ: str | None, site: str | None) -> tuple[dict[str, Estimate], dict[int, Any]]:
    """Metric → estimate over the arm's seeds, and seed → the metrics of that seed."""
    tables = [table(arm.cases[seed], organ, site) for seed in arm.seeds]
    options = {"n_resamples": RESAMPLES, "level": LEVEL, "seed": SEED}
    everything = np.arange(len(tables[0].patient))
    of_seeds = {seed: t.metrics(everything) for seed, t in zip(arm.seeds, tables, strict=True)}
    return bootstrap(partial(_mean, tables), tables[0].patient, **options), of_seeds


def by_size(arm: ArmResults, organ: str | None) -> dict[str, tuple[int, Estimate]]:
    """Size → (lesions, share of them found, mean over seeds)."""
    tables = [table(arm.cases[seed], organ, None) for seed in arm.seeds]

    def found(rows: np.ndarray) -> dict[str, float]:
        values = [t.sensitivity_by_size(rows) for t in tables]
        return {key: float(np.mean([v[key] for v in values])) for key in values[0] if key.startswith("lesion")}

    estimates = bootstrap(found, tables[0].patient, n_resamples=RESAMPLES, level=LEVEL, seed=SEED)
    counts = tables[0].lesions.sum(0)
    return {label: (int(counts[i]), estimates[f"lesion {i}"]) for i, label in enumerate(SIZE_LABELS)}


def compare(a: ArmResults, b: ArmResults, organ: str | None, site: str | None) -> Compared:
    """Arm b minus arm a, on the seeds that both have."""
    seeds = sorted(set(a.seeds) & set(b.seeds))
    ours, theirs = ([table(arm.cases[seed], organ, site) for seed in seeds] for arm in (a, b))
    everything = np.arange(len(ours[0].patient))
    differences = paired_bootstrap(
        partial(_mean, ours), partial(_mean, theirs), ours[0].patient, n_resamples=RESAMPLES, level=LEVEL, seed=SEED
    )
    pairs = [(x.metrics(everything), y.metrics(everything)) for x, y in zip(ours, theirs, strict=True)]
    dsc = [np.mean([t.dsc for t in tables], axis=0) for tables in (ours, theirs)]
    drawn = ~np.isnan(dsc[0])
    return Compared(
        differences,
        {name: [y[name] - x[name] for x, y in pairs] for name in METRICS},
        {name: _smallest_shown(differences[name]) for name in METRICS},
        wilcoxon_signed_rank(dsc[0][drawn], dsc[1][drawn]) if drawn.any() else None,
        seeds,
    )


class Table(ResultTable):
    """Remembers the figures of rows: every comparison of a run draws the same patients."""

    def metrics(self, rows: NDArray[np.intp]) -> dict[str, float]:
        """As of any table."""
        known: dict[bytes, dict[str, float]] = self.__dict__.setdefault("_known", {})
        key = blake2b(rows.tobytes(), digest_size=16).digest()
        if key not in known:
            known[key] = super().metrics(rows)
        return known[key]


@lru_cache(maxsize=256)
def table(path: Path, organ: str | None, site: str | None) -> Table:
    """The rows of one organ and site as arrays; None = all."""
    rows, points = read_cases(path)
    return Table([r for r in rows if organ in (None, r.organ) and site in (None, r.site)], points)


def _mean(tables: Sequence[ResultTable], rows: np.ndarray) -> dict[str, float]:
    values = [t.metrics(rows) for t in tables]
    return {name: float(np.mean([v[name] for v in values])) for name in METRICS}


def _smallest_shown(difference: Difference) -> float | None:
    if difference.lo is None or difference.hi is None:
        return None
    return finite((difference.hi - difference.lo) * SHOWN_WITH_80_PERCENT)
