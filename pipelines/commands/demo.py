"""`reportsup demo`: the whole way from reports to a measured model, on synthetic patients."""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(help="Folder for everything the demo makes; run again to go on in it.")]
Masked = Annotated[int, typer.Option(min=4, help="Training cases with lesion masks.")]
Reported = Annotated[int, typer.Option(min=0, help="Training cases with a report and no lesion mask.")]
Seed = Annotated[int, typer.Option(help="Of patients, reports and training.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that make patients.")]


def demo(
    out: Out = Path("demo"),
    masked: Masked = 4,
    reported: Reported = 150,
    seed: Seed = 0,
    workers: Workers = 2,
) -> None:
    """Make synthetic CTs with reports, and run extract, audit, index, train, predict and evaluate on them.

    Examples: `reportsup demo` · `reportsup demo --out /tmp/demo --reported 40 --seed 1`

    Eight to thirteen minutes on two CPU cores. It ends with a table that compares training on the few masks alone with
    training on the same masks and the reports, on unseen patients of the scanner that the masks come from and of
    another one, which training knows from reports alone.
    """
    from rich.console import Console

    from ..demo import (
        DemoFolder,
        call,
        judging_commands,
        make_dataset,
        reading_commands,
        training_commands,
        write_settings,
    )

    console = Console(stderr=True)
    folder = DemoFolder(out)

    def show(line: str) -> None:
        console.print(f"\n[bold]$ {line}[/bold]", highlight=False, soft_wrap=True)

    with console.status(f"making synthetic patients in {folder.data}"):
        made = make_dataset(folder, masked=masked, reported=reported, seed=seed, workers=workers)
    console.print(f"synthetic patients and their reports: {folder.data}" + ("" if made else " (were there)"))
    write_settings(folder)
    for command in reading_commands(folder):
        call([command], show)
    for group in training_commands(folder, seed):
        call(group, show)
    for command in judging_commands(folder):
        call([command], show)
    run = folder.run("reports")
    typer.echo(
        f"\nPictures: {run / 'evaluation.png'} and {run / 'evaluation.html'}; learning curves: {run / 'progress.png'}"
    )
