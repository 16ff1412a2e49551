"""Readers' corrections: edits, deletions, additions and withdrawals, recorded beside the findings, never over them."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ..schemas import ConfigError, InputError
from ..schemas.applied_corrections import apply_corrections
from ..schemas.database import open_database
from ..schemas.finding_values import parse_value, stored_value, what_is_wrong
from ..schemas.stored_findings import Reading, current_readings
from ..schemas.transaction import transaction
from .correction_rows import CorrectionRow, Signed, addition, lesion_of, record, refusal, twin


class Corrections:
    """Records corrections in an open database; each call is one transaction, and the views show it at once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def edit(self, finding_id: str, values: Mapping[str, str], signed: Signed) -> dict[str, str | None]:
        """Give fields of a finding other values; returns the old ones.

        Args:
            finding_id: as `v_findings` shows it.
            values: field → value as text, see `parse_value`.

        Raises:
            ConfigError: a field or value is outside the vocabulary, or they do not go together.
            InputError: there is no such finding.
        """
        report_id = self._report_of(finding_id)
        parsed = {field: parse_value(field, value) for field, value in values.items()}
        if not parsed:
            raise ConfigError("correct: no field vs at least one. Name it with --field and --value.")
        with self._report(report_id) as reading:
            lesion = lesion_of(reading, finding_id)
            old = self._shown(report_id, finding_id)
            ids = []
            for field, value in parsed.items():
                before = stored_value(field, old[field])
                change: dict[str, Any] = {"field": field, "old_value": before, "new_value": stored_value(field, value)}
                ids.append(
                    record(self._connection, CorrectionRow("edit", report_id, finding_id, **lesion, **change), signed)
                )
            apply_corrections(self._connection, [report_id])
            self._refuse_conflicts(ids)
        return {field: stored_value(field, old[field]) for field in parsed}

    def delete(self, finding_id: str, signed: Signed) -> None:
        """Take a finding out of the views.

        Raises:
            InputError: there is no such finding.
        """
        report_id = self._report_of(finding_id)
        with self._report(report_id) as reading:
            row = CorrectionRow("delete", report_id, finding_id, **lesion_of(reading, finding_id))
            correction_id = record(self._connection, row, signed)
            apply_corrections(self._connection, [report_id])
            self._refuse_conflicts([correction_id])

    def add(self, report_id: str, values: Mapping[str, str], signed: Signed) -> str:
        """Add a finding that the extraction missed; returns its id.

        Args:
            values: field → value as text; `organ` and `evidence` are needed, and each quote must stand in the report.

        Raises:
            ConfigError: the values are no finding of this report, or the report has it already.
            InputError: the report is not in the database.
        """
        parsed = {field: parse_value(field, value) for field, value in values.items()}
        finding_id = uuid.uuid4().hex[:16]
        with self._report(report_id) as reading:
            try:
                row = addition(reading, finding_id, parsed)
            except ValueError as error:
                raise ConfigError(
                    f"correct: no finding of this report vs one. {what_is_wrong(error)}. Nothing was recorded."
                ) from error
            shown = "SELECT finding_id FROM v_findings WHERE report_id = ?"
            ids = [name for (name,) in self._connection.execute(shown, [report_id]).fetchall()]
            if same := twin(reading, row, ids):
                raise ConfigError(
                    f"correct: the report has this finding already, {same}. Nothing was recorded. "
                    "Edit that one, or name what sets the new one apart (size, side, place)."
                )
            record(self._connection, row, signed)
            apply_corrections(self._connection, [report_id])
        return finding_id

    def withdraw(self, name: str, signed: Signed, fields: Sequence[str] = ()) -> int:
        """Take corrections back; returns how many.

        Args:
            name: a correction's id, a finding's for all that were made of it, or a saved review's for all of it.
            fields: only edits of these.

        Raises:
            InputError: there is none.
        """
        rows = self._connection.execute(
            "SELECT a.correction_id, a.report_id, a.finding_id FROM v_active_corrections a "
            "LEFT JOIN correction_matches m USING (correction_id) "
            "WHERE ? IN (a.correction_id, a.finding_id, m.finding_id, a.review_id) "
            "AND (len(?) = 0 OR list_contains(?, a.field)) ORDER BY a.seq",
            [name, list(fields), list(fields)],
        ).fetchall()
        marks = "SELECT count(*) FROM v_reviews WHERE review_id = ? AND complete"
        ((marked,),) = self._connection.execute(marks, [name]).fetchall()
        if not rows and not marked:
            raise InputError(
                f"correct: '{name}' has no correction that could be withdrawn. Nothing was changed. "
                '`reportsup sql "FROM v_corrections"` lists them.'
            )
        with transaction(self._connection):
            for correction_id, report_id, finding_id in rows:
                row = CorrectionRow("withdraw", report_id, finding_id, withdraws=correction_id)
                record(self._connection, row, signed)
            apply_corrections(self._connection, {row[1] for row in rows if row[1] is not None})
            self._connection.execute(
                "INSERT INTO reviews SELECT * REPLACE (false AS complete, ? AS reviewed_by, ? AS recorded_at) "
                "FROM v_reviews WHERE review_id = ? AND complete",
                [signed.by, datetime.now(UTC).replace(tzinfo=None), name],
            )
        return len(rows)

    @contextmanager
    def _report(self, report_id: str) -> Iterator[Reading]:
        """A transaction on one report and its current reading."""
        with transaction(self._connection):
            reading = current_readings(self._connection, [report_id]).get(report_id)
            if reading is None:
                raise InputError(
                    "correct: the report is not in the database, or was never read. Nothing was recorded. "
                    'Run `reportsup extract` on it first; ids: `reportsup sql "SELECT report_id FROM reports"`.'
                )
            yield reading

    def _report_of(self, finding_id: str) -> str:
        row = self._connection.execute("SELECT report_id FROM v_findings WHERE finding_id = ?", [finding_id]).fetchone()
        if row is not None:
            return str(row[0])
        gone = "SELECT count(*) FROM corrected_findings WHERE finding_id = ? AND deleted"
        ((deleted,),) = self._connection.execute(gone, [finding_id]).fetchall()
        if deleted:
            raise InputError(
                f"correct: finding '{finding_id}' is deleted. "
                f"Take that back first: `reportsup correct {finding_id} --withdraw --by …`."
            )
        raise InputError(f"correct: finding '{finding_id}' vs an id of v_findings. Look it up with `reportsup sql`.")

    def _shown(self, report_id: str, finding_id: str) -> dict[str, Any]:
        cursor = self._connection.execute(
            "SELECT * FROM v_findings WHERE report_id = ? AND finding_id = ?", [report_id, finding_id]
        )
        names = [column[0] for column in cursor.description or ()]
        (row,) = cursor.fetchall()
        return dict(zip(names, row, strict=True))

    def _refuse_conflicts(self, correction_ids: list[str]) -> None:
        for why in refusal(self._connection, correction_ids).values():
            raise ConfigError(f"correct: {why}")


def record_correction(
    database: Path, finding_id: str, field: str, value: str, by: str, reason: str | None
) -> str | None:
    """Record an edit of one field; returns the value that stood there before, as text."""
    with open_database(database, create=False) as connection:
        return Corrections(connection).edit(finding_id, {field: value}, Signed(by, reason))[field]
