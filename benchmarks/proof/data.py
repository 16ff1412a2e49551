"""The proof's synthetic patients and their reports, in databases that the arms are trained from."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from reportsup.pipelines.demo.reports import write_reports
from reportsup.schemas.atomic import write_text
from reportsup.segmentation.synthetic import (
    MAX_LESIONS,
    DatasetCase,
    DatasetSize,
    LesionRecord,
    plan_dataset,
    write_dataset,
)

ORGANS = ("liver", "kidney", "pancreas")
SMALLEST_MM = 6.0
FULL = DatasetSize(masked=8, reported=200, validation=80, test=208, external=208)
TINY = DatasetSize(masked=8, reported=16, validation=12, test=12, external=12)
WRONG_SHARE = 0.3
# As the product reads the reports; as a reader who errs nowhere annotates them; and that of wrong reports.
AS_READ, ANNOTATED, WRONG = "reports", "annotated reports", "wrong reports"
DATABASES = (AS_READ, ANNOTATED, WRONG)
SIZE_ERROR = 2.0  # 2 cm become 1 or 4
ERRORS = ("size", "place", "count", "missed")


def make_data(work: Path, size: DatasetSize, *, workers: int = 1) -> dict[str, int]:
    """Write patients, reports and databases that are missing; "role, organ" → lesions.

    In `WRONG` the reports of the training cases that have no masks are wrong in `WRONG_SHARE` of those with lesions:
    sizes, sides, counts or missed lesions. Volumes and masks are the same.
    """
    cases_at = work / "dataset"
    missing = [name for name in DATABASES if not _mark(work, name).exists()]
    if not missing:
        return _counts(read_cases(work, size))
    if not (cases_at / "lesions.json").exists():  # written last
        write_dataset(cases_at, size=size, seed=0, organs=ORGANS, smallest_mm=SMALLEST_MM, workers=workers)
    cases = read_cases(work, size)
    for name in missing:
        folder = work / name
        folder.mkdir(exist_ok=True)
        told = [misreport(case, i) for i, case in enumerate(cases)] if name == WRONG else cases
        reports = write_reports(folder, told, seed=1)
        _call("extract", reports, "--db", database(work, name))
        if name != AS_READ:
            _call("import", write_annotations(folder), "--reader", "author", "--db", database(work, name))
        _call("index", cases_at / "manifest.csv", "--db", database(work, name))
        _mark(work, name).touch()
    return _counts(cases)


def database(work: Path, name: str) -> Path:
    """The database of that name."""
    return work / f"{name.replace(' ', '_')}.duckdb"


def read_cases(work: Path, size: DatasetSize) -> list[DatasetCase]:
    """The cases as they were written."""
    records = json.loads((work / "dataset" / "lesions.json").read_text(encoding="utf-8"))
    return [
        DatasetCase(plan, tuple(LesionRecord(**record) for record in records[plan.case_id]))
        for plan in plan_dataset(size, seed=0)
    ]


def write_annotations(folder: Path) -> Path:
    """What the reports of a folder say, in gold format, from the truth that was written with them."""
    truth = json.loads((folder / "reports_truth.json").read_text(encoding="utf-8"))
    path = folder / "annotations.jsonl"
    write_text(path, "".join(json.dumps(_annotation(report_id, said)) + "\n" for report_id, said in truth.items()))
    return path


def _annotation(report_id: str, said: dict[str, Any]) -> dict[str, Any]:
    told = {statement["organ"] for statement in said["statements"]}
    return {
        "id": report_id,
        "findings": [_finding(statement, said["lesions"]) for statement in said["statements"]],
        "negative_organs": [organ for organ in ORGANS if organ not in told],
    }


def _finding(statement: dict[str, Any], lesions: list[dict[str, Any]]) -> dict[str, Any]:
    spoken_of = [lesions[i] for i in statement["lesions"]]
    organ, count, sizes_mm = statement["organ"], len(spoken_of), statement["sizes_mm"]
    return {
        "organ": organ,
        "laterality": spoken_of[0]["side"],
        "location": [] if organ == "kidney" else sorted({lesion["location"] for lesion in spoken_of}),
        "type": "unspecified",
        "count": count,
        "count_min": count,
        "sizes_mm": sizes_mm,
        "size_bound": "exact" if sizes_mm else None,
        "prior_sizes_mm": [],
        "certainty": "present",
        "evidence": [statement["text"]],
    }


def misreport(case: DatasetCase, number: int) -> DatasetCase:
    """The case as a report that may be wrong tells it: one error in `WRONG_SHARE` of those that have lesions."""
    rng = np.random.default_rng((7, number))
    if case.plan.role != "reported" or not case.lesions or rng.random() >= WRONG_SHARE:
        return case
    error = str(rng.choice(ERRORS if len(case.lesions) < MAX_LESIONS else ERRORS[:2]))
    largest = max(case.lesions, key=lambda lesion: lesion.volume_mm3)
    others = tuple(lesion for lesion in case.lesions if lesion is not largest)
    if error == "size":
        factor = SIZE_ERROR if rng.random() < 0.5 else 1 / SIZE_ERROR
        return replace(case, lesions=tuple(_scaled(lesion, factor) for lesion in case.lesions))
    if error == "place":
        return replace(case, lesions=(*others, _elsewhere(largest, rng)))
    return replace(case, lesions=(*others, largest, largest) if error == "count" else others)


def _scaled(lesion: LesionRecord, factor: float) -> LesionRecord:
    first, second, third = (diameter_mm * factor for diameter_mm in lesion.diameters_mm)
    return replace(lesion, diameters_mm=(first, second, third), volume_mm3=lesion.volume_mm3 * factor**3)


def _elsewhere(lesion: LesionRecord, rng: np.random.Generator) -> LesionRecord:
    """The other kidney, another segment or part."""
    if lesion.side:
        return replace(lesion, side="left" if lesion.side == "right" else "right")
    places = [f"segment {n}" for n in range(1, 9)] if lesion.organ == "liver" else ["head", "body", "tail"]
    return replace(lesion, location=str(rng.choice([place for place in places if place != lesion.location])))


def _counts(cases: list[DatasetCase]) -> dict[str, int]:
    lesions = Counter(f"{case.plan.role}, {lesion.organ}" for case in cases for lesion in case.lesions)
    return dict(sorted(lesions.items()))


def _mark(work: Path, name: str) -> Path:
    return database(work, name).with_suffix(".done")


def _call(*arguments: object) -> None:
    """One `reportsup` command."""
    subprocess.run([sys.executable, "-m", "reportsup.pipelines.cli", *map(str, arguments)], check=True)
