"""Cases in the database: what is new or changed is read and checked, the rest is taken over, all in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ...schemas import ConfigError
from ...schemas.transaction import transaction
from .checks import check_cases, fingerprint
from .collection import COLLECTION_PROBLEMS, TAKEN, check_collection
from .records import CaseFiles, CheckedCase, IndexedCase, MaskSummary, Problem
from .splits import assign_splits

_ROWS_PER_INSERT = 200


@dataclass(frozen=True)
class IndexResult:
    """All cases of a data set after checking; nothing is written yet.

    Attributes:
        cases: one per case id, in order, splits assigned, problems complete.
        n_unchanged: cases whose files are as they were at the last index, so that they were not read again.
    """

    cases: tuple[CheckedCase, ...]
    n_unchanged: int = 0

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, fatal ones first, then by case."""
        found = [problem for case in self.cases for problem in case.problems]
        return tuple(sorted(found, key=lambda p: (not p.fatal, p.case_id)))

    @property
    def n_set_aside(self) -> int:
        """Cases that will not be used."""
        return sum(case.set_aside for case in self.cases)

    @property
    def ignored_masks(self) -> dict[str, int]:
        """Mask names that the anatomy table does not know → number of cases."""
        return dict(Counter(name for case in self.cases for name in case.files.ignored_masks).most_common())


def examine(
    cases: Sequence[CaseFiles],
    connection: duckdb.DuckDBPyConnection | None = None,
    *,
    reports_link: str = "report_id",
    workers: int = 1,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> IndexResult:
    """Every case linked to its report, given a split and checked; the database is only read.

    Args:
        connection: an open reportsup database; None = no reports, nothing known from before.
        reports_link: for cases whose report the data set does not name: the column of the reports (`report_id`,
            `patient_id` or one of the input table's own) that holds the case id.
        workers: processes that read volumes.
        seed: of the split, where none is given.
        progress: called with (done, total) for each case that is read.

    Raises:
        ConfigError: no report has the column `reports_link`.
    """
    linked = link_reports(cases, connection, reports_link) if connection else list(cases)
    if connection:
        linked = _with_segmenters(linked, connection)
    listed = assign_splits(linked, seed=seed)
    unique = list({case.case_id: case for case in reversed(listed)}.values())[::-1]
    before = _known(connection, {case.case_id for case in unique}) if connection else {}
    unchanged = {c.case_id for c in unique if c.case_id in before and before[c.case_id].fingerprint == fingerprint(c)}
    fresh = check_cases([c for c in unique if c.case_id not in unchanged], workers=workers, progress=progress)
    checked = {case.files.case_id: case for case in fresh}
    kept = {c.case_id: _taken_over(c, before[c.case_id]) for c in unique if c.case_id in unchanged}
    between = _between(listed, connection)
    together = [{**kept, **checked}[case.case_id] for case in unique]
    return IndexResult(
        cases=tuple(replace(c, problems=(*c.problems, *between.get(c.files.case_id, ()))) for c in together),
        n_unchanged=len(unchanged),
    )


def link_reports(cases: Sequence[CaseFiles], connection: duckdb.DuckDBPyConnection, column: str) -> list[CaseFiles]:
    """Cases with the report whose `column` holds the case id, where the data set names none.

    A case that several reports claim stays without one: which of them describes the volume is not for us to guess.
    A report's patient becomes the case's where the case has none.
    """
    value = column if column in ("report_id", "patient_id") else "extra ->> ?"
    arguments = [] if column in ("report_id", "patient_id") else [f'$."{column}"']
    rows = connection.execute(f"SELECT {value}, report_id, patient_id FROM reports", arguments).fetchall()
    if rows and all(row[0] is None for row in rows):
        raise ConfigError(
            f"--reports-link: no report has '{column}' vs a column that holds case ids. Cases find no report. "
            "Use report_id, patient_id or a column of the table given to `reportsup extract`."
        )
    by_value: dict[str, list[str]] = defaultdict(list)
    for held, report_id, _ in rows:
        by_value[held].append(report_id)
    patients = {report_id: patient_id for _, report_id, patient_id in rows}
    linked = []
    for case in cases:
        candidates = [case.report_id] if case.report_id else by_value.get(case.case_id, [])
        report_id = candidates[0] if len(candidates) == 1 else None
        patient_id = case.patient_id or (patients.get(report_id) if report_id else None)
        linked.append(replace(case, report_id=report_id, patient_id=patient_id))
    return linked


def _with_segmenters(cases: Sequence[CaseFiles], connection: duckdb.DuckDBPyConnection) -> list[CaseFiles]:
    """Cases with the organ masks that `reportsup organs` made or found of them, as far as those are still there."""
    from ..organs import known_organ_masks, organ_mask_files

    known = known_organ_masks(connection)
    more = {
        case_id: tuple(file for masks in found if masks.path.exists() for file in organ_mask_files(masks))
        for case_id, found in known.items()
    }
    return [replace(case, masks=(*case.masks, *more.get(case.case_id, ()))) for case in cases]


def write_index(connection: duckdb.DuckDBPyConnection, result: IndexResult) -> None:
    """Store the cases of a result, replacing what was known of them, in one transaction.

    A case id that another volume in the database holds already is left to that volume.
    """
    written = [case for case in result.cases if not any(p.problem == TAKEN for p in case.problems)]
    ids = [case.files.case_id for case in written]
    with transaction(connection):
        for table in ("cases", "case_masks", "case_problems"):
            connection.execute(f"DELETE FROM {table} WHERE case_id IN (SELECT unnest(?::VARCHAR[]))", [ids])
        _insert(connection, "cases", [_case_row(case) for case in written])
        _insert(
            connection,
            "case_masks",
            [
                (c.files.case_id, m.name, str(m.path.absolute()), m.label, _status(m), m.volume_mm3)
                for c in written
                for m in c.masks
            ],
        )
        _insert(
            connection,
            "case_problems",
            [
                (p.case_id, i, p.problem, p.observed, p.expected, p.next_step, p.fatal)
                for c in written
                for i, p in enumerate(c.problems)
            ],
        )


def _case_row(case: CheckedCase) -> tuple[object, ...]:
    files = case.files
    folder = str(files.mask_folder.absolute()) if files.mask_folder else None
    return (
        *(files.case_id, files.report_id, files.patient_id, files.split, files.site, str(files.ct.absolute()), folder),
        *(case.shape, case.spacing_mm, case.orientation, "set_aside" if case.set_aside else "ok", case.fingerprint),
    )


def _status(mask: MaskSummary) -> str:
    return "empty" if mask.empty else "present"


def read_cases(connection: duckdb.DuckDBPyConnection, *, usable_only: bool = True) -> list[IndexedCase]:
    """The indexed cases in the order of their ids; without those set aside unless asked for."""
    cases = _known(connection, None).values()
    return [case for case in cases if case.usable or not usable_only]


def _known(connection: duckdb.DuckDBPyConnection, wanted: set[str] | None) -> dict[str, IndexedCase]:
    masks: dict[str, dict[str, MaskSummary]] = defaultdict(dict)
    for case_id, name, path, label, status, volume_mm3 in connection.execute(
        "SELECT case_id, mask, path, label, status, volume_mm3 FROM case_masks ORDER BY case_id, mask"
    ).fetchall():
        masks[case_id][name] = MaskSummary(name, Path(path), label, status == "empty", volume_mm3)
    problems: dict[str, list[Problem]] = defaultdict(list)
    for row in connection.execute(
        "SELECT case_id, problem, observed, expected, next_step, fatal FROM case_problems ORDER BY case_id, idx"
    ).fetchall():
        problems[row[0]].append(Problem(*row))
    rows = connection.execute(
        "SELECT case_id, ct_path, shape, spacing_mm, coalesce(orientation, ''), split, site, report_id, patient_id, "
        "coalesce(fingerprint, ''), status = 'ok' FROM cases ORDER BY case_id"
    ).fetchall()
    return {
        row[0]: IndexedCase(
            case_id=row[0],
            ct=Path(row[1]),
            shape=tuple(row[2] or ()),
            spacing_mm=tuple(row[3] or ()),
            orientation=row[4],
            split=row[5],
            site=row[6],
            report_id=row[7],
            patient_id=row[8],
            fingerprint=row[9],
            usable=row[10],
            masks=masks[row[0]],
            problems=tuple(problems[row[0]]),
        )
        for row in rows
        if wanted is None or row[0] in wanted
    }


def _taken_over(files: CaseFiles, before: IndexedCase) -> CheckedCase:
    problems = tuple(problem for problem in before.problems if problem.problem not in COLLECTION_PROBLEMS)
    return CheckedCase(
        files=files,
        shape=before.shape or None,
        spacing_mm=before.spacing_mm or None,
        orientation=before.orientation or None,
        masks=tuple(before.masks.values()),
        problems=problems,
        fingerprint=before.fingerprint,
    )


def _between(
    listed: Sequence[CaseFiles], connection: duckdb.DuckDBPyConnection | None
) -> Mapping[str, Iterable[Problem]]:
    reports, others = None, []
    if connection:
        reports = {row[0] for row in connection.execute("SELECT report_id FROM reports").fetchall()}
        others = connection.execute("SELECT case_id, patient_id, split, ct_path FROM cases").fetchall()
    by_case: dict[str, list[Problem]] = defaultdict(list)
    for problem in check_collection(listed, reports=reports, others=others):
        by_case[problem.case_id].append(problem)
    return by_case


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    for start in range(0, len(rows), _ROWS_PER_INSERT):
        block = rows[start : start + _ROWS_PER_INSERT]
        places = ", ".join(f"({', '.join('?' * len(row))})" for row in block)
        connection.execute(f"INSERT INTO {table} VALUES {places}", [value for row in block for value in row])
