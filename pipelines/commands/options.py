"""Options that several commands share."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ...schemas.failures import Failure

DEFAULT_DB = Path("reportsup.duckdb")
# A process that reads volumes holds one and a mask or two in memory.
MAX_WORKERS = 8
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


def wants_debug(context: typer.Context) -> bool:
    """Whether `reportsup --debug` asks for tracebacks."""
    return bool((context.obj or {}).get("debug"))


def print_failures(failures: Mapping[str, Failure], *, debug: bool) -> None:
    """The cases that were set aside, on stderr: one line each, with the traceback for `--debug`."""
    from ..support_log import tell_counts

    if failures:
        tell_counts("cases set aside", Counter(failure.kind for failure in failures.values()))
    for case_id, failure in failures.items():
        typer.echo(f"{case_id}: {failure.message}", err=True)
        if debug and failure.traceback:
            typer.echo(failure.traceback, err=True)
