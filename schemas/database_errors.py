"""What an error of DuckDB means for the user. Its own words are never passed on: they may hold values of the tables."""

import os
import re
from pathlib import Path

import duckdb

from .errors import DatabaseError

_MAGIC = b"DUCK"  # at byte 8 of every DuckDB file
_DAMAGED = "Restore a copy, or name another file with --db and extract again."

# What DuckDB says → what is the case, what to do.
_MEANINGS = (
    (
        r"no space left|disk (?:is )?full|enough (?:disk )?space",
        "could not be written: the disk is full vs room for the next batch. What was committed before is kept. Make "
        "room, then run the same command again: it goes on from there.",
    ),
    (r"version number \d+", "was written by a newer DuckDB vs version {version} here. Update duckdb."),
    (
        r"could not read enough bytes|attempted to read",
        f"is cut off vs a whole file. A copy may be incomplete. {_DAMAGED}",
    ),
    (
        r"corrupt|checksum|deseriali[sz]|serialization error|failure while replaying wal",
        f"is damaged vs an intact file. {_DAMAGED}",
    ),
    (
        r"read-only file system|permission denied|read only|operation not permitted",
        "cannot be written here vs a file and folder that can. The place is read-only or belongs to someone else. Name "
        "another with --db.",
    ),
    (
        r"input/output error",
        "cannot be read or written by the system vs a working disk. Check the disk, then run the same command again.",
    ),
    (r"out of memory|failed to allocate", "needs more memory than there is. Give the process more."),
)


def check_file(path: Path) -> None:
    """Refuse what is no DuckDB file, before DuckDB guesses what it might be.

    Raises:
        DatabaseError: the path is a folder, empty, or of another kind.
    """
    if path.is_dir():
        raise DatabaseError(f"database: {path} is a folder vs a file. Name a file in it with --db.")
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise DatabaseError(
            f"database: {path} cannot be read ({os.strerror(error.errno or 0)}) vs a file that can. Check who may."
        ) from error
    if not head:
        raise DatabaseError(
            f"database: {path} is empty (0 bytes) vs a DuckDB file. Delete it, or name another file with --db."
        )
    if head[8:] != _MAGIC:
        raise DatabaseError(f"database: {path} is no DuckDB file vs one. Name the right file with --db.")


def explained(path: Path, error: duckdb.Error) -> DatabaseError:
    """The error that the user sees in place of DuckDB's."""
    said = str(error).replace(str(path), "")
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return DatabaseError(f"database: {path} {meaning.format(version=duckdb.__version__)}")
    return DatabaseError(
        f"database: {path} gave an unforeseen {type(error).__name__} vs none. What was committed before is kept. "
        "Run the command again; --debug before the command shows where it comes from."
    )
