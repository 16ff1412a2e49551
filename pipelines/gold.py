"""The gold format: one JSON line per report, as annotators write it (docs/reference/gold_format.md)."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from ..schemas import Extraction, Finding
from ..schemas.finding_values import finding_from_values
from .rows import finding_ids

_STATED = (
    "organ", "laterality", "location", "type", "count", "count_min", "sizes_mm", "size_bound", "prior_sizes_mm",
    "certainty", "evidence", "type_text", "attenuation", "image_reference", "section",
)  # fmt: skip
# What an annotator need not write: it keeps a finding the same through export and import, or (confidence) is a
# machine's and not taken over from it.
_KEPT = ("finding_id", "corrected", "anchor", "spans", "confidence")
KNOWN_FIELDS = frozenset((*_STATED, *_KEPT))
_LINES = """
WITH places AS (
    SELECT report_id, finding_id, list([start, "end"] ORDER BY idx) AS spans FROM v_evidence GROUP BY ALL
)
SELECT e.report_id, f.organ, laterality, location, lesion_type, count, count_min, sizes_mm, size_bound,
       prior_sizes_mm, certainty, evidence, type_text, attenuation, image_reference, section,
       f.finding_id, corrected, [anchor_start, anchor_end], spans, f.confidence
FROM v_extractions e LEFT JOIN v_findings f USING (report_id)
LEFT JOIN places p ON p.report_id = f.report_id AND p.finding_id = f.finding_id
WHERE (e.status IN ('ok', 'no_lesion') OR f.finding_id IS NOT NULL)
AND ($report_ids IS NULL OR list_contains($report_ids, e.report_id))
ORDER BY e.report_id, f.anchor_start, f.finding_id"""


def gold_record(extraction: Extraction) -> str:
    """One extraction as a line of the gold format, without line end."""
    ids = finding_ids(extraction.report_id, extraction.findings)
    findings = [_gold_finding(i, finding) for i, finding in zip(ids, extraction.findings, strict=True)]
    return _line(extraction.report_id, findings, [str(o) for o in extraction.negative_organs])


def gold_lines(connection: duckdb.DuckDBPyConnection, report_ids: Sequence[str] | None = None) -> Iterator[str]:
    """The current extraction of every report that was read, corrections applied, a gold line each, by report id.

    Args:
        report_ids: only these reports.

    Reports without findings are there, with an empty list; those without an answer (unreadable, rejected, error) are
    not, since an empty list would say that they name no lesion. Findings that a person added to them are.
    """
    negatives = "SELECT report_id, list(organ ORDER BY organ) FROM v_organ_status WHERE status = 'negative' GROUP BY 1"
    negative_of = dict(connection.execute(negatives).fetchall())
    cursor = connection.execute(_LINES, {"report_ids": report_ids})
    current: str | None = None
    findings: list[dict[str, Any]] = []
    while rows := cursor.fetchmany(1000):
        for report_id, *values in rows:
            if current is not None and report_id != current:
                yield _line(current, findings, negative_of.get(current, []))
                findings = []
            current = report_id
            if values[0] is not None:
                findings.append(dict(zip((*_STATED, *_KEPT), values, strict=True)))
    if current is not None:
        yield _line(current, findings, negative_of.get(current, []))


def finding_of_gold(row: dict[str, Any], text: str) -> Finding:
    """A gold finding as the contract's finding: its quotes are looked up in the text.

    Raises:
        ValueError: it breaks the contract, has a field that the format does not know, or a quote is not in the text.
    """
    if not isinstance(row, dict):
        raise ValueError("a finding is no JSON object")
    unknown = sorted(set(row) - KNOWN_FIELDS)
    if unknown:
        raise UnknownFieldError(f"unknown field {', '.join(unknown)}; expected {', '.join((*_STATED, *_KEPT))}")
    values = {_contract_name(name): row[name] for name in _STATED if row.get(name) is not None}
    values.setdefault("evidence", row.get("evidence"))
    try:
        return finding_from_values(
            values, text, spans=row.get("spans") or (), anchor=row.get("anchor"), corrected=bool(row.get("corrected"))
        )
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError("a value has the wrong form") from error


class UnknownFieldError(ValueError):
    """A field that the gold format does not know: a misspelt one would lose what the annotator meant."""


def _contract_name(name: str) -> str:
    return "lesion_type" if name == "type" else name


def _gold_finding(finding_id: str, finding: Finding) -> dict[str, Any]:
    values = (
        finding.organ, finding.laterality, list(finding.location), finding.lesion_type, finding.count,
        finding.count_min, [list(m.diameters_mm) for m in finding.sizes], finding.size_bound,
        [list(m.diameters_mm) for m in finding.prior_sizes], finding.certainty, [e.text for e in finding.evidence],
        finding.type_text or None, finding.attenuation, finding.image_reference, finding.section, finding_id,
        finding.corrected, [finding.anchor.start, finding.anchor.end], [[e.start, e.end] for e in finding.evidence],
        finding.confidence,
    )  # fmt: skip
    return dict(zip((*_STATED, *_KEPT), values, strict=True))


def _line(report_id: str, findings: Sequence[dict[str, Any]], negative_organs: list[str]) -> str:
    record = {"id": report_id, "findings": findings, "negative_organs": negative_organs}
    return json.dumps(record, ensure_ascii=False)
