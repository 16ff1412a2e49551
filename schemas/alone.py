"""One process at a time: a note beside a file or folder, locked as long as its writer lives."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import ReportsupError


@contextmanager
def alone(note: Path, refused: Callable[[str], ReportsupError], unwritable: type[ReportsupError]) -> Iterator[None]:
    """Hold the note in here; it stays behind, unlocked, and a killed process holds nothing.

    Args:
        note: a hidden file that all processes in question agree on.
        refused: who holds it → the error to raise.
        unwritable: the error of a folder that takes no note.
    """
    lock = FileLock(note)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise refused(_said(note)) from None
    except OSError as error:
        raise unwritable(
            f"{note}: cannot be written ({os.strerror(error.errno or 0)}) vs a folder that can. It keeps a second "
            "process out. Make room or give the right to write, or name a place elsewhere."
        ) from error
    try:
        with suppress(OSError):  # on a full disk the lock holds without words
            note.write_text(f"process {os.getpid()} since {datetime.now():%Y-%m-%d %H:%M}", encoding="utf-8")
        yield
    finally:
        lock.release()


def _said(note: Path) -> str:
    with suppress(OSError):
        return note.read_text(encoding="utf-8") or "another process"
    return "another process"
