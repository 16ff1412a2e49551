"""Predictions and reports side by side in the database: what `audit_prediction_vs_report` compares."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ..evaluation.records import ReportedPlace, ReportedVolume


@dataclass(frozen=True)
class PredictedOrgan:
    """What a run finds in one organ of one case.

    Attributes:
        threshold: probability from which a voxel is lesion.
        volume_mm3: of all lesions together; 0 = none.
        diameters_mm: longest axial diameter of each lesion.
    """

    case_id: str
    organ: str
    threshold: float
    volume_mm3: float
    diameters_mm: tuple[float, ...]


def write_predictions(
    connection: duckdb.DuckDBPyConnection, run: Path, step: int, predicted: Sequence[PredictedOrgan]
) -> None:
    """Store what a run finds; what it found earlier in the same cases and organs is replaced.

    Args:
        step: of training that the run's weights come from.
    """
    name, now = str(run.resolve()), datetime.now(UTC).replace(tzinfo=None)
    keys = [(name, p.case_id, p.organ) for p in predicted]
    rows = [
        (name, step, p.case_id, p.organ, p.threshold, p.volume_mm3, sorted(p.diameters_mm, reverse=True), now)
        for p in predicted
    ]
    if not rows:
        return
    connection.begin()
    try:
        connection.executemany("DELETE FROM predictions WHERE run = ? AND case_id = ? AND organ = ?", keys)
        connection.executemany("INSERT INTO predictions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def read_reported(
    connection: duckdb.DuckDBPyConnection, organs: Sequence[str] | None = None
) -> dict[str, dict[str, ReportedVolume]]:
    """case_id → organ → what its report says, whether or not masks say where; None = every organ."""
    cursor = connection.execute(
        "SELECT case_id, organ, volume_lo_mm3, volume_hi_mm3, estimate_mm3, largest_diameter_mm, n_lesions_min, "
        "n_lesions, coalesce(places, []) FROM v_reported WHERE ? IS NULL OR list_contains(?, organ)",
        [organs, organs],
    )
    reported: dict[str, dict[str, ReportedVolume]] = defaultdict(dict)
    for case_id, organ, lo, hi, estimate, largest, at_least, n, places in cursor.fetchall():
        reported[case_id][organ] = ReportedVolume(lo, hi, estimate, largest, at_least, n, tuple(map(_place, places)))
    return dict(reported)


def _place(place: dict[str, Any]) -> ReportedPlace:
    return ReportedPlace(
        laterality=place["laterality"],
        location=tuple(place["location"]),
        n_lesions_min=place["n_lesions_min"],
        n_lesions=place["n_lesions"],
        sizes_mm=tuple(tuple(size) for size in place["sizes_mm"]),
        possible=place["possible"],
    )
