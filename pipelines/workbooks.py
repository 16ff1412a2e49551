"""Excel workbooks (.xlsx), a sheet with a header as a table."""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..schemas import ConfigError, InputError

FULL_CELL_CHARS = 32_767
"""What a cell of Excel holds at most: a text of this length has been cut."""
_MOST_BYTES, _MOST_RATIO = 512 << 20, 100


def open_sheet(path: Path, wanted: str | None) -> tuple[str, tuple[str, ...]]:
    """Name and column names of the sheet to read: the one that is named, else the only one that holds something.

    Raises:
        InputError: the file is no workbook, or holds nothing.
        ConfigError: there is no such sheet, or several hold something and none is named.
    """
    with _workbook(path) as book:
        headers = {sheet.title: _header(sheet) for sheet in book.worksheets}
    filled = [name for name, header in headers.items() if header]
    if wanted is not None and wanted not in headers:
        raise ConfigError(f"--sheet: {path.name} has no sheet '{wanted}', it has {len(headers)}. Check the name.")
    if wanted is None and len(filled) > 1:
        raise ConfigError(
            f"input: {path.name} has {len(filled)} sheets that hold something ({', '.join(filled)}) and one can be "
            "read. Name it with --sheet."
        )
    name = wanted or (filled[0] if filled else "")
    if not headers.get(name):
        raise InputError(f"input: {path} holds no table, a row of column names was expected. Check the export.")
    return name, headers[name]


def sheet_rows(path: Path, name: str) -> Iterator[tuple[list[Any], float]]:
    """The rows below the header that hold something, each with the share of the sheet that is read."""
    with _workbook(path) as book:
        sheet = book[name]
        total = max(sheet.max_row or 1, 1)
        rows = sheet.iter_rows(values_only=True)
        next((row for row in rows if any(cell is not None for cell in row)), None)  # the header
        for number, row in enumerate(rows, start=2):
            if any(cell is not None for cell in row):
                yield list(row), min(1.0, number / total)


def _header(sheet: Any) -> tuple[str, ...]:
    rows = sheet.iter_rows(values_only=True)
    first = next((row for row in rows if any(cell is not None for cell in row)), ())
    names = ["" if cell is None else str(cell).strip() for cell in first]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _check_size(path: Path) -> None:
    """Refuse a small file that unpacks to more than memory holds."""
    with zipfile.ZipFile(path) as packed:
        size = sum(part.file_size for part in packed.infolist())
    if size > _MOST_BYTES and size > _MOST_RATIO * path.stat().st_size:
        raise InputError(
            f"input: {path} unpacks to {size / 1e9:.1f} GB, {size // path.stat().st_size} times its size, vs a "
            "workbook. No table is that repetitive; it is not opened. Export the sheet as CSV (UTF-8)."
        )


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        _check_size(path)
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on styles, which are not read
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            try:
                yield book
            finally:
                book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InputError(
            f"input: {path} cannot be read as a workbook ({type(error).__name__}). Expected is an .xlsx file without a "
            "password. Save it again, or export the sheet as CSV (UTF-8)."
        ) from error
