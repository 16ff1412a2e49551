"""Options that several commands share."""

import math
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DB = Path("reportsup.duckdb")
Db = Annotated[Path, typer.Option("--db", help="The DuckDB file.")]
Margin = Annotated[
    float | None,
    typer.Option(
        "--organ-margin-mm",
        min=0.0,
        help="Lesions count so many mm around their organ, where a case has its mask; inf = anywhere. By default the "
        "run's own margin, beyond which it was trained to find nothing.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def organ_margin_mm(given: float | None, trained_mm: float) -> float | None:
    """How far from its organ a lesion may lie: as given, else as trained; None = anywhere."""
    margin_mm = trained_mm if given is None else given
    return None if math.isinf(margin_mm) else margin_mm
