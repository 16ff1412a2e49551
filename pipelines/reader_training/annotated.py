"""Annotated reports that a reader can be trained on: a set is what one institution wrote, or one database's people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...nlp.alignment import Gold, locate_quotes
from ...schemas import Finding, InputError
from ...schemas.database import open_database
from ...schemas.finding_values import what_is_wrong
from ..gold import finding_of_gold
from ..scoring import GoldRecord, read_gold_set
from ..scoring.records import json_lines, read_records

_TEXTS = "SELECT report_id, text FROM reports WHERE report_id IN (SELECT unnest(?))"


@dataclass(frozen=True)
class AnnotatedReport:
    """One report, what a person says of it, and that annotation laid over its text."""

    text: str
    record: GoldRecord
    gold: Gold


@dataclass(frozen=True)
class AnnotatedSet:
    """The annotated reports of one institution."""

    name: str
    reports: tuple[AnnotatedReport, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How much there is to learn from, for people."""
        return {
            "reports": len(self.reports),
            "findings": sum(len(report.record.findings) for report in self.reports),
            "negative_organs": sum(len(report.record.negative_organs) for report in self.reports),
        }

    def without(self, report_ids: set[str]) -> "AnnotatedSet":
        """The set without some of its reports."""
        return replace(self, reports=tuple(r for r in self.reports if r.record.id not in report_ids))


def annotated_sets(files: Sequence[Path], database: Path | None = None) -> list[AnnotatedSet]:
    """One set a gold file, by name; texts come from the tables of reports, or else from the database.

    Args:
        files: gold files and tables of reports, told apart by what they hold. NAME.reports.jsonl beside
            NAME.gold.jsonl is found without being named.

    Raises:
        InputError: a file or line cannot be used; a report has no text, or a quote is not in it.
    """
    known = read_gold_set(files)
    by_file = {path: read_records(path) for path in known.files}
    lines = {report_id: (path, number) for path, found in by_file.items() for report_id, (number, _) in found.items()}
    texts = {**_stored_texts(database, [i for i in lines if i not in known.texts]), **known.texts}
    sets = []
    for name, (path, found) in zip(known.names, by_file.items(), strict=True):
        written = dict(json_lines(path))
        reports = []
        for report_id, (number, record) in found.items():
            if report_id not in texts:
                raise InputError(
                    f"train-reader: {path.name} line {number} annotates a report whose text is not there vs one text "
                    "each. Its quotes cannot be found. Name the table of its reports, or the database with --db."
                )
            try:
                reports.append(annotated(texts[report_id], record, written[number]))
            except ValueError as error:
                raise InputError(
                    f"train-reader: {path.name} line {number}: {what_is_wrong(error)} vs an annotation of its report "
                    "(docs/reference/gold_format.md). Nothing was trained. Mend the line; `reportsup score --check` "
                    "lists all."
                ) from None
        sets.append(AnnotatedSet(name, tuple(reports)))
    return sorted(sets, key=lambda s: s.name)


def annotated(text: str, record: GoldRecord, written: Mapping[str, Any]) -> AnnotatedReport:
    """An annotation laid over its report.

    Args:
        written: the record as it stands in the file; where it says at which offsets its quotes stand, only these count.

    Raises:
        ValueError: a finding breaks the contract, or a quote is not in the text.
    """
    findings = [finding_of_gold(dict(row), text) for row in written["findings"]]
    values = {"findings": [_values(f) for f in findings], "negative_organs": record.negative_organs}
    gold = locate_quotes(text, values)
    spans = [
        [(e.start, e.end) for e in finding.evidence] if row.get("spans") or not anywhere else anywhere
        for finding, row, anywhere in zip(findings, written["findings"], gold.spans, strict=True)
    ]
    return AnnotatedReport(text, record, Gold(gold.findings, gold.negative_organs, spans))


def _values(finding: Finding) -> dict[str, Any]:
    """What training asks of a finding, every field filled."""
    return {
        "organ": str(finding.organ),
        "laterality": str(finding.laterality) if finding.laterality else None,
        "location": list(finding.location),
        "type": str(finding.lesion_type),
        "certainty": str(finding.certainty),
        "count": finding.count,
        "count_min": finding.count_min,
        "sizes_mm": [list(m.diameters_mm) for m in finding.sizes],
        "prior_sizes_mm": [list(m.diameters_mm) for m in finding.prior_sizes],
        "evidence": [e.text for e in finding.evidence],
    }


def _stored_texts(database: Path | None, report_ids: list[str]) -> dict[str, str]:
    if database is None or not report_ids:
        return {}
    with open_database(database, read_only=True) as connection:
        return dict(connection.execute(_TEXTS, [report_ids]).fetchall())
