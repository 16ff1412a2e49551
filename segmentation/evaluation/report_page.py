"""The evaluation on one page: HTML that needs no other file and no network, and its pictures as a PNG."""

import base64
import html
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Template

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ...schemas.atomic import atomic, write_text
from . import page_tables
from .comparison import Comparison
from .consistency import AGREES, against_reports
from .evaluate import Evaluation
from .figures import (
    ORGAN_COLOUR,
    PREDICTION_COLOUR,
    TRUTH_COLOUR,
    draw_example,
    draw_froc,
    draw_roc,
    draw_sizes,
    draw_volumes,
)
from .gallery import Example, Gallery

_PANELS = (draw_roc, draw_froc, draw_sizes, draw_volumes)
_PER_ROW = 4
_DPI = 150


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
        temporary.write_bytes(_poster(evaluation, examples))
    return paths


def _page(evaluation: Evaluation, examples: tuple[Example, ...], comparison: Comparison | None) -> str:
    template = Template(files(__package__).joinpath("report_page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(f"Evaluation: {evaluation.name}"),
        lead=html.escape(_lead(evaluation)),
        failures=_failures_section(evaluation),
        figures=page_tables.figures_table(evaluation).to_html(),
        panels="".join(f'<img alt="" src="{_data_uri(_panel(draw, evaluation))}">' for draw in _PANELS),
        consistency=_consistency_section(evaluation),
        comparison=_comparison_section(comparison) if comparison else "",
        examples=_example_section(examples) if examples else "",
        cases=page_tables.cases_table(evaluation).to_html(),
        points=page_tables.points_table(evaluation).to_html(),
        notes=html.escape(_notes(evaluation)),
    )


def _poster(evaluation: Evaluation, examples: tuple[Example, ...]) -> bytes:
    """The panels and examples as one picture."""
    heights = [4.2] + [3.4] * -(-len(examples) // _PER_ROW)
    figure = Figure(figsize=(17, sum(heights) + 0.5), layout="constrained")
    figure.suptitle(f"{evaluation.name}: {_lead(evaluation)}", fontsize=12)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axes, draw in zip(parts[0].subplots(1, len(_PANELS)), _PANELS, strict=True):
        draw(axes, evaluation)
    for row, part in enumerate(parts[1:]):
        _draw_row(part.subplots(1, _PER_ROW), examples[row * _PER_ROW : (row + 1) * _PER_ROW])
    return _png(figure)


def _draw_row(all_axes: "list[Axes]", examples: tuple[Example, ...]) -> None:
    for i, axes in enumerate(all_axes):
        axes.set_axis_off()
        if i < len(examples):
            draw_example(axes, examples[i])
            axes.set_title(f"{examples[i].case_id} · {examples[i].organ} · {_overlap(examples[i])}", fontsize=8)


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


def _failures_section(evaluation: Evaluation) -> str:
    if not evaluation.failures:
        return ""
    table = page_tables.failures_table(evaluation).to_html()
    return f"<h2>Left out: {len(evaluation.failures)}</h2><p>These cases are in no figure.</p>{table}"


def _consistency_section(evaluation: Evaluation) -> str:
    rows = against_reports(evaluation.test_results)
    if not rows:
        return "<p>No report says anything of the organs of the test cases.</p>"
    verdicts = Counter(differs.verdict for _, _, differs in rows)
    agree = verdicts.pop(AGREES, 0)
    others = ", ".join(f"{verdict} {n}" for verdict, n in verdicts.most_common())
    words = f"{agree} of {len(rows)} predictions are as reported" + (f"; {others}" if others else "")
    return f"<p>{html.escape(words)}.</p>{page_tables.consistency_table(evaluation.test_results).to_html()}"


def _comparison_section(comparison: Comparison) -> str:
    pairs = f"{comparison.n_paired} pairs of case and organ, {comparison.n_unpaired} left out for want of a partner"
    title = html.escape(f"{comparison.name_b} against {comparison.name_a}")
    return f"<h2>{title}</h2><p>{pairs}.</p>{page_tables.comparison_table(comparison).to_html()}"


def _example_section(examples: tuple[Example, ...]) -> str:
    legend = (
        f'<b style="color:{TRUTH_COLOUR}">truth</b>, <b style="color:{PREDICTION_COLOUR}">prediction</b>, '
        f'<b style="color:{ORGAN_COLOUR}">organ</b>; '
        "from the best to the worst overlap, then the largest false alarm"
    )
    return f'<h2>Examples</h2><p>{legend}.</p><div class="cards">{"".join(map(_card, examples))}</div>'


def _card(example: Example) -> str:
    figure = Figure(figsize=(3.6, 3.6), layout="constrained")
    draw_example(figure.subplots(), example)
    lines = (
        f"<b>{html.escape(example.case_id)}</b> · {html.escape(example.organ)} · {_overlap(example)}",
        f"Report: {html.escape('says nothing of it' if example.reported is None else str(example.reported))}",
        f"Prediction: {_predicted(example)}",
    )
    image = f'<img alt="" src="{_data_uri(_png(figure))}">'
    return f"<figure>{image}<figcaption>{'<br>'.join(lines)}</figcaption></figure>"


def _overlap(example: Example) -> str:
    return "false alarm" if example.dsc is None else f"DSC {example.dsc:.2f}"


def _predicted(example: Example) -> str:
    if not example.predicted_diameters_mm:
        return "no lesion"
    n, largest_mm = len(example.predicted_diameters_mm), max(example.predicted_diameters_mm)
    volume = f"{example.predicted_volume_mm3 / 1000:.1f} mL"
    return f"{n} × {largest_mm:.0f} mm, {volume}" if n == 1 else f"{n}, largest {largest_mm:.0f} mm, {volume}"


def _panel(draw: Callable[[Axes, Evaluation], None], evaluation: Evaluation) -> bytes:
    figure = Figure(figsize=(4.4, 4.0), layout="constrained")
    draw(figure.subplots(), evaluation)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
