"""Tables of the evaluation page: rows from an evaluation, and their HTML, which the page's script sorts and filters."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from .comparison import Comparison
from .consistency import AGREES, against_reports
from .evaluate import Evaluation
from .records import ChannelResult, ReportedVolume
from .statistics import Estimate
from .summary import METRICS, Summary

METRIC_LABELS = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision",
    "f1": "F1",
    "auc": "AUC",
    "auprc": "AUPRC",
    "dsc": "DSC",
    "nsd": "NSD",
    "hd95_mm": "HD95 (mm)",
    "lesion_sensitivity": "Lesion sensitivity",
    "false_positives_per_case": "False positives per case",
    "froc": "FROC",
}
MOST_ROWS = 1000  # of one table: a browser sorts them at once


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        value: what it is sorted by; None = its text.
        note: a smaller line below.
    """

    text: str
    value: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table; `filters` are the columns that the reader can choose a value of."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    filters: tuple[str, ...] = ()

    def to_html(self) -> str:
        """The table as HTML, cut to `MOST_ROWS` with a line that says so."""
        head = "".join(f'<th scope="col"><button>{html.escape(name)}</button></th>' for name in self.columns)
        body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in self.rows[:MOST_ROWS])
        filters = html.escape("|".join(self.filters))
        more = len(self.rows) - MOST_ROWS
        cut = f"<p>… and {more} more in evaluation.json.</p>" if more > 0 else ""
        return (
            f'<div class="wide"><table data-filters="{filters}"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>{cut}"
        )


def _cell(cell: Cell) -> str:
    number = "" if cell.value is None else f' class="n" data-v="{cell.value:g}"'
    note = f"<small>{html.escape(cell.note)}</small>" if cell.note else ""
    return f"<td{number}>{html.escape(cell.text)}{note}</td>"


def figures_table(evaluation: Evaluation) -> Table:
    """One row per organ and site, every metric with its interval."""
    sites = {summary.site for summary in evaluation.summaries}
    columns = (
        "Organ",
        *(["Site"] if len(sites) > 1 else []),
        "With / without lesions",
        *map(METRIC_LABELS.get, METRICS),
    )
    rows = tuple(_figures(summary, len(sites) > 1) for summary in evaluation.summaries)
    return Table(tuple(map(str, columns)), rows, ("Organ", "Site"))


def _figures(summary: Summary, with_site: bool) -> tuple[Cell, ...]:
    site = [Cell(_all(summary.site, "sites"))] if with_site else []
    counts = Cell(f"{summary.n_positive} / {summary.n_negative}", summary.n_positive)
    estimates = (_estimate(summary.metrics[name]) for name in METRICS)
    return (Cell(_all(summary.organ, "organs")), *site, counts, *estimates)


def _all(name: str, what: str) -> str:
    return f"all {what}" if name == "all" else name


def _estimate(estimate: Estimate) -> Cell:
    if estimate.value is None:
        return Cell("–")
    digits = 1 if estimate.value >= 10 else 2
    known = estimate.lo is not None and estimate.hi is not None
    return Cell(
        f"{estimate.value:.{digits}f}",
        estimate.value,
        f"{estimate.lo:.{digits}f}–{estimate.hi:.{digits}f}" if known else "",
    )


def consistency_table(results: Sequence[ChannelResult]) -> Table:
    """Predicted against reported volume and count per case and organ, worst first."""
    columns = ("Case", "Organ", "Prediction is", "Times beyond", "Predicted mL", "Predicted n", "Reported mL",
               "Reported n", "Mask mL", "Report says")  # fmt: skip
    rows = [
        (
            Cell(result.case_id),
            Cell(result.organ),
            Cell("as reported" if differs.verdict == AGREES else differs.verdict),
            Cell(f"{differs.times_beyond:.1f}" if differs.times_beyond > 1 else "–", differs.times_beyond),
            _millilitres(result.predicted_volume_mm3),
            Cell(str(len(result.predicted_diameters_mm)), len(result.predicted_diameters_mm)),
            _interval(said),
            Cell(_count(said), said.n_lesions_min),
            _millilitres(result.truth_volume_mm3),
            Cell(str(said)),
        )
        for result, said, differs in against_reports(results)
    ]
    return Table(columns, tuple(rows), ("Organ", "Prediction is"))


def cases_table(evaluation: Evaluation) -> Table:
    """What was measured on each test case and organ, the worst overlap first."""
    columns = ("Case", "Organ", "Site", "Lesions are", "Score", "Called", "Predicted mL", "Mask mL", "DSC", "NSD",
               "HD95 (mm)", "Lesions found", "False positives")  # fmt: skip
    worst_first = sorted(
        evaluation.test_results, key=lambda r: (r.dsc is None, r.dsc or 0.0, -r.predicted_volume_mm3, r.case_id)
    )
    rows = []
    for r in worst_first:
        called = r.score >= evaluation.operating_points[r.organ].threshold
        n_false = None if r.false_positive_diameters_mm is None else len(r.false_positive_diameters_mm)
        n_found = sum(lesion.detected for lesion in r.lesions)
        rows.append(
            (
                Cell(r.case_id),
                Cell(r.organ),
                Cell(r.site or "–"),
                Cell({True: "there", False: "not there", None: "unknown"}[r.present]),
                _number(r.score, ".3g"),
                Cell("yes" if called else "no"),
                _millilitres(r.predicted_volume_mm3),
                _millilitres(r.truth_volume_mm3),
                _number(r.dsc, ".2f"),
                _number(r.nsd, ".2f"),
                _number(r.hd95_mm, ".1f"),
                Cell(f"{n_found} of {len(r.lesions)}", n_found) if r.lesions else Cell("–"),
                _number(n_false, "d"),
            )
        )
    return Table(columns, tuple(rows), ("Organ", "Site", "Lesions are", "Called"))


def comparison_table(comparison: Comparison) -> Table:
    """One row per organ, site and metric that both runs have."""
    columns = ("Organ", "Site", "Metric", comparison.name_a, comparison.name_b, "Difference", "p", "Cases")
    rows = []
    for stratum in comparison.strata:
        where = (Cell(_all(stratum.organ, "organs")), Cell(_all(stratum.site, "sites")))
        for name in METRICS:
            d = stratum.metrics[name]
            if d.difference is None:
                continue
            interval = "" if d.lo is None or d.hi is None else f"{d.lo:+.3f} to {d.hi:+.3f}"
            figures = (_number(d.a, ".3f"), _number(d.b, ".3f"), Cell(f"{d.difference:+.3f}", d.difference, interval))
            p = _number(d.p_value, ".2g")
            rows.append((*where, Cell(METRIC_LABELS[name]), *figures, p, Cell(str(stratum.n_cases), stratum.n_cases)))
        for name, p_value in (("McNemar (patients)", stratum.mcnemar_p), ("Wilcoxon (DSC)", stratum.wilcoxon_p_dsc)):
            if p_value is not None:
                blank = (Cell("–"), Cell("–"), Cell("–"))
                n = Cell(str(stratum.n_cases), stratum.n_cases)
                rows.append((*where, Cell(name), *blank, _number(p_value, ".2g"), n))
    return Table(columns, tuple(rows), ("Organ", "Site", "Metric"))


def points_table(evaluation: Evaluation) -> Table:
    """The operating point of each organ."""
    columns = ("Organ", "Score from", "Criterion", "Chosen on", "Validation cases with / without lesions")
    rows = [
        (
            Cell(organ),
            _number(point.threshold, ".4g"),
            Cell(point.criterion),
            Cell(point.source),
            Cell(f"{point.n_positive} / {point.n_negative}", point.n_positive),
        )
        for organ, point in evaluation.operating_points.items()
    ]
    return Table(columns, tuple(rows))


def failures_table(evaluation: Evaluation) -> Table:
    """Cases that should have been judged and are in no figure."""
    rows = tuple((Cell(case_id), Cell(why)) for case_id, why in sorted(evaluation.failures.items()))
    return Table(("Case", "Why it is left out"), rows)


def _number(value: float | None, form: str) -> Cell:
    return Cell("–") if value is None else Cell(format(value, form), value)


def _millilitres(mm3: float | None) -> Cell:
    return _number(None if mm3 is None else mm3 / 1000, ".2f")


def _interval(said: ReportedVolume) -> Cell:
    lo = said.lo_mm3 / 1000
    if said.no_lesion:
        return Cell("0", 0.0)
    return Cell(f"≥ {lo:.2f}" if said.hi_mm3 is None else f"{lo:.2f} – {said.hi_mm3 / 1000:.2f}", lo)


def _count(said: ReportedVolume) -> str:
    return f"≥ {said.n_lesions_min}" if said.n_lesions is None else str(said.n_lesions)
