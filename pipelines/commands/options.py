"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DB = Path("reportsup.duckdb")
Db = Annotated[Path, typer.Option("--db", help="The DuckDB file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
