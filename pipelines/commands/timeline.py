"""`reportsup timeline`: a patient's lesions through successive reports."""

from typing import Annotated

import typer

from .options import DEFAULT_DB, AsJson, Db


def timeline(
    patient_id: Annotated[str, typer.Argument(help="As in `reports.patient_id`.")],
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Show a patient's lesions with their sizes by date. Which finding is which lesion is told by organ, side, place
    and size: an aid, no measurement.

    Examples: `reportsup timeline P-3` · `reportsup timeline P-3 --json` · for all patients
    `reportsup sql "FROM v_lesion_timeline WHERE n_reports > 1"`
    """
    from rich.console import Console

    from .. import querying, timelines

    found = timelines.timeline(db, patient_id)
    if as_json:
        typer.echo(querying.as_json(found))
    else:
        timelines.print_timeline(found, Console(highlight=False))
