"""The operating points that `evaluate` chose on validation cases, kept in the run folder for `predict`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...schemas.atomic import write_text
from ..evaluation.patients import OperatingPoint
from ..evaluation.records import EvaluationSettings

FILE = "operating_points.json"


def write_operating_points(
    run: Path, step: int, settings: EvaluationSettings, points: Mapping[str, OperatingPoint]
) -> None:
    """Keep the points that validation cases chose, with the weights' step and the component size they hold for."""
    chosen = {organ: point.threshold for organ, point in points.items() if point.source == "validation"}
    if settings.score == "probability" and chosen:
        record = {"step": step, "min_component_mm3": settings.min_component_mm3, "thresholds": chosen}
        write_text(run / FILE, json.dumps(record, indent=1) + "\n")


def choose_thresholds(
    run: Path, step: int, organs: list[str], given: float | None, min_component_mm3: float
) -> tuple[dict[str, float], str]:
    """Organ → probability from which a voxel is lesion, and a line that says where the values come from.

    Args:
        step: of the weights that predict; points chosen with others do not count.
        given: the user's own threshold for all organs.
    """
    if given is not None:
        return dict.fromkeys(organs, given), f"threshold {given:g}, as given"
    record = _read(run)
    if record is None or record.get("step") != step:
        why = "no operating point in the run folder" if record is None else "its operating points are of other weights"
        return dict.fromkeys(organs, 0.5), f"threshold 0.5: {why}. `reportsup evaluate {run}` chooses one on validation"
    thresholds = {organ: float(record["thresholds"].get(organ, 0.5)) for organ in organs}
    words = ", ".join(
        f"{organ} {value:.3g}" + ("" if organ in record["thresholds"] else " (none chosen)")
        for organ, value in thresholds.items()
    )
    line = f"thresholds chosen on validation: {words}"
    if record["min_component_mm3"] != min_component_mm3:
        line += f"; chosen for lesions from {record['min_component_mm3']:g} mm³, used from {min_component_mm3:g}"
    return thresholds, line


def _read(run: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((run / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
