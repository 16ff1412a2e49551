"""The figures of a prediction, each with its interval: counts are summed over reports, and reports are resampled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gold_set import GoldSet
from .measures import BY_FIELD, EVERY_ORGAN, OF_A_SET, OF_AN_ORGAN, TARGET, Ratio, slots_of, target_organs
from .records import GoldRecord
from .tally import COUNTS, SLOTS, Difference, tally

N_RESAMPLES = 2000
LEVEL = 0.95
# Samples of fewer reports than these vary too little to tell how sure a share is.
MIN_REPORTS_FOR_INTERVAL = 10
_SHOWN_COUNTS = tuple(name for name in COUNTS if name not in ("reports", "reports_right"))
Counts = NDArray[np.int64]  # (reports, SLOTS, COUNTS)


@dataclass(frozen=True)
class Figure:
    """A share with its 95 % interval over reports, and of how many; None where there is nothing to count.

    Attributes:
        lo, hi: None also where fewer than ten reports have anything to count.
        n: the denominator; that of an F1 is annotated plus predicted.
    """

    value: float | None
    lo: float | None
    hi: float | None
    n: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON, four decimals."""
        shares = {"value": self.value, "lo": self.lo, "hi": self.hi}
        return {**{name: None if v is None else round(v, 4) for name, v in shares.items()}, "n": self.n}


Figures = dict[str, Figure]


@dataclass(frozen=True)
class Score:
    """All figures of one prediction.

    Attributes:
        figures: of the whole set: `target.*`, `joint.*`, `rows_right`, `presence.*`, `sizes.*` and `negatives.*` over
            the target organs, `findings.*` and `evidence_verbatim` over all.
        by_field: share of matched findings whose field is right.
        counts: annotated, predicted and matched findings, and the like, by scope or organ.
    """

    reports: int
    figures: Figures
    by_field: Figures
    by_organ: dict[str, Figures]
    by_source: dict[str, Figures]
    counts: dict[str, dict[str, int]]
    differences: list[Difference] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the differences hold quotes of reports and are left out."""
        return {
            "reports": self.reports,
            "figures": _as_dicts(self.figures),
            "by_field": _as_dicts(self.by_field),
            "by_organ": {organ: _as_dicts(figures) for organ, figures in self.by_organ.items()},
            "by_source": {source: _as_dicts(figures) for source, figures in self.by_source.items()},
            "counts": self.counts,
        }


def score(
    gold: GoldSet, predicted: Mapping[str, GoldRecord], *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Score:
    """The figures of predictions; a report without one counts as a report in which nothing was found.

    Args:
        predicted: by report id.
        n_resamples: bootstrap samples of reports behind each interval. The same seed gives the same interval.
    """
    counts, differences = _counted(gold, predicted)
    sums = _Sums(counts, n_resamples, seed)
    organs = [organ for organ in slots_of(EVERY_ORGAN) if sums.count(organ, "gold") or sums.count(organ, "predicted")]
    return Score(
        reports=len(gold.records),
        figures=_of_a_set(sums),
        by_field=sums.figures(EVERY_ORGAN, BY_FIELD),
        by_organ={organ: sums.figures(organ, OF_AN_ORGAN) for organ in organs},
        by_source={
            source: _of_a_set(_Sums(counts[rows], n_resamples, seed)) for source, rows in _rows_by_source(gold).items()
        },
        counts={
            scope: {name: sums.count(scope, name) for name in _SHOWN_COUNTS} for scope in (TARGET, EVERY_ORGAN, *organs)
        },
        differences=differences,
    )


def _counted(gold: GoldSet, predicted: Mapping[str, GoldRecord]) -> tuple[Counts, list[Difference]]:
    targets = frozenset(target_organs())
    slots, names = ({name: i for i, name in enumerate(axis)} for axis in (SLOTS, COUNTS))
    counts = np.zeros((len(gold.records), len(slots), len(names)), dtype=np.int64)
    differences: list[Difference] = []
    for row, (report_id, record) in enumerate(gold.records.items()):
        found = predicted.get(report_id, GoldRecord(id=report_id, findings=()))
        tallied, differing = tally(record, found, gold.texts.get(report_id), targets)
        for slot, counter in tallied.items():
            for name, n in counter.items():
                counts[row, slots[slot], names[name]] = n
        differences += differing
    return counts, differences


class _Sums:
    """Sums of counts over all reports, and over bootstrap samples of them."""

    def __init__(self, counts: Counts, n_resamples: int, seed: int) -> None:
        n = len(counts)
        # (resamples, reports)
        self._times_drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_resamples)
        self._counts = counts

    def count(self, scope: str, name: str) -> int:
        """One count over all reports."""
        return int(self._counts[:, _slots(scope), COUNTS.index(name)].sum())

    def figures(self, scope: str, ratios: Mapping[str, Ratio]) -> Figures:
        """The ratios over the organs of a scope."""
        of_reports = self._counts[:, _slots(scope)].sum(axis=1)  # (reports, COUNTS)
        return {
            name: self._figure(_added(of_reports, r.numerator), _added(of_reports, r.denominator))
            for name, r in ratios.items()
        }

    def _figure(self, numerators: NDArray[np.int64], denominators: NDArray[np.int64]) -> Figure:
        """A share from its two counts in every report; samples without anything to count are left out."""
        n = int(denominators.sum())
        if n == 0:
            return Figure(None, None, None, 0)
        value = int(numerators.sum()) / n
        if np.count_nonzero(denominators) < MIN_REPORTS_FOR_INTERVAL:
            return Figure(value, None, None, n)
        counted = self._times_drawn @ denominators
        shares = (self._times_drawn @ numerators)[counted > 0] / counted[counted > 0]
        lo, hi = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Figure(value, float(lo), float(hi), n)


def _slots(scope: str) -> list[int]:
    return [SLOTS.index(slot) for slot in slots_of(scope)]


def _added(counts: NDArray[np.int64], names: tuple[str, ...]) -> NDArray[np.int64]:
    return counts[:, [COUNTS.index(name) for name in names]].sum(axis=1)


def _of_a_set(sums: _Sums) -> Figures:
    return {name: figure for scope, ratios in OF_A_SET for name, figure in sums.figures(scope, ratios).items()}


def _rows_by_source(gold: GoldSet) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, report_id in enumerate(gold.records):
        rows.setdefault(gold.sources[report_id], []).append(row)
    return dict(sorted(rows.items()))


def _as_dicts(figures: Figures) -> dict[str, dict[str, Any]]:
    return {name: figure.as_dict() for name, figure in figures.items()}
