"""Reports of a database that a person reviewed, as training data."""

import json
from dataclasses import dataclass
from pathlib import Path

from ...schemas.database import open_database
from ..gold import gold_lines
from ..scoring import GoldRecord
from .annotated import AnnotatedSet, annotated

# Annotated by import, corrected, or reviewed to the end; of the present text, and every correction found its lesion.
# That single findings were accepted says nothing of the others.
_REVIEWED = """
WITH people AS (
    SELECT report_id, true AS clear FROM v_extractions WHERE by_reader
    UNION ALL
    SELECT report_id, true FROM v_reviewed_reports WHERE current
    UNION ALL
    SELECT report_id, outcome = 'matched' FROM v_corrections
    WHERE outcome NOT IN ('withdrawn', 'superseded') AND kind <> 'accept'
)
SELECT r.report_id, r.text, bool_and(clear) AND NOT any_value(coalesce(e.stale, true)) AS usable
FROM people JOIN reports r USING (report_id) LEFT JOIN v_extractions e USING (report_id)
GROUP BY ALL ORDER BY r.report_id"""


@dataclass(frozen=True)
class Reviewed:
    """What a database's people give to learn from.

    Attributes:
        left_out: reviewed reports that cannot be used: the text changed since, or a correction belongs to no finding.
    """

    reports: AnnotatedSet
    left_out: int


def reviewed_reports(database: Path) -> Reviewed:
    """Reports with a person's annotation, and those that a person corrected: their findings with corrections applied.

    Example:
        >>> reviewed_reports(Path("reportsup.duckdb")).reports.counts  # doctest: +SKIP
        {'reports': 40, 'findings': 131, 'negative_organs': 77}
    """
    with open_database(database, read_only=True) as connection:
        rows = connection.execute(_REVIEWED).fetchall()
        texts = {report_id: text for report_id, text, usable in rows if usable}
        lines = [json.loads(line) for line in gold_lines(connection, list(texts))] if texts else []
    reports = []
    for written in lines:
        try:
            reports.append(annotated(texts[written["id"]], GoldRecord.model_validate(written), written))
        except ValueError:  # an older vocabulary's finding: the report is left out, the others count
            continue
    return Reviewed(AnnotatedSet(database.stem, tuple(reports)), len(rows) - len(reports))
