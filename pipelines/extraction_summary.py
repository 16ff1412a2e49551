"""What `reportsup extract` prints at its end."""

from pathlib import Path

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..schemas.database import open_database
from .extraction import RunSummary
from .hints import hint

_BY_ORGAN = """
SELECT organ, count(*), count(DISTINCT report_id), count(*) FILTER (len(sizes_mm) > 0),
       count(*) FILTER (certainty = 'possible')
FROM v_findings GROUP BY organ ORDER BY count(*) DESC, organ"""

# view, what it lists, all of them, what is the matter
_PEOPLE = (
    ("audit_corrections_without_finding", "corrections", "v_active_corrections", "found no finding"),
    ("audit_corrections_of_changed_findings", "corrections", "v_active_corrections", "are of a finding that changed"),
    ("audit_annotations", "annotations", "v_annotations", "do not stand as they were given"),
)


def figures(summary: RunSummary) -> dict[str, float]:
    """What a run did in figures, by names of ours."""
    counts = {"rows": summary.rows, "known": summary.skipped, "rejects": summary.rejects, **summary.by_status}
    return {**counts, **summary.unreadable, "seconds": round(summary.seconds, 2)}


def print_summary(summary: RunSummary, database: Path) -> None:
    """The run in figures, then how to look into the database."""
    console = Console()
    with open_database(database, read_only=True) as connection:
        _print_organs(console, connection)
        _print_review(console, connection)
        _print_people(console, connection, database)
    rate = summary.extracted / summary.seconds if summary.seconds else 0.0
    statuses = ", ".join(f"{status} {n:,}" for status, n in sorted(summary.by_status.items())) or "none"
    console.print(
        f"{summary.rows:,} rows: {summary.extracted:,} reports extracted ({statuses}), "
        f"{summary.skipped:,} known already, {summary.rejects:,} rows rejected; {rate:,.0f} reports/s"
    )
    _print_unreadable(console, summary, database)
    if summary.unreadable_chars:
        console.print(f"{summary.unreadable_chars:,} characters are unreadable (U+FFFD): try --encoding")
    _print_next(console, summary, database)


def _print_organs(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    table = Table(title="Findings in the database", title_justify="left")
    for name in ("organ", "findings", "reports", "with a size", "possible"):
        table.add_column(name, justify="left" if name == "organ" else "right")
    for organ, n, reports, sized, possible in connection.execute(_BY_ORGAN).fetchall():
        table.add_row(organ, f"{n:,}", f"{reports:,}", f"{sized / n:.0%}", f"{possible:,}")
    console.print(table)


def _print_review(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    reasons = connection.execute("SELECT reason, count(*) FROM audit_unsure GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    if reasons:
        console.print("worth a look: " + ", ".join(f"{reason} {n:,}" for reason, n in reasons))


def _print_unreadable(console: Console, summary: RunSummary, database: Path) -> None:
    if summary.unreadable:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in summary.unreadable.most_common())
        which = hint("audit unreadable", database)
        console.print(escape(f"not read, and no evidence of anything: {reasons}; which: {which}"), soft_wrap=True)


def _print_people(console: Console, connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """What readers corrected or annotated and could not be carried over to the present texts and findings."""
    for view, counted, of, what in _PEOPLE:
        lost = connection.execute(f"SELECT count(*) FROM {view}").fetchall()[0][0]
        if lost:
            total = connection.execute(f"SELECT count(*) FROM {of}").fetchall()[0][0]
            which = hint(f"audit {view.removeprefix('audit_')}", database)
            console.print(escape(f"{lost:,} of {total:,} {counted} {what}: {which}"), soft_wrap=True)


def _print_next(console: Console, summary: RunSummary, database: Path) -> None:
    queries = [
        "SELECT organ, laterality, location, sizes_mm, evidence FROM v_findings LIMIT 10",
        "SELECT organ, status, count(*) FROM v_organ_status GROUP BY ALL ORDER BY ALL",
        "FROM audit_size_outliers",
    ]
    if summary.rejects:
        queries[2] = "SELECT reason, count(*) FROM rejects GROUP BY 1"
    elif summary.failed:
        queries[2] = "SELECT status, reason, count(*) FROM v_extractions WHERE status <> 'ok' GROUP BY ALL"
    console.print("Try:")
    for query in queries:
        console.print(escape("  " + hint(f'sql "{query}"', database)), soft_wrap=True)
    console.print(escape("  " + hint("audit", database)), soft_wrap=True)
