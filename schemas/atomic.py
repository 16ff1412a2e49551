"""Files and folders that are whole or not there: a killed process leaves the old one or the new one."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

_SUFFIX = ".part"
_ALIVE = ".alive"  # locked in a folder that somebody is filling: a clock would not tell
_UMASK = os.umask(0)  # can only be read by setting it: once, at import
os.umask(_UMASK)


@contextlib.contextmanager
def atomic(out: Path) -> Iterator[Path]:
    """A temporary path beside `out` that replaces it, flushed to the disk, when the block ends well.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic(Path(folder) / "table.csv") as temporary:
        ...         _ = temporary.write_text("a,b")
        ...     os.listdir(folder)
        ['table.csv']
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=_SUFFIX, dir=out.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with contextlib.suppress(OSError):  # some network and FAT file systems keep no modes
            temporary.chmod(0o666 & ~_UMASK)
        _flush(temporary, os.O_RDWR)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # a folder that cannot be opened: the rename has happened all the same
        _flush(out.parent, os.O_RDONLY)


def write_text(path: Path, text: str) -> None:
    """Replace a file's text at once."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove_partial_files(folder: Path) -> None:
    """Delete the files that killed writers left behind; folders of that name belong to others."""
    for path in folder.glob(f".*{_SUFFIX}"):
        if path.is_file():
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(out: Path, mark: str) -> Iterator[Path]:
    """A temporary folder beside `out` that takes its place, flushed to the disk, when the block ends well.

    Args:
        mark: the file without which `out` counts as not there. An old folder loses it first, so that one that is
            half removed is not taken for whole.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=_SUFFIX, dir=out.parent))
    try:
        with FileLock(temporary / _ALIVE):
            yield temporary
        (temporary / _ALIVE).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            temporary.chmod(0o777 & ~_UMASK)
        for path in temporary.rglob("*"):
            _flush(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        if out.exists():
            (out / mark).unlink(missing_ok=True)
            shutil.rmtree(out)
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    with contextlib.suppress(OSError):
        _flush(out.parent, os.O_RDONLY)


def remove_partial_folders(folder: Path) -> None:
    """Delete the folders that killed writers left behind; one that somebody is filling stays."""
    for alive in folder.glob(f".*{_SUFFIX}/{_ALIVE}"):
        with contextlib.suppress(OSError, Timeout), FileLock(alive, timeout=0):
            shutil.rmtree(alive.parent, ignore_errors=True)


def _flush(path: Path, mode: int) -> None:
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
