"""`reportsup evaluate`: a run against the masks and reports of cases it has not seen."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DEFAULT_DB, AsJson, Db, Margin, MinComponent, print_failures, wants_debug
from .predictions import store_predictions

if TYPE_CHECKING:
    from ...schemas.failures import Failure
    from ...segmentation.evaluation import ChannelResult, Comparison, Evaluation, EvaluationSettings, Gallery
    from ...segmentation.prediction.stored import PredictedOrgan

Run = Annotated[Path, typer.Argument(help="Folder that `reportsup train` wrote.")]
Compare = Annotated[Path | None, typer.Option(help="Another run folder, compared on the same cases with paired tests.")]
Split = Annotated[str, typer.Option(help="Split to judge; the operating point comes from the split 'validation'.")]
Html = Annotated[bool, typer.Option("--html/--no-html", help="Write evaluation.html and .png into the run folder.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, …; by default the first GPU, if any.")]


def evaluate(
    context: typer.Context,
    run: Run,
    compare: Compare = None,
    db: Db = DEFAULT_DB,
    split: Split = "test",
    min_component_mm3: MinComponent = 30.0,
    organ_margin_mm: Margin = None,
    html: Html = True,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Measure a run: detection per patient and lesion, overlap, agreement with reported volumes, with 95 % intervals.

    Examples: `reportsup evaluate runs/reports` · `reportsup evaluate runs/reports --compare runs/masks`

    Exit code 1 when a case could not be evaluated; it is named, and the figures are those of the others.
    """
    from ...schemas.atomic import write_text
    from ...segmentation.evaluation import EvaluationSettings, Gallery, write_report
    from ...segmentation.evaluation import compare as compare_runs

    settings = EvaluationSettings(
        test_split=split, min_component_mm3=min_component_mm3, organ_margin_mm=organ_margin_mm
    )
    gallery = Gallery() if html else None
    failures: dict[str, Failure] = {}
    debug = wants_debug(context)
    evaluation = evaluate_run(run, db, settings, device=device, gallery=gallery, debug=debug, failures=failures)
    comparison = None
    if compare is not None:
        other = evaluate_run(compare, db, settings, device=device, debug=debug, failures=failures)
        comparison = compare_runs(other, evaluation)
    if html:
        write_report(evaluation, run, gallery=gallery, comparison=comparison)
    if comparison is not None:
        write_text(run / "comparison.json", comparison.to_json())
    if as_json:
        typer.echo(evaluation.to_json())
    else:
        _print(evaluation, comparison)
        typer.echo(f"{run / 'evaluation.json'}" + (f", {run / 'evaluation.html'}" if html else ""))
    if failures:
        raise typer.Exit(1)


def evaluate_run(
    run: Path,
    db: Path,
    settings: "EvaluationSettings",
    *,
    device: str | None = None,
    gallery: "Gallery | None" = None,
    debug: bool = False,
    failures: "dict[str, Failure] | None" = None,
) -> "Evaluation":
    """The evaluation of one run on the database's cases; also written to the run folder.

    Args:
        debug: print the traceback of what went wrong with a case.
        failures: gains case_id → what went wrong, for the cases that are left out.
    """
    from rich.console import Console
    from rich.progress import track

    from ...schemas.atomic import write_text
    from ...schemas.database import open_database
    from ...segmentation.evaluation import evaluate as measure
    from ...segmentation.prediction.assess import evaluation_cases
    from ...segmentation.prediction.model import load_model
    from ...segmentation.prediction.operating_points import write_operating_points
    from ...segmentation.prediction.stored import read_reported
    from ...segmentation.training.prepare import case_targets

    model = load_model(run, device=device)
    with open_database(db, read_only=True) as connection:
        indexed, targets = case_targets(connection, model.config)
        reported = read_reported(connection, [channel.organ for channel in model.plan.channels])
    cases = [
        case
        for case in indexed
        if case.split in (settings.validation_split, settings.test_split) and case.case_id in targets.cases
    ]
    console = Console(stderr=True)
    left_out: dict[str, Failure] = {}
    predicted = evaluation_cases(
        model,
        cases,
        targets.cases,
        reported,
        organ_margin_mm=settings.organ_margin_mm,
        pictures=gallery is not None,
        failed=left_out.__setitem__,
    )
    shown = track(
        predicted, run.name, total=len(cases), console=console, disable=not console.is_terminal, transient=True
    )
    try:
        evaluation = measure(shown, name=run.name, settings=settings, gallery=gallery, failed=left_out.__setitem__)
    finally:  # also when none is left
        print_failures(left_out, debug=debug)
        if failures is not None:
            failures.update(left_out)
    evaluation = replace(evaluation, failures={case_id: failure.message for case_id, failure in left_out.items()})
    write_text(run / "evaluation.json", evaluation.to_json())
    write_operating_points(run, model.step, settings, evaluation.operating_points)
    store_predictions(db, run, model.step, [_predicted(r, settings.threshold) for r in evaluation.results])
    return evaluation


def _predicted(result: "ChannelResult", threshold: float) -> "PredictedOrgan":
    from ...segmentation.prediction.stored import PredictedOrgan

    return PredictedOrgan(
        result.case_id, result.organ, threshold, result.predicted_volume_mm3, result.predicted_diameters_mm
    )


def _print(evaluation: "Evaluation", comparison: "Comparison | None") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for site in dict.fromkeys(summary.site for summary in evaluation.summaries):
        summaries = [summary for summary in evaluation.summaries if summary.site == site]
        table = Table(title=f"{evaluation.name}: {evaluation.settings.test_split}, {_site(site)}", title_justify="left")
        table.add_column("metric", no_wrap=True)
        for summary in summaries:
            table.add_column("all organs" if summary.organ == "all" else summary.organ)
        for name in summaries[0].metrics:
            table.add_row(name, *(str(summary.metrics[name]) for summary in summaries))
        console.print(table)
    if comparison is not None:
        console.print(f"{comparison.n_paired} pairs of case and organ")
        for table in _comparison_tables(comparison):
            console.print(table)


def _comparison_tables(comparison: "Comparison") -> "Iterator[Any]":
    """One table a site, narrow enough for 80 columns."""
    from rich import box
    from rich.table import Table

    a, b = comparison.name_a, comparison.name_b
    for site in dict.fromkeys(stratum.site for stratum in comparison.strata):
        title = f"{b} − {a}: {_site(site)}; with 95 % interval and p"
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for column in ("organ", "metric", a, b, "difference", "p"):
            table.add_column(column, no_wrap=column not in (a, b))
        for stratum in (s for s in comparison.strata if s.site == site):
            for name, d in stratum.metrics.items():
                interval = "" if d.lo is None or d.hi is None else f" [{_signed(d.lo)}, {_signed(d.hi)}]"
                difference = _signed(d.difference) + interval
                table.add_row(stratum.organ, name, _number(d.a), _number(d.b), difference, _number(d.p_value))
        yield table


def _site(site: str) -> str:
    return "all sites" if site == "all" else site


def _signed(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:+.0f}" if abs(value) >= 10 else f"{value:+.2f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if value < 100 else f"{value:.1f}"
