"""Reports with their current findings, streamed: what the formats that need more than one table are made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

# Reports with an answer, and those without one in which a person added a finding; by id.
_RECORDS = """
WITH quotes AS (
    SELECT report_id, finding_id, list({start: start, "end": "end", text: text} ORDER BY idx) AS quotes
    FROM v_evidence GROUP BY ALL
), findings AS (
    SELECT f.report_id, list({{columns}} ORDER BY anchor_start, finding_id) AS findings
    FROM v_findings f LEFT JOIN quotes q USING (report_id, finding_id) GROUP BY f.report_id
), negatives AS (
    SELECT s.report_id, list({organ: s.organ, confidence: s.confidence} ORDER BY s.organ) AS negatives
    FROM v_organ_status s WHERE s.status = 'negative' GROUP BY s.report_id
)
SELECT r.report_id, r.text, r.patient_id, r.study_date, r.modality, r.exam, e.run_id, e.extractor, e.extractor_version,
       u.config->>'reader', e.extracted_at, e.by_reader, coalesce(f.findings, []), coalesce(n.negatives, [])
FROM v_extractions e JOIN v_reports r USING (report_id) JOIN runs u USING (run_id)
LEFT JOIN findings f USING (report_id) LEFT JOIN negatives n USING (report_id)
WHERE e.status IN ('ok', 'no_lesion') OR len(f.findings) > 0 ORDER BY r.report_id"""
_COLUMNS = (
    "finding_id", "organ", "laterality", "location", "lesion_type", "type_text", "certainty", "count", "count_min",
    "sizes_mm", "size_bound", "prior_sizes_mm", "attenuation", "image_reference", "section", "anchor_start",
    "anchor_end", "corrected", "confidence",
)  # fmt: skip
_AT_ONCE = 200


@dataclass(frozen=True)
class Record:
    """One report and what counts of it.

    Attributes:
        reader: who annotated it, None where a machine read it.
        findings: by columns of `v_findings`, with `quotes`: start, end, text.
        negatives: organ and confidence of organs that are free of lesions.
    """

    report_id: str
    text: str
    patient_id: str | None
    study_date: date | None
    modality: str | None
    exam: str | None
    run_id: str
    extractor: str
    extractor_version: str
    reader: str | None
    extracted_at: datetime
    by_reader: bool
    findings: list[dict[str, Any]]
    negatives: list[dict[str, Any]]

    @property
    def system(self) -> str:
        """The program and run that read the report."""
        return f"reportsup {self.extractor} {self.extractor_version}, run {self.run_id}"


def records(connection: duckdb.DuckDBPyConnection) -> Iterator[Record]:
    """All reports that were read, by id, corrections applied."""
    columns = ", ".join(f'"{name}": f."{name}"' for name in _COLUMNS) + ", quotes: coalesce(q.quotes, [])"
    cursor = connection.execute(_RECORDS.replace("{{columns}}", "{" + columns + "}"))
    while rows := cursor.fetchmany(_AT_ONCE):
        for row in rows:
            yield Record(*row)
