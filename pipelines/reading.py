"""From the user's tables to reports: every row becomes a report or a reject with its reason."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from ..schemas import InputError, Report
from .columns import Columns, recognise
from .tables import RawRow, Table, has_known_ending, open_table, unique_names

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class InputOptions:
    """How to read the user's tables; None and empty = recognise it.

    Attributes:
        text_columns: joined in this order when there are several.
    """

    id_column: str | None = None
    text_columns: tuple[str, ...] = ()
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """An input row that is no report. `reason` holds no report text."""

    source_file: str
    source_row: int
    report_id: str | None
    reason: str


@dataclass(frozen=True)
class Source:
    """One input file and how it is read."""

    table: Table
    columns: Columns

    @property
    def name(self) -> str:
        """Absolute path: names the file in `reports` and `rejects`."""
        return str(self.table.path.resolve())

    def rows(self) -> Iterator[Report | Reject]:
        """All rows of the file in order."""
        names = unique_names(self.table.columns)
        mapped = {self.columns.id, *self.columns.optional.values(), *(c for _, c in self.columns.text)}
        for row in self.table.rows():
            yield self._report(row, names, mapped)

    def _report(self, row: RawRow, names: list[str], mapped: set[str | None]) -> Report | Reject:
        if row.problem is not None:
            return Reject(self.name, row.number, None, row.problem)
        cells, columns = row.cells, self.columns
        report_id = f"{self.table.path.name}:{row.number}" if columns.id is None else as_id(cells.get(columns.id))
        if not report_id:
            return Reject(self.name, row.number, None, "no id")
        text = joined_text(cells, columns)
        if not text.strip():
            return Reject(self.name, row.number, report_id, "empty text")
        extra = {name: value for name, value in cells.items() if name not in mapped}
        return Report(
            report_id=report_id,
            text=text,
            source_file=self.name,
            source_row=row.number,
            extra_json=_as_json(extra),
            **{field: as_id(cells.get(column)) or None for field, column in columns.optional.items()},
        )


def open_sources(paths: Sequence[Path], options: InputOptions) -> list[Source]:
    """The input files with their recognised columns; nothing is read beyond the headers and the encoding.

    Args:
        paths: files, folders (all tables in them, by name) and patterns such as `2024/*.parquet`.

    Raises:
        InputError: a file is missing, empty or damaged.
        ConfigError: its columns are not recognised.
    """
    sources = []
    for path in found_files(paths):
        table = open_table(
            path,
            format=options.format,
            encoding=options.encoding,
            delimiter=options.delimiter,
            sheet=options.sheet,
        )
        columns = recognise(
            unique_names(table.columns),
            id_column=options.id_column,
            text_columns=options.text_columns,
            source=path.name,
        )
        sources.append(Source(table, columns))
    return sources


def found_files(paths: Sequence[Path]) -> list[Path]:
    """The files that these paths, folders and patterns mean, each once.

    Raises:
        InputError: a folder holds no table, or a pattern fits no file.
    """
    files: dict[Path, None] = {}
    for path in paths:
        found = [path]
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.is_file() and has_known_ending(p))
        elif has_magic(str(path)) and not path.exists():
            found = sorted(Path(p) for p in glob(str(path), recursive=True) if Path(p).is_file())
        if not found:
            raise InputError(f"input: {path} holds no table vs CSV, TSV, JSONL or Parquet files. Check the path.")
        files.update(dict.fromkeys(found))
    return list(files)


def clean(text: str) -> str:
    """Text that every database and encoder takes: no NUL, no lone surrogates; otherwise unchanged."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii() and _SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def as_text(value: Any) -> str:
    """A cell as text, as written: numbers without a float's ".0", nested values as JSON, nothing as ""."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return "" if value != value else f"{value:.0f}" if value.is_integer() else repr(value)
    if isinstance(value, bytes):
        return clean(value.decode("utf-8", "replace"))
    if isinstance(value, (dict, list)):
        return clean(json.dumps(value, ensure_ascii=False, default=str))
    return str(value)


def as_id(value: Any) -> str:
    """A short cell without surrounding blanks."""
    return as_text(value).strip()


def _as_json(cells: dict[str, Any]) -> str:
    kept = {}
    for name, value in cells.items():
        plain = isinstance(value, (bool, int, list, dict)) or (isinstance(value, float) and value - value == 0)
        if plain or as_text(value):
            kept[clean(name)] = value if plain else as_text(value)
    # A nested NaN would be no JSON; it is rare enough to pay for a second attempt only then.
    try:
        return clean(json.dumps(kept, ensure_ascii=False, default=str, allow_nan=False))
    except ValueError:
        return clean(json.dumps({name: as_text(value) for name, value in kept.items()}, ensure_ascii=False))


def joined_text(cells: dict[str, Any], columns: Columns) -> str:
    """The report of a row: one column, or several under their headings."""
    if len(columns.text) == 1 and not columns.text[0][0]:
        return as_text(cells.get(columns.text[0][1]))
    parts = [(heading, as_text(cells.get(column)).strip()) for heading, column in columns.text]
    return "\n\n".join(f"{heading}:\n{part}" if heading else part for heading, part in parts if part)
