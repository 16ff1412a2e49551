"""Targets, plan and cache of a database's cases, as `reportsup train` makes them: `preprocess.py DATABASE CACHE`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from reportsup.schemas.database import open_database
from reportsup.schemas.errors import ReportsupError
from reportsup.schemas.system_errors import system_error
from reportsup.segmentation.training.config import load_config
from reportsup.segmentation.training.prepare import prepare


def main(words: Sequence[str]) -> None:
    """Exit code 1 and a message as the command line program gives them."""
    database, cache = map(Path, words)
    try:
        with open_database(database, read_only=True) as connection:
            prepared = prepare(connection, load_config(None, ["patch_size=[32, 32, 32]"]), cache)
    except ReportsupError as error:
        sys.exit(f"reportsup: {error}")
    except OSError as error:
        sys.exit(f"reportsup: {system_error(error)}")
    for case_id, failure in prepared.failures.items():
        print(f"{case_id}: {failure.message}")
    sys.exit(bool(prepared.failures))


if __name__ == "__main__":
    main(sys.argv[1:])
