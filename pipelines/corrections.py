"""Readers' corrections: edits, deletions, additions and withdrawals, recorded beside the findings, never over them."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ..schemas import ConfigError, Finding, InputError
from ..schemas.applied_corrections import apply_corrections
from ..schemas.database import open_database
from ..schemas.finding_values import finding_from_values, parse_value, stored_value, what_is_wrong
from ..schemas.lesion_matching import Lesion, Outcome, match_lesion
from ..schemas.stored_findings import Reading, current_readings


@dataclass(frozen=True)
class Signed:
    """Who corrects, and why."""

    by: str
    reason: str | None = None


@dataclass(frozen=True)
class _Row:
    """One row of `corrections`, without its number, author and time."""

    kind: str
    report_id: str
    finding_id: str
    text_sha256: str | None = None
    organ: str | None = None
    laterality: str | None = None
    location: Sequence[str] | None = None
    quotes: Sequence[str] | None = None
    sizes_mm: Sequence[Sequence[float]] | None = None
    anchor_start: int | None = None
    anchor_end: int | None = None
    others: str | None = None
    field: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    withdraws: str | None = None


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
            lesion = self._lesion(reading, finding_id)
            old = self._shown(report_id, finding_id)
            ids = []
            for field, value in parsed.items():
                before = stored_value(field, old[field])
                row = _Row("edit", report_id, finding_id, **lesion, field=field, old_value=before)
                ids.append(self._record(row, signed, new_value=stored_value(field, value)))
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
            row = _Row("delete", report_id, finding_id, **self._lesion(reading, finding_id))
            correction_id = self._record(row, signed)
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
        missing = [field for field in ("organ", "evidence") if field not in parsed]
        if missing:
            raise ConfigError(
                f"correct: a new finding without {' and '.join(missing)} vs one with both. "
                f"Add --field {missing[0]} --value …"
            )
        finding_id = uuid.uuid4().hex[:16]
        with self._report(report_id) as reading:
            try:
                finding = finding_from_values(parsed, reading.text)
            except ValueError as error:
                raise ConfigError(
                    f"correct: no finding of this report vs one. {what_is_wrong(error)}. Nothing was recorded."
                ) from error
            self._refuse_twin(reading, finding)
            spans = [[e.start, e.end] for e in finding.evidence]
            written = parsed | {"evidence": [e.text for e in finding.evidence], "spans": spans}
            row = _Row("add", report_id, finding_id, **_key(reading, finding, list(reading.findings.values())))
            self._record(row, signed, new_value=json.dumps(written, ensure_ascii=False))
            apply_corrections(self._connection, [report_id])
        return finding_id

    def withdraw(self, name: str, signed: Signed, fields: Sequence[str] = ()) -> int:
        """Take corrections back; returns how many.

        Args:
            name: a correction's id, or a finding's for all that were made of it.
            fields: only edits of these.

        Raises:
            InputError: there is none.
        """
        rows = self._connection.execute(
            "SELECT a.correction_id, a.report_id, a.finding_id FROM v_active_corrections a "
            "LEFT JOIN correction_matches m USING (correction_id) "
            "WHERE ? IN (a.correction_id, a.finding_id, m.finding_id) "
            "AND (len(?) = 0 OR list_contains(?, a.field)) ORDER BY a.seq",
            [name, list(fields), list(fields)],
        ).fetchall()
        if not rows:
            raise InputError(
                f"correct: '{name}' has no correction that could be withdrawn. Nothing was changed. "
                '`reportsup sql "FROM v_corrections"` lists them.'
            )
        with self._transaction():
            for correction_id, report_id, finding_id in rows:
                self._record(_Row("withdraw", report_id, finding_id, withdraws=correction_id), signed)
            apply_corrections(self._connection, {row[1] for row in rows if row[1] is not None})
        return len(rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _report(self, report_id: str) -> Iterator[Reading]:
        """A transaction on one report and its current reading."""
        with self._transaction():
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

    def _lesion(self, reading: Reading, finding_id: str) -> dict[str, Any]:
        """The lesion of a finding as columns of a correction; an added finding is known by its id alone."""
        finding = reading.findings.get(finding_id)
        if finding is None:
            return {}
        return _key(reading, finding, [f for i, f in reading.findings.items() if i != finding_id])

    def _shown(self, report_id: str, finding_id: str) -> dict[str, Any]:
        cursor = self._connection.execute(
            "SELECT * FROM v_findings WHERE report_id = ? AND finding_id = ?", [report_id, finding_id]
        )
        names = [column[0] for column in cursor.description or ()]
        (row,) = cursor.fetchall()
        return dict(zip(names, row, strict=True))

    def _record(self, row: _Row, signed: Signed, **others: Any) -> str:
        correction_id = uuid.uuid4().hex
        ((seq,),) = self._connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM corrections").fetchall()
        values = {"correction_id": correction_id, "seq": seq, **asdict(row), **others}
        values |= {"corrected_by": signed.by, "corrected_at": datetime.now(UTC).replace(tzinfo=None)}
        values["reason"] = signed.reason
        names, marks = ", ".join(f'"{n}"' for n in values), ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO corrections ({names}) VALUES ({marks})", list(values.values()))
        return correction_id

    def _refuse_conflicts(self, correction_ids: list[str]) -> None:
        sql = (
            "SELECT field, outcome, why FROM v_corrections "
            "WHERE outcome <> 'matched' AND correction_id IN (SELECT unnest(?))"
        )
        for field, outcome, why in self._connection.execute(sql, [correction_ids]).fetchall():
            if outcome == str(Outcome.CONFLICT):
                raise ConfigError(
                    f"correct: {field} does not go with the rest of the finding. {why}. Nothing was recorded. "
                    "Give the other field as well: --field … --value … can be repeated."
                )
            raise ConfigError(
                "correct: the finding cannot be told from another one of the report vs a lesion of its own. "
                "Nothing was recorded. Annotate the report instead: docs/gold_format.md."
            )

    def _refuse_twin(self, reading: Reading, finding: Finding) -> None:
        shown = self._connection.execute(
            "SELECT finding_id FROM v_findings WHERE report_id = ?", [reading.report_id]
        ).fetchall()
        ids = [row[0] for row in shown if row[0] in reading.findings]
        match = match_lesion(Lesion.of(finding), [Lesion.of(reading.findings[i]) for i in ids])
        if match.index is not None and not match.changed:
            raise ConfigError(
                f"correct: the report has this finding already, {ids[match.index]}. Nothing was recorded. "
                "Edit that one, or name what sets the new one apart (size, side, place)."
            )


def record_correction(
    database: Path, finding_id: str, field: str, value: str, by: str, reason: str | None
) -> str | None:
    """Record an edit of one field; returns the value that stood there before, as text."""
    with open_database(database, create=False) as connection:
        return Corrections(connection).edit(finding_id, {field: value}, Signed(by, reason))[field]


def _key(reading: Reading, finding: Finding, others: Sequence[Finding]) -> dict[str, Any]:
    def plain(lesion: Lesion) -> dict[str, Any]:
        values = asdict(lesion)
        return values | {"location": sorted(lesion.location)}

    own = plain(Lesion.of(finding))
    start, end = own.pop("anchor")
    key = {**own, "text_sha256": reading.text_sha256, "anchor_start": start, "anchor_end": end}
    return key | {"others": json.dumps([plain(Lesion.of(f)) for f in others], ensure_ascii=False)}
