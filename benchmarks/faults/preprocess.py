"""Targets, plan and cache of a database's cases, as `reportsup train` makes them: `preprocess.py DATABASE CACHE`."""

import sys
from pathlib import Path

from reportsup.schemas.database import open_database
from reportsup.schemas.errors import ReportsupError
from reportsup.segmentation.training.config import load_config
from reportsup.segmentation.training.prepare import prepare

if __name__ == "__main__":
    database, cache = map(Path, sys.argv[1:])
    try:
        with open_database(database, read_only=True) as connection:
            prepared = prepare(connection, load_config(None, ["patch_size=[32, 32, 32]"]), cache, workers=2)
    except (ReportsupError, OSError) as error:
        sys.exit(f"reportsup: {error}")
    for case_id, failure in prepared.failures.items():
        print(f"{case_id}: {failure.message}")
    sys.exit(bool(prepared.failures))
