"""Turns at one DuckDB file: DuckDB lets in either readers or one writer, so those who come wait a little, and a long
extraction holds the file only while it writes a batch."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

from .alone import alone
from .errors import DatabaseBusyError, DatabaseError

WAIT_S = 10.0
_LOCKED = re.compile(r"could not set lock|conflicting lock|being used by another process", re.IGNORECASE)
_HOLDER = re.compile(r"PID (\d+)")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.25

T = TypeVar("T")


def when_free(path: Path, connect: Callable[[], T], wait_s: float) -> T:
    """What `connect` returns, tried again while another process holds the file.

    Args:
        wait_s: the longest wait in seconds; 0 = one attempt.

    Raises:
        DatabaseBusyError: the file was never free.
    """
    started, pause_s = time.monotonic(), _FIRST_PAUSE_S
    while True:
        try:
            return connect()
        except duckdb.Error as error:
            if not _LOCKED.search(str(error)):
                raise
            left_s = wait_s - (time.monotonic() - started)
            if left_s <= 0:
                raise _busy(path, str(error).replace(str(path), ""), wait_s) from error
        time.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _busy(path: Path, said: str, wait_s: float) -> DatabaseBusyError:
    holder = _HOLDER.search(said)
    who = f"process {holder.group(1)}" if holder else "another process"
    waited = f" within {wait_s:g} s" if wait_s else ""
    return DatabaseBusyError(
        f"database: {path} is held by {who} vs free{waited}. Readers and writers take turns, and this one keeps "
        "the file open. Wait for it to end, or work on a copy of the file."
    )


@contextmanager
def extracting(path: Path) -> Iterator[None]:
    """Be the only extraction into a database in here; others may read and correct between the batches.

    Raises:
        DatabaseError: another extraction is at work.
    """

    def refused(holder: str) -> DatabaseError:
        return DatabaseError(
            f"database: {path} is being extracted into by {holder} vs by nobody. Two extractions would read the "
            "same reports twice. Wait for it to end (`reportsup sql` and `audit` work meanwhile), or name another file "
            "with --db."
        )

    with alone(path.with_name(f".{path.name}.extracting"), refused, DatabaseError):
        yield
