"""`reportsup audit`: what a reader should look at first, and how well the reports were read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..terminal import printable
from .options import DEFAULT_DB, AsJson, Db, Raw

if TYPE_CHECKING:
    from ..querying import Answer
    from ..review.review_file import Sample

_LARGE_PAGE_MB = 60


def audit(
    view: Annotated[
        str | None, typer.Argument(help="An audit view, e.g. size_outliers; without it, all in figures.")
    ] = None,
    db: Db = DEFAULT_DB,
    sample: Annotated[
        int, typer.Option(min=0, help="Draw N reports at random for review, of the view if one is named.")
    ] = 0,
    stratify: Annotated[
        str | None,
        typer.Option(help="Draw from strata, rare ones more often: organ, size, certainty, confidence, modality."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the sample; it is kept with the review.")] = 0,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page to review reports on: all of them, those of the view, or the sample."),
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Precision and recall by organ and field, from what was reviewed.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, help="Rows of a view to print.")] = 50,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, all rows.")] = False,
    as_json: AsJson = False,
    raw: Raw = False,
) -> None:
    """Show what deserves a look: unsized lesions, outliers, contradictions, quarantined findings, unsure reports.

    Examples: `reportsup audit` · `reportsup audit size_outliers --csv` · `reportsup audit --sample 20` ·
    `reportsup audit --sample 200 --stratify organ,size --html review.html`, then
    `reportsup correct --from review.json` and `reportsup audit --review`
    """
    from ...schemas import ConfigError
    from .. import auditing, querying

    if stratify and not sample:
        raise ConfigError("--stratify says how to draw a sample. Say how many reports with --sample N.")
    if review and (view or sample or html):
        raise ConfigError("--review tells of what was reviewed. Leave out the view, --sample and --html.")
    if review:
        _tell_review(db, as_csv, as_json, raw)
        return
    drawn = _draw(db, view, sample, seed, stratify) if sample else None
    if html is not None:
        if as_csv or as_json:
            raise ConfigError("--html writes a page, --csv and --json print a table. Do one after the other.")
        _write_page(db, html, view, drawn)
        return
    if drawn is not None:
        found, lines = auditing.sampled(db, drawn)
        if not (as_csv or as_json):
            typer.echo(printable("\n".join(lines)))
            return
    else:
        most = None if as_csv or as_json else rows + 1  # one more tells that there are more
        found = auditing.view(db, view, most) if view else auditing.overview(db)
    if as_csv or as_json:
        _print(found, as_csv, raw)
        return
    if view:
        querying.print_table(found, title=view, max_rows=rows)
    else:
        _tell_overview(found, db)


def _tell_overview(found: "Answer", db: Path) -> None:
    """The views that list something; of the others the names."""
    from ..hints import hint
    from ..querying import Answer, print_table

    rows = [(name.removeprefix("audit_"), *others) for name, *others in found.rows]
    listing = [row for row in rows if row[1]]
    empty = [row[0] for row in rows if not row[1]]
    if listing:
        print_table(Answer(("look at", "rows", "lists"), listing), title="What deserves a look")
    if empty:
        typer.echo(f"nothing in: {', '.join(empty)}")
    example = listing[0][0] if listing else "least_sure"
    typer.echo(f"one of them: {hint(f'audit {example}', db)}")
    typer.echo(f"reports to review: {hint('audit --html audit.html', db)}")


def _draw(db: Path, view: str | None, size: int, seed: int, stratify: str | None) -> "Sample":
    from ...schemas.database import open_database
    from ..auditing import reports_of_view
    from ..review.sampling import draw

    keys = [key.strip() for key in (stratify or "").split(",") if key.strip()]
    with open_database(db, read_only=True) as connection:
        within = None if view is None else reports_of_view(connection, view)
        name = view and view.removeprefix("audit_")
        return draw(connection, size, seed, keys, view=name, within=within)


def _write_page(db: Path, out: Path, view: str | None, drawn: "Sample | None") -> None:
    from ...schemas.database import open_database
    from ..auditing import reports_of_view
    from ..review.page import write_page

    ids = None
    if drawn is not None:
        ids = [report.report_id for report in drawn.reports]
    elif view is not None:
        with open_database(db, read_only=True) as connection:
            ids = reports_of_view(connection, view)
    n = write_page(db, out, ids, view=view and view.removeprefix("audit_"), sample=drawn)
    typer.echo(f"{out}: {n:,} reports. The page holds report text: keep it where the reports may be.")
    megabytes = out.stat().st_size / 1e6
    if megabytes > _LARGE_PAGE_MB:
        typer.echo(
            f"{out} has {megabytes:.0f} MB: a browser takes long to open it. For less, draw --sample N or name a view.",
            err=True,
        )


def _tell_review(db: Path, as_csv: bool, as_json: bool, raw: bool) -> None:
    from ..review.statistics import review_statistics
    from .review_tables import basis, print_statistics

    found = review_statistics(db)
    if as_csv or as_json:
        typer.echo("\n".join(basis(found)), err=True)
        _print(found.table(), as_csv, raw)
        return
    print_statistics(found)


def _print(found: "Answer", as_csv: bool, raw: bool) -> None:
    from ..querying import as_csv as csv_of
    from ..querying import as_json as json_of

    if as_csv:
        typer.echo(csv_of(found, raw), nl=False)
    else:
        typer.echo(json_of(found))
