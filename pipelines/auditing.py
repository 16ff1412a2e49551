"""The audit in the terminal: counts of the audit views, one view as a table, sampled reports with their quotes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from ..schemas import ConfigError
from ..schemas.database import open_database
from .audit_counts import counts
from .querying import Answer, answer
from .review.review_file import Sample

_VIEWS = "SELECT view_name, coalesce(comment, '') FROM duckdb_views() WHERE view_name LIKE 'audit_%' ORDER BY 1"
_CONTEXT = 60  # characters around a quote
_SHOWN = (
    "report_id", "finding_id", "organ", "laterality", "location", "lesion_type", "count", "count_min", "sizes_mm",
    "size_bound", "certainty", "corrected", "confidence", "evidence",
)  # fmt: skip
_SAMPLED = f"""
SELECT r.report_id, {", ".join(f"f.{name}" for name in _SHOWN[1:])}, r.text,
       (SELECT list([e.start, e."end"] ORDER BY e.idx) FROM v_evidence e
         WHERE e.report_id = f.report_id AND e.finding_id = f.finding_id) AS spans
FROM reports r LEFT JOIN v_extractions x USING (report_id) LEFT JOIN v_findings f USING (report_id)
WHERE list_contains(?, r.report_id)
ORDER BY x.confidence NULLS LAST, r.report_id, f.anchor_start, f.finding_id"""


def overview(database: Path) -> Answer:
    """Every audit view with its number of rows and what it lists."""
    with open_database(database, read_only=True) as connection:
        told = dict(connection.execute(_VIEWS).fetchall())
        rows = counts(connection, database, list(told))
    return Answer(("view", "rows", "lists"), [(name, n, told[name]) for name, n in rows])


def view(database: Path, name: str, most: int | None = None) -> Answer:
    """The first rows of one audit view, or all; its name may leave out `audit_`.

    Raises:
        ConfigError: there is no such view.
    """
    with open_database(database, read_only=True) as connection:
        limit = "" if most is None else f" LIMIT {most}"
        return answer(connection, f'FROM "{_full_name(connection, name)}"{limit}')


def reports_of_view(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The reports that a view speaks of, in its order.

    Raises:
        ConfigError: there is no such view.
    """
    full = _full_name(connection, name)
    found = connection.execute(f'SELECT report_id FROM "{full}" SEMI JOIN reports USING (report_id)').fetchall()
    return list(dict.fromkeys(row[0] for row in found))


def sampled(database: Path, sample: Sample) -> tuple[Answer, list[str]]:
    """The findings of a sample's reports: as a table, and as lines to read, each quote in its surroundings.

    A report without findings has one row, without values.
    """
    strata = {report.report_id: report.stratum for report in sample.reports}
    with open_database(database, read_only=True) as connection:
        rows = connection.execute(_SAMPLED, [list(strata)]).fetchall()
    table = [(*row[: len(_SHOWN)], strata[row[0]]) for row in rows]
    lines = [line for row in rows for line in _lines(dict(zip((*_SHOWN, "text", "spans"), row, strict=True)))]
    return Answer((*_SHOWN, "stratum"), table), lines


def _full_name(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    names = [row[0] for row in connection.execute(_VIEWS).fetchall()]
    full = name if name.startswith("audit_") else f"audit_{name}"
    if full not in names:
        short = ", ".join(n.removeprefix("audit_") for n in names)
        raise ConfigError(f"audit: '{name}' vs one of {short}. Name one of them.")
    return full


def _lines(row: dict[str, Any]) -> Iterator[str]:
    if row["finding_id"] is None:
        yield f"{row['report_id']}  no finding"
        return
    yield f"{row['report_id']}  {row['finding_id']}  {_summary(row)}"
    for start, end in sorted(row["spans"] or []):
        text = row["text"]
        before, after = text[max(0, start - _CONTEXT) : start], text[end : end + _CONTEXT]
        yield "    " + " ".join(f"…{before}⟦{text[start:end]}⟧{after}…".split())


def _summary(row: dict[str, Any]) -> str:
    number = str(row["count"]) if row["count"] is not None else f"≥{row['count_min']}"
    measured = ", ".join("×".join(f"{d:g}" for d in diameters) for diameters in row["sizes_mm"])
    sign = {"upper": "≤ ", "lower": "≥ "}.get(row["size_bound"] or "", "")
    parts = [
        row["laterality"], row["organ"].replace("_", " "), "/".join(row["location"]), row["lesion_type"], f"n {number}",
        measured and f"{sign}{measured} mm", "possible" if row["certainty"] == "possible" else "",
        "corrected" if row["corrected"] else "",
        "" if row["confidence"] is None else f"sure {row['confidence']:.2f}",
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)
