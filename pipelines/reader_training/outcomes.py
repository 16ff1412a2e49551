"""What became of every predicted finding: right, an annotated lesion at least, or neither; and how sure it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..scoring import GoldFinding, GoldRecord
from ..scoring.matching import jointly_right, match
from ..scoring.measures import target_organs
from .annotated import AnnotatedSet
from .predictions import Predicted

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Outcomes:
    """Findings in target organs, one element each, and their reports.

    Attributes:
        confidence: of each finding.
        right: 1 where organ, side, all sizes and the count are right at once.
        matched: 1 where it is an annotated lesion, whatever its other fields.
        report: number of its report.
        report_confidence, n_gold, n_found, n_matched, n_right: one a report.
    """

    confidence: Floats
    right: Floats
    matched: Floats
    report: NDArray[np.int64]
    report_confidence: Floats
    n_gold: Floats
    n_found: Floats
    n_matched: Floats
    n_right: Floats


def outcomes(sets: Sequence[AnnotatedSet], predicted: Mapping[str, Predicted]) -> Outcomes:
    """Each predicted finding with what became of it, over all reports of the sets."""
    organs = frozenset(target_organs())
    rows: list[tuple[float, bool, bool, int]] = []
    reports: list[tuple[float, int, int, int, int]] = []
    for number, report in enumerate(r for part in sets for r in part.reports):
        found = predicted[report.record.id]
        mine = [
            (c, right, matched)
            for c, right, matched, finding in zip(
                found.confidences,
                _jointly_right(report.record, found.record),
                _matched(report.record, found.record),
                found.record.findings,
                strict=True,
            )
            if finding.organ in organs
        ]
        rows += [(*row, number) for row in mine]
        n_gold = sum(f.organ in organs for f in report.record.findings)
        reports.append((found.confidence, n_gold, len(mine), sum(m for _, _, m in mine), sum(r for _, r, _ in mine)))
    confidence, right, matched, of = np.array(rows, dtype=float).reshape(-1, 4).T
    return Outcomes(confidence, right, matched, of.astype(int), *np.array(reports, dtype=float).reshape(-1, 5).T)


def _jointly_right(gold: GoldRecord, found: GoldRecord) -> list[bool]:
    left: list[GoldFinding | None] = list(found.findings)
    for finding in gold.findings:
        hit = next((k for k, f in enumerate(left) if f is not None and jointly_right(finding, f)), None)
        if hit is not None:
            left[hit] = None
    return [f is None for f in left]


def _matched(gold: GoldRecord, found: GoldRecord) -> list[bool]:
    hits = {j for _, j in match(gold.findings, found.findings)}
    return [j in hits for j in range(len(found.findings))]
