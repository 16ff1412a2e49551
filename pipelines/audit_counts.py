"""How many rows each audit view has, remembered beside the database for as long as its file stays the same."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from ..schemas.atomic import write_text


def counts(connection: duckdb.DuckDBPyConnection, database: Path, views: Sequence[str]) -> list[tuple[str, int]]:
    """Each view with its number of rows.

    Counting all of them takes half a minute in a database of a million reports. The numbers are kept in
    `.NAME.audit.json` with the size and time of the file that they are of; where that cannot be written, they are
    counted each time.

    Args:
        connection: the open database; nobody writes while it is open.
    """
    note, state = database.with_name(f".{database.name}.audit.json"), _state(database)
    known = _known(note, state)
    if set(views) <= known.keys():
        return [(view, known[view]) for view in views]
    found = [(view, _count(connection, view)) for view in views]
    with suppress(OSError):
        write_text(note, json.dumps({"state": state, "rows": dict(found)}))
    return found


def _state(database: Path) -> list[int]:
    """Size and time of the file and of its log of changes."""
    state: list[int] = []
    for path in (database, database.with_name(f"{database.name}.wal")):
        with suppress(OSError):
            seen = path.stat()
            state += [seen.st_size, seen.st_mtime_ns]
    return state


def _known(note: Path, state: list[int]) -> dict[str, int]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        said = json.loads(note.read_text(encoding="utf-8"))
        if said["state"] == state:
            return {str(view): int(rows) for view, rows in said["rows"].items()}
    return {}


def _count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    ((rows,),) = connection.execute(f'SELECT count(*) FROM "{view}"').fetchall()
    return int(rows)
