"""Predictions handed to the database; a database that cannot be written costs the audit, not the predictions."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ...segmentation.prediction.stored import PredictedOrgan


def store_predictions(db: Path, run: Path, step: int, predicted: "Sequence[PredictedOrgan]") -> None:
    """Store predictions for `reportsup audit prediction_vs_report`, or say on stderr why they are not."""
    from ...schemas import DatabaseError
    from ...schemas.database import open_database
    from ...segmentation.prediction.stored import write_predictions

    try:
        with open_database(db, create=False) as connection:
            write_predictions(connection, run, step, predicted)
    except (DatabaseError, OSError) as error:
        typer.echo(f"not stored for `reportsup audit prediction_vs_report`: {error}", err=True)
