"""`reportsup evaluate`: a run against the masks and reports of cases it has not seen."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .evaluation_tables import print_evaluation
from .options import DEFAULT_DB, AsJson, Db, Margin, MinComponent, print_failures, wants_debug
from .predictions import store_predictions

if TYPE_CHECKING:
    from ...schemas.failures import Failure
    from ...segmentation.evaluation import ChannelResult, Evaluation, EvaluationSettings, Gallery
    from ...segmentation.prediction.stored import PredictedOrgan

Run = Annotated[Path, typer.Argument(help="Folder that `reportsup train` wrote.")]
Compare = Annotated[Path | None, typer.Option(help="Another run folder, compared on the same cases with paired tests.")]
Split = Annotated[str, typer.Option(help="Split to judge; the operating point comes from the split 'validation'.")]
Html = Annotated[bool, typer.Option("--html/--no-html", help="Write evaluation.html and .png into the run folder.")]
BySite = Annotated[bool, typer.Option("--by-site", help="Print the figures of each site too; the page has them.")]
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
    by_site: BySite = False,
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
        print_evaluation(evaluation, comparison, by_site=by_site)
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
