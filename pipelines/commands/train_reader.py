"""`reportsup train-reader`: annotated reports → the weights of the reader."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson
from .printing import print_table

if TYPE_CHECKING:
    from ...nlp.decide.model import Weights
    from ...nlp.rule_files import RuleSet
    from ..reader_training import Ablated, AnnotatedSet, Evaluation

DEFAULT_OUT = Path("reader")


def train_reader(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[GOLD...] [REPORTS...]",
            help="Files in gold format, one an institution, and the tables of their reports where those do not lie "
            "beside them as NAME.reports.jsonl.",
            show_default=False,
        ),
    ] = None,
    db: Annotated[
        Path | None,
        typer.Option(help="Also learn from the reports of this database that people annotated or corrected."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder to write: weights.json, card.json. By default `reader`; with --evaluate or --ablate "
            "nothing is trained on all of it unless this is given.",
            show_default=False,
        ),
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="A folder of rule files that extend the built-in ones.")] = None,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Leave each set out in turn, and score what the others' weights read.")
    ] = False,
    parts: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="With --evaluate or --ablate: deal the sets into so many parts and leave out a part at a time. Fewer "
            "trainings than one a set.",
            show_default=False,
        ),
    ] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="The same without each family of features in turn. Slow.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the reader on annotated reports: your institution's corrections, gold files, or both.

    Examples:

    `reportsup train-reader data_samples/benchmark/institution_1.gold.jsonl --db reportsup.duckdb --out reader`
    and then `reportsup extract reports.csv --reader reader`

    `reportsup train-reader a.gold.jsonl b.gold.jsonl c.gold.jsonl --evaluate`

    `reportsup train-reader data_samples/benchmark/*.gold.jsonl --evaluate --parts 4`

    What is learned and what is not: docs/how-to/training_the_reader.md.
    """
    import json

    from ...nlp.rule_files import load_rules
    from ..reader_training import write_reader

    ruleset = load_rules(rules)
    sets = _sets(files or [], db)
    only_shown = (evaluate or ablate) and out is None
    folder = out or DEFAULT_OUT
    shown: dict[str, Any] = {"sets": [{"name": part.name, **part.counts} for part in sets]}
    if evaluate or ablate:
        shown |= _left_out(sets, ruleset, parts, None if only_shown else folder, ablate, as_json)
    if not only_shown:
        weights = _fitted(sets, ruleset)
        write_reader(folder, weights, sets, ruleset)
        shown["weights"] = str(folder / "weights.json")
        if not as_json:
            _say_trained(sets, folder)
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False))


def _sets(files: list[Path], db: Path | None) -> "list[AnnotatedSet]":
    """The sets of the files, and that of the database without what the files have."""
    from ...schemas import InputError
    from ..reader_training import annotated_sets, reviewed_reports

    sets = annotated_sets(files, db) if files else []
    if db is not None:
        reviewed = reviewed_reports(db)
        if reviewed.left_out:
            why = "their text changed since, or a correction belongs to no finding of theirs"
            typer.echo(f"note: {reviewed.left_out:,} reviewed reports of {db} are left out: {why}", err=True)
        mine = reviewed.reports.without({r.record.id for part in sets for r in part.reports})
        sets += [mine] if mine.reports else []
    if not sets:
        seen = f"no reviewed report in {db}" if db is not None else "neither a gold file nor a database"
        raise InputError(
            f"train-reader: {seen} vs annotated reports. There is nothing to learn from. Name gold files "
            "(docs/reference/gold_format.md), or correct and annotate some reports first (docs/how-to/corrections.md)."
        )
    return sets


def _fitted(sets: "list[AnnotatedSet]", rules: "RuleSet") -> "Weights":
    from ..reader_training import fit

    with _bar() as said:
        return fit(sets, rules, lambda step: said("training", step))


def _left_out(
    sets: "list[AnnotatedSet]", rules: "RuleSet", parts: int | None, folder: Path | None, ablated: bool, quiet: bool
) -> dict[str, Any]:
    """Evaluates, prints, and keeps the figures where a folder is named."""
    import json
    from dataclasses import asdict

    from ...schemas.atomic import write_text
    from ..reader_training import ablate, left_out_predictions, left_out_together, left_out_weights
    from ..reader_training import evaluate as evaluated
    from ..reader_training.plots import draw_reliability

    with _bar() as said:
        weights = left_out_weights(sets, rules, parts=parts, progress=lambda name, step: said(f"without {name}", step))
    found = evaluated(sets, left_out_predictions(sets, rules, weights))
    shown: dict[str, Any] = {"evaluation": found.as_dict()}
    if not quiet:
        _print_evaluation(found)
    if folder is not None:
        draw_reliability(folder / "reliability.png", found.bins, f"{found.score.reports:,} reports, each set left out")
        for name, left_out in left_out_together(sets, parts).items():
            _keep(weights[left_out[0].name], folder / "left_out" / f"without_{name}.json")
    if ablated:
        with _bar() as said:
            rows = list(ablate(sets, rules, weights, lambda done, of: said("ablating", f"{done} of {of}")))
        shown["ablation"] = [asdict(row) for row in rows]
        if not quiet:
            _print_ablation(rows)
    if folder is not None:
        write_text(folder / "evaluation.json", json.dumps(shown, indent=1, ensure_ascii=False) + "\n")
    return shown


def _keep(weights: "Weights", path: Path) -> None:
    from ...schemas.atomic import atomic

    with atomic(path) as temporary:
        weights.write(temporary)


@contextmanager
def _bar() -> Iterator[Any]:
    """What is going on and since when, on a terminal alone."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("recognising", total=None)
        yield lambda what, step: bar.update(task, description=f"{what}: {step}")


def _say_trained(sets: "list[AnnotatedSet]", folder: Path) -> None:
    n_reports, n_findings = (sum(part.counts[name] for part in sets) for name in ("reports", "findings"))
    names = ", ".join(part.name for part in sets)
    typer.echo(f"{folder}: trained on {n_reports:,} reports with {n_findings:,} findings ({names})")
    typer.echo(f"next: reportsup extract REPORTS --reader {folder}")
    typer.echo("The weights hold words of these reports. Treat them as you treat the reports.", err=True)


def _print_evaluation(found: "Evaluation") -> None:
    from ..reader_training.evaluation import RELIABILITY, SHOWN

    pooled = [(label, *_interval(found.score.figures[name])) for name, label in SHOWN]
    print_table(
        f"{found.score.reports:,} reports, each set left out of the weights", ("figure", "value", "95 %"), pooled
    )
    heads = ("set", "F1", "95 %", "joint", "95 %", "rows", "pres.", "neg P", "neg R")
    rows = []
    for source, f in found.figures()[1:]:
        alone = [
            _interval(f[n], 2)[0] for n in ("rows_right", "presence.f1", "negatives.precision", "negatives.recall")
        ]
        rows.append((source, *_interval(f["target.f1"], 2), *_interval(f["joint.f1"], 2), *alone))
    print_table("Each set", heads, rows)
    sure = [(label, *_interval(found.reliability[name])) for name, label in RELIABILITY.items()]
    print_table("Confidence", ("figure", "value", "95 %"), sure)
    bins = [(f"{confidence:.3f}", f"{right:.3f}", f"{n:,}") for confidence, right, n in found.bins]
    print_table("Ten bins of equally many findings", ("mean confidence", "right in all", "findings"), bins)


def _print_ablation(rows: "list[Ablated]") -> None:
    cells = [
        (row.decision, row.family, f"{row.features:,.0f}", f"{row.joint_f1:+.4f}", f"{row.target_f1:+.4f}")
        for row in sorted(rows, key=lambda row: row.joint_f1)
    ]
    print_table("Without each family of features", ("decision", "family", "features", "joint F1", "target F1"), cells)


def _interval(figure: Any, digits: int = 3) -> tuple[str, str]:
    value = "–" if figure.value is None else f"{figure.value:.{digits}f}"
    known = figure.lo is not None and figure.hi is not None
    return value, f"{figure.lo:.{digits}f}–{figure.hi:.{digits}f}" if known else ""
