"""`reportsup import`: readers' annotations into the database."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DEFAULT_DB, Db

_SHOWN = 20


def import_(
    file: Annotated[Path, typer.Argument(help="Annotations in gold format, one report a line (docs/gold_format.md).")],
    reader: Annotated[str, typer.Option(help="Who annotated.")],
    db: Db = DEFAULT_DB,
) -> None:
    """Import annotations. A reader's answer counts before every machine's, until `reportsup withdraw` takes it back.

    A rejected line changes nothing; exit code 1 says that there are some, `reportsup audit annotations` lists them.

    Example: `reportsup import annotations.jsonl --reader "second reader"`
    """
    from ..importing import import_gold

    summary = import_gold(db, file, reader)
    counts = ", ".join(f"{status} {n}" for status, n in sorted(summary.by_status.items()))
    typer.echo(f"{counts or 'nothing to import'} · run {summary.run_id}")
    if summary.superseded:
        typer.echo(
            f"{summary.superseded} earlier corrections are superseded; they come back if the annotation is withdrawn"
        )
    for line, reason in summary.problems[:_SHOWN]:
        typer.echo(f"line {line}: {reason}", err=True)
    if len(summary.problems) > _SHOWN:
        typer.echo(f"… and {len(summary.problems) - _SHOWN} more lines", err=True)
    if summary.problems:
        raise typer.Exit(1)
