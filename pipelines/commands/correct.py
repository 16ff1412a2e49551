"""`reportsup correct`: record a reader's correction."""

from typing import Annotated

import typer

from .options import DEFAULT_DB, Db


def correct(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A finding's id, as v_findings and `reportsup audit --sample` show it; with --add a report's id; with "
            "--withdraw also a correction's id.",
        ),
    ],
    by: Annotated[str, typer.Option(help="Who corrects.")],
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
    db: Db = DEFAULT_DB,
) -> None:
    """Correct a finding. The correction overrides what was extracted, never overwrites it, and follows the lesion
    through every later run.

    Examples:

    `reportsup correct 1f0c… --field sizes_mm --value "[[23, 14]]" --by "Dr. K" --reason "typo in report"` ·
    `reportsup correct 1f0c… --field organ --value kidney --field location --value "[]" --by "Dr. K"` ·
    `reportsup correct 1f0c… --delete --by "Dr. K" --reason "vessel, no lesion"` ·
    `reportsup correct A-17 --add --field organ --value liver --field evidence --value "2 cm cyst in segment 4" --field
    sizes_mm --value "[[20]]" --by "Dr. K"` · `reportsup correct 1f0c… --withdraw --by "Dr. K"`
    """
    from ...schemas import ConfigError
    from ...schemas.database import open_database
    from ..corrections import Corrections, Signed

    fields, values = field or [], value or []
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
