"""The one writer of extractions: every batch is one transaction, so a killed run leaves whole batches only."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from ..nlp.extractor import Identified, config_hash, run_id
from ..schemas import Report
from ..schemas.applied_corrections import apply_corrections
from ..schemas.transaction import transaction
from .annotations import follow_texts
from .reading import Reject
from .rows import ReportRows, Row

_TEXT, _INT, _FLOAT, _LIST = pa.string(), pa.int32(), pa.float64(), pa.list_(pa.string())
_COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "reports": {
        "report_id": _TEXT, "text": _TEXT, "text_sha256": _TEXT, "modality": _TEXT, "exam": _TEXT, "study_date": _TEXT,
        "sex": _TEXT, "age": _TEXT, "patient_id": _TEXT, "source_file": _TEXT, "source_row": pa.int64(), "extra": _TEXT,
    },
    "extractions": {
        "run_id": _TEXT, "report_id": _TEXT, "text_sha256": _TEXT, "status": _TEXT, "reason": _TEXT,
        "review_reasons": _LIST, "details": _TEXT, "confidence": _FLOAT, "seconds": _FLOAT,
        "extracted_at": pa.timestamp("us"),
    },
    "findings": {
        "run_id": _TEXT, "finding_id": _TEXT, "report_id": _TEXT, "organ": _TEXT, "laterality": _TEXT,
        "location": _LIST, "lesion_type": _TEXT, "type_text": _TEXT, "certainty": _TEXT, "count": _INT,
        "count_min": _INT, "size_bound": _TEXT, "attenuation": _TEXT, "image_reference": _TEXT, "section": _TEXT,
        "anchor_start": _INT, "anchor_end": _INT, "corrected": pa.bool_(), "confidence": _FLOAT, "decided_by": _TEXT,
    },
    "measurements": {
        "run_id": _TEXT, "finding_id": _TEXT, "idx": _INT, "exam": _TEXT, "diameters_mm": pa.list_(pa.float64()),
        "source_start": _INT, "source_end": _INT, "source_text": _TEXT,
    },
    "evidence": {
        "run_id": _TEXT, "finding_id": _TEXT, "idx": _INT, "start": _INT, "end": _INT, "text": _TEXT,
    },
    "organ_status": {
        "run_id": _TEXT, "report_id": _TEXT, "organ": _TEXT, "status": _TEXT, "confidence": _FLOAT,
    },
    "quarantine": {"run_id": _TEXT, "report_id": _TEXT, "idx": _INT, "reason": _TEXT, "finding": _TEXT},
    "rejects": {"source_file": _TEXT, "source_row": pa.int64(), "report_id": _TEXT, "reason": _TEXT},
}  # fmt: skip
_OF_A_REPORT = ("findings", "measurements", "evidence", "organ_status", "quarantine")


def text_hash(text: str) -> str:
    """SHA-256 of a report's text: a report is extracted again when it changes."""
    return hashlib.sha256(text.encode()).hexdigest()


class ExtractionWriter:
    """Collects results and rejects, and commits them together.

    Args:
        extractor: whose answers are written; it tells the run that they belong to.
    """

    def __init__(self, extractor: Identified) -> None:
        self.run_id = run_id(extractor)
        config = json.dumps(extractor.config, ensure_ascii=False, default=str)
        self._run = (self.run_id, extractor.name, extractor.version, config_hash(extractor.config), config)
        self._results: list[tuple[Report, ReportRows]] = []
        self._rejects: list[Reject] = []
        self._read: dict[str, tuple[int, int]] = {}  # file → first and last row seen since the last commit

    @property
    def pending(self) -> int:
        """Number of results that are not committed yet."""
        return len(self._results)

    def seen(self, source_file: str, source_row: int) -> None:
        """Note that a row was read: rejects of an earlier reading of this row are forgotten at the next commit."""
        first, _ = self._read.get(source_file, (source_row, source_row))
        self._read[source_file] = (first, source_row)

    def end_of_file(self, source_file: str, last_row: int) -> None:
        """Note that a file ends here: rejects of rows that it no longer has are forgotten."""
        first, _ = self._read.get(source_file, (last_row + 1, last_row))
        self._read[source_file] = (first, 2**62)

    def reject(self, reject: Reject) -> None:
        """Record an input row that is no report."""
        self._rejects.append(reject)

    def add(self, report: Report, rows: ReportRows) -> None:
        """Record the result for a report."""
        self._results.append((report, rows))

    def done(self, connection: duckdb.DuckDBPyConnection, reports: Sequence[Report]) -> set[str]:
        """Ids among these reports that this run has extracted already from the very same text, without an error.

        Reports that the rules had to answer since the language model failed or its budget was spent are not done.
        """
        wanted = pa.table({"report_id": [r.report_id for r in reports], "sha": [text_hash(r.text) for r in reports]})
        connection.register("_wanted", wanted)
        try:
            found = connection.execute(
                "SELECT w.report_id FROM _wanted w JOIN extractions e ON e.report_id = w.report_id "
                "JOIN reports r ON r.report_id = w.report_id AND r.text_sha256 = w.sha "
                "WHERE e.run_id = ? AND e.text_sha256 = w.sha AND e.status <> 'error' "
                "AND NOT coalesce(list_has_any(e.review_reasons, ['llm_budget_spent', 'hybrid_llm_failed']), false)",
                [self.run_id],
            ).fetchall()
        finally:
            connection.unregister("_wanted")
        return {row[0] for row in found}

    def commit(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write all that was recorded since the last commit in one transaction."""
        now = datetime.now(UTC).replace(tzinfo=None)
        with transaction(connection):
            self._touch_run(connection, now)
            self._write_results(connection, now)
            self._write_rejects(connection)
        self._results.clear()
        self._rejects.clear()
        self._read.clear()

    def _touch_run(self, connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
        run_id, extractor, version, config_hash, config = self._run
        connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (run_id) DO UPDATE SET updated_at = excluded.updated_at",
            [run_id, extractor, version, config_hash, config, now, now],
        )

    def _write_results(self, connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
        if not self._results:
            return
        report_ids = [report.report_id for report, _ in self._results]
        kept = self._keep_successes(connection, now)
        self._forget_earlier(connection, report_ids, kept)
        hashes = [text_hash(report.text) for report, _ in self._results]
        pairs = list(zip(self._results, hashes, strict=True))
        _insert(connection, "reports", [_report_row(report, sha) for (report, _), sha in pairs])
        new = [(rows, sha) for (_, rows), sha in pairs if rows.report_id not in kept]
        _insert(connection, "extractions", [self._extraction_row(rows, sha, now) for rows, sha in new])
        for table in _OF_A_REPORT:
            _insert(connection, table, [(self.run_id, *row) for rows, _ in new for row in getattr(rows, table)])
        follow_texts(connection, report_ids)
        apply_corrections(connection, report_ids)

    def _extraction_row(self, rows: ReportRows, sha: str, now: datetime) -> Row:
        said = (rows.status, rows.reason, rows.review_reasons, rows.details, rows.confidence, rows.seconds)
        return (self.run_id, rows.report_id, sha, *said, now)

    def _keep_successes(self, connection: duckdb.DuckDBPyConnection, now: datetime) -> set[str]:
        """Reports that failed this time and that this run has read before: that reading stays, with a note."""
        failed = [rows for _, rows in self._results if rows.status in ("rejected", "error")]
        kept: set[str] = set()
        for rows in failed:
            found = connection.execute(
                "UPDATE extractions SET failed_status = ?, failed_reason = ?, failed_at = ? "
                "WHERE run_id = ? AND report_id = ? AND status NOT IN ('rejected', 'error') RETURNING report_id",
                [rows.status, rows.reason, now, self.run_id, rows.report_id],
            ).fetchall()
            kept.update(row[0] for row in found)
        return kept

    def _forget_earlier(self, connection: duckdb.DuckDBPyConnection, report_ids: list[str], kept: set[str]) -> None:
        """Drop what this run said of a report before, unless it is kept, and the report's row itself."""
        forgotten = [(report, report not in kept) for report in report_ids]
        columns = {"report_id": _TEXT, "forget": pa.bool_()}
        connection.register("_again", arrow_table(columns, forgotten))
        # fetchall: a result that is not read to its end keeps DuckDB's connection busy
        again = "report_id IN (SELECT report_id FROM _again)"
        ((known,),) = connection.execute(f"SELECT count(*) FROM reports WHERE {again}").fetchall()
        if known:
            forget = "report_id IN (SELECT report_id FROM _again WHERE forget)"
            of_findings = f"finding_id IN (SELECT finding_id FROM findings WHERE run_id = $run AND {forget})"
            for table in ("measurements", "evidence"):
                connection.execute(f"DELETE FROM {table} WHERE run_id = $run AND {of_findings}", {"run": self.run_id})
            for table in ("findings", "organ_status", "quarantine", "extractions"):
                connection.execute(f"DELETE FROM {table} WHERE run_id = $run AND {forget}", {"run": self.run_id})
            connection.execute(f"DELETE FROM reports WHERE {again}")
        connection.unregister("_again")

    def _write_rejects(self, connection: duckdb.DuckDBPyConnection) -> None:
        for source_file, (first, last) in self._read.items():
            connection.execute(
                "DELETE FROM rejects WHERE source_file = ? AND source_row BETWEEN ? AND ?", [source_file, first, last]
            )
        _insert(connection, "rejects", [(r.source_file, r.source_row, r.report_id, r.reason) for r in self._rejects])


def stored_report(connection: duckdb.DuckDBPyConnection, report_id: str) -> Report | None:
    """The report as the database holds it, None when it does not."""
    rows = connection.execute(
        "SELECT report_id, text, modality, exam, study_date, sex, age, patient_id, source_file, source_row, extra "
        "FROM reports WHERE report_id = ?",
        [report_id],
    ).fetchall()
    if not rows:
        return None
    row = rows[0]
    names = (
        "report_id",
        "text",
        "modality",
        "exam",
        "study_date",
        "sex",
        "age",
        "patient_id",
        "source_file",
        "source_row",
    )
    return Report(**dict(zip(names, row, strict=False)), extra_json=row[10] or "{}")


def arrow_table(columns: dict[str, pa.DataType], rows: Iterable[Row]) -> pa.Table:
    """An Arrow table of rows: inserting it is hundreds of times faster than executemany."""
    by_column = zip(*rows, strict=True)
    arrays = [pa.array(values, type=kind) for values, kind in zip(by_column, columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    columns = _COLUMNS[table]
    batch = arrow_table(columns, rows)
    names = ", ".join(f'"{name}"' for name in columns)
    connection.register("_batch", batch)
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM _batch")
    connection.unregister("_batch")


def _report_row(report: Report, sha: str) -> Row:
    return (
        report.report_id, report.text, sha, report.modality, report.exam, report.study_date, report.sex, report.age,
        report.patient_id, report.source_file, report.source_row, report.extra_json,
    )  # fmt: skip
