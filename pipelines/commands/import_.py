"""`reportsup import`: readers' annotations and other programs' findings into the database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import DEFAULT_DB, Db

if TYPE_CHECKING:
    from ..exchange.rsuper import TableImport
    from ..importing import ImportSummary

_SHOWN = 20
_FORMATS = ("gold", "label-studio", "rsuper")


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="Annotations in gold format (.jsonl) or as Label Studio exports them (.json), or one of R-Super's "
            "tables (.csv)."
        ),
    ],
    reader: Annotated[str | None, typer.Option(help="Who annotated.")] = None,
    format: Annotated[
        str | None, typer.Option(help="gold, label-studio or rsuper, if the ending does not say.")
    ] = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Import annotations or R-Super's tables (docs/how-to/exchange.md).

    A reader's answer counts before every machine's, until `reportsup withdraw` takes it back. A rejected line or task
    changes nothing; exit code 1 says that there are some, `reportsup audit annotations` lists them. R-Super's tables
    become reports that tell their rows; what cannot be is in `reportsup audit quarantine`.

    Examples: `reportsup import annotations.jsonl --reader "second reader"` · `reportsup import project-3.json --reader
    "Dr. K"` · `reportsup import Merlin_metadata.csv`
    """
    from ...schemas import ConfigError
    from ..importing import import_gold, import_label_studio

    kind = format or _format_of(file)
    if kind not in _FORMATS:
        raise ConfigError(f"--format: '{kind}' vs one of {', '.join(_FORMATS)}. Use one of them.")
    if kind == "rsuper":
        if reader is not None:
            raise ConfigError("--reader: given vs a table of another program. Nobody annotated it. Leave it out.")
        from ..exchange.rsuper import import_rsuper

        _say_table(import_rsuper(db, file), db)
        return
    if reader is None:
        raise ConfigError("import: no --reader vs who annotated. Annotations outrank machines. Name the person.")
    take = import_gold if kind == "gold" else import_label_studio
    _say(take(db, file, reader), "line" if kind == "gold" else "task")


def _format_of(file: Path) -> str:
    name = file.name.lower().removesuffix(".gz")
    if name.endswith(".json"):
        return "label-studio"
    return "rsuper" if name.endswith((".csv", ".tsv", ".parquet", ".xlsx")) else "gold"


def _say(summary: "ImportSummary", unit: str) -> None:
    counts = ", ".join(f"{status} {n}" for status, n in sorted(summary.by_status.items()))
    typer.echo(f"{counts or 'nothing to import'} · run {summary.run_id}")
    if summary.superseded:
        typer.echo(
            f"{summary.superseded} earlier corrections are superseded; they come back if the annotation is withdrawn"
        )
    _fail_on(summary.problems, unit)


def _say_table(summary: "TableImport", db: Path) -> None:
    from ..hints import hint

    counts = ", ".join(f"{status} {n:,}" for status, n in sorted(summary.by_status.items()))
    typer.echo(f"CTs: {counts or 'none'}; {summary.findings:,} findings · run {summary.run_id}")
    for reason, n in summary.quarantined.most_common():
        typer.echo(f"quarantined {n:,}: {reason}")
    if summary.quarantined:
        typer.echo(f"which: {hint('audit quarantine', db)}")
    _fail_on(summary.problems, "row")


def _fail_on(problems: list[tuple[int, str]], unit: str) -> None:
    """List what could not be taken; exit code 1 when there is some."""
    for number, reason in problems[:_SHOWN]:
        typer.echo(f"{unit} {number}: {reason}", err=True)
    if len(problems) > _SHOWN:
        typer.echo(f"… and {len(problems) - _SHOWN} more {unit}s", err=True)
    if problems:
        raise typer.Exit(1)
