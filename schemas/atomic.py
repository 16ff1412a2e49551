"""Files that are whole or not there: a killed process leaves the old one or the new one."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_SUFFIX = ".part"
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


def _flush(path: Path, mode: int) -> None:
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
