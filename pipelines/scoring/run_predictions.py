"""What a run in the database says of annotated reports: as it was extracted, without readers' corrections."""

import hashlib
from collections import Counter
from pathlib import Path

import duckdb

from ...schemas import InputError
from ...schemas.database import open_database
from ..runs import run_named
from .gold_set import GoldSet
from .predictions import Predictions
from .records import GoldFinding, GoldRecord

# A reader's annotations are a run, too, but a machine is meant when no run is named.
_LATEST = """
SELECT r.run_id FROM runs r JOIN extractions e USING (run_id)
WHERE r.extractor <> 'reader' AND list_contains(?, e.report_id)
GROUP BY r.run_id, r.updated_at ORDER BY r.updated_at DESC LIMIT 1"""
_STATUSES = """
SELECT e.report_id, e.status, e.text_sha256 FROM extractions e WHERE e.run_id = ? AND list_contains(?, e.report_id)"""
_FINDINGS = """
WITH sizes AS (
    SELECT finding_id, list(diameters_mm ORDER BY idx) FILTER (exam = 'current') AS sizes_mm,
           list(diameters_mm ORDER BY idx) FILTER (exam = 'prior') AS prior_sizes_mm
    FROM measurements WHERE run_id = $run GROUP BY finding_id
), quotes AS (
    SELECT finding_id, list(text ORDER BY idx) AS evidence FROM evidence WHERE run_id = $run GROUP BY finding_id
)
SELECT f.report_id, organ, laterality, location, lesion_type AS type, count, count_min, sizes_mm, size_bound,
       prior_sizes_mm, certainty, evidence
FROM findings f LEFT JOIN sizes USING (finding_id) LEFT JOIN quotes USING (finding_id)
WHERE f.run_id = $run AND list_contains($reports, f.report_id)
ORDER BY f.report_id, f.anchor_start, f.finding_id"""
_NEGATIVES = """
SELECT report_id, list(organ ORDER BY organ) FROM organ_status
WHERE run_id = ? AND status = 'negative' AND list_contains(?, report_id) GROUP BY report_id"""
_TEXTS = """
SELECT report_id, text, extra->>'source' FROM reports WHERE list_contains(?, report_id)"""


def run_predictions(database: Path, gold: GoldSet, run: str | None = None) -> Predictions:
    """The findings of one run for the reports of a gold set.

    Texts and sources that the gold set lacks are taken from the database.

    Args:
        run: a run's id or its beginning, or an extractor's name for its latest; by default the latest machine run that
            read any of these reports.

    Raises:
        DatabaseError: the file is not one of ours, or another process writes to it.
        ConfigError: there is no such run.
        InputError: there is no database, the run read none of these reports, or other texts under their ids.
    """
    if not database.exists():
        raise _nothing_read(database, gold, "there is no database; no run has read any")
    with open_database(database, read_only=True) as connection:
        ids = list(gold.records)
        run_id = _chosen(connection, database, gold, run)
        rows = connection.execute(_STATUSES, [run_id, ids]).fetchall()
        if not rows:
            raise _nothing_read(database, gold, f"run {run_id} has read none")
        _complete(connection, gold, ids)
        _check_texts(gold, {report_id: sha256 for report_id, _, sha256 in rows}, database)
        ((extractor, version),) = connection.execute(
            "SELECT extractor, extractor_version FROM runs WHERE run_id = ?", [run_id]
        ).fetchall()
        answered = [report_id for report_id, status, _ in rows if status in ("ok", "no_lesion")]
        unanswered = Counter(status for _, status, _ in rows if status not in ("ok", "no_lesion"))
        return Predictions(f"{extractor} {version}, run {run_id}", _records(connection, run_id, answered), unanswered)


def _chosen(connection: duckdb.DuckDBPyConnection, database: Path, gold: GoldSet, run: str | None) -> str:
    if run is not None:
        return run_named(connection, run)
    latest = connection.execute(_LATEST, [list(gold.records)]).fetchone()
    if latest is None:
        raise _nothing_read(database, gold, "no run has read any")
    return str(latest[0])


def _nothing_read(database: Path, gold: GoldSet, observed: str) -> InputError:
    files = " ".join(str(path) for path in gold.report_files) or "REPORTS"
    return InputError(
        f"score: {observed} of the {len(gold.records):,} annotated reports in {database} vs all of them. There is "
        f"nothing to score. Run `reportsup extract {files} --db {database}` first, or name a file with --predicted."
    )


def _complete(connection: duckdb.DuckDBPyConnection, gold: GoldSet, ids: list[str]) -> None:
    for report_id, text, source in connection.execute(_TEXTS, [ids]).fetchall():
        if report_id not in gold.texts:
            gold.texts[report_id] = text
            gold.sources[report_id] = source or gold.sources[report_id]


def _check_texts(gold: GoldSet, read: dict[str, str], database: Path) -> None:
    """An id such as "17" may be of another report in this database."""
    texts = {report_id: gold.texts[report_id] for report_id in read if report_id in gold.texts}
    other = sum(hashlib.sha256(text.encode()).hexdigest() != read[report_id] for report_id, text in texts.items())
    if other:
        raise InputError(
            f"score: {other:,} of {len(texts):,} reports were read in {database} from another text than the annotated "
            "one vs the same. Their findings are of other reports. Extract the annotated reports into a database of "
            "their own."
        )


def _records(connection: duckdb.DuckDBPyConnection, run_id: str, ids: list[str]) -> dict[str, GoldRecord]:
    findings: dict[str, list[GoldFinding]] = {report_id: [] for report_id in ids}
    cursor = connection.execute(_FINDINGS, {"run": run_id, "reports": ids})
    names = [column[0] for column in cursor.description or ()]
    for row in cursor.fetchall():
        values = dict(zip(names, row, strict=True))
        findings[values.pop("report_id")].append(GoldFinding.model_validate(values))
    negatives = dict(connection.execute(_NEGATIVES, [run_id, ids]).fetchall())
    return {
        report_id: GoldRecord(id=report_id, findings=tuple(found), negative_organs=negatives.get(report_id, ()))
        for report_id, found in findings.items()
    }
