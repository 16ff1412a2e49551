"""`reportsup train`: from the database's cases to a run folder."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DEFAULT_DB, Db, print_failures, wants_debug

if TYPE_CHECKING:
    from rich.console import Console

    from ...segmentation.training.config import TrainingConfig
    from ...segmentation.training.dataset import TrainingPools
    from ...segmentation.training.prepare import Prepared

DEFAULT_RUN = Path("runs/reportsup")
DEFAULT_CONFIG = Path("reportsup.toml")

Run = Annotated[Path, typer.Option(help="Run folder; one that exists is gone on with.")]
Config = Annotated[Path | None, typer.Option(help="TOML file with a [train] table; by default reportsup.toml, if any.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="key=value over the configuration; repeatable.")]
Stage = Annotated[int | None, typer.Option(min=1, max=2, help="Stop after stage 1 (masks alone) or 2.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Optimiser steps of each stage.")]
Reports = Annotated[bool | None, typer.Option("--reports/--no-reports", help="Train stage 2 with or without reports.")]
Resume = Annotated[bool, typer.Option("--resume", help="Fail unless the run folder exists.")]
Cache = Annotated[Path | None, typer.Option(help="Folder of resampled volumes; by default beside the database.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that resample volumes.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and the targets; resample and train nothing.")]


def train(
    context: typer.Context,
    db: Db = DEFAULT_DB,
    run: Run = DEFAULT_RUN,
    config: Config = None,
    overrides: Set = None,
    stage: Stage = None,
    steps: Steps = None,
    reports: Reports = None,
    resume: Resume = False,
    cache: Cache = None,
    workers: Workers = 2,
    dry_run: DryRun = False,
) -> None:
    """Train a lesion segmentation network on the database's cases: on masks, then on masks and reports.

    Examples: `reportsup train` · `reportsup train --run runs/liver --set batch_size=4 --steps 20000` ·
    `reportsup train --no-reports --run runs/masks`

    Run it again to go on where it stopped; on several GPUs or nodes start it with `accelerate launch`. It stops with
    the cases named when the loss diverges. Exit code 1 when a case could not be read; it is trained without it.
    """
    from rich.console import Console

    from ...schemas.errors import TrainingError
    from ...segmentation.training.config import load_config

    if resume and not (run / "config.toml").exists():
        raise TrainingError(
            f"--resume: {run} is no run folder vs one to go on with. A new run would start. "
            "Correct --run, or leave --resume away."
        )
    path = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    known = run / "config.toml"
    if path is None and not overrides and known.exists():
        path = known  # going on with a run needs no word of its settings
    settings = load_config(path, overrides or (), mask_steps=steps, report_steps=steps, use_reports=reports)
    console = Console(stderr=True)
    prepared = _prepare(db, settings, cache or db.parent / "reportsup_cache", workers, console, dry_run)
    settings = _with_steps(prepared, settings)
    if _is_main_process():
        print_plan(prepared, settings, Console())
        print_failures(prepared.failures, debug=wants_debug(context))
    if not dry_run:
        _train(run, settings, prepared, stage, console)
    if prepared.failures:
        raise typer.Exit(1)


def print_plan(prepared: "Prepared", config: "TrainingConfig", console: "Console") -> None:
    """Show the plan, the cases by what they teach, and every target that is left out with its reason."""
    from rich.table import Table

    from ...segmentation.preprocessing import render_plan
    from ...segmentation.training.dataset import crop_rules, sort_cases

    data = prepared.data
    pools = sort_cases(data.train, data.plan, crop_rules(config, data.plan), config.use_reports)
    console.print(render_plan(data.plan, prepared.fingerprint))
    table = Table(title="what is trained on", title_justify="left")
    for column in ("what", "with lesions", "without"):
        table.add_column(column)
    table.add_row("cases with lesion masks", str(len(pools.masks.positive)), str(len(pools.masks.negative)))
    table.add_row("cases with reports only", str(len(pools.reports.positive)), str(len(pools.reports.negative)))
    table.add_row("validation cases", str(len(data.validation)), "")
    console.print(table)
    for line in [*_warnings(prepared), *_exposure(config, pools)]:
        console.print(line, style="yellow")
    rows = [("regions of reports", organ, why, n) for (organ, why), n in sorted(pools.regions.items())]
    rows += [("statements left out", organ, why, n) for (organ, why), n in prepared.targets.exclusion_counts().items()]
    rows += [("lesions", name, "smaller than a voxel: kept as one", n) for name, n in prepared.n_tiny.items()]
    reasons = [*prepared.left_out.values(), *pools.unused.values()] + ["volume could not be read"] * len(
        prepared.failures
    )
    rows += [("cases left out", "", reason, reasons.count(reason)) for reason in dict.fromkeys(reasons)]
    if rows:
        table = Table(title="targets", title_justify="left")
        for column in ("of", "organ", "used, or why not", "number"):
            table.add_column(column)
        for *words, number in rows:
            table.add_row(*words, str(number))
        console.print(table)


def _with_steps(prepared: "Prepared", config: "TrainingConfig") -> "TrainingConfig":
    """The settings with steps planned from the number of cases, where `passes` asks for it."""
    from ...segmentation.training.dataset import crop_rules, sort_cases
    from ...segmentation.training.sizes import planned_steps

    data = prepared.data
    return planned_steps(config, sort_cases(data.train, data.plan, crop_rules(config, data.plan), config.use_reports))


def _exposure(config: "TrainingConfig", pools: "TrainingPools") -> list[str]:
    """How often a case is shown, where that is too seldom to learn from it."""
    from ...segmentation.training.sizes import times_shown

    shown = times_shown(config, pools)
    if shown >= 1:
        return []
    return [
        f"{config.total_steps} steps of {config.batch_size} crops show each case {shown:.2g} times on average. "
        "Raise the steps, or give `passes` (how often each case is shown)."
    ]


def _warnings(prepared: "Prepared") -> list[str]:
    """What a run can do without, and its reader should know."""
    lines = []
    if not prepared.data.validation:
        lines.append(
            "no validation cases: the last averaged weights are kept instead of the best, and no operating point can "
            "be chosen. Give some cases with lesion masks the split 'validation'."
        )
    if prepared.n_to_build:
        lines.append(f"{prepared.n_to_build} cases are not in the cache yet; `reportsup train` makes them.")
    if prepared.n_unmeasured:
        lines.append(
            f"{prepared.n_unmeasured} of them have reported regions that were not measured; they count as if they "
            "fitted the patch."
        )
    for name, number in prepared.unused_masks.items():
        lines.append(f"{name}: drawn in {number} training cases and not trained on. Name its organ in `organs`.")
    return lines


def _prepare(
    db: Path, config: "TrainingConfig", cache: Path, workers: int, console: "Console", dry_run: bool
) -> "Prepared":
    from rich.progress import Progress

    from ...schemas.database import open_database
    from ...segmentation.training.prepare import case_targets, prepare

    with open_database(db, read_only=True) as connection:
        known = case_targets(connection, config)  # read whole and let go: an extraction may write meanwhile
    with _bar(Progress, console) as bar:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        return prepare(known, config, cache, workers=workers, dry_run=dry_run, progress=progress)


def _train(run: Path, config: "TrainingConfig", prepared: "Prepared", stage: int | None, console: "Console") -> None:
    from rich.progress import Progress

    from ...segmentation.training.trainer import train as train_run

    last = config.mask_steps if stage == 1 else config.total_steps
    with _bar(Progress, console) as bar:
        task = bar.add_task("training", total=last)

        def report(record: dict[str, Any]) -> None:
            words = f"loss {record['loss']:.3f}" if "loss" in record else f"score {record.get('score', 0):.3f}"
            bar.update(task, completed=record["step"], description=f"stage {record['stage']}, {words}")

        folder = train_run(run, config, prepared.data, stop_after=last, report=report)
    if _is_main_process():
        typer.echo(f"{folder.path}: {last} steps done. Next: reportsup evaluate {shlex.quote(str(folder.path))}")


def _bar(progress: Any, console: "Console") -> Any:
    return progress(console=console, disable=not console.is_terminal or not _is_main_process())


def _is_main_process() -> bool:
    import os

    return os.environ.get("RANK", "0") == "0"
