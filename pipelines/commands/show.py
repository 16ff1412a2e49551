"""`reportsup show`: one report, what was found in it, and why."""

from typing import Annotated

import typer

from .options import DEFAULT_DB, AsJson, Db


def show(
    report_id: Annotated[str, typer.Argument(help="As in `reports.report_id`.")],
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Show a report with its findings highlighted, how sure each is, and what decided it: the rule whose word it is,
    and the features that weighed most, with their weights.

    Examples: `reportsup show A-17` · `reportsup show A-17 | less` · `reportsup show A-17 --json`
    """
    import json

    from rich.console import Console

    from ..report_text import print_report
    from ..showing import show as shown

    report = shown(db, report_id)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False, default=str))
    else:
        print_report(report, Console(highlight=False))
