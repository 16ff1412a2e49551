"""`reportsup import`: readers' annotations into the database."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DEFAULT_DB, Db


def import_(
    file: Annotated[Path, typer.Argument(help="Annotations in gold format, one report a line (docs/gold_format.md).")],
    reader: Annotated[str, typer.Option(help="Who annotated.")],
    db: Db = DEFAULT_DB,
) -> None:
    """Import annotations as a run of their own; the latest run of a report is the one that counts.

    Example: `reportsup import annotations.jsonl --reader "second reader"`
    """
    from ..importing import import_gold

    counts = import_gold(db, file, reader)
    typer.echo(", ".join(f"{status} {n}" for status, n in sorted(counts.items())) or "nothing to import")
    if counts.get("rejected"):
        raise typer.Exit(1)
