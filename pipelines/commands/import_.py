"""`reportsup import`: a reader's annotations."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DEFAULT_DB, Db


def import_(
    annotations: Annotated[Path, typer.Argument(help="Gold format: one JSON line per report.")],
    texts: Annotated[Path | None, typer.Option(help="The reports, if they are not in the database yet.")] = None,
    reader: Annotated[str, typer.Option(help="Who annotated.")] = "reader",
    db: Db = DEFAULT_DB,
) -> None:
    """Import annotations as a run of the extractor `reader`; `reportsup audit disagreements` compares it.

    Example: `reportsup import gold.jsonl --texts reports.jsonl --reader "Dr. K"`
    """
    from ..importing import import_gold

    summary = import_gold(db, annotations, texts, reader)
    typer.echo(
        f"{summary.reports} reports with {summary.findings} findings imported, {summary.quarantined} quarantined"
    )
    if summary.unknown:
        typer.echo(f"{len(summary.unknown)} ids have no report: name the texts with --texts", err=True)
    if summary.unknown or summary.quarantined:
        raise typer.Exit(1)
