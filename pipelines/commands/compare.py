"""`reportsup compare`: two extraction runs, report by report and field by field."""

from typing import TYPE_CHECKING, Annotated

import typer

from .options import DEFAULT_DB, AsJson, Db

if TYPE_CHECKING:
    from ..comparing import Comparison


def compare(
    run_a: Annotated[str, typer.Argument(help="A run's id (or its beginning), or an extractor: its latest run.")],
    run_b: Annotated[str, typer.Argument(help="The run to compare it with.")],
    db: Db = DEFAULT_DB,
    reports: Annotated[int, typer.Option(min=0, help="List so many reports that differ.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Compare two extractions of the same reports: which findings both have, and how far their fields agree.

    Examples: `reportsup compare rules openai` · `reportsup compare 3f2a 91bc --json` · the runs:
    `reportsup sql "FROM runs"`
    """
    import json

    from ..comparing import compare as compared

    found = compared(db, run_a, run_b)
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
        return
    _print(found, reports)


def _print(found: "Comparison", n_reports: int) -> None:
    from ..comparing import field_rows
    from ..querying import Answer, print_table

    total = found.total
    f1 = "no findings" if found.f1 is None else f"F1 {found.f1:.3f}"
    typer.echo(f"A = {found.run_a}, B = {found.run_b}")
    alone = f"{found.not_compared:,} answered by one alone"
    typer.echo(f"{found.compared:,} reports compared, {found.identical:,} identical; {alone}")
    typer.echo(f"findings: {total.pairs:,} in both, {total.only_a:,} only in A, {total.only_b:,} only in B ({f1})")
    rows = [(name, equal, pairs, f"{equal / pairs:.1%}" if pairs else "") for name, equal, pairs in field_rows(total)]
    print_table(Answer(("field", "equal", "pairs", "share"), rows), title="Findings that both have", max_rows=20)
    differing = [
        (
            r.report_id,
            r.status_a or "-",
            r.status_b or "-",
            *((r.agreement.pairs, r.agreement.only_a, r.agreement.only_b) if r.agreement else ("", "", "")),
            ", ".join(n for n, equal, pairs in field_rows(r.agreement) if equal < pairs) if r.agreement else "",
        )
        for r in found.differing
    ]
    columns = ("report_id", "status A", "status B", "both", "only A", "only B", "fields that differ")
    if n_reports and differing:
        print_table(Answer(columns, differing), title="Reports that differ", max_rows=n_reports)
