"""The audit: counts of the audit views, one view as a table, and findings shown in their report."""

import random
from dataclasses import dataclass
from html import escape
from pathlib import Path

import duckdb

from ..schemas import ConfigError
from ..schemas.atomic import atomic
from ..schemas.database import open_database
from .querying import Answer, answer

_VIEWS = "SELECT view_name FROM duckdb_views() WHERE view_name LIKE 'audit_%' ORDER BY 1"
_CONTEXT = 60


@dataclass(frozen=True)
class Shown:
    """A finding with its report: what a reader needs to judge it."""

    report_id: str
    finding_id: str
    summary: str
    text: str
    spans: tuple[tuple[int, int], ...]

    def excerpt(self) -> str:
        """Each quote in its surroundings, marked by ⟦ ⟧."""
        pieces = []
        for start, end in sorted(self.spans):
            before, after = self.text[max(0, start - _CONTEXT) : start], self.text[end : end + _CONTEXT]
            pieces.append(" ".join(f"…{before}⟦{self.text[start:end]}⟧{after}…".split()))
        return "\n    ".join(pieces)


def overview(database: Path) -> Answer:
    """Every audit view with its number of rows."""
    with open_database(database, read_only=True) as connection:
        names = [row[0] for row in connection.execute(_VIEWS).fetchall()]
        rows = [(name, _count(connection, name)) for name in names]
    return Answer(("view", "rows"), rows)


def view(database: Path, name: str) -> Answer:
    """Rows of one audit view; its name may leave out `audit_`.

    Raises:
        ConfigError: there is no such view.
    """
    with open_database(database, read_only=True) as connection:
        names = [row[0] for row in connection.execute(_VIEWS).fetchall()]
        full = name if name.startswith("audit_") else f"audit_{name}"
        if full not in names:
            short = ", ".join(n.removeprefix("audit_") for n in names)
            raise ConfigError(f"audit: '{name}' vs one of {short}. Name one of them.")
        return answer(connection, f'FROM "{full}"')


def sample(database: Path, size: int, seed: int = 0) -> list[Shown]:
    """Findings drawn at random, for review; the same seed draws the same ones."""
    with open_database(database, read_only=True) as connection:
        ids = [row[0] for row in connection.execute("SELECT finding_id FROM v_findings ORDER BY 1").fetchall()]
        chosen = random.Random(seed).sample(ids, min(size, len(ids)))
        return _shown(connection, "WHERE list_contains(?, f.finding_id)", [chosen])


def write_page(database: Path, out: Path, size: int = 500) -> int:
    """A self-contained HTML page of the least sure reports, findings highlighted; returns the number of reports on it.

    The page holds report text: keep it where the reports may be.
    """
    with open_database(database, read_only=True) as connection:
        least_sure = (
            "SELECT report_id FROM v_extractions WHERE report_id IN (SELECT report_id FROM v_findings) "
            "ORDER BY confidence NULLS LAST, report_id LIMIT ?"
        )
        chosen = f"WHERE f.report_id IN ({least_sure})"
        shown = _shown(connection, chosen, [size])
    by_report: dict[str, list[Shown]] = {}
    for finding in shown:
        by_report.setdefault(finding.report_id, []).append(finding)
    articles = "\n".join(_article(findings) for findings in by_report.values())
    with atomic(out) as temporary:
        temporary.write_text(_PAGE.format(n=len(by_report), articles=articles), encoding="utf-8")
    return len(by_report)


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
    return int(row[0]) if row else 0


def _shown(connection: duckdb.DuckDBPyConnection, where: str, parameters: list[object]) -> list[Shown]:
    rows = connection.execute(
        "SELECT f.report_id, f.finding_id, f.organ, f.laterality, f.location, f.lesion_type, f.count, f.count_min, "
        "f.sizes_mm, f.size_bound, f.certainty, f.corrected, f.confidence, r.text, "
        '(SELECT list((e.start, e."end") ORDER BY e.idx) FROM v_evidence e '
        " WHERE e.report_id = f.report_id AND e.finding_id = f.finding_id) "
        f"FROM v_findings f JOIN reports r USING (report_id) LEFT JOIN v_extractions x USING (report_id) {where} "
        "ORDER BY x.confidence NULLS LAST, f.report_id, f.anchor_start, f.finding_id",
        parameters,
    ).fetchall()
    return [Shown(r[0], r[1], _summary(r), r[13], tuple((a, b) for a, b in r[14] or [])) for r in rows]


def _summary(row: tuple) -> str:
    _, _, organ, side, location, kind, count, count_min, sizes, bound, certainty, corrected, confidence, *_ = row
    number = str(count) if count is not None else f"≥{count_min}"
    measured = ", ".join("×".join(f"{d:g}" for d in diameters) for diameters in sizes)
    sign = {"upper": "≤ ", "lower": "≥ "}.get(bound or "", "")
    parts = [
        side,
        organ.replace("_", " "),
        "/".join(location),
        kind,
        f"n {number}",
        measured and f"{sign}{measured} mm",
    ]
    parts += ["possible" if certainty == "possible" else "", "corrected" if corrected else ""]
    parts.append("" if confidence is None else f"sure {confidence:.2f}")
    return " · ".join(p for p in parts if p)


def _article(findings: list[Shown]) -> str:
    text = findings[0].text
    marks = sorted({span for finding in findings for span in finding.spans})
    out, position = [], 0
    for a, b in marks:
        if a >= position:
            out += [escape(text[position:a]), "<mark>", escape(text[a:b]), "</mark>"]
            position = b
    out.append(escape(text[position:]))
    rows = "".join(f"<li><code>{escape(f.finding_id)}</code> {escape(f.summary)}</li>" for f in findings)
    title = escape(findings[0].report_id)
    return f"<article><h2>{title}</h2><ul>{rows}</ul><pre>{''.join(out)}</pre></article>"


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>reportsup audit</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
article {{ border-top: 1px solid #ccc; padding: 0.5rem 0 1rem }} h2 {{ font-size: 1rem }} code {{ color: #888 }}
pre {{ white-space: pre-wrap; font: inherit; background: #f7f7f5; padding: 0.75rem }} mark {{ background: #ffe58a }}
</style><h1>{n} reports and what was found in them</h1>
<p>A wrong finding: <code>reportsup correct FINDING_ID --field … --value … --by …</code>, or
<code>--delete</code>. A missing one:
<code>reportsup correct REPORT_ID --add --field organ --value … --field evidence --value … --by …</code></p>
{articles}</html>
"""
