"""`reportsup export`: findings in other formats."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DEFAULT_DB, Db, Raw


def export(
    out: Annotated[Path, typer.Argument(help="File to write; replaced only when the export is complete.")],
    format: Annotated[str, typer.Option(help="gold, csv, parquet, jsonl, rsuper-tumors or rsuper-cts.")],
    db: Db = DEFAULT_DB,
    raw: Raw = False,
) -> None:
    """Write the findings, corrections applied, to a file.

    `gold`: one JSON line per report as annotators write it. `csv`, `parquet`, `jsonl`: one row per finding.
    `rsuper-tumors`, `rsuper-cts`: the two tables that R-Super trains on, under its column names.

    In CSV, text that a spreadsheet would run as a formula gets an apostrophe in front; `--raw` leaves it.

    Example: `reportsup export findings.parquet --format parquet`
    """
    from ..exporting import export as write
    from ..hints import hint

    left_out = write(db, out, format, raw)
    typer.echo(f"wrote {out}", err=True)
    if left_out:
        which = hint("audit without_status", db)
        typer.echo(f"left out, since nothing is known of them: {left_out}; which: {which}", err=True)
