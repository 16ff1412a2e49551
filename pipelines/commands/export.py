"""`reportsup export`: findings in other formats."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DEFAULT_DB, Db, Raw


def export(
    out: Annotated[Path, typer.Argument(help="File to write; replaced only when the export is complete.")],
    format: Annotated[
        str,
        typer.Option(
            help="gold, csv, parquet, jsonl, tidy, rsuper-tumors, rsuper-cts, omop, fhir, label-studio or "
            "label-studio-interface."
        ),
    ],
    db: Db = DEFAULT_DB,
    raw: Raw = False,
) -> None:
    """Write the findings, corrections applied, to a file.

    `gold`: one JSON line per report as annotators write it. `csv`, `parquet`, `jsonl`: one row per finding.
    `tidy`: Parquet, one row per measured lesion. `rsuper-tumors`, `rsuper-cts`: the two tables that R-Super trains on,
    under its column names. `omop`: NOTE and NOTE_NLP of CDM 5.4 in a DuckDB file. `fhir`: R4 Bundles, one a line.
    `label-studio`: tasks with the findings as predictions; `label-studio-interface`: the project's XML.

    In CSV, text that a spreadsheet would run as a formula gets an apostrophe in front; `--raw` leaves it.

    Example: `reportsup export findings.parquet --format parquet`
    """
    from ..exporting import export as write

    left_out = write(db, out, format, raw)
    typer.echo(f"wrote {out}", err=True)
    for note in left_out:
        typer.echo(f"left out: {note}", err=True)
