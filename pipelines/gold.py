"""The gold format: one JSON line per report, as annotators write it (docs/gold_format.md)."""

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from ..schemas import Extraction, Finding


def gold_record(extraction: Extraction) -> str:
    """One extraction as a line of the gold format, without line end."""
    return _line(
        extraction.report_id,
        [_gold_finding(finding) for finding in extraction.findings],
        [str(organ) for organ in extraction.negative_organs],
    )


def gold_lines(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The current extraction of every report that was read, corrections applied, a gold line each, by report id.

    Reports without findings are there, with an empty list; those without an answer (unreadable, rejected, error) are
    not, since an empty list would say that they name no lesion.
    """
    negatives = "SELECT report_id, list(organ ORDER BY organ) FROM v_organ_status WHERE status = 'negative' GROUP BY 1"
    negative_of = dict(connection.execute(negatives).fetchall())
    cursor = connection.execute(
        "SELECT e.report_id, f.organ, laterality, location, lesion_type, count, count_min, sizes_mm, size_bound, "
        "prior_sizes_mm, certainty, evidence FROM v_extractions e LEFT JOIN v_findings f USING (report_id) "
        "WHERE e.status IN ('ok', 'no_lesion') "
        "ORDER BY e.report_id, f.anchor_start, f.finding_id"
    )
    current: str | None = None
    findings: list[dict[str, Any]] = []
    while rows := cursor.fetchmany(1000):
        for report_id, *values in rows:
            if report_id != current and current is not None:
                yield _line(current, findings, negative_of.get(current, []))
                findings = []
            current = report_id
            if values[0] is not None:
                findings.append(dict(zip(_FIELDS, values, strict=True)))
    if current is not None:
        yield _line(current, findings, negative_of.get(current, []))


_FIELDS = (
    "organ", "laterality", "location", "type", "count", "count_min", "sizes_mm", "size_bound", "prior_sizes_mm",
    "certainty", "evidence",
)  # fmt: skip


def _gold_finding(finding: Finding) -> dict[str, Any]:
    values = (
        finding.organ, finding.laterality, list(finding.location), finding.lesion_type, finding.count,
        finding.count_min, [list(m.diameters_mm) for m in finding.sizes], finding.size_bound,
        [list(m.diameters_mm) for m in finding.prior_sizes], finding.certainty, [e.text for e in finding.evidence],
    )  # fmt: skip
    return dict(zip(_FIELDS, values, strict=True))


def _line(report_id: str, findings: list[dict[str, Any]], negative_organs: list[str]) -> str:
    record = {"id": report_id, "findings": findings, "negative_organs": negative_organs}
    return json.dumps(record, ensure_ascii=False)
