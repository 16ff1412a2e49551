"""`reportsup sql`: query the database without installing anything else."""

from typing import Annotated

import typer

from .options import DEFAULT_DB, AsJson, Db, Raw


def sql(
    query: Annotated[str, typer.Argument(help="What DuckDB understands.")],
    db: Db = DEFAULT_DB,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: AsJson = False,
    raw: Raw = False,
) -> None:
    """Query the database; nothing can be changed.

    Examples: `reportsup sql "SHOW TABLES"` ·
    `reportsup sql "SELECT report_id, sizes_mm, evidence FROM v_findings WHERE organ = 'pancreas'"` ·
    `reportsup sql "FROM v_per_ct" --csv > per_ct.csv`
    """
    from .. import querying

    found = querying.query(db, query)
    if as_csv:
        typer.echo(querying.as_csv(found, raw), nl=False)
    elif as_json:
        typer.echo(querying.as_json(found))
    else:
        querying.print_table(found)
