"""`reportsup audit`: what a reader should look at first."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DEFAULT_DB, AsJson, Db


def audit(
    view: Annotated[
        str | None, typer.Argument(help="An audit view, e.g. size_outliers; without it, all in figures.")
    ] = None,
    db: Db = DEFAULT_DB,
    sample: Annotated[int, typer.Option(min=0, help="Print N findings, drawn at random, with their quotes.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page of reports with their findings highlighted.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows of a view to print.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what deserves a look: unsized lesions, outliers, contradictions, quarantined findings, unsure reports.

    Examples: `reportsup audit` · `reportsup audit size_outliers` · `reportsup audit --sample 20` ·
    `reportsup audit --html audit.html`
    """
    from .. import auditing, querying

    if html is not None:
        n = auditing.write_page(db, html)
        typer.echo(f"{html}: {n} reports. The page holds report text: keep it where the reports may be.")
        return
    if sample:
        for shown in auditing.sample(db, sample, seed):
            typer.echo(f"{shown.report_id}  {shown.finding_id}  {shown.summary}\n    {shown.excerpt()}")
        return
    found = auditing.view(db, view) if view else auditing.overview(db)
    if as_json:
        typer.echo(querying.as_json(found))
        return
    querying.print_table(found, title=view or "audit views", max_rows=rows)
    if not view:
        typer.echo("one of them: reportsup audit size_outliers · findings to review: reportsup audit --sample 20")
