"""What the audit page holds: reports, findings, reasons for a look at them, and the words to correct them with."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from ...schemas import load_anatomy
from ...schemas.quotes import QuoteError, locate
from ...schemas.vocabulary import Attenuation, Certainty, Laterality, LesionType, SizeBound
from .identity import database_key, reading_key
from .review_file import Sample
from .shown import fingerprint, shown_findings

# An order of everything, no reason to look at something.
_NO_FLAG = frozenset({"audit_least_sure"})
_REPORTS = """
SELECT r.report_id, r.text, r.text_sha256, r.exam, r.modality, r.study_date, r.sex, r.age, r.patient_id,
       e.status, e.reason, e.run_id, e.extractor, e.confidence, e.review_reasons, e.stale, e.by_reader
FROM reports r LEFT JOIN v_extractions e USING (report_id)
WHERE $ids IS NULL OR list_contains($ids, r.report_id) ORDER BY e.confidence NULLS LAST, r.report_id"""
_REPORT_NAMES = (
    "id", "text", "sha", "exam", "modality", "date", "sex", "age", "patient", "status", "reason", "run", "extractor",
    "confidence", "unsure", "stale", "by_reader",
)  # fmt: skip
_FINDINGS = """
WITH places AS (SELECT report_id, finding_id, list([start, "end"] ORDER BY idx) AS spans FROM v_evidence GROUP BY ALL)
SELECT f.report_id, f.finding_id, f.corrected, f.confidence, f.decided_by, f.anchor_start, f.anchor_end, p.spans
FROM v_findings f LEFT JOIN places p USING (report_id, finding_id)
WHERE f.report_id IN (SELECT unnest(?)) ORDER BY f.anchor_start, f.finding_id"""

_NEGATIVES = """
SELECT s.report_id, list(s.organ ORDER BY s.organ) FROM organ_status s JOIN v_extractions e USING (run_id, report_id)
WHERE s.status = 'negative' GROUP BY 1"""


def page_data(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    report_ids: Sequence[str] | None = None,
    *,
    view: str | None = None,
    sample: Sample | None = None,
) -> dict[str, Any]:
    """The content of the page, ready for JSON; reports least sure first, those without findings among them.

    Args:
        name: of the database, for people.
        report_ids: None = every report of the database.
        view: short name of the audit view that the page is about.
    """
    rows = connection.execute(_REPORTS, {"ids": None if report_ids is None else list(report_ids)}).fetchall()
    reports = [dict(zip(_REPORT_NAMES, row, strict=True)) for row in rows]
    ids = [report["id"] for report in reports]
    words = _Words()
    parts: dict[str, dict[str, Any]] = {
        "findings": _findings(connection, ids, words, {r["id"]: r["text"] for r in reports}),
        "flags": _report_flags(connection),
        "negatives": dict(connection.execute(_NEGATIVES).fetchall()),
        "quarantine": _quarantine(connection),
        "answers": _disagreements(connection),
    }
    for report in reports:
        report.update({key: part[report["id"]] for key, part in parts.items() if report["id"] in part})
    return {
        "database": database_key(connection),
        "reading": reading_key(connection),
        "name": name,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "view": view,
        "sample": None if sample is None else sample.model_dump(mode="json"),
        "views": _view_names(connection),
        "vocabulary": _vocabulary(),
        "features": words.known,
        "reports": [_without_nothing(report) for report in reports],
    }


class _Words:
    """Each feature name once; elsewhere its number."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    @property
    def known(self) -> list[str]:
        return list(self._number)

    def account(self, decided_by: str | None) -> dict[str, Any] | None:
        """What decided a finding, with numbers for feature names."""
        if decided_by is None:
            return None
        told = {}
        for decision, (probability, features) in json.loads(decided_by).items():
            numbered = [[self._number.setdefault(name, len(self._number)), weight] for name, weight in features]
            told[decision] = [probability, numbered]
        return told


def _findings(
    connection: duckdb.DuckDBPyConnection, ids: list[str], words: _Words, texts: dict[str, str]
) -> dict[str, list[dict[str, Any]]]:
    shown, flags = shown_findings(connection, ids), _finding_flags(connection)
    found = defaultdict(list)
    for report_id, finding_id, corrected, confidence, decided_by, start, end, spans in connection.execute(
        _FINDINGS, [ids]
    ).fetchall():
        values = shown[report_id][finding_id]
        quotes = values["evidence"] or []
        finding = {
            "id": finding_id,
            "seen": fingerprint(values),
            "values": _without_nothing(values),
            "spans": _where(texts[report_id], quotes, spans or []),
            "anchor": [start, end],
            "corrected": corrected,
            "confidence": None if confidence is None else round(confidence, 3),
            "why": words.account(decided_by),
            "flags": flags.get(finding_id),
        }
        found[report_id].append(_without_nothing(finding))
    return found


def _where(text: str, quotes: Sequence[str], spans: Sequence[Sequence[int]]) -> list[list[int]]:
    """Where quotes stand in the text as it is now; those that are gone are left out."""
    places = []
    for quote, (start, end) in zip(quotes, spans, strict=False):
        if text[start:end] == quote:
            places.append([start, end])
            continue
        try:
            places.append(list(locate(quote, text, start)))
        except QuoteError:
            continue
    return places


def _audit_views(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Audit views that speak of reports, with their columns."""
    sql = "SELECT table_name, column_name FROM duckdb_columns() WHERE table_name LIKE 'audit_%'"
    columns: dict[str, set[str]] = defaultdict(set)
    for view, column in connection.execute(sql).fetchall():
        columns[view].add(column)
    return {view: names for view, names in sorted(columns.items()) if "report_id" in names and view not in _NO_FLAG}


def _finding_flags(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    flags = defaultdict(list)
    for view, columns in _audit_views(connection).items():
        if "finding_id" in columns:
            for (finding_id,) in connection.execute(f'SELECT DISTINCT finding_id FROM "{view}"').fetchall():
                flags[finding_id].append(view.removeprefix("audit_"))
    return flags


def _report_flags(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    flags = defaultdict(list)
    for view in _audit_views(connection):
        for (report_id,) in connection.execute(f'SELECT DISTINCT report_id FROM "{view}"').fetchall():
            flags[report_id].append(view.removeprefix("audit_"))
    return flags


def _view_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [view.removeprefix("audit_") for view in _audit_views(connection)]


def _quarantine(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    sql = "SELECT report_id, extractor, reason, finding FROM audit_quarantine"
    for report_id, extractor, reason, finding in connection.execute(sql).fetchall():
        found[report_id].append({"extractor": extractor, "reason": reason, "finding": json.loads(finding)})
    return found


def _disagreements(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    sql = "SELECT report_id, extractor_a, extractor_b, organs_a, organs_b, n_a, n_b FROM audit_disagreements"
    for report_id, a, b, organs_a, organs_b, n_a, n_b in connection.execute(sql).fetchall():
        pair = [{"by": a, "organs": organs_a, "n": n_a}, {"by": b, "organs": organs_b, "n": n_b}]
        found[report_id] += [answer for answer in pair if answer not in found[report_id]]
    return found


def _vocabulary() -> dict[str, Any]:
    def names(enumeration: Any) -> list[str]:
        return [str(member) for member in enumeration]

    organs = {
        name: {"label": entry.label, "paired": entry.paired, "places": sorted(entry.locations)}
        for name, entry in load_anatomy().organs.items()
    }
    return {
        "organs": organs, "laterality": names(Laterality), "lesion_type": names(LesionType),
        "certainty": names(Certainty), "size_bound": names(SizeBound), "attenuation": names(Attenuation),
    }  # fmt: skip


def _without_nothing(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is not said: a page of 10,000 reports is smaller by a third."""
    return {name: value for name, value in values.items() if value is not None and value is not False and value != []}
