"""`reportsup index` and `reportsup check`: are these volumes and masks fit to train on?"""

import json
import os
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...schemas import ConfigError
from .options import DEFAULT_DB, MAX_WORKERS, AsJson, Db, wants_debug

if TYPE_CHECKING:
    from ...segmentation.cases import CaseFiles, IndexResult

Data = Annotated[
    Path,
    typer.Argument(help="Folder of cases (CASE/ct.nii.gz, CASE/segmentations/), nnU-Net or MSD data set, or manifest."),
]
Link = Annotated[str, typer.Option(help="Column of the reports that holds the case id.")]
Rename = Annotated[
    list[str] | None, typer.Option(help="Mask or label name of the data set = our name, or = ignore; repeatable.")
]
Site = Annotated[str | None, typer.Option(help="Site or scanner of the cases that name none.")]
Split = Annotated[str | None, typer.Option(help="train, validation or test, for the cases that name none.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; by default one per CPU, at most 8.")]
Seed = Annotated[int, typer.Option(help="Of the split by patient, where the data set gives none.")]
Rows = Annotated[int, typer.Option(min=1, help="Rows of the problem table at most.")]


def index(
    context: typer.Context,
    data: Data,
    db: Db = DEFAULT_DB,
    reports_link: Link = "report_id",
    rename: Rename = None,
    site: Site = None,
    split: Split = None,
    workers: Workers = None,
    seed: Seed = 0,
    rows: Rows = 100,
    as_json: AsJson = False,
) -> None:
    """Check the volumes and masks of a data set and register them in the database.

    Examples: `reportsup index AbdomenAtlas/` · `reportsup index cases.csv --reports-link accession` ·
    `reportsup index Task03_Liver/ --rename cancer=liver_lesion --site decathlon`

    Cases that cannot be used are set aside, the others are registered; exit code 1 when any was set aside. Run it again
    at any time: only new and changed cases are read.
    """
    from ...schemas.database import open_database
    from ...segmentation.cases import write_index

    cases = _list(data, rename, site, split)
    with open_database(db) as connection:
        result = _examine(cases, connection, reports_link, workers, seed, as_json)
        write_index(connection, result)
    _finish(result, db, rows, as_json, wants_debug(context))


def check(
    context: typer.Context,
    data: Data,
    db: Db = DEFAULT_DB,
    reports_link: Link = "report_id",
    rename: Rename = None,
    site: Site = None,
    split: Split = None,
    workers: Workers = None,
    seed: Seed = 0,
    rows: Rows = 100,
    as_json: AsJson = False,
) -> None:
    """Check the volumes and masks of a data set; nothing is written. The database is read if it exists.

    Example: `reportsup check AbdomenAtlas/ --rows 20`
    """
    from ...schemas.database import open_database

    with open_database(db, read_only=True) if db.exists() else nullcontext() as connection:
        result = _examine(_list(data, rename, site, split), connection, reports_link, workers, seed, as_json)
    _finish(result, None, rows, as_json, wants_debug(context))


def _list(data: Path, rename: list[str] | None, site: str | None, split: str | None) -> "list[CaseFiles]":
    from dataclasses import replace

    from ...segmentation.cases import read_layout

    cases = read_layout(data, rename=_pairs(rename or []))
    return [replace(case, site=case.site or site, split=case.split or split) for case in cases]


def _examine(
    cases: "list[CaseFiles]", connection: Any, reports_link: str, workers: int | None, seed: int, quiet: bool
) -> "IndexResult":
    from rich.console import Console
    from rich.progress import Progress

    from ...segmentation.cases import examine

    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("reading volumes", total=len(cases))
        return examine(
            cases,
            connection,
            reports_link=reports_link,
            workers=workers or min(os.cpu_count() or 1, MAX_WORKERS),
            seed=seed,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _pairs(rename: list[str]) -> dict[str, str]:
    pairs = {}
    for pair in rename:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise ConfigError(f"--rename: '{pair}' vs name=our_name, e.g. tumor=kidney_lesion. Write it so.")
        pairs[old] = new
    return pairs


def _finish(result: "IndexResult", db: Path | None, rows: int, as_json: bool, debug: bool) -> None:
    for case in result.cases if debug else ():
        if case.traceback:
            typer.echo(f"{case.files.case_id}: {case.traceback}", err=True)
    if as_json:
        typer.echo(json.dumps(_as_dict(result), indent=1))
    else:
        _print_problems(result, rows)
        _print_summary(result, db)
    if result.n_set_aside:
        raise typer.Exit(1)


def _print_problems(result: "IndexResult", rows: int) -> None:
    """One row per problem; cases that share it word for word share its row."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    cases_of: dict[tuple[bool, str, str, str, str], list[str]] = {}
    for p in result.problems:
        cases_of.setdefault((p.fatal, p.problem, p.observed, p.expected, p.next_step), []).append(p.case_id)
    if not cases_of:
        return
    table = Table(title=f"{len(result.problems)} problems; bold: case set aside", title_justify="left")
    for column in ("case", "problem", "observed", "expected", "next step"):
        table.add_column(column, overflow="fold")
    for (fatal, *words), cases in list(cases_of.items())[:rows]:
        shown = ", ".join(cases[:3]) + (f" and {len(cases) - 3} more" if len(cases) > 3 else "")
        table.add_row(*(escape(cell) for cell in (shown, *words)), style="bold" if fatal else None)
    console = Console()
    console.print(table)
    if len(cases_of) > rows:
        console.print(f"… and {len(cases_of) - rows} more: --rows {len(cases_of)}")


def _print_summary(result: "IndexResult", db: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    usable = [case for case in result.cases if not case.set_aside]
    table = Table(title="cases", title_justify="left")
    for column in ("split", "site", "cases", "with a report", "with lesion masks"):
        table.add_column(column)
    for row in _summary_rows(result):
        table.add_row(*(str(cell) for cell in row.values()))
    console.print(table)
    masks = Counter(f"{m.name}{' (empty)' if m.empty else ''}" for case in usable for m in case.masks)
    console.print("masks: " + (", ".join(f"{name} {n}" for name, n in masks.most_common()) or "none"))
    if result.ignored_masks:
        shown = ", ".join(list(result.ignored_masks)[:8])
        more = " …" if len(result.ignored_masks) > 8 else ""
        console.print(f"not in the anatomy table, left out: {shown}{more}. To use one: --rename NAME=liver_lesion.")
    what = "checked" if db is None else "registered"
    console.print(f"{len(usable)} of {len(result.cases)} cases {what}, {result.n_set_aside} set aside", end="")
    console.print(f", {result.n_unchanged} unchanged" if result.n_unchanged else "")
    if db is not None and usable:
        from rich.markup import escape

        from ..hints import hint

        look = hint("sql 'FROM case_problems'", db)
        console.print(escape(f"Next: {hint('train', db)}\nor look first: {look}"), soft_wrap=True)


def _summary_rows(result: "IndexResult") -> list[dict[str, Any]]:
    from ...schemas import load_anatomy

    anatomy = load_anatomy()
    groups: dict[tuple[str, str], list[Any]] = {}
    for case in result.cases:
        if not case.set_aside:
            groups.setdefault((case.files.split or "", case.files.site or ""), []).append(case)
    return [
        {
            "split": split,
            "site": site,
            "cases": len(cases),
            "with_report": sum(case.files.report_id is not None for case in cases),
            "with_lesion_masks": sum(any(anatomy.lesion_organ(m.name) for m in case.masks) for case in cases),
        }
        for (split, site), cases in sorted(groups.items())
    ]


def _as_dict(result: "IndexResult") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "cases": len(result.cases),
        "set_aside": result.n_set_aside,
        "unchanged": result.n_unchanged,
        "groups": _summary_rows(result),
        "ignored_masks": result.ignored_masks,
        "problems": [asdict(problem) for problem in result.problems],
    }
