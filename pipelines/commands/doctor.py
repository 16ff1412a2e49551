"""`reportsup doctor`: what reportsup stands on here, and whether it holds."""

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson


def doctor(
    db: Annotated[Path | None, typer.Option("--db", help="A DuckDB file to look at, too.")] = None,
    cache: Annotated[Path | None, typer.Option(help="A folder of resampled volumes to read, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell versions, the reader's hash, the GPU and the free disk, with `--db` whether the database is whole, with
    `--cache` whether every resampled volume is; the exit code is 1 when something is broken. Nothing is changed; no
    report text or id is printed.

    Examples: `reportsup doctor` · `reportsup doctor --db reportsup.duckdb` · `reportsup doctor --cache reportsup_cache`
    """
    import json
    from dataclasses import asdict

    from ..doctor import examine

    checks = examine(db, cache)
    broken = [check.name for check in checks if check.state == "broken"]
    if as_json:
        typer.echo(json.dumps({"broken": broken, "checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    else:
        for check in checks:
            typer.echo(f"{check.state:<8}{check.sentence}")
        typer.echo(f"Broken: {', '.join(broken)}." if broken else "Nothing is broken.")
    if broken:
        raise typer.Exit(1)
