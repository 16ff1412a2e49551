"""What a file that cannot be opened is, from its first bytes, and what to do about it."""

import gzip
import shlex
import zlib
from pathlib import Path

_GZIP = b"\x1f\x8b"
_NIFTI = tuple(
    n.to_bytes(4, order) for n in (348, 540) for order in ("little", "big")
)  # length of NIfTI-1's and -2's header
_LFS_POINTER = b"version https://git-lfs"


def advice(path: Path) -> str | None:
    """The next step for a file that is not what its name says; None where copying it again is as good as any."""
    if path.is_dir():
        return f"{path.name} is a folder; put the volume itself in its place"
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_LFS_POINTER))
    except OSError:
        return None
    named_gz = path.name.lower().endswith(".gz")
    if not start:
        return "the file is empty; copy it again from where it came"
    if start == _LFS_POINTER:
        return "only its Git LFS pointer is here; fetch the file itself: git lfs pull"
    if named_gz and start.startswith(_NIFTI):
        return f"it is not compressed; rename it to {path.name[:-3]}"
    if named_gz and start.startswith(_GZIP) and _inside(path).startswith(_GZIP):
        once, twice = shlex.quote(path.name), shlex.quote(f"{path.name}.gz")
        return f"it is compressed twice; unpack it once in its folder: mv {once} {twice} && gunzip {twice}"
    if not named_gz and start.startswith(_GZIP):
        return f"it is compressed; rename it to {path.name}.gz"
    return None


def _inside(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            return stream.read(len(_GZIP))
    except (OSError, EOFError, zlib.error):
        return b""
