"""Findings back from the database: the current reading of reports, as it was extracted or annotated."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
from pydantic import ValidationError

from .finding import Finding

_READINGS = """
SELECT e.report_id, e.run_id, e.text_sha256, e.extracted_at, e.by_reader, r.text, e.stale
FROM v_extractions e JOIN reports r USING (report_id) WHERE e.report_id IN (SELECT unnest(?))"""
_FINDINGS = """
SELECT f.report_id, f.finding_id, f.organ, f.laterality, f.location, f.lesion_type, coalesce(f.type_text, ''),
       f.certainty, f.count, f.count_min, f.size_bound, f.attenuation, f.image_reference, f.section,
       coalesce(f.corrected, false), f.anchor_start, f.anchor_end, f.run_id
FROM findings f JOIN extractions e USING (run_id, report_id)
WHERE f.run_id || ' ' || f.report_id IN (SELECT unnest(?)) ORDER BY f.anchor_start, f.finding_id"""
_NAMES = (
    "organ", "laterality", "location", "lesion_type", "type_text", "certainty", "count", "count_min", "size_bound",
    "attenuation", "image_reference", "section", "corrected",
)  # fmt: skip


@dataclass
class Reading:
    """What counts for a report: the run that read it and its findings by id, without corrections.

    Attributes:
        by_reader: a person's annotation.
        text: as the database holds it now. stale: the reading is of an earlier text.
        text_sha256: of the text that was read.
    """

    report_id: str
    run_id: str
    text_sha256: str
    read_at: datetime
    by_reader: bool
    text: str
    stale: bool
    findings: dict[str, Finding] = field(default_factory=dict)

    @property
    def read_text(self) -> str | None:
        """The text that was read, None when the report has changed since."""
        return None if self.stale else self.text


def current_readings(connection: duckdb.DuckDBPyConnection, report_ids: Iterable[str]) -> dict[str, Reading]:
    """The current reading of each of these reports that has one."""
    rows = connection.execute(_READINGS, [list(report_ids)]).fetchall()
    readings = {row[0]: Reading(*row) for row in rows}
    texts = {(r.run_id, r.report_id): r.read_text for r in readings.values()}
    for (_, report_id), findings in findings_of(connection, texts).items():
        readings[report_id].findings = findings
    return readings


def findings_of(
    connection: duckdb.DuckDBPyConnection, texts: dict[tuple[str, str], str | None]
) -> dict[tuple[str, str], dict[str, Finding]]:
    """The findings, by id, of these runs of these reports.

    Args:
        texts: (run, report) → the text that was read, None when it is not stored any more.
    """
    keys = [f"{run} {report}" for run, report in texts]
    rows = connection.execute(_FINDINGS, [keys]).fetchall()
    parts = _Parts(connection, sorted({row[1] for row in rows}))
    found: dict[tuple[str, str], dict[str, Finding]] = {key: {} for key in texts}
    for report_id, finding_id, *values, start, end, run_id in rows:
        text = texts[run_id, report_id]
        quotes = parts.evidence.get((run_id, finding_id), [])
        data = dict(zip(_NAMES, values, strict=True))
        data |= {"evidence": quotes, "anchor": _anchor(start, end, text)}
        for exam, name in (("current", "sizes"), ("prior", "prior_sizes")):
            data[name] = parts.sizes.get((run_id, finding_id, exam), [])
        # What an older vocabulary allowed cannot be corrected; it stays as it was extracted.
        with suppress(ValidationError):
            found[run_id, report_id][finding_id] = Finding.model_validate(data, context={"by_person": True})
    return found


class _Parts:
    """Quotes and sizes of findings, by run and finding."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, finding_ids: list[str]) -> None:
        self.evidence: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.sizes: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        of = "WHERE finding_id IN (SELECT unnest(?)) ORDER BY run_id, finding_id, idx"
        quotes = f'SELECT run_id, finding_id, start, "end", text FROM evidence {of}'
        for run, finding, start, end, text in connection.execute(quotes, [finding_ids]).fetchall():
            self.evidence.setdefault((run, finding), []).append({"start": start, "end": end, "text": text})
        columns = "run_id, finding_id, exam, diameters_mm, source_start, source_end, source_text"
        sizes = f"SELECT {columns} FROM measurements {of}"
        for run, finding, exam, mm, start, end, text in connection.execute(sizes, [finding_ids]).fetchall():
            source = {"start": start, "end": end, "text": text}
            self.sizes.setdefault((run, finding, exam), []).append({"diameters_mm": mm, "source": source})


def _anchor(start: int, end: int, text: str | None) -> dict[str, Any]:
    """The word that names a lesion is stored by its offsets only; an earlier text's is not known any more."""
    return {"start": start, "end": end, "text": text[start:end] if text is not None else "?" * (end - start)}
