"""Annotations in gold format as a run of extractor `reader`, in the same tables as the extractors' own."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..schemas import Extraction, Finding, InputError, Organ, Quarantined
from ..schemas.database import open_database
from .rows import extraction_rows
from .store import ExtractionWriter


@dataclass
class _Reader:
    """A person in an extractor's place."""

    config: dict[str, Any]
    name: str = "reader"
    version: str = "1"


def import_gold(database: Path, path: Path, reader: str) -> dict[str, int]:
    """Store a gold-format file as a run named after its reader.

    Every line needs its report in the database; quotes are looked up in its text. Returns counts by status.

    Raises:
        InputError: the file is missing, a line is no gold record, or a report is not in the database.
    """
    records = _records(path)
    with open_database(database, create=False) as connection:
        file_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        writer = ExtractionWriter(connection, _Reader({"reader": reader, "file_sha256": file_sha256}))
        counts: dict[str, int] = {}
        for number, record in records:
            report = writer.stored_report(str(record["id"]))
            if report is None:
                raise InputError(
                    f"import: {path.name} line {number} names a report that is not in {database} vs an extracted one. "
                    "Its quotes could not be checked. Run `reportsup extract` on its reports first."
                )
            extraction = _extraction(record, report.text)
            counts[extraction.status] = counts.get(extraction.status, 0) + 1
            writer.add(report, extraction_rows(extraction))
        writer.commit()
    return counts


def _records(path: Path) -> list[tuple[int, dict[str, Any]]]:
    if not path.is_file():
        raise InputError(f"import: {path} does not exist vs a gold-format JSONL file. Name the file.")
    out = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            record["id"], record["findings"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(
                f'import: {path.name} line {number} is no gold record vs {{"id", "findings", "negative_organs"}}. '
                "Nothing was imported. See docs/gold_format.md."
            ) from error
        out.append((number, record))
    return out


def _extraction(record: dict[str, Any], text: str) -> Extraction:
    findings, quarantined = [], []
    for row in record["findings"]:
        data = _finding_data(row, text)
        try:
            findings.append(Finding.model_validate(data, context={"text": text}))
        except ValidationError as error:
            reason = "; ".join(e["msg"].removeprefix("Value error, ") for e in error.errors(include_input=False))
            quarantined.append(Quarantined(reason=reason, finding_json=json.dumps(row, ensure_ascii=False)))
    negative_organs = tuple(Organ(o) for o in record.get("negative_organs", ()))
    return Extraction.answered(str(record["id"]), findings, quarantined, negative_organs=negative_organs)


def _finding_data(row: dict[str, Any], text: str) -> dict[str, Any]:
    """A gold finding as the contract's finding: quotes get offsets, sizes the first quote as their source."""
    spans = []
    for quote in row.get("evidence", ()):
        start = text.find(quote)
        spans.append({"start": max(start, 0), "end": max(start, 0) + len(quote), "text": quote})
    first = spans[0] if spans else {"start": 0, "end": 0, "text": ""}
    sized = next((s for s in spans if any(c.isdigit() for c in s["text"])), first)
    return {
        "organ": row.get("organ"),
        "laterality": row.get("laterality"),
        "location": tuple(row.get("location") or ()),
        "lesion_type": row.get("type", "unspecified"),
        "certainty": row.get("certainty", "present"),
        "count": row.get("count"),
        "count_min": row.get("count_min") or row.get("count") or 1,
        "sizes": tuple({"diameters_mm": tuple(s), "source": sized} for s in row.get("sizes_mm") or ()),
        "size_bound": row.get("size_bound"),
        "prior_sizes": tuple({"diameters_mm": tuple(s), "source": sized} for s in row.get("prior_sizes_mm") or ()),
        "anchor": first,
        "evidence": tuple(spans),
    }
