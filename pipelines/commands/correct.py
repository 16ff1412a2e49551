"""`reportsup correct`: record a reader's correction."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DEFAULT_DB, Db


def correct(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="A finding's id, as v_findings and `reportsup audit --sample` show it; with --add a report's id; with "
            "--withdraw also a correction's id or a review's; none with --from.",
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Who corrects; with --from, in place of the reviewer whom the file names.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            help="organ, laterality, location, lesion_type, type_text, certainty, count, count_min, sizes_mm (mm), "
            "size_bound, prior_sizes_mm (mm), attenuation, image_reference, section or evidence; repeat it, each with "
            "its --value."
        ),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            help='New value. Lists as JSON: sizes_mm "[[23, 14], [8]]" = two lesions, diameters in mm; location '
            '"segment 4a" or a JSON list; evidence = quotes that stand in the report. null empties. A value that is '
            "not allowed is answered with those that are."
        ),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Take the finding out.")] = False,
    add: Annotated[
        bool, typer.Option("--add", help="Add a finding to report ID; organ and evidence are needed.")
    ] = False,
    withdraw: Annotated[
        bool,
        typer.Option("--withdraw", help="Take corrections back: of a finding, of its --field only, or one by its id."),
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    review: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Record a review that the audit page saved, all of it or nothing."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --from: check and count, record nothing.")] = False,
    skip_changed: Annotated[
        bool,
        typer.Option(
            "--skip-changed",
            help="With --from: leave out entries whose report or finding changed since the page was made, instead of "
            "refusing the file.",
        ),
    ] = False,
    db: Db = DEFAULT_DB,
) -> None:
    """Correct a finding. The correction overrides what was extracted, never overwrites it, and follows the lesion
    through every later run.

    Examples:

    `reportsup correct 1f0c… --field sizes_mm --value "[[23, 14]]" --by "Dr. K" --reason "typo in report"` ·
    `reportsup correct 1f0c… --field organ --value kidney --field location --value "[]" --by "Dr. K"` ·
    `reportsup correct 1f0c… --delete --by "Dr. K" --reason "vessel, no lesion"` ·
    `reportsup correct A-17 --add --field organ --value liver --field evidence --value "2 cm cyst in segment 4" --field
    sizes_mm --value "[[20]]" --by "Dr. K"` · `reportsup correct 1f0c… --withdraw --by "Dr. K"` ·
    `reportsup correct --from review.json --dry-run`
    """
    from ...schemas import ConfigError
    from ...schemas.database import open_database
    from ..corrections import Corrections, Signed

    fields, values = field or [], value or []
    if review is not None:
        if name or fields or values or delete or add or withdraw or reason:
            raise ConfigError(
                "--from takes everything from the file. Leave out the ID and the options for one finding."
            )
        _record_review(db, review, by, dry_run, skip_changed)
        return
    if dry_run or skip_changed:
        raise ConfigError("--dry-run and --skip-changed belong to a saved review. Give one with --from FILE.")
    if name is None or by is None:
        what = "the ID of a finding" if name is None else "--by NAME, who corrects"
        raise ConfigError(f"correct needs {what}. Ids are in v_findings, column finding_id, and on the audit page.")
    if delete + add + withdraw > 1 or (delete and (fields or values)) or (withdraw and values):
        raise ConfigError(
            "correct: several things at once vs one of --field with --value, --delete, --add, --withdraw. "
            "Do one after another."
        )
    if not withdraw and len(fields) != len(values):
        raise ConfigError(f"correct: {len(fields)} --field vs {len(values)} --value. Give each field its value.")
    if len(set(fields)) < len(fields):
        raise ConfigError("correct: a --field twice vs once. Give each field one value.")
    signed, given = Signed(by, reason), dict(zip(fields, values, strict=False))
    with open_database(db, create=False) as connection:
        corrections = Corrections(connection)
        if withdraw:
            typer.echo(f"{name}: {corrections.withdraw(name, signed, fields)} corrections withdrawn")
        elif delete:
            corrections.delete(name, signed)
            typer.echo(f"{name}: deleted")
        elif add:
            typer.echo(f"{corrections.add(name, given, signed)}: added")
        else:
            for changed, old in corrections.edit(name, given, signed).items():
                typer.echo(f"{name} {changed}: {old if old is not None else 'empty'} → {given[changed]}")


def _record_review(db: Path, file: Path, by: str | None, dry_run: bool, skip_changed: bool) -> None:
    from ..review.recording import record_review
    from ..review.review_file import load_review

    recorded = record_review(db, load_review(file), file, by, dry_run=dry_run, skip=skip_changed)
    told = {
        "accept": "accepted", "reject": "rejected", "edit": "edited", "add": "added", "withdrawn": "taken back",
        "unchanged": "recorded before", "complete": "reports reviewed to the end",
    }  # fmt: skip
    counts = ", ".join(f"{recorded.counts[key]:,} {word}" for key, word in told.items() if recorded.counts[key])
    typer.echo(f"{file}: {counts or 'nothing to record'}{' (dry run: nothing was recorded)' if dry_run else ''}")
    if recorded.skipped:
        typer.echo(f"left out, since they are about something that changed: {len(recorded.skipped):,}", err=True)
        for line in recorded.skipped:
            typer.echo(f"  {line}", err=True)
        raise typer.Exit(1)
