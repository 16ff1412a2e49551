"""Sizes and checksums of a cached case's files: what was cut off is made again, what has rotted is found by looking."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Sum = tuple[int, int]  # bytes, CRC-32


def sums_of(folder: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    """File → size and checksum, of all arrays in a folder; those in `known` are not read again."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.suffix in (".b2nd", ".npy"))
    return {name: known.get(name) or list(_sum(folder / name)) for name in names}


def sizes_fit(folder: Path, sums: Mapping[str, Any]) -> bool:
    """Whether every file is there in full size; nothing is read."""
    try:
        return all((folder / name).stat().st_size == size for name, (size, _) in sums.items())
    except OSError:
        return False


def damaged_files(folder: Path, sums: Mapping[str, Any]) -> list[str]:
    """Names of the files that do not hold what was written; all of them are read."""
    there = [name for name in sums if (folder / name).exists()]
    changed = [name for name in there if list(_sum(folder / name)) != list(sums[name])]
    return sorted({*changed, *(set(sums) - set(there))})


def sealed(description: Mapping[str, Any]) -> str:
    """A description as JSON with a checksum of itself."""
    return json.dumps({**description, "crc32": zlib.crc32(json.dumps(description).encode())}, indent=1)


def unsealed(text: str) -> dict[str, Any]:
    """The description of `sealed`.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: the text is another one.
    """
    description: dict[str, Any] = json.loads(text)
    if description.pop("crc32") != zlib.crc32(json.dumps(description).encode()):
        raise ValueError("checksum")
    return description


def _sum(path: Path) -> Sum:
    size, crc = 0, 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            size, crc = size + len(block), zlib.crc32(block, crc)
    return size, crc
