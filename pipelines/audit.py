"""The audit views as counts and tables, and random findings with their quotes in context."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ..schemas import ConfigError
from ..schemas.database import open_database
from .querying import Answer, answer

_CONTEXT_CHARS = 120


@dataclass(frozen=True)
class Quote:
    """A finding's quote within its report."""

    before: str
    text: str
    after: str


@dataclass(frozen=True)
class Sample:
    """A finding to be judged by a reader."""

    finding_id: str
    report_id: str
    summary: str
    quotes: tuple[Quote, ...]


def view_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the audit views without their prefix."""
    rows = connection.execute("SELECT view_name FROM duckdb_views() WHERE starts_with(view_name, 'audit_')").fetchall()
    return sorted(row[0].removeprefix("audit_") for row in rows)


def counts(database: Path) -> Answer:
    """(view, rows, reports concerned) of every audit view."""
    with open_database(database, read_only=True) as connection:
        union = " UNION ALL ".join(
            f'SELECT \'{name}\' AS "view", count(*) AS "rows", count(DISTINCT report_id) AS reports FROM audit_{name}'
            for name in view_names(connection)
        )
        return answer(connection, f'{union} ORDER BY "view"')


def view(database: Path, name: str) -> Answer:
    """All rows of an audit view.

    Raises:
        ConfigError: there is no such view.
    """
    with open_database(database, read_only=True) as connection:
        names = view_names(connection)
        short = name.removeprefix("audit_")
        if short not in names:
            raise ConfigError(f"audit: '{name}' vs one of {', '.join(names)}. Name one of them.")
        return answer(connection, f"FROM audit_{short} ORDER BY ALL")


def sample(database: Path, n: int, seed: int = 0) -> list[Sample]:
    """`n` findings drawn with a seed, the same for the same database."""
    with open_database(database, read_only=True) as connection:
        ids = connection.execute(
            "SELECT finding_id FROM v_findings ORDER BY hash(finding_id || ?) LIMIT ?", [str(seed), n]
        ).fetchall()
        return list(_samples(connection, [row[0] for row in ids]))


def _samples(connection: duckdb.DuckDBPyConnection, ids: list[str]) -> Iterator[Sample]:
    for finding_id in ids:
        row = connection.execute(
            "SELECT f.report_id, f.run_id, organ, laterality, location, lesion_type, certainty, count, count_min, sizes_mm, "
            "size_bound, prior_sizes_mm, r.text FROM v_findings f JOIN reports r USING (report_id) WHERE finding_id = ?",
            [finding_id],
        ).fetchone()
        if row is None:
            continue
        report_id, run_id, *values, text = row
        spans = connection.execute(
            'SELECT start, "end" FROM evidence WHERE run_id = ? AND finding_id = ? ORDER BY idx', [run_id, finding_id]
        ).fetchall()
        yield Sample(finding_id, report_id, _summary(*values), tuple(_quote(text, start, end) for start, end in spans))


def _summary(
    organ: str,
    laterality: str | None,
    location: list[str],
    lesion_type: str,
    certainty: str,
    count: int | None,
    count_min: int,
    sizes_mm: list[list[float]],
    size_bound: str | None,
    prior_sizes_mm: list[list[float]],
) -> str:
    """One line: "liver, segment 4a: cyst, 1, 23 x 14 mm"."""
    place = ", ".join([organ, *([laterality] if laterality else []), *location])
    bound = {"upper": "≤ ", "lower": "≥ "}.get(size_bound or "", "")
    parts = [lesion_type, str(count) if count is not None else f"at least {count_min}"]
    parts.append(bound + describe_sizes(sizes_mm) if sizes_mm else "no size")
    if prior_sizes_mm:
        parts.append(f"earlier {describe_sizes(prior_sizes_mm)}")
    return f"{place}: {', '.join(parts)}" + (" (possible)" if certainty == "possible" else "")


def describe_sizes(sizes_mm: list[list[float]]) -> str:
    """Sizes as a reader writes them: "23 x 14 mm; 5 mm"."""
    return "; ".join(" x ".join(f"{d:g}" for d in lesion) + " mm" for lesion in sizes_mm)


def _quote(text: str, start: int, end: int) -> Quote:
    return Quote(text[max(start - _CONTEXT_CHARS, 0) : start], text[start:end], text[end : end + _CONTEXT_CHARS])
