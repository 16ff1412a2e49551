"""Annotations in the gold format as a run of their own: a reader is an extractor like any other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from pydantic import ValidationError

from ..nlp.extractor import config_hash, run_id
from ..schemas import (
    Extraction,
    ExtractionStatus,
    Finding,
    InputError,
    Measurement,
    Organ,
    Quarantined,
    Report,
    Span,
)
from ..schemas.database import open_database
from .reading import InputOptions, open_sources
from .rows import extraction_rows
from .store import ExtractionWriter

_BATCH = 1000


@dataclass
class _Reader:
    """The run that imported annotations belong to."""

    config: dict[str, Any]
    name: str = "reader"
    version: str = "1"

    def extract(self, report_id: str, text: str) -> Extraction:
        raise NotImplementedError("a reader is no program")


@dataclass
class ImportSummary:
    """What an import did; `unknown` ids have no report in the database."""

    reports: int = 0
    findings: int = 0
    quarantined: int = 0
    unknown: tuple[str, ...] = ()


def import_gold(database: Path, annotations: Path, texts: Path | None = None, reader: str = "reader") -> ImportSummary:
    """Import gold-format annotations of reports whose text is in the database or in `texts`.

    A finding whose quote is not in its report is quarantined, as an extractor's would be.

    Args:
        texts: table of the reports (any input of `reportsup extract`), if they are not in the database yet.
        reader: name of who annotated; part of the run's identity.

    Raises:
        InputError: a line is not a gold record.
    """
    who = _Reader({"reader": reader, "file": annotations.name})
    summary = ImportSummary()
    unknown = []
    with open_database(database) as connection:
        offered = _reports(texts) if texts is not None else {}
        writer = ExtractionWriter(
            connection, run_id=run_id(who), extractor=who.name, version=who.version, config=who.config,
            config_hash=config_hash(who.config),
        )  # fmt: skip
        for record in _records(annotations):
            report = offered.get(record["id"]) or _stored(connection, record["id"])
            if report is None:
                unknown.append(record["id"])
                continue
            extraction = from_gold(record, report.text)
            writer.add(report, extraction_rows(extraction))
            summary.reports += 1
            summary.findings += len(extraction.findings)
            summary.quarantined += len(extraction.quarantined)
            if writer.pending >= _BATCH:
                writer.commit()
        writer.commit()
    summary.unknown = tuple(unknown)
    return summary


def from_gold(record: dict[str, Any], text: str) -> Extraction:
    """A gold record as an extraction, its quotes located in the report."""
    findings, quarantined = [], []
    for raw in record.get("findings", []):
        try:
            findings.append(_finding(raw, text))
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            quarantined.append(Quarantined(reason=reason, finding_json=json.dumps(raw, ensure_ascii=False)))
    status = (
        ExtractionStatus.OK if findings else ExtractionStatus.REJECTED if quarantined else ExtractionStatus.NO_LESION
    )
    return Extraction(
        report_id=record["id"],
        status=status,
        findings=tuple(findings),
        negative_organs=tuple(Organ(organ) for organ in record.get("negative_organs", [])),
        quarantined=tuple(quarantined),
        reason="every finding was quarantined" if status is ExtractionStatus.REJECTED else None,
    )


def _finding(raw: dict[str, Any], text: str) -> Finding:
    evidence = tuple(_located(quote, text) for quote in raw["evidence"])
    if not evidence:
        raise ValueError("a finding needs a quote")
    source = next((span for span in evidence if any(c.isdigit() for c in span.text)), evidence[0])
    values = {
        "organ": raw["organ"], "laterality": raw["laterality"], "location": raw["location"], "lesion_type": raw["type"],
        "certainty": raw["certainty"], "count": raw["count"], "count_min": raw["count_min"],
        "sizes": [Measurement(diameters_mm=size, source=source) for size in raw["sizes_mm"]],
        "size_bound": raw["size_bound"],
        "prior_sizes": [Measurement(diameters_mm=size, source=source) for size in raw["prior_sizes_mm"]],
        "anchor": evidence[0], "evidence": evidence,
    }  # fmt: skip
    return Finding.model_validate(values, context={"text": text})


def _located(quote: str, text: str) -> Span:
    start = text.find(quote)
    if start < 0:
        raise ValueError("a quote is not in the report")
    return Span(start=start, end=start + len(quote), text=quote)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _record(line, number, path)
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"import: {path} cannot be read ({type(error).__name__}) vs a UTF-8 file. Check the path."
        ) from error


def _record(line: str, number: int, path: Path) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise InputError(
            f"import: line {number} of {path} vs a JSON object with id, findings and negative_organs. "
            "See docs/gold_format.md."
        )
    return record


def _reports(texts: Path) -> dict[str, Report]:
    sources = open_sources([texts], InputOptions())
    return {row.report_id: row for source in sources for row in source.rows() if isinstance(row, Report)}


def _stored(connection: duckdb.DuckDBPyConnection, report_id: str) -> Report | None:
    row = connection.execute(
        "SELECT report_id, text, modality, exam, study_date, sex, age, patient_id, source_file, source_row, extra "
        "FROM reports WHERE report_id = ?",
        [report_id],
    ).fetchone()
    if row is None:
        return None
    names = (*list(Report.model_fields)[:8], "source_file", "source_row", "extra_json")
    return Report(**dict(zip(names, row, strict=True)))
