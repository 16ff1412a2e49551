"""One self-contained page: every finding highlighted in its report. Holds report text: keep it where the reports may be."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import duckdb

from ..schemas.database import open_database
from .audit import counts, describe_sizes
from .exporting import atomic

_REPORTS = """
SELECT report_id, text FROM reports WHERE report_id IN (SELECT report_id FROM v_extractions)
ORDER BY hash(report_id || ?) LIMIT ?"""
_FINDINGS = """
SELECT finding_id, run_id, organ, laterality, location, lesion_type, certainty, count, count_min, sizes_mm
FROM v_findings WHERE report_id = ? ORDER BY anchor_start, finding_id"""
_SPANS = 'SELECT start, "end" FROM evidence WHERE run_id = ? AND finding_id = ? ORDER BY start'
_NEGATIVES = "SELECT organ FROM v_organ_status WHERE report_id = ? AND status = 'negative' ORDER BY organ"


def write_audit_page(database: Path, out: Path, n_reports: int, seed: int = 0) -> int:
    """Write the page with up to `n_reports` reports drawn with a seed; returns how many it shows."""
    tally = counts(database)
    with open_database(database, read_only=True) as connection:
        reports = connection.execute(_REPORTS, [str(seed), n_reports]).fetchall()
        articles = "\n".join(_article(connection, report_id, text) for report_id, text in reports)
    rows = "\n".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in tally.rows)
    template = Template((files(__package__) / "audit_page.html").read_text(encoding="utf-8"))
    page = template.substitute(intro=f"{len(reports)} reports, drawn at random", counts=rows, articles=articles)
    with atomic(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return len(reports)


def _article(connection: duckdb.DuckDBPyConnection, report_id: str, text: str) -> str:
    findings = _records(connection, _FINDINGS, [report_id])
    spans = [
        (start, end, finding["certainty"], _title(finding))
        for finding in findings
        for start, end in connection.execute(_SPANS, [finding["run_id"], finding["finding_id"]]).fetchall()
    ]
    negatives = ", ".join(row[0] for row in connection.execute(_NEGATIVES, [report_id]).fetchall())
    items = "".join(
        f"<li>{escape(_title(finding))} <code>{escape(finding['finding_id'])}</code></li>" for finding in findings
    )
    notes = f"<ul>{items or '<li>no findings</li>'}</ul>" + (
        f"<p>free of lesions: {escape(negatives)}</p>" if negatives else ""
    )
    return f"<article><h2>{escape(report_id)}</h2><pre>{highlighted(text, spans)}</pre><div>{notes}</div></article>"


def highlighted(text: str, spans: list[tuple[int, int, str, str]]) -> str:
    """The text as HTML with the spans marked; overlapping spans share a mark.

    Args:
        spans: (start, end, class, title).

    >>> highlighted("a 2 cm <cyst>", [(2, 6, "present", "liver")])
    'a <mark class="present" title="liver">2 cm</mark> &lt;cyst&gt;'
    """
    cuts = sorted({0, len(text), *(start for start, *_ in spans), *(end for _, end, *_ in spans)})
    return "".join(_pieces(text, cuts, spans))


def _pieces(text: str, cuts: list[int], spans: list[tuple[int, int, str, str]]) -> Iterator[str]:
    for start, end in zip(cuts, cuts[1:], strict=False):
        piece = escape(text[start:end])
        covering = [span for span in spans if span[0] <= start and end <= span[1]]
        if covering:
            title = escape("; ".join(span[3] for span in covering))
            yield f'<mark class="{escape(covering[0][2])}" title="{title}">{piece}</mark>'
        else:
            yield piece


def _title(finding: dict[str, Any]) -> str:
    place = [finding["organ"], finding["laterality"], *finding["location"]]
    number = str(finding["count"]) if finding["count"] is not None else f"≥ {finding['count_min']}"
    sizes = describe_sizes(finding["sizes_mm"]) or "no size"
    return f"{', '.join(p for p in place if p)}: {finding['lesion_type']}, {number}, {sizes}"


def _records(connection: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, values)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
