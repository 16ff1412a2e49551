"""How well the reports were read, as far as people reviewed them: precision and recall by organ and field."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ...schemas import InputError
from ...schemas.database import open_database
from ..querying import Answer
from .estimates import Counted, Share, share

FIELDS = (
    "organ", "laterality", "location", "lesion_type", "certainty", "count", "count_min", "sizes_mm", "size_bound",
    "prior_sizes_mm", "attenuation",
)  # fmt: skip
JOINT = ("organ", "laterality", "sizes_mm", "count", "count_min")  # what `confidence` is the probability of
ALL, FOUND, TOGETHER = "all", "found", "organ, side, sizes and count"
_REPORTS = """
SELECT r.report_id, r.current, r.reviewed_by, s.stratum, s.stratum_size
FROM v_reviewed_reports r LEFT JOIN review_sample_reports s ON s.report_id = r.report_id AND s.sample_id = ?"""
_LATEST_SAMPLE = """
SELECT sample_id, seed, stratified_by, view FROM review_samples s
WHERE EXISTS (SELECT 1 FROM review_sample_reports r JOIN v_reviewed_reports v USING (report_id)
              WHERE r.sample_id = s.sample_id AND v.current)
ORDER BY drawn_at DESC, sample_id LIMIT 1"""
_Row = dict[str, Any]
_Test = Callable[[_Row], bool]


@dataclass(frozen=True)
class Figure:
    """One share: of an organ or all, for the finding itself or a field of it, as precision or recall."""

    organ: str
    field: str
    measure: str
    share: Share


@dataclass
class ReviewStatistics:
    """The figures, and what they rest on.

    Attributes:
        reports: reviewed reports that count. read_anew: reviewed ones that do not, since they were read anew.
        sample: seed, keys and view of the random sample that the figures are of; None: the reports were not drawn.
        drawn: reports of the sample. in_population: those it was drawn from. not_covered: of these, the reports of
            strata in which none is reviewed.
        counts: right, wrong fields, no lesion and missed findings.
    """

    figures: list[Figure]
    reports: int
    reviewers: list[str]
    read_anew: int
    sample: dict[str, Any] | None = None
    drawn: int = 0
    in_population: int = 0
    not_covered: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, organ: str = ALL, field: str = FOUND) -> dict[str, Share]:
        """Measure → share, of an organ and field."""
        return {f.measure: f.share for f in self.figures if (f.organ, f.field) == (organ, field)}

    def table(self) -> Answer:
        """All figures, one a row."""
        columns = ("organ", "field", "measure", "value", "low", "high", "n", "n_effective")
        rows = [
            (f.organ, f.field, f.measure, *(round(v, 4) for v in (f.share.value, f.share.low, f.share.high)), f.share.n,
             round(f.share.n_effective, 1))
            for f in self.figures
        ]  # fmt: skip
        return Answer(columns, rows)


def review_statistics(database: Path) -> ReviewStatistics:
    """Figures of the reports that people read to the end, whose present reading is the one they reviewed.

    If some of them were drawn as a sample, the latest such sample counts, weighted by its strata; else all reviewed
    reports count alike, and the figures are of these reports only.

    Raises:
        InputError: no report is reviewed to the end.
    """
    with open_database(database, read_only=True) as connection:
        sample = _rows(connection, _LATEST_SAMPLE)
        sample_id = sample[0]["sample_id"] if sample else None
        reviewed = _rows(connection, _REPORTS, [sample_id])
        usable = [r for r in reviewed if r["current"] and (sample_id is None or r["stratum"] is not None)]
        if not usable:
            raise InputError(_nothing_reviewed(len(reviewed)))
        findings = _rows(connection, "FROM v_reviewed_findings")
        strata = dict(
            connection.execute(
                "SELECT stratum, any_value(stratum_size) FROM review_sample_reports WHERE sample_id = ? GROUP BY 1",
                [sample_id],
            ).fetchall()
        )
        ((drawn,),) = connection.execute(
            "SELECT count(*) FROM review_sample_reports WHERE sample_id = ?", [sample_id]
        ).fetchall()
    by_report: dict[str, list[_Row]] = {r["report_id"]: [] for r in usable}
    for row in findings:
        if row["report_id"] in by_report:
            by_report[row["report_id"]].append(row)
    covered = {r["stratum"] for r in usable}
    found = ReviewStatistics(
        figures=_figures(usable, by_report),
        reports=len(usable),
        reviewers=sorted({r["reviewed_by"] for r in usable}),
        read_anew=sum(not r["current"] for r in reviewed),
        sample=sample[0] if sample else None,
        drawn=drawn,
        in_population=sum(strata.values()),
        not_covered=sum(size for stratum, size in strata.items() if stratum not in covered),
    )
    for row in (row for rows in by_report.values() for row in rows):
        found.counts[row["verdict"]] = found.counts.get(row["verdict"], 0) + 1
    return found


def _figures(reports: Sequence[_Row], findings: dict[str, list[_Row]]) -> list[Figure]:
    reviewed: dict[str | None, int] = defaultdict(int)
    for r in reports:
        reviewed[r["stratum"]] += 1
    weights = {
        r["report_id"]: (r["stratum_size"] or 1) / (reviewed[r["stratum"]] if r["stratum_size"] else 1) for r in reports
    }
    strata = {r["report_id"]: r["stratum"] or "" for r in reports}

    def estimated(of: _Test, hit: _Test) -> Share | None:
        counted = []
        for report_id, rows in findings.items():
            trials = [row for row in rows if of(row)]
            hits = sum(map(hit, trials))
            counted.append(Counted(hits, len(trials), weights[report_id], strata[report_id]))
        return share(counted)

    figures = []
    seen = {o for rows in findings.values() for row in rows for o in (row["organ"], row["read_organ"]) if o}
    for organ in (ALL, *sorted(seen)):
        for name, measure, of, hit in _measures(organ):
            if (told := estimated(of, hit)) is not None:
                figures.append(Figure(organ, name, measure, told))
    return figures


def _measures(organ: str) -> Iterable[tuple[str, str, _Test, _Test]]:
    """Field, measure, which findings are the trials, and which of them are hits."""
    everywhere = organ == ALL

    def read(row: _Row) -> bool:
        return row["verdict"] != "missed" and (everywhere or row["read_organ"] == organ)

    def real(row: _Row) -> bool:
        return row["verdict"] != "no lesion" and (everywhere or row["organ"] == organ)

    def both(row: _Row) -> bool:
        return row["verdict"] in ("right", "wrong fields") and (everywhere or row["organ"] == organ)

    def same_organ(row: _Row) -> bool:
        return row["organ"] is not None and row["organ"] == row["read_organ"]

    yield FOUND, "precision", read, same_organ
    yield FOUND, "recall", real, same_organ
    for name in FIELDS:
        if name == "organ" and not everywhere:
            continue
        right = _right(name)
        yield name, "precision", _and(both, _stated(f"read_{name}")), right
        yield name, "recall", _and(both, _stated(name)), right
    yield TOGETHER, "precision", both, lambda row: not set(JOINT) & set(row["wrong_fields"])


def _and(first: _Test, second: _Test) -> _Test:
    return lambda row: first(row) and second(row)


def _stated(column: str) -> _Test:
    return lambda row: row[column] not in (None, [])


def _right(name: str) -> _Test:
    return lambda row: name not in row["wrong_fields"]


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> list[_Row]:
    cursor = connection.execute(sql, list(parameters))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _nothing_reviewed(read_anew: int) -> str:
    if read_anew:
        return (
            f"The {read_anew:,} reviewed reports were read anew since, so that the review tells nothing of the present "
            "reading. Review again, or score the run against them: `reportsup export --format gold`, `reportsup score`."
        )
    return (
        "No report is reviewed to the end, so that nothing can be said of precision and recall. Draw a sample: "
        "`reportsup audit --sample 200 --stratify organ,size --html review.html`, finish its reports on the page, and "
        "record what it saves: `reportsup correct --from FILE`."
    )
