"""What a run found in each test case, in files small enough to be committed: a row for each case and organ."""

import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from reportsup.schemas.atomic import write_text
from reportsup.segmentation.evaluation import Evaluation
from reportsup.segmentation.evaluation.patients import OperatingPoint
from reportsup.segmentation.evaluation.records import ChannelResult

DIGITS = 7
# What most rows say, left out of the file.
_USUAL: dict[str, Any] = {
    "split": "test", "predicted_diameters_mm": [], "present": False, "predicted_volume_mm3": 0.0,
    "truth_volume_mm3": 0.0, "dsc": None, "nsd": None, "hd95_mm": None,
    "lesions": [], "false_positive_diameters_mm": [], "largest_diameter_mm": None, "reported": None,
}  # fmt: skip
_ROWS = TypeAdapter(tuple[ChannelResult, ...])
_POINTS = TypeAdapter(dict[str, OperatingPoint])


def write_cases(path: Path, evaluation: Evaluation) -> None:
    """Write the test cases of an evaluation, a line for each case and organ."""
    rows = ",\n".join(
        json.dumps(_short(row), separators=(",", ":"))
        for row in _ROWS.dump_python(evaluation.test_results, mode="json")
    )
    points = {organ: asdict(point) for organ, point in evaluation.operating_points.items()}
    write_text(path, f'{{"operating_points": {json.dumps(points)},\n"rows": [\n{rows}\n]}}\n')


def read_cases(path: Path) -> tuple[tuple[ChannelResult, ...], dict[str, OperatingPoint]]:
    """The rows, ordered by case and organ, and the operating points of a file written by `write_cases`."""
    document = json.loads(path.read_text(encoding="utf-8"))
    rows = _ROWS.validate_python([_long(row) for row in document["rows"]])
    points = _POINTS.validate_python(document["operating_points"])
    return tuple(sorted(rows, key=lambda row: (row.case_id, row.organ))), points


def _short(row: dict[str, Any]) -> dict[str, Any]:
    row["reported"] = None  # what the reports of the test cases say is half of the file and in none of the tables
    detections = row["detections"]
    if detections is not None:
        row["detections"] = {name: _runs(counts) for name, counts in detections.items()}
    return {key: _rounded(value) for key, value in row.items() if key not in _USUAL or value != _USUAL[key]}


def _long(row: dict[str, Any]) -> dict[str, Any]:
    row = {**_USUAL, **row}
    detections = row["detections"]
    if detections is not None:
        row["detections"] = {name: [v for v, n in runs for _ in range(n)] for name, runs in detections.items()}
    return row


def _runs(counts: list[int]) -> list[list[int]]:
    """Equal neighbours as [value, how many]: counts over thresholds hardly change.

    >>> _runs([3, 3, 0])
    [[3, 2], [0, 1]]
    """
    return [[value, len(list(group))] for value, group in groupby(counts)]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS) if abs(value) < 1 else round(value, 2)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
