"""People's annotations as a run of extractor `reader`, in the same tables as the extractors' own."""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ..schemas import Extraction, ExtractionStatus, Finding, InputError, Organ, Quarantined, Report
from ..schemas.database import open_database
from ..schemas.finding_values import what_is_wrong
from ..schemas.json_text import parse_json
from ..schemas.stored_findings import current_readings
from .gold import UnknownFieldError, finding_of_gold
from .rows import extraction_rows, finding_ids
from .store import ExtractionWriter, stored_report

_ID = re.compile(r"[0-9a-f]{16}")
_READINGS_AT_ONCE = 500


@dataclass
class _Reader:
    """A person in an extractor's place."""

    config: dict[str, Any]
    name: str = "reader"
    version: str = "1"


@dataclass
class ImportSummary:
    """What became of a file's lines.

    Attributes:
        by_status: ok and no_lesion are annotations that count from now on; known ones were there already; rejected
            ones change nothing.
        problems: line, what is wrong with it; no report text and no id.
        superseded: corrections made before, of reports that are annotated now.
        run_id: of the import.
    """

    run_id: str
    by_status: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, str]] = field(default_factory=list)
    superseded: int = 0


def import_gold(database: Path, path: Path, reader: str) -> ImportSummary:
    """Store a gold-format file as a run named after its reader: see `import_records`."""
    return import_records(database, path, _records(path), reader)


def import_label_studio(database: Path, path: Path, reader: str) -> ImportSummary:
    """Store Label Studio's JSON export as a run named after its reader: see `import_records`."""
    from .exchange.label_studio_annotations import annotated_records

    return import_records(database, path, annotated_records(path), reader)


def import_records(database: Path, path: Path, records: list[tuple[int, dict[str, Any]]], reader: str) -> ImportSummary:
    """Store gold records of a file as a run named after its reader.

    Every line needs its report in the database; quotes are looked up in its text. A line with a finding that is not
    valid is rejected as a whole, since half an annotation would hide what a machine had found; the others go on.

    Args:
        records: (line or task, record) as `docs/reference/gold_format.md` describes it.

    Raises:
        InputError: the file is missing or a line is no gold record; then nothing is imported.
    """
    with open_database(database, create=False) as connection:
        file_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        writer = ExtractionWriter(_Reader({"reader": reader, "file_sha256": file_sha256}))
        summary = ImportSummary(writer.run_id)
        lines = _Lines(connection, writer, reader, summary)
        for start in range(0, len(records), _READINGS_AT_ONCE):
            lines.take(records[start : start + _READINGS_AT_ONCE])
        writer.commit(connection)
        superseded = (
            "SELECT count(*) FROM v_corrections JOIN v_extractions USING (report_id) "
            "WHERE outcome = 'superseded' AND run_id = ?"
        )
        ((summary.superseded,),) = connection.execute(superseded, [writer.run_id]).fetchall()
    return summary


class _Lines:
    """The lines of one file, each checked against its report and what is known of it."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, writer: ExtractionWriter, reader: str, summary: ImportSummary
    ) -> None:
        self._connection, self._writer, self._reader, self._summary = connection, writer, reader, summary
        self._line_of: dict[str, int] = {}
        self._used_ids: set[str] = set()

    def take(self, records: list[tuple[int, dict[str, Any]]]) -> None:
        """Record what these lines say."""
        known = self._known([str(record["id"]) for _, record in records])
        for number, record in records:
            report_id = str(record["id"])
            report = stored_report(self._connection, report_id)
            if report is None:
                self._refuse(number, "names a report that is not in the database; run `reportsup extract` on it first")
            elif report_id in self._line_of:
                self._refuse(number, f"is of the same report as line {self._line_of[report_id]}, which is taken")
            else:
                self._line_of[report_id] = number
                self._add(number, record, report, known.get(report_id))

    def _add(self, number: int, record: dict[str, Any], report: Report, known: Extraction | None) -> None:
        extraction = _extraction(record, report.text)
        if known is not None and _says(extraction) == _says(known):
            self._summary.by_status["known"] += 1
            return
        if extraction.status == ExtractionStatus.REJECTED:
            self._summary.problems.append((number, extraction.reason or ""))
        self._summary.by_status[str(extraction.status)] += 1
        ids = self._ids(record, extraction)
        self._writer.add(report, extraction_rows(extraction, ids))

    def _refuse(self, number: int, reason: str) -> None:
        self._summary.by_status["rejected"] += 1
        self._summary.problems.append((number, reason))

    def _ids(self, record: dict[str, Any], extraction: Extraction) -> list[str]:
        """Findings keep the ids that they were exported with; a copied one gets its own."""
        ids = []
        computed = finding_ids(extraction.report_id, extraction.findings)
        for row, own in zip(record["findings"], computed, strict=False):
            given = row.get("finding_id")
            chosen = given if isinstance(given, str) and _ID.fullmatch(given) else own
            while chosen in self._used_ids:
                chosen = hashlib.sha256(chosen.encode()).hexdigest()[:16]
            self._used_ids.add(chosen)
            ids.append(chosen)
        return ids[: len(extraction.findings)]

    def _known(self, report_ids: list[str]) -> dict[str, Extraction]:
        """What this reader's annotations that count now say of these reports."""
        readings = current_readings(self._connection, report_ids)
        wanted = {r.report_id: r for r in readings.values() if r.by_reader and not r.stale}
        rows = self._connection.execute(
            "SELECT e.report_id, (SELECT list(organ) FROM organ_status s WHERE s.run_id = e.run_id "
            "AND s.report_id = e.report_id AND s.status = 'negative') FROM v_extractions e JOIN runs r USING (run_id) "
            "WHERE r.config->>'reader' = ? AND e.report_id IN (SELECT unnest(?))",
            [self._reader, list(wanted)],
        ).fetchall()
        return {
            report_id: Extraction(
                report_id=report_id,
                status=ExtractionStatus.OK,
                findings=tuple(wanted[report_id].findings.values()),
                negative_organs=tuple(Organ(o) for o in negatives or ()),
            )
            for report_id, negatives in rows
        }


def _says(extraction: Extraction) -> tuple[list[str], set[str]]:
    return sorted(f.model_dump_json() for f in extraction.findings), set(map(str, extraction.negative_organs))


def _records(path: Path) -> list[tuple[int, dict[str, Any]]]:
    if not path.is_file():
        raise InputError(f"import: {path} does not exist vs a gold-format JSONL file. Name the file.")
    out = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
            if not isinstance(record["id"], (str, int)) or not isinstance(record["findings"], list):
                raise TypeError
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(
                f'import: {path.name} line {number} is no gold record vs {{"id", "findings", "negative_organs"}}. '
                "Nothing was imported. See docs/reference/gold_format.md."
            ) from error
        out.append((number, record))
    return out


def _extraction(record: dict[str, Any], text: str) -> Extraction:
    """The annotation of one report, or its rejection with all reasons."""
    findings: list[Finding] = []
    quarantined = []
    reasons = []
    for number, row in enumerate(record["findings"], start=1):
        try:
            findings.append(finding_of_gold(row, text))
        except ValueError as error:
            reason = str(error) if isinstance(error, UnknownFieldError) else what_is_wrong(error)
            reasons.append(f"finding {number}: {reason}")
            quarantined.append(Quarantined(reason=reason, finding_json=json.dumps(row, ensure_ascii=False)))
    negative_organs, wrong = _negative_organs(record.get("negative_organs"))
    reasons += wrong
    report_id = str(record["id"])
    if reasons:
        return Extraction(
            report_id=report_id,
            status=ExtractionStatus.REJECTED,
            reason="; ".join(reasons),
            quarantined=tuple(quarantined),
        )
    return Extraction.answered(report_id, findings, (), negative_organs=negative_organs)


def _negative_organs(names: Any) -> tuple[tuple[Organ, ...], list[str]]:
    known = {str(organ) for organ in Organ}
    if not isinstance(names or [], list) or not all(isinstance(n, str) and n in known for n in names or ()):
        return (), [f"negative_organs: expected a list of {', '.join(sorted(known))}"]
    return tuple(Organ(name) for name in names or ()), []
