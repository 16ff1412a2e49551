"""Annotations of Label Studio's JSON export as gold records (docs/reference/gold_format.md).

Of several annotations of a task the latest counts; cancelled ones and predictions do not. Regions that relations join
are one finding, whose fields may stand in any of them.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...schemas import InputError
from ...schemas.json_text import parse_json
from .label_studio import CHOICES, LABELS, NEGATIVES, NUMBERS, SIZES

_BETWEEN_DIAMETERS = re.compile(r"\s*(?:[x×*]|by)\s*", re.I)
_GOLD_NAMES = {"lesion_type": "type"}


def annotated_records(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """(number of the task, gold record) of every task that a person annotated.

    What a region says that cannot be read is kept in the record as it stands, so that the import rejects the task with
    its reason.

    Raises:
        InputError: the file is no JSON export of Label Studio, or a task lacks the report's id.
    """
    found = []
    for number, task in enumerate(_tasks(path), start=1):
        annotations = [a for a in task.get("annotations") or () if not a.get("was_cancelled")]
        if not annotations:
            continue
        latest = max(annotations, key=lambda a: str(a.get("updated_at") or a.get("created_at") or ""))
        report_id = (task.get("data") or {}).get("report_id")
        if not isinstance(report_id, (str, int)):
            raise InputError(
                f"import: task {number} of {path.name} has no data.report_id, so its report is not known. Nothing was "
                "imported. Label tasks that `reportsup export OUT --format label-studio` wrote."
            )
        found.append((number, gold_record(str(report_id), latest.get("result") or [])))
    return found


def gold_record(report_id: str, results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One annotation as a gold record."""
    regions: dict[str, dict[str, Any]] = {}
    groups = _Groups()
    negatives: list[str] = []
    for result in results:
        if result.get("type") == "relation":
            groups.join(str(result.get("from_id")), str(result.get("to_id")))
        elif result.get("from_name") == NEGATIVES:
            negatives += result["value"].get("choices", [])
        else:
            regions.setdefault(str(result.get("id")), {})[str(result.get("from_name"))] = result.get("value") or {}
    together: dict[str, list[str]] = {}
    for identity, fields in regions.items():
        if LABELS in fields:
            together.setdefault(groups.of(identity), []).append(identity)
    findings = [_finding([(i, regions[i]) for i in ids]) for ids in together.values()]
    return {"id": report_id, "findings": findings, "negative_organs": negatives}


def _finding(regions: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    regions = sorted(regions, key=lambda region: region[1][LABELS].get("start", 0))
    organs = sorted({label for _, fields in regions for label in fields[LABELS].get("labels", [])})
    named = [i for i, _ in regions if "." not in i]
    finding: dict[str, Any] = {
        "organ": organs[0] if len(organs) == 1 else " and ".join(organs),
        "evidence": [fields[LABELS].get("text", "") for _, fields in regions],
        "spans": [[fields[LABELS].get("start", 0), fields[LABELS].get("end", 0)] for _, fields in regions],
    }
    if named:
        finding["finding_id"] = named[0]
    for _, fields in regions:
        for name, value in fields.items():
            if name != LABELS:
                finding[_GOLD_NAMES.get(name, name)] = _value(name, value)
    return finding


def _value(name: str, value: dict[str, Any]) -> Any:
    if name in CHOICES:
        return next(iter(value.get("choices", [])), None)
    if name in NUMBERS:
        number = value.get("number")
        return int(number) if isinstance(number, float) and number.is_integer() else number
    told = value.get("text", [])
    told = [told] if isinstance(told, str) else list(told)
    if name in SIZES:
        return [_diameters(line) for entry in told for line in re.split(r"[;\n]", entry) if line.strip()]
    return told if name == "location" else next(iter(told), None)


def _diameters(line: str) -> list[Any]:
    """Diameters of "23 x 14", "2,5 mm"; what is no number stays text, which no contract takes."""
    parts = _BETWEEN_DIAMETERS.split(re.sub(r"\s*mm\b", "", line.strip(), flags=re.I))
    try:
        return [float(part.replace(",", ".")) for part in parts]
    except ValueError:
        return list(parts)


def _tasks(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise InputError(f"import: {path} does not exist. Nothing was imported. Name Label Studio's JSON export.")
    try:
        tasks = parse_json(path.read_text(encoding="utf-8-sig"))
    except ValueError:
        tasks = None
    if not isinstance(tasks, list) or not all(isinstance(t, dict) and isinstance(t.get("data"), dict) for t in tasks):
        raise InputError(
            f"import: {path.name} is no JSON list of tasks with their data. Nothing was imported. Export the project "
            'from Label Studio as "JSON" (not JSON-MIN, CSV or CONLL).'
        )
    return tasks


class _Groups:
    """Which regions are one finding."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def of(self, identity: str) -> str:
        while (parent := self._parent.get(identity, identity)) != identity:
            identity = parent
        return identity

    def join(self, a: str, b: str) -> None:
        self._parent[self.of(b)] = self.of(a)
