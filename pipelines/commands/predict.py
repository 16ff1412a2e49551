"""`reportsup predict`: lesions of CTs, on their own grids, with a table in the words of a report."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import DEFAULT_DB, MAX_WORKERS, Db, Margin, MinComponent, print_failures, wants_debug
from .predictions import store_predictions

if TYPE_CHECKING:
    from rich.console import Console

    from ...segmentation.prediction.inputs import CheckedInputs, PredictionInput

CONVERTED = "converted"  # below the folder of predictions: volumes made of DICOM series

Run = Annotated[Path, typer.Argument(help="Folder that `reportsup train` wrote.")]
Cts = Annotated[
    list[Path] | None,
    typer.Argument(help="CT volumes, or folders of one DICOM series each; none = the cases of --split."),
]
Out = Annotated[Path, typer.Option(help="Folder for the predictions; cases that are there are left alone.")]
Split = Annotated[str, typer.Option(help="Split of the database's cases to predict when no CT is named.")]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=1.0,
        help="Probability from which a voxel is lesion; by default what `evaluate` chose on validation.",
    ),
]
Probabilities = Annotated[bool, typer.Option("--probabilities", help="Write the probabilities too.")]
Pictures = Annotated[
    bool,
    typer.Option("--pictures", help="Draw overview.png per case: three planes, predicted against reported size."),
]
DicomSeg = Annotated[
    bool, typer.Option("--dicom-seg", help="Write lesions.dcm, a DICOM Segmentation, for inputs that are DICOM series.")
]
Shard = Annotated[
    str | None,
    typer.Option(help="i/n: only every n-th case from the i-th on; n processes, a GPU each, share the cases."),
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, …; by default the first GPU, if any.")]


def predict(
    context: typer.Context,
    run: Run,
    cts: Cts = None,
    out: Out = Path("predictions"),
    db: Db = DEFAULT_DB,
    split: Split = "test",
    threshold: Threshold = None,
    min_component_mm3: MinComponent = 30.0,
    organ_margin_mm: Margin = None,
    probabilities: Probabilities = False,
    pictures: Pictures = False,
    dicom_seg: DicomSeg = False,
    device: Device = None,
    shard: Shard = None,
) -> None:
    """Predict lesions: a mask per organ on the CT's own grid, and their volumes, diameters and places as a table.

    Examples: `reportsup predict runs/liver scan.nii.gz` · `reportsup predict runs/liver --split test --pictures` ·
    `reportsup predict runs/liver dicom_folder --dicom-seg`

    CTs are checked first, as `reportsup check` does. Exit code 1 when one could not be predicted; the others are. Run
    it again to go on.
    """
    from rich.console import Console
    from rich.progress import Progress

    from ...segmentation.prediction.inputs import shard as share_of
    from ...segmentation.prediction.inputs import warning_in_words
    from ...segmentation.prediction.model import load_model
    from ...segmentation.prediction.operating_points import choose_thresholds
    from ...segmentation.prediction.predict import PredictionOptions, predict_cases, read_predictions, write_table
    from ...segmentation.training.run_folder import RunFolder

    RunFolder(run).check_complete()
    console = Console(stderr=True)
    inputs = _inputs(run, cts, db, split, out / CONVERTED)
    if shard is not None:
        inputs = share_of(inputs, shard)
    checked = _checked(inputs, console)
    for problem in checked.warnings:
        typer.echo(warning_in_words(problem), err=True)
    failures = dict(checked.failures)
    if checked.good:
        model = load_model(run, device=device)
        organs = [channel.organ for channel in model.plan.channels]
        thresholds, where_from = choose_thresholds(run, model.step, organs, threshold, min_component_mm3)
        typer.echo(where_from, err=True)
        options = PredictionOptions(
            min_component_mm3=min_component_mm3,
            organ_margin_mm=organ_margin_mm,
            probabilities=probabilities,
            thresholds=thresholds,
            pictures=pictures,
            dicom_seg=dicom_seg,
        )
        with Progress(console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("predicting", total=len(checked.good))
            done = lambda case, lesions: bar.advance(task)  # noqa: E731
            failures |= predict_cases(model, checked.good, out, options, alone=shard is None, done=done)
        if not cts:
            case_ids = [item.case_id for item in checked.good if item.case_id not in failures]
            store_predictions(db, run, model.step, read_predictions(out, case_ids, thresholds))
    else:
        out.mkdir(parents=True, exist_ok=True)
        write_table(out)
    print_failures(failures, debug=wants_debug(context))
    typer.echo(
        f"{len(inputs) - len(failures)} of {len(inputs)} cases in {out}; their lesions in {out / 'components.csv'}"
    )
    if failures:
        raise typer.Exit(1)


def _checked(inputs: "list[PredictionInput]", console: "Console") -> "CheckedInputs":
    from rich.progress import Progress

    from ...segmentation.prediction.inputs import check_inputs

    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("checking CTs", total=len(inputs))
        return check_inputs(inputs, workers=min(os.cpu_count() or 1, MAX_WORKERS), progress=lambda: bar.advance(task))


def _inputs(run: Path, cts: list[Path] | None, db: Path, split: str, converted: Path) -> "list[PredictionInput]":
    from ...schemas.database import open_database
    from ...schemas.errors import InputError
    from ...segmentation.cases import read_cases
    from ...segmentation.prediction.inputs import files_as_inputs, inputs_of
    from ...segmentation.prediction.stored import read_reported
    from ...segmentation.training.run_folder import RunFolder

    if cts:
        return files_as_inputs(cts, converted)
    organs = [channel.organ for channel in RunFolder(run).read_plan().channels]
    with open_database(db, read_only=True) as connection:
        cases = [case for case in read_cases(connection) if case.split == split]
        reported = read_reported(connection, organs)
    if not cases:
        raise InputError(
            f"predict: no case in split '{split}' of {db} vs at least one. There is nothing to predict. "
            "Name CT files, or another --split."
        )
    return inputs_of(cases, organs, reported)
