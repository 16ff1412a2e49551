"""Compares two extraction runs report by report, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ..nlp.llm.agreement import FIELDS, Agreement, Comparable, agree
from ..schemas.database import open_database
from .runs import run_named

_FINDINGS = """
SELECT f.report_id, f.organ, f.laterality, f.location, f.lesion_type, f.certainty, f.count, f.count_min,
       (SELECT list(m.diameters_mm ORDER BY m.diameters_mm DESC) FROM measurements m
         WHERE m.run_id = f.run_id AND m.finding_id = f.finding_id AND m.exam = 'current'),
       f.size_bound, f.anchor_start, f.anchor_end
FROM findings f WHERE f.run_id = ? ORDER BY f.report_id, f.anchor_start, f.finding_id"""
_STATUSES = "SELECT report_id, status, text_sha256 FROM extractions WHERE run_id = ?"


@dataclass(frozen=True)
class ReportComparison:
    """One report in two runs; `agreement` is None where a run has no answer, or both read different texts."""

    report_id: str
    status_a: str | None
    status_b: str | None
    agreement: Agreement | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        statuses = {"status_a": self.status_a, "status_b": self.status_b}
        agreement = self.agreement.as_dict() if self.agreement else None
        return {"report_id": self.report_id, **statuses, "agreement": agreement}


@dataclass
class Comparison:
    """Two runs: counts over all reports that both answered, and the reports that differ."""

    run_a: str
    run_b: str
    compared: int = 0
    identical: int = 0
    not_compared: int = 0
    total: Agreement = field(default_factory=Agreement)
    differing: list[ReportComparison] = field(default_factory=list)

    @property
    def f1(self) -> float | None:
        """F1 of the findings of one run against the other's; it is the same in both directions."""
        n = 2 * self.total.pairs + self.total.only_a + self.total.only_b
        return 2 * self.total.pairs / n if n else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "run_a": self.run_a,
            "run_b": self.run_b,
            "compared": self.compared,
            "identical": self.identical,
            "not_compared": self.not_compared,
            "f1": self.f1,
            **self.total.as_dict(),
            "differing": [report.as_dict() for report in self.differing],
        }


def compare(database: Path, run_a: str, run_b: str) -> Comparison:
    """The comparison of two runs.

    Args:
        run_a, run_b: a run's id, the beginning of it, or an extractor's name for its latest run.

    Raises:
        ConfigError: there is no such run, or several begin so.
    """
    with open_database(database, read_only=True) as connection:
        found = Comparison(run_named(connection, run_a), run_named(connection, run_b))
        for report in _reports(connection, found.run_a, found.run_b):
            _count(found, report)
    return found


def _count(found: Comparison, report: ReportComparison) -> None:
    if report.agreement is None:
        found.not_compared += 1
        found.differing.append(report)
        return
    found.compared += 1
    found.total.add(report.agreement)
    if report.agreement.complete:
        found.identical += 1
    else:
        found.differing.append(report)


def _reports(connection: duckdb.DuckDBPyConnection, run_a: str, run_b: str) -> Iterator[ReportComparison]:
    statuses = [_statuses(connection, run) for run in (run_a, run_b)]
    findings = [_findings(connection, run) for run in (run_a, run_b)]
    for report_id in sorted(statuses[0].keys() | statuses[1].keys()):
        (status_a, text_a), (status_b, text_b) = (s.get(report_id, (None, None)) for s in statuses)
        answered = not {status_a, status_b} & {None, "error", "unreadable"} and text_a == text_b
        agreement = agree(*(f.get(report_id, []) for f in findings)) if answered else None
        yield ReportComparison(report_id, status_a, status_b, agreement)


def _statuses(connection: duckdb.DuckDBPyConnection, run: str) -> dict[str, tuple[str | None, str | None]]:
    return {report: (status, text) for report, status, text in connection.execute(_STATUSES, [run]).fetchall()}


def _findings(connection: duckdb.DuckDBPyConnection, run: str) -> dict[str, list[Comparable]]:
    found: dict[str, list[Comparable]] = {}
    for report_id, organ, side, location, *rest in connection.execute(_FINDINGS, [run]).fetchall():
        kind, certainty, count, count_min, sizes, bound, start, end = rest
        measured = tuple(tuple(size) for size in sizes or ())
        finding = Comparable(
            organ, side, frozenset(location), kind, certainty, count, count_min, measured, bound, start, end
        )
        found.setdefault(report_id, []).append(finding)
    return found


def field_rows(agreement: Agreement) -> list[tuple[str, int, int]]:
    """Field, pairs that say the same, pairs."""
    return [(name, agreement.equal[name], agreement.pairs) for name in FIELDS]
