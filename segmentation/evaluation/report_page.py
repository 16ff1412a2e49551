"""The evaluation on one page: HTML that needs no other file and no network, and the same as a PNG."""

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Template

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from ...schemas.atomic import atomic, write_text
from .comparison import ComparedStratum, Comparison
from .evaluate import Evaluation
from .figures import PREDICTION_COLOUR, TRUTH_COLOUR, draw_example, draw_froc, draw_roc, draw_sizes, draw_volumes
from .gallery import Example, Gallery
from .statistics import Difference
from .summary import Summary

_COLUMNS = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
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
_PANELS = (draw_roc, draw_froc, draw_sizes, draw_volumes)
_PER_ROW = 4


@dataclass(frozen=True)
class ReportFiles:
    """Where the two forms of the page lie."""

    html: Path
    png: Path


def write_report(
    evaluation: Evaluation, folder: Path, *, gallery: Gallery | None = None, comparison: Comparison | None = None
) -> ReportFiles:
    """Write `evaluation.html` and `evaluation.png` into a folder and return their paths.

    Args:
        folder: made if it does not exist.
        gallery: the one that `evaluate` filled; without it the page has no pictures.
        comparison: a comparison in which this run takes part, shown as a table.
    """
    examples = gallery.chosen() if gallery else ()
    paths = ReportFiles(folder / "evaluation.html", folder / "evaluation.png")
    write_text(paths.html, _page(evaluation, examples, comparison))
    with atomic(paths.png) as temporary:
        temporary.write_bytes(_poster(evaluation, examples, comparison))
    return paths


def _page(evaluation: Evaluation, examples: tuple[Example, ...], comparison: Comparison | None) -> str:
    template = Template(files(__package__).joinpath("report_page.html").read_text(encoding="utf-8"))
    figures = [_panel(draw, evaluation) for draw in _PANELS]
    return template.substitute(
        title=html.escape(evaluation.name),
        lead=html.escape(_lead(evaluation)),
        metrics=_html_table(*_metric_rows(evaluation)),
        figures="".join(f'<img alt="" src="{_data_uri(png)}">' for png in figures),
        comparison=_comparison_section(comparison) if comparison else "",
        examples=_example_section(examples) if examples else "",
        points=_html_table(*_point_rows(evaluation)),
        notes=html.escape(_notes(evaluation)),
    )


def _poster(evaluation: Evaluation, examples: tuple[Example, ...], comparison: Comparison | None) -> bytes:
    """The page as one picture, top to bottom: tables, panels, examples."""
    tables = [_metric_rows(evaluation), *([_comparison_rows(comparison)] if comparison else [])]
    heights = [0.32 * (1 + sum(1 + max(cell.count("\n") for cell in row) for row in rows)) for _, rows in tables] + [
        4.2
    ]
    heights += [3.4] * -(-len(examples) // _PER_ROW)
    figure = Figure(figsize=(15, sum(heights) + 0.8), layout="constrained")
    figure.suptitle(f"{evaluation.name}: {_lead(evaluation)}", fontsize=11)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (header, rows) in zip(parts, tables, strict=False):
        _draw_table(part.subplots(), header, rows)
    panels = parts[len(tables)].subplots(1, len(_PANELS))
    for axes, draw in zip(panels, _PANELS, strict=True):
        draw(axes, evaluation)
    for row, part in enumerate(parts[len(tables) + 1 :]):
        _draw_row(part.subplots(1, _PER_ROW), examples[row * _PER_ROW : (row + 1) * _PER_ROW])
    return _png(figure)


def _draw_table(axes: Axes, header: list[str], rows: list[list[str]]) -> None:
    axes.set_axis_off()
    lines = [1, *(_n_lines(row) for row in rows)]
    table = axes.table(cellText=rows, colLabels=header, bbox=Bbox.unit(), cellLoc="center")
    table.auto_set_font_size(False)
    table.set_fontsize(6.5)
    table.auto_set_column_width(range(len(header)))
    for (row, _), cell in table.get_celld().items():
        cell.set_height(lines[row])
        cell.set_linewidth(0.3)


def _n_lines(row: list[str]) -> int:
    return 1 + max(cell.count("\n") for cell in row)


def _draw_row(all_axes: "list[Axes]", examples: tuple[Example, ...]) -> None:
    for i, axes in enumerate(all_axes):
        axes.set_axis_off()
        if i < len(examples):
            draw_example(axes, examples[i])


def _lead(evaluation: Evaluation) -> str:
    pooled = evaluation.summary()
    cases = {r.case_id for r in evaluation.test_results}
    return (
        f"{len(cases)} test cases; per organ: {pooled.n_positive} with and {pooled.n_negative} without lesions, "
        f"{pooled.n_lesions} lesions in masks, {pooled.n_missed} of {pooled.n_masked} organs with a lesion mask "
        "without any prediction"
    )


def _notes(evaluation: Evaluation) -> str:
    s = evaluation.settings
    rule = {
        "overlap": "one shared voxel",
        "iou": f"IoU of {s.localisation.min_iou:g} or more",
        "centroid": f"centres within {s.localisation.max_distance_mm:g} mm",
    }[s.localisation.criterion]
    place = "" if s.organ_margin_mm is None else f", within {s.organ_margin_mm:g} mm of the organ where it has a mask"
    return (
        f"Intervals: {s.level:.0%} bootstrap over patients, {s.n_resamples} samples, seed {s.seed}. "
        f"Masks: probability of {s.threshold:g} or more, components of {s.min_component_mm3:g} mm³ or more{place}. "
        f"NSD at {s.tolerance_mm:g} mm. A lesion is found by {rule}. "
        "FROC: mean sensitivity at ⅛ to 8 false positives a case. DSC, NSD and HD95 are means over organs with a "
        "lesion mask; a missed lesion counts as DSC 0, NSD 0 and the diagonal of the volume. "
        "For 'all' organs, patient-level figures are means over organs."
    )


def _metric_rows(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    header = ["Organ", "Site", "n (+/−)", *_COLUMNS.values()]
    return header, [_metric_row(summary) for summary in evaluation.summaries]


def _metric_row(summary: Summary) -> list[str]:
    counts = f"{summary.n_positive}/{summary.n_negative}"
    return [summary.organ, summary.site, counts, *(str(summary.metrics[name]) for name in _COLUMNS)]


def _point_rows(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    header = ["Organ", "Score from", "Criterion", "Chosen on", "Validation cases (+/−)"]
    rows = [
        [organ, f"{p.threshold:.4g}", p.criterion, p.source, f"{p.n_positive}/{p.n_negative}"]
        for organ, p in evaluation.operating_points.items()
    ]
    return header, rows


def _comparison_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    names = [name for name in _COLUMNS if any(s.metrics[name].difference is not None for s in comparison.strata)]
    header = ["Organ", "Site", "n", *(_COLUMNS[name] for name in names), "McNemar p", "Wilcoxon p (DSC)"]
    return header, [_compared_row(stratum, names) for stratum in comparison.strata]


def _compared_row(stratum: ComparedStratum, names: list[str]) -> list[str]:
    tests = ["–" if p is None else f"{p:.3g}" for p in (stratum.mcnemar_p, stratum.wilcoxon_p_dsc)]
    differences = [_difference_cell(stratum.metrics[name]) for name in names]
    return [stratum.organ, stratum.site, str(stratum.n_cases), *differences, *tests]


def _difference_cell(d: Difference) -> str:
    """Two lines: both figures with the p-value of their difference, and the difference with its interval."""
    if d.a is None or d.b is None or d.difference is None:
        return "–"
    interval = "" if d.lo is None or d.hi is None else f" [{d.lo:+.3f}, {d.hi:+.3f}]"
    p = "" if d.p_value is None else f" (p {d.p_value:.2g})"
    return f"{d.a:.3f} → {d.b:.3f}{p}\n{d.difference:+.3f}{interval}"


def _html_table(header: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{_lines(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _lines(cell: str) -> str:
    return html.escape(cell).replace("\n", "<br>")


def _comparison_section(comparison: Comparison) -> str:
    pairs = f"{comparison.n_paired} pairs of case and organ, {comparison.n_unpaired} left out for want of a partner"
    title = html.escape(f"{comparison.name_b} against {comparison.name_a}")
    return f"<h2>{title}</h2><p>{pairs}.</p>{_html_table(*_comparison_rows(comparison))}"


def _example_section(examples: tuple[Example, ...]) -> str:
    images = []
    for example in examples:
        figure = Figure(figsize=(3.6, 3.6), layout="constrained")
        draw_example(figure.subplots(), example)
        images.append(f'<img class="example" alt="" src="{_data_uri(_png(figure))}">')
    legend = (
        f'<b style="color:{TRUTH_COLOUR}">truth</b>, <b style="color:{PREDICTION_COLOUR}">prediction</b>; '
        "from the best to the worst overlap, then the largest false alarm"
    )
    return f"<h2>Examples</h2><p>{legend}.</p>{''.join(images)}"


def _panel(draw: Callable[[Axes, Evaluation], None], evaluation: Evaluation) -> bytes:
    figure = Figure(figsize=(4.4, 4.0), layout="constrained")
    draw(figure.subplots(), evaluation)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
