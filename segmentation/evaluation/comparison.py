"""Two runs on the same cases."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from ...schemas.errors import DataError
from .evaluate import Evaluation, read_json
from .records import ChannelResult
from .statistics import Difference, mcnemar_exact, paired_bootstrap, wilcoxon_signed_rank
from .summary import ResultTable, strata


@dataclass(frozen=True)
class ComparedStratum:
    """Two runs on the cases of one organ and site.

    Attributes:
        metrics: name → difference, names as in `Summary.metrics`.
        mcnemar_p: exact test of patient-level correctness; None when no case has a known truth.
        wilcoxon_p_dsc: signed-rank test of the DSC per case; None without masks.
    """

    organ: str
    site: str
    n_cases: int
    metrics: dict[str, Difference]
    mcnemar_p: float | None
    wilcoxon_p_dsc: float | None


@dataclass(frozen=True)
class Comparison:
    """Run b against run a.

    Attributes:
        n_unpaired: case × organ pairs that only one of the runs has; they are left out.
    """

    name_a: str
    name_b: str
    n_paired: int
    n_unpaired: int
    strata: tuple[ComparedStratum, ...]

    def to_json(self) -> str:
        """The comparison as JSON text."""
        return TypeAdapter(Comparison).dump_json(self, indent=1).decode()

    @classmethod
    def from_json(cls, path: Path) -> "Comparison":
        """A comparison as written by `to_json`."""
        return read_json(cls, path)


def compare(a: Evaluation, b: Evaluation) -> Comparison:
    """Differences b − a per organ and site with paired intervals and tests, on the cases that both runs have.

    Raises:
        DataError: the runs were judged with different settings, share no case, or disagree on the truth.
    """
    if a.settings != b.settings:
        raise DataError(
            f"comparison of {a.name} and {b.name}: different evaluation settings vs equal ones. Differences would come "
            "from the settings. Evaluate both with the same options."
        )
    ours = {(r.case_id, r.organ): r for r in a.test_results}
    theirs = {(r.case_id, r.organ): r for r in b.test_results}
    keys = sorted(ours.keys() & theirs.keys())
    _check_pairs(a, b, [(ours[key], theirs[key]) for key in keys])
    by_key_b = {key: theirs[key] for key in keys}
    return Comparison(
        name_a=a.name,
        name_b=b.name,
        n_paired=len(keys),
        n_unpaired=len(ours.keys() ^ theirs.keys()),
        strata=tuple(
            _compare_stratum(organ, site, rows, [by_key_b[r.case_id, r.organ] for r in rows], a, b)
            for organ, site, rows in strata([ours[key] for key in keys])
        ),
    )


def _check_pairs(a: Evaluation, b: Evaluation, pairs: list[tuple[ChannelResult, ChannelResult]]) -> None:
    if not pairs:
        raise DataError(
            f"comparison of {a.name} and {b.name}: no test case in common vs at least one. "
            "Paired tests need the same cases. Predict both runs on one data set."
        )
    differing = next((x.case_id for x, y in pairs if x.present != y.present), None)
    if differing is not None:
        raise DataError(
            f"comparison of {a.name} and {b.name}: case {differing} holds a lesion in one and none in the other vs one "
            "truth. The reference changed between the two. Evaluate both again."
        )


def _compare_stratum(
    organ: str, site: str, rows_a: list[ChannelResult], rows_b: list[ChannelResult], a: Evaluation, b: Evaluation
) -> ComparedStratum:
    table_a, table_b = ResultTable(rows_a, a.operating_points), ResultTable(rows_b, b.operating_points)
    known = table_a.known
    masked = ~np.isnan(table_a.dsc) & ~np.isnan(table_b.dsc)
    return ComparedStratum(
        organ=organ,
        site=site,
        n_cases=len(rows_a),
        metrics=paired_bootstrap(
            table_a.metrics,
            table_b.metrics,
            table_a.patient,  # patients are numbered per run: run a's numbers serve for both
            n_resamples=a.settings.n_resamples,
            level=a.settings.level,
            seed=a.settings.seed,
        ),
        mcnemar_p=mcnemar_exact((table_a.called == table_a.truth)[known], (table_b.called == table_b.truth)[known])
        if known.any()
        else None,
        wilcoxon_p_dsc=wilcoxon_signed_rank(table_a.dsc[masked], table_b.dsc[masked]) if masked.any() else None,
    )
