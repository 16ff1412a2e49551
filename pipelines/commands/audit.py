"""`reportsup audit`: what a reader should look at first."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import DEFAULT_DB, AsJson, Db

if TYPE_CHECKING:
    from ..audit import Sample


def audit(
    view: Annotated[str | None, typer.Argument(help="An audit view, e.g. size_outliers; none = counts of all.")] = None,
    db: Db = DEFAULT_DB,
    sample: Annotated[int | None, typer.Option(min=1, help="Print N random findings with their quotes.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with the findings highlighted in their reports.")
    ] = None,
    reports: Annotated[int, typer.Option(min=1, help="Reports on the page at most.")] = 200,
    rows: Annotated[int, typer.Option(min=1, help="Rows of a view at most.")] = 50,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show what deserves a look: unsized lesions, outliers, contradictions, ungrounded quotes, rejected rows …

    Examples: `reportsup audit` · `reportsup audit size_outliers` · `reportsup audit --sample 20` ·
    `reportsup audit --html audit.html`
    """
    from .. import audit as views
    from .. import querying

    if html is not None:
        from ..audit_html import write_audit_page

        n = write_audit_page(db, html, reports, seed)
        typer.echo(f"wrote {html} with {n} reports; it holds their text", err=True)
    elif sample is not None:
        _print_samples(views.sample(db, sample, seed), as_json)
    else:
        found = views.view(db, view) if view else views.counts(db)
        if as_json:
            typer.echo(querying.as_json(found))
        else:
            querying.print_table(found, title=view or "Audit views: reportsup audit VIEW shows one", max_rows=rows)


def _print_samples(samples: "list[Sample]", as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.text import Text

    if as_json:
        typer.echo(json.dumps([asdict(s) for s in samples], ensure_ascii=False, indent=1))
        return
    console = Console()
    for one in samples:
        console.print(Text(one.summary, style="bold"))
        console.print(Text(f"  {one.finding_id} in report {one.report_id}", style="dim"))
        for quote in one.quotes:
            console.print(Text.assemble("  …", quote.before, (quote.text, "black on yellow"), quote.after, "…"))
