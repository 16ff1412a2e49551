"""`reportsup correct`: record a reader's correction."""

from typing import Annotated

import typer

from .options import DEFAULT_DB, Db


def correct(
    finding_id: Annotated[str, typer.Argument(help="As v_findings and `reportsup audit --sample` show it.")],
    field: Annotated[
        str,
        typer.Option(
            help="organ, laterality, location, lesion_type, certainty, count, count_min, sizes_mm, size_bound or "
            "excluded."
        ),
    ],
    value: Annotated[str, typer.Option(help='New value; lists as JSON, e.g. "[[23, 14]]"; null empties.')],
    by: Annotated[str, typer.Option(help="Who corrects.")],
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Correct a finding. The correction overrides what was extracted and never overwrites it.

    Examples: `reportsup correct 1f0c… --field sizes_mm --value "[[23, 14]]" --by "Dr. K" --reason "typo in report"` ·
    `reportsup correct 1f0c… --field excluded --value true --by "Dr. K" --reason "vessel, no lesion"`
    """
    from ..corrections import record_correction

    old = record_correction(db, finding_id, field, value, by, reason)
    typer.echo(f"{finding_id} {field}: {old if old is not None else 'empty'} → {value}")
