"""`reportsup withdraw`: take readers' annotations back."""

from typing import Annotated

import typer

from .options import DEFAULT_DB, Db


def withdraw(
    by: Annotated[str, typer.Option(help="Who withdraws.")],
    report: Annotated[str | None, typer.Option(help="The annotations of this report.")] = None,
    run: Annotated[str | None, typer.Option(help="Those of this import run, or its first characters.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Withdraw imported annotations: what machines read counts again. Corrections: `reportsup correct ID --withdraw`.

    Examples: `reportsup withdraw --report A-17 --by "Dr. K"` · `reportsup withdraw --run 3f2a9c --by "Dr. K" --reason
    "wrong file"`
    """
    from ...schemas import ConfigError
    from ..annotations import withdraw_annotations

    if report is None and run is None:
        raise ConfigError("withdraw: nothing named vs --report or --run. Name one of them, or both.")
    n = withdraw_annotations(db, by, report_id=report, run_id=run, reason=reason)
    typer.echo(f"{n} annotations withdrawn")
