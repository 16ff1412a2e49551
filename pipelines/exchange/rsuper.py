"""R-Super's two tables in: findings of another program, without the reports that they were read from.

A row becomes a report whose text tells the row, so that every finding quotes what it stands on. A report that the
database has already stays as it is. Zeros say that nothing was counted, not that an organ is free of lesions.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...nlp.grounding import validation_reason
from ...schemas import ConfigError, Extraction, Finding, Quarantined, Report
from ...schemas.database import open_database
from ..reading import as_id
from ..rows import extraction_rows
from ..store import ExtractionWriter
from ..tables import open_table
from .rsuper_cts import CT_COLUMN, read_ct
from .rsuper_tumors import TUMOR_COLUMN, read_tumors
from .rsuper_values import BDMAP, ID, Told

_BATCH = 5000


@dataclass
class _Table:
    """A table in an extractor's place."""

    config: dict[str, Any]
    name: str = "rsuper"
    version: str = "1"


@dataclass
class TableImport:
    """What became of a table's rows.

    Attributes:
        by_status: reports by the status of what was read; `known` ones were in the database already.
        quarantined: findings that cannot be, by why.
        problems: row, what is wrong with it; no id.
    """

    run_id: str
    findings: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, str]] = field(default_factory=list)


def import_rsuper(database: Path, path: Path) -> TableImport:
    """Store a per-CT or a per-tumour table as a run of extractor `rsuper`; which of the two it is, its columns tell.

    Raises:
        InputError: the file is missing or damaged.
        ConfigError: it is none of the two tables.
    """
    table = open_table(path)
    per_tumor = TUMOR_COLUMN in table.columns
    if ID not in table.columns or not (per_tumor or CT_COLUMN in table.columns):
        raise ConfigError(
            f"import: {path.name} is none of R-Super's tables. Expected are the columns '{ID}' and '{TUMOR_COLUMN}' "
            f"(per tumour) or '{CT_COLUMN}' (per CT). Check that it is the right file."
        )
    with open_database(database) as connection:
        writer = ExtractionWriter(_Table({"table": "per tumour" if per_tumor else "per CT"}))
        summary = TableImport(writer.run_id)
        known = {row[0] for row in connection.execute("SELECT report_id FROM reports").fetchall()}
        rows = ((row.number, row.cells, row.problem) for row in table.rows())
        for number, cells in _of_one_ct(_named(rows, summary), per_tumor):
            report_id = as_id(cells[0].get(ID))
            if report_id in known:
                summary.by_status["known"] += 1
                continue
            known.add(report_id)
            told = read_tumors(cells) if per_tumor else read_ct(cells[0])
            report, extraction = _stored(report_id, told, cells[0], str(path.resolve()), number)
            _count(summary, extraction)
            writer.add(report, extraction_rows(extraction))
            if writer.pending >= _BATCH:
                writer.commit(connection)
        writer.commit(connection)
    return summary


def _named(
    rows: Iterable[tuple[int, dict[str, Any], str | None]], summary: TableImport
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows that name a CT; the others are problems."""
    for number, cells, problem in rows:
        if problem is None and not as_id(cells.get(ID)):
            problem = f"no {ID}"
        if problem is None:
            yield number, cells
        else:
            summary.problems.append((number, problem))


def _of_one_ct(
    rows: Iterable[tuple[int, dict[str, Any]]], together: bool
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Rows by CT: of a per-tumour table all rows of a CT, wherever they stand."""
    if not together:
        yield from ((number, [cells]) for number, cells in rows)
        return
    of: dict[str, tuple[int, list[dict[str, Any]]]] = {}
    for number, cells in rows:
        of.setdefault(as_id(cells[ID]), (number, []))[1].append(cells)
    yield from of.values()


def _stored(
    report_id: str, told: Told, cells: Mapping[str, Any], source_file: str, row: int
) -> tuple[Report, Extraction]:
    """The report that tells the row, and the findings that stand in it."""
    findings: list[Finding] = []
    quarantined = [Quarantined(reason=reason, finding_json=found) for reason, found in told.impossible]
    for values in told.findings:
        try:
            findings.append(Finding.model_validate(values, context={"text": told.text}))
        except ValidationError as error:
            named = {"organ": values["organ"], "quotes": [e["text"] for e in values["evidence"]]}
            quarantined.append(Quarantined(reason=validation_reason(error), finding_json=_json(named)))
    extra = {BDMAP: as_id(cells.get(BDMAP))} if as_id(cells.get(BDMAP)) else {}
    report = Report(
        report_id=report_id,
        text=told.text,
        modality="CT",
        source_file=source_file,
        source_row=row,
        extra_json=_json(extra),
    )
    return report, Extraction.answered(report_id, findings, quarantined)


def _count(summary: TableImport, extraction: Extraction) -> None:
    summary.by_status[str(extraction.status)] += 1
    summary.findings += len(extraction.findings)
    summary.quarantined.update(re.sub(r"[\d.]+ mm is", "… mm is", q.reason) for q in extraction.quarantined)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
