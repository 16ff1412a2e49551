"""Readers' annotations: they follow their report's text, and count until they are withdrawn."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ..schemas import Finding, InputError
from ..schemas.applied_corrections import apply_corrections
from ..schemas.database import open_database
from ..schemas.finding_values import finding_from_values
from ..schemas.stored_findings import findings_of
from ..schemas.transaction import transaction

_OF_EARLIER_TEXTS = """
SELECT e.run_id, e.report_id, e.text_sha256, e.details, r.text, r.text_sha256
FROM extractions e JOIN runs USING (run_id) JOIN reports r USING (report_id)
WHERE extractor = 'reader' AND e.status NOT IN ('rejected', 'error') AND e.text_sha256 <> r.text_sha256
  AND e.report_id IN (SELECT unnest(?))"""


def follow_texts(connection: duckdb.DuckDBPyConnection, report_ids: Iterable[str]) -> None:
    """Move annotations of texts that have changed to where their quotes stand now.

    One of whose quotes is gone, or that has none, stays as it is: it still counts, but as stale, so that nothing is
    trained on it, and `audit_annotations` lists it.
    """
    rows = connection.execute(_OF_EARLIER_TEXTS, [list(report_ids)]).fetchall()
    if not rows:
        return
    findings = findings_of(connection, {(row[0], row[1]): None for row in rows})
    for run_id, report_id, read_sha, details, text, sha in rows:
        stored = findings[run_id, report_id]
        try:
            moved = {finding_id: _moved(finding, text) for finding_id, finding in stored.items()}
        except ValueError:
            continue
        if moved:
            for finding_id, finding in moved.items():
                _write(connection, run_id, finding_id, finding)
            known = json.loads(details or "{}")
            details = json.dumps({"annotated_text_sha256": read_sha} | known)
            connection.execute(
                "UPDATE extractions SET text_sha256 = ?, details = ? WHERE run_id = ? AND report_id = ?",
                [sha, details, run_id, report_id],
            )


def withdraw_annotations(
    database: Path, by: str, *, report_id: str | None = None, run_id: str | None = None, reason: str | None = None
) -> int:
    """Withdraw readers' annotations of a report, of an import run, or of a report in a run; returns how many.

    They stay in the database; the report's latest machine reading counts again, with the corrections made of it.

    Raises:
        InputError: there are none.
    """
    with open_database(database, create=False) as connection:
        found = [
            row
            for row in connection.execute("SELECT run_id, report_id FROM v_annotations").fetchall()
            if report_id in (None, row[1]) and (run_id is None or row[0].startswith(run_id))
        ]
        if not found or (report_id is None and len({row[0] for row in found}) > 1):
            raise InputError(
                f"withdraw: {'several import runs' if found else 'no annotation'} vs the annotations of one report or "
                "run. Nothing was withdrawn. Import runs are listed by "
                "`reportsup sql \"SELECT run_id, config, started_at FROM runs WHERE extractor = 'reader'\"`."
            )
        now = datetime.now(UTC).replace(tzinfo=None)
        with transaction(connection):
            for run, report in found:
                connection.execute(
                    "INSERT INTO annotation_withdrawals VALUES (?, ?, ?, ?, ?)", [run, report, by, now, reason]
                )
            apply_corrections(connection, [report for _, report in found])
    return len(found)


def _moved(finding: Finding, text: str) -> Finding:
    """The finding with the offsets of a new text.

    Raises:
        ValueError: a quote is not in it.
    """
    quotes = [span.text for span in finding.evidence]
    shifts = [text.find(q) - s.start for q, s in zip(quotes, finding.evidence, strict=True) if text.count(q) == 1]
    shift = shifts[0] if shifts else 0
    spans = [(span.start + shift, span.end + shift) for span in finding.evidence]
    moved = finding_from_values({"evidence": quotes}, text, base=finding, spans=spans, corrected=finding.corrected)
    for before, now in zip(finding.evidence, moved.evidence, strict=True):
        start, end = finding.anchor.start - before.start, finding.anchor.end - before.start
        if start >= 0 and end <= len(before.text) and now.text == before.text:
            anchor = (now.start + start, now.start + end)
            return finding_from_values(
                {"evidence": quotes}, text, base=finding, spans=spans, anchor=anchor, corrected=finding.corrected
            )
    return moved


def _write(connection: duckdb.DuckDBPyConnection, run_id: str, finding_id: str, finding: Finding) -> None:
    of = "WHERE run_id = ? AND finding_id = ?"
    connection.execute(
        f"UPDATE findings SET anchor_start = ?, anchor_end = ? {of}",
        [finding.anchor.start, finding.anchor.end, run_id, finding_id],
    )
    for i, span in enumerate(finding.evidence):
        connection.execute(
            f'UPDATE evidence SET start = ?, "end" = ?, text = ? {of} AND idx = ?',
            [span.start, span.end, span.text, run_id, finding_id, i],
        )
    for i, size in enumerate(finding.sizes + finding.prior_sizes):
        connection.execute(
            f"UPDATE measurements SET source_start = ?, source_end = ?, source_text = ? {of} AND idx = ?",
            [size.source.start, size.source.end, size.source.text, run_id, finding_id, i],
        )
