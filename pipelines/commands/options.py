"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DB = Path("reportsup.duckdb")
Db = Annotated[Path, typer.Option("--db", help="The DuckDB file.")]
MinComponent = Annotated[
    float, typer.Option("--min-component-mm3", min=0.0, help="Smaller components are no lesions, in mm³.")
]
Margin = Annotated[
    float | None,
    typer.Option(
        "--organ-margin-mm",
        min=0.0,
        help="Count lesions only so many mm around their organ, for cases of the database that have its mask; by "
        "default anywhere. Where a segmenter leaves tumours out of the organ, give more than their radius.",
    ),
]
Raw = Annotated[
    bool, typer.Option("--raw", help="For machines: text in CSV as it is, also what a spreadsheet would run.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
