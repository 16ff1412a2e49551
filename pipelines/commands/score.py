"""`reportsup score`: findings against annotations."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DEFAULT_DB, AsJson, Db
from .printing import print_table

if TYPE_CHECKING:
    from ..scoring import Difference, Figure, GoldSet, Score

_OVERALL = (
    ("target.precision", "findings in target organs: precision"), ("target.recall", "  recall"), ("target.f1", "  F1"),
    ("joint.precision", "organ, side, sizes, count at once: precision"), ("joint.recall", "  recall"),
    ("joint.f1", "  F1"), ("rows_right", "report × organ: count and sizes right"),
    ("reports_right", "reports: all findings right"),
    ("presence.sensitivity", "report × organ has a lesion: sensitivity"), ("presence.precision", "  precision"),
    ("presence.specificity", "  specificity"), ("presence.specificity_negated", "  specificity where negated"),
    ("sizes.correct", "sizes that the annotation has"), ("sizes.prior_as_current", "  of an earlier exam"),
    ("sizes.wrong", "  of no lesion"),
    ("negatives.precision", "organs called free of lesions: precision"), ("negatives.recall", "  recall"),
    ("findings.precision", "findings in all organs: precision"), ("findings.recall", "  recall"),
    ("findings.f1", "  F1"), ("evidence_verbatim", "findings quoted verbatim"),
)  # fmt: skip
_PART_COLUMNS = ("P", "R", "F1", "95 %", "joint", "95 %", "rows")


class By(StrEnum):
    """Tables that can be asked for."""

    ORGAN = "organ"
    FIELD = "field"
    SOURCE = "source"


def score(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="GOLD... [REPORTS...]",
            help="Files in gold format, and the tables of their reports where those do not lie beside them as "
            "NAME.reports.jsonl.",
        ),
    ],
    run: Annotated[
        str | None,
        typer.Option(
            help="A run's id (or its beginning), or an extractor: its latest run. By default the latest machine run "
            "that read these reports."
        ),
    ] = None,
    predicted: Annotated[
        list[Path] | None,
        typer.Option(help="Score a file in gold format instead of a run, of any tool; may be repeated."),
    ] = None,
    db: Db = DEFAULT_DB,
    by: Annotated[list[By] | None, typer.Option(help="More tables; may be repeated.")] = None,
    errors: Annotated[
        int, typer.Option(min=0, help="Also print the first N differences, with the reports' ids and quotes.")
    ] = 0,
    id_column: Annotated[str | None, typer.Option(help="Column of the reports' ids, as for `extract`.")] = None,
    text_column: Annotated[
        list[str] | None, typer.Option(help="Column of the reports' texts, as for `extract`; may be repeated.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only check the format of the gold files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score findings against annotations: precision, recall, F1, what is right at once, fields, with 95 % intervals.

    Examples:

    `reportsup extract data_samples/benchmark/institution_1.reports.jsonl` and then
    `reportsup score data_samples/benchmark/institution_1.gold.jsonl --by organ --by field`

    `reportsup score a.gold.jsonl b.gold.jsonl --run openai --json`

    `reportsup score mine.gold.jsonl mine.csv --predicted other_tool.jsonl`

    What the figures mean: docs/how-to/scoring.md.
    """
    import json

    from ..reading import InputOptions
    from ..scoring import check_ids, notes, read_gold_set, read_predictions, run_predictions
    from ..scoring import score as scored

    gold = read_gold_set(files, InputOptions(id_column=id_column, text_columns=tuple(text_column or ())))
    if check:
        _check(gold)
        return
    if predicted and run is not None:
        raise typer.BadParameter("--run and --predicted exclude each other: score one of them.")
    predictions = read_predictions(predicted) if predicted else run_predictions(db, gold, run)
    check_ids(gold, predictions)
    result, told = scored(gold, predictions.records), list(notes(gold, predictions))
    differences = [_difference(difference) for difference in result.differences[:errors]]
    if as_json:
        shown = {"gold": gold.names, "predicted": predictions.name, "notes": told, **result.as_dict()}
        typer.echo(json.dumps(shown | ({"differences": differences} if errors else {}), ensure_ascii=False))
        return
    _print(result, f"{', '.join(gold.names)} ({result.reports:,} reports) · predicted: {predictions.name}", by or [])
    for note in told:
        typer.echo(f"note: {note}", err=True)
    for difference in differences:
        typer.echo(json.dumps(difference, ensure_ascii=False))


def _difference(difference: "Difference") -> dict[str, Any]:
    sides = {"gold": difference.gold, "predicted": difference.predicted}
    shown = {side: finding.model_dump() for side, finding in sides.items() if finding is not None}
    return {"id": difference.report_id, "difference": difference.kind, **shown}


def _print(result: "Score", title: str, by: "list[By]") -> None:
    overall = [(label, *_cells(result.figures[name])) for name, label in _OVERALL]
    print_table(title, ("figure", "value", "95 % interval", "n"), overall)
    if By.FIELD in by:
        fields = [(name, *_cells(figure)) for name, figure in result.by_field.items()]
        print_table("Fields of the findings that both have", ("field", "right", "95 % interval", "n"), fields)
    if By.ORGAN in by:
        organs = [(o, str(result.counts[o]["gold"]), *_of_part(f, "")) for o, f in result.by_organ.items()]
        print_table("Organs", ("organ", "gold", *_PART_COLUMNS), organs)
    if By.SOURCE in by:
        sources = [(name, *_of_part(figures, "target.")) for name, figures in result.by_source.items()]
        print_table("Sources, target organs", ("source", *_PART_COLUMNS), sources)


def _of_part(figures: "dict[str, Figure]", prefix: str) -> list[str]:
    """The main figures of an organ or a source."""
    precision, recall = (_cells(figures[prefix + name])[0] for name in ("precision", "recall"))
    f1, joint = _cells(figures[f"{prefix}f1"], 2), _cells(figures["joint.f1"], 2)
    return [precision, recall, *f1[:2], *joint[:2], _cells(figures["rows_right"])[0]]


def _cells(figure: "Figure", interval_digits: int = 3) -> tuple[str, str, str]:
    """Value, interval and n."""
    value = "–" if figure.value is None else f"{figure.value:.3f}"
    known = figure.lo is not None and figure.hi is not None
    interval = f"{figure.lo:.{interval_digits}f}–{figure.hi:.{interval_digits}f}" if known else ""
    return value, interval, f"{figure.n:,}"


def _check(gold: "GoldSet") -> None:
    """Prints what is wrong with the gold files by file and line."""
    from ..scoring import check_files

    found = check_files(gold)
    for problem in found:
        typer.echo(problem)
    typer.echo(f"{len(gold.records):,} reports checked, {len(found):,} problems")
    if found:
        raise typer.Exit(1)
