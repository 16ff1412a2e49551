"""`reportsup demo`: the whole way from reports to a measured model, on synthetic patients."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..demo import DemoFolder, DemoPlan

Full = Annotated[
    bool, typer.Option("--full", help="More patients and steps, the pancreas too, lesions from 6 mm up: far longer.")
]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for everything the demo makes; run again to go on in it. demo, or demo-full."),
]
Masked = Annotated[int | None, typer.Option(min=4, help="Training cases with lesion masks.")]
Reported = Annotated[int | None, typer.Option(min=0, help="Training cases with a report and no lesion mask.")]
Seed = Annotated[int, typer.Option(help="Of patients, reports and training.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that make patients.")]

_TOY = (
    "This is a toy: synthetic patients on a 4 mm grid, a tiny network trained for minutes, one seed; another seed "
    "gives other figures. What was measured with care: docs/results.md."
)


def demo(
    full: Full = False,
    out: Out = None,
    masked: Masked = None,
    reported: Reported = None,
    seed: Seed = 0,
    workers: Workers = 2,
) -> None:
    """Make synthetic CTs with reports, and run extract, index, train, evaluate, predict and audit on them.

    Examples: `reportsup demo` · `reportsup demo --out /tmp/demo --seed 1` · `reportsup demo --full`

    About three minutes on two CPU cores, `--full` a quarter of an hour and more. It ends with a table that compares
    training on the few masks alone with training on the same masks and the reports, on unseen patients of the scanner
    that the masks come from and of another one, which training knows from reports alone.
    """
    from dataclasses import replace

    from rich.console import Console

    from ..demo import FULL, SHORT, DemoFolder, make_dataset, write_settings

    plan = FULL if full else SHORT
    plan = replace(
        plan,
        masked=plan.masked if masked is None else masked,
        reported=plan.reported if reported is None else reported,
    )
    console = Console(stderr=True)
    folder = DemoFolder(out or Path("demo-full" if full else "demo"))
    console.print(f"\n[bold]From reports to a trained network, on synthetic patients: {plan.minutes}[/bold]")
    with console.status(f"making synthetic patients in {folder.data}"):
        made = make_dataset(folder, plan, seed=seed, workers=workers)
    console.print(_patients(plan) + f": {folder.data}" + ("" if made else " (were there)"))
    write_settings(folder, plan.settings_text())
    _run(folder, seed, console)
    _tell(folder)


def _patients(plan: "DemoPlan") -> str:
    return (
        f"{plan.masked} patients with lesion masks and {plan.reported} with a report alone to learn from, "
        f"{plan.validation} to choose on, {2 * plan.test} to judge on; lesions of {', '.join(plan.organs)}"
    )


def _run(folder: "DemoFolder", seed: int, console: "Console") -> None:
    """All commands; those that print much have it in a log."""
    from ...segmentation.training.config import load_config
    from ..demo import call, judging_commands, reading_commands, train, training_commands

    def show(line: str) -> None:
        console.print(f"\n[bold]$ {line}[/bold]", highlight=False, soft_wrap=True)

    extract, index = reading_commands(folder)
    call(extract, show)
    call(index, show, log=folder.log("index"))
    config = load_config(folder.settings)
    start, arms = training_commands(folder, seed)
    train(start, folder, config.mask_steps, show, console)
    train(arms, folder, config.report_steps, show, console)
    evaluate, predict, audit = judging_commands(folder)
    with console.status("judging both runs"):
        call(evaluate, show, log=folder.log("evaluate"))
    with console.status("predicting the test patients"):
        call(predict, show, log=folder.log("predict"))
    call(audit, show)


def _tell(folder: "DemoFolder") -> None:
    from rich.console import Console

    from ..demo.commands import ARMS
    from ..demo.summary import print_comparison

    masks, reports = (folder.run(name) for name in ARMS)
    typer.echo("")
    print_comparison(reports, masks)
    Console().print(f"\n{_TOY}\n", highlight=False)
    typer.echo(f"all figures and pictures   {reports / 'evaluation.html'}")
    typer.echo(f"predicted patients         {folder.path / 'predictions'}")
    typer.echo(f"learning curves            {reports / 'progress.png'}")
    typer.echo(f"what the commands printed  {folder.path / 'logs'}")
