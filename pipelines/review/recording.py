"""Records a saved review: verdicts and additions become corrections, reports read to the end become reviews.

The file says all that its review says. What the same review said before and does not say any more is withdrawn, what it
said already stays, so that applying a file twice changes nothing.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ...schemas import ConfigError, InputError
from ...schemas.applied_corrections import apply_corrections
from ...schemas.database import open_database
from ...schemas.finding_values import parse_value, stored_value, what_is_wrong
from ...schemas.stored_findings import current_readings
from ...schemas.transaction import transaction
from ..correction_rows import CorrectionRow, Signed, addition, lesion_of, record, refusal, twin
from .identity import database_key
from .review_file import Added, Review, ReviewedReport, Verdict, problems_in
from .shown import fingerprint, shown_findings

_KINDS = {"accept": "accept", "reject": "delete"}
_OWN = """
SELECT report_id, finding_id, kind, field, new_value, correction_id FROM v_active_corrections
WHERE review_id = ? ORDER BY seq"""
_LATEST = "SELECT report_id, run_id, text_sha256, complete FROM v_reviews WHERE review_id = ?"


@dataclass
class Recorded:
    """What a review changed.

    Attributes:
        counts: of accept, reject, edit and add: verdicts recorded now; `unchanged`: recorded before;
            `withdrawn`: said before and not any more; `complete`: reports marked as reviewed to the end.
        skipped: entries left out, since what they are about has changed.
    """

    counts: Counter[str] = field(default_factory=Counter)
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Entry:
    """A verdict or an addition, the rows that it becomes, and where it stands in the file."""

    place: str
    report: ReviewedReport
    said: Verdict | Added

    @property
    def finding_id(self) -> str:
        return self.said.finding_id if isinstance(self.said, Verdict) else self.said.id

    @property
    def kind(self) -> str:
        return self.said.verdict if isinstance(self.said, Verdict) else "add"


def record_review(
    database: Path, review: Review, file: Path, by: str | None = None, *, dry_run: bool = False, skip: bool = False
) -> Recorded:
    """Record a review, all of it or nothing.

    Args:
        by: who reviewed; by default the file says it.
        dry_run: check everything, change nothing.
        skip: leave out entries whose report or finding has changed since the page was made, instead of refusing all.

    Raises:
        ConfigError: nobody is named as the reviewer.
        InputError: the review is of another database, older than what was recorded, or has entries that cannot be
            applied; the message names each.
    """
    reviewer = by or (review.reviewer or "").strip()
    if not reviewer:
        raise ConfigError("The review names no reviewer. Nothing was recorded. Say who reviewed: --by NAME.")
    with open_database(database, create=False) as connection:
        _check_is_ours(connection, review, file)
        with transaction(connection, keep=not dry_run):
            recorder = _Recorder(connection, review, reviewer)
            recorder.run(skip)
            if recorder.problems:
                raise InputError(problems_in(file, recorder.problems))
    return recorder.recorded


def _check_is_ours(connection: duckdb.DuckDBPyConnection, review: Review, file: Path) -> None:
    if review.database != database_key(connection):
        raise InputError(
            f"The review {file} was made of another database. Nothing was recorded. Name the right one with --db."
        )
    last = "SELECT max(saved_at) FROM reviews WHERE review_id = ?"
    ((saved,),) = connection.execute(last, [review.review_id]).fetchall()
    if saved is not None and saved > review.saved_at:
        raise InputError(
            f"The review {file} was saved at {review.saved_at:%Y-%m-%d %H:%M:%S}, and a later save of it is "
            f"recorded already ({saved:%Y-%m-%d %H:%M:%S}, UTC). Nothing was recorded. Give the latest file."
        )


class _Recorder:
    """One application of a review, in an open transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, review: Review, reviewer: str) -> None:
        self._connection, self._review, self._reviewer = connection, review, reviewer
        self.recorded, self.problems = Recorded(), list[str]()
        self._readings = current_readings(connection, [r.report_id for r in review.reports])
        self._shown: dict[str, dict[str, dict[str, Any]]] = {}
        self._touched: set[str] = set()  # reports of which something was recorded or withdrawn
        self._unsettled: set[str] = set()  # reports with an entry that was skipped
        self._skip = False

    def run(self, skip: bool) -> None:
        self._skip = skip
        wanted = [(entry, rows) for entry in self._entries() if (rows := self._rows(entry)) is not None]
        new = self._withdraw_what_differs(wanted)
        self._shown = shown_findings(self._connection, [r.report_id for r in self._review.reports])
        self._record(new)
        self._mark_complete()
        self._store_samples()

    def _entries(self) -> Iterator[_Entry]:
        for i, report in enumerate(self._review.reports):
            place, reading = f"reports[{i}]", self._readings.get(report.report_id)
            if reading is None:
                self._changed(place, report, "the database has no such report, or it was never read")
            elif reading.text_sha256 != report.text_sha256 or reading.stale:
                self._changed(place, report, "the report's text is not the one that was reviewed")
            else:
                yield from (_Entry(f"{place}.findings[{j}]", report, v) for j, v in enumerate(report.findings))
                yield from (_Entry(f"{place}.added[{j}]", report, a) for j, a in enumerate(report.added))

    def _changed(self, place: str, report: ReviewedReport, why: str) -> None:
        """An entry about something that is no longer as it was."""
        self._unsettled.add(report.report_id)
        (self.recorded.skipped if self._skip else self.problems).append(f"{place}: {why}")

    def _rows(self, entry: _Entry) -> list[CorrectionRow] | None:
        """The rows that an entry asks for, without old values; None, and a problem noted, where it cannot be meant."""
        reading, said = self._readings[entry.report.report_id], entry.said
        try:
            parsed = {name: parse_value(name, _as_text(value)) for name, value in said.values.items()}
            if isinstance(said, Added):
                return [addition(reading, said.id, parsed, said.spans)]
        except ConfigError as error:
            self.problems.append(f"{entry.place} ({entry.finding_id}): {str(error).removeprefix('correct: ')}")
            return None
        except ValueError as error:
            self.problems.append(f"{entry.place} ({entry.finding_id}): {what_is_wrong(error)}")
            return None
        of = (reading.report_id, said.finding_id)
        lesion = lesion_of(reading, said.finding_id)
        if said.verdict != "edit":
            return [CorrectionRow(_KINDS[said.verdict], *of, **lesion)]
        return [
            CorrectionRow("edit", *of, **lesion, field=name, new_value=stored_value(name, value))
            for name, value in parsed.items()
        ]

    def _withdraw_what_differs(
        self, wanted: list[tuple[_Entry, list[CorrectionRow]]]
    ) -> list[tuple[_Entry, list[CorrectionRow]]]:
        """Take back what the review said before and says otherwise now; returns what is not recorded yet."""
        own: dict[tuple[str, str], dict[tuple[Any, ...], str]] = {}
        for report_id, finding_id, *said, correction_id in self._connection.execute(
            _OWN, [self._review.review_id]
        ).fetchall():
            own.setdefault((report_id, finding_id), {})[tuple(said)] = correction_id
        new = []
        for entry, rows in wanted:
            key = (entry.report.report_id, entry.finding_id)
            if key in own and set(own[key]) == {(row.kind, row.field, row.new_value) for row in rows}:
                self.recorded.counts["unchanged"] += 1
                del own[key]
            else:
                new.append((entry, rows))
        signed = Signed(self._reviewer, "said otherwise in a later save", self._review.review_id)
        for (report_id, finding_id), rows_before in own.items():
            if report_id in self._unsettled:
                continue
            for correction_id in rows_before.values():
                row = CorrectionRow("withdraw", report_id, finding_id, withdraws=correction_id)
                record(self._connection, row, signed)
            self._touched.add(report_id)
            self.recorded.counts["withdrawn"] += 1
        apply_corrections(self._connection, self._touched)
        return new

    def _record(self, new: list[tuple[_Entry, list[CorrectionRow]]]) -> None:
        places = {}
        for entry, rows in new:
            old = self._checked(entry, rows)
            if old is None:
                continue
            signed = Signed(self._reviewer, entry.said.reason, self._review.review_id)
            for row in rows:
                before = stored_value(row.field, old[row.field]) if row.field else None
                row = CorrectionRow(**{**vars(row), "old_value": before})
                places[record(self._connection, row, signed)] = entry
            self._touched.add(entry.report.report_id)
            self.recorded.counts[entry.kind] += 1
        apply_corrections(self._connection, self._touched)
        for correction_id, why in refusal(self._connection, list(places)).items():
            entry = places[correction_id]
            self.problems.append(f"{entry.place} ({entry.finding_id}): {why}")

    def _checked(self, entry: _Entry, rows: list[CorrectionRow]) -> dict[str, Any] | None:
        """The values that the finding has now; None, and a problem noted, if they are not those that were seen."""
        shown, place = self._shown[entry.report.report_id], f"{entry.place} ({entry.finding_id})"
        if isinstance(entry.said, Added):
            if same := twin(self._readings[entry.report.report_id], rows[0], shown):
                self.problems.append(f"{place}: the report has this finding already, {same}; edit that one")
                return None
            return {}
        if entry.finding_id not in shown:
            self._changed(place, entry.report, "the report has no such finding any more")
            return None
        values = shown[entry.finding_id]
        if fingerprint(values) != entry.said.seen:
            self._changed(place, entry.report, "the finding is not as it was when the page was made")
            return None
        return values

    def _mark_complete(self) -> None:
        latest = {
            report_id: tuple(row)
            for report_id, *row in self._connection.execute(_LATEST, [self._review.review_id]).fetchall()
        }
        now = shown_findings(self._connection, [r.report_id for r in self._review.reports if r.complete])
        marked = {}
        for i, report in enumerate(self._review.reports):
            reading = self._readings.get(report.report_id)
            if reading is None or report.report_id in self._unsettled:
                continue
            said = {v.finding_id for v in report.findings} | {a.id for a in report.added}
            undecided = set(now.get(report.report_id, ())) - said
            if report.complete and undecided:
                what = f"reviewed to the end, but {len(undecided)} of its findings have no verdict"
                self._changed(f"reports[{i}]", report, what)
                continue
            marked[report.report_id] = (reading.run_id, reading.text_sha256, report.complete)
        for report_id, before in latest.items():  # what the file does not speak of any more
            if report_id not in marked and report_id not in self._unsettled:
                marked[report_id] = (*before[:2], False)
        for report_id, now_said in marked.items():
            if latest.get(report_id) != now_said or report_id in self._touched:
                self._store_mark(report_id, *now_said)
                self.recorded.counts["complete"] += now_said[2]

    def _store_mark(self, report_id: str, run_id: str, text_sha256: str, complete: bool) -> None:
        at = datetime.now(UTC).replace(tzinfo=None)
        row = [
            self._review.review_id,
            report_id,
            run_id,
            text_sha256,
            complete,
            self._reviewer,
            self._review.saved_at,
            at,
        ]
        self._connection.execute("INSERT INTO reviews VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _store_samples(self) -> None:
        known = {row[0] for row in self._connection.execute("SELECT sample_id FROM review_samples").fetchall()}
        for sample in self._review.samples:
            if sample.sample_id in known:
                continue
            row = [sample.sample_id, sample.seed, sample.stratified_by, sample.view, sample.drawn_at]
            self._connection.execute("INSERT INTO review_samples VALUES (?, ?, ?, ?, ?)", row)
            self._connection.executemany(
                "INSERT INTO review_sample_reports VALUES (?, ?, ?, ?)",
                [[sample.sample_id, r.report_id, r.stratum, r.stratum_size] for r in sample.reports],
            )


def _as_text(value: Any) -> str:
    return "null" if value is None else str(value) if isinstance(value, int) else stored_value("", value) or ""
