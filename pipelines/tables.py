"""Rows of the user's tables, streamed: CSV, TSV, JSON lines and Parquet, each also gzipped, and Excel workbooks."""

import csv
import gzip
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any, BinaryIO

from ..schemas import ConfigError, InputError
from .encoding import detect_encoding
from .file_kinds import check_is_text
from .workbooks import FULL_CELL_CHARS, open_sheet, sheet_rows

MAX_CELL_CHARS = 64 << 20
_SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".xlsx": "xlsx",
}  # fmt: skip
_FORMATS = ("csv", "tsv", "jsonl", "parquet", "xlsx")
_HEAD_BYTES = 8192
_DELIMITERS = {"csv": ",;\t|", "tsv": "\t"}
_JSONL_SAMPLE = 100
_BLANK = "\0 \t\r\n\ufeff"
# Excel's own first line of a CSV: names the delimiter.
_SEP_LINE = re.compile(r'\ufeff?"?sep=(.)"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a table: its cells by column, or why it cannot be read.

    Attributes:
        number: counts the data rows from 1; the header is not counted.
    """

    number: int
    cells: dict[str, Any]
    problem: str | None = None


@dataclass
class Table:
    """A table on disk. `columns` is known at once, `rows` streams in bounded memory.

    Attributes:
        sheet: of a workbook.
        position: bytes of the file read so far, of `size`; for a progress bar.
    """

    path: Path
    format: str
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    size: int
    sheet: str = ""
    position: int = field(default=0)

    def rows(self) -> Iterator[RawRow]:
        """All rows in file order; a row that cannot be read comes as a problem, never as a silent gap."""
        if self.format == "parquet":
            return self._parquet_rows()
        if self.format == "xlsx":
            return self._workbook_rows()
        return self._jsonl_rows() if self.format == "jsonl" else self._csv_rows()

    def _csv_rows(self) -> Iterator[RawRow]:
        names = unique_names(self.columns)
        with _open_text(self.path, self.encoding) as (text, raw):
            records = _CsvRecords(_after_sep_line(_lines(text, self.path)), self.delimiter)
            next(records, None)  # the header
            for number, (cells, problem) in enumerate(records, start=1):
                self.position = raw.tell()
                yield _csv_row(number, names, cells, problem)

    def _jsonl_rows(self) -> Iterator[RawRow]:
        with _open_text(self.path, self.encoding) as (text, raw):
            for number, line in enumerate((line for line in _lines(text, self.path) if line.strip(_BLANK)), start=1):
                self.position = raw.tell()
                yield _json_row(number, line)

    def _workbook_rows(self) -> Iterator[RawRow]:
        names = unique_names(self.columns)
        for number, (cells, read) in enumerate(sheet_rows(self.path, self.sheet), start=1):
            self.position = int(self.size * read)
            full = any(isinstance(cell, str) and len(cell) >= FULL_CELL_CHARS for cell in cells)
            problem = f"a cell is full with {FULL_CELL_CHARS:,} characters: Excel has cut its text" if full else None
            yield RawRow(number, {} if full else dict(zip(names, cells, strict=False)), problem)

    def _parquet_rows(self) -> Iterator[RawRow]:
        with _open_parquet(self.path) as parquet:
            total, number = max(parquet.metadata.num_rows, 1), 0
            batches = parquet.iter_batches(batch_size=256)
            try:
                for batch in batches:
                    for cells in batch.to_pylist():
                        number += 1
                        self.position = self.size * number // total
                        yield RawRow(number, cells)
            except OSError:  # so are pyarrow's errors of damaged pages
                problem = f"the file is damaged here: {total - number:,} rows from this one on cannot be read"
                yield RawRow(number + 1, {}, problem)


def open_table(
    path: Path,
    *,
    format: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Table:
    """The table in a file, with its columns; what is not said is detected.

    Args:
        format: csv, tsv, jsonl, parquet or xlsx; by default from the file's ending.
        encoding: name as Python knows it, e.g. "cp1250"; by default detected.
        delimiter: of a CSV file; by default the commonest of `, ; tab |` in its header.
        sheet: of a workbook; needed where several hold something.

    Raises:
        InputError: the file is missing, empty or damaged.
        ConfigError: the format or encoding is unknown.
    """
    kind = format or _format_of(path)
    if kind not in _FORMATS:
        raise ConfigError(f"--format: '{kind}' vs one of {', '.join(_FORMATS)}. Use one of them.")
    if delimiter is not None:
        delimiter = _delimiter(delimiter)
    if not path.is_file():
        raise InputError(f"input: {path} is not there vs a file. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"input: {path} has 0 bytes vs a table with a header. Nothing to extract. Check the export.")
    size = path.stat().st_size
    try:
        if kind == "parquet":
            with _open_parquet(path) as parquet:
                return Table(path, kind, "utf-8", "", tuple(parquet.schema_arrow.names), size)
        if kind == "xlsx":
            name, columns = open_sheet(path, sheet)
            return Table(path, kind, "utf-8", "", columns, size, name)
        with _open_bytes(path) as (stream, _):
            check_is_text(path, stream.read(_HEAD_BYTES), kind)
        encoding = encoding or _detect(path)
        if kind == "jsonl":
            return Table(path, kind, encoding, "", _jsonl_columns(path, encoding), size)
        delimiter = delimiter or _sniff_delimiter(path, encoding, _DELIMITERS[kind])
        return Table(path, kind, encoding, delimiter, _csv_header(path, encoding, delimiter), size)
    except LookupError:
        raise ConfigError(f"encoding: '{encoding}' vs a name that Python knows, e.g. utf-8, cp1252, cp1250.") from None
    except (OSError, EOFError, UnicodeError) as error:
        raise InputError(
            f"input: {path} cannot be read ({type(error).__name__}) vs an intact {kind} file. Export it again."
        ) from error


def unique_names(columns: tuple[str, ...]) -> list[str]:
    """Column names with repeats numbered, so that no cell of a row hides another: a, a → a, a_2."""
    names: list[str] = []
    for name in columns:
        count, candidate = 1, name
        while candidate in names:
            count += 1
            candidate = f"{name}_{count}"
        names.append(candidate)
    return names


class _CsvRecords:
    """Records of a CSV stream as (cells, problem); recovers the rows that an unclosed quote swallows."""

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        csv.field_size_limit(MAX_CELL_CHARS)
        self._lines = lines
        self._replay: list[str] = []  # stack of lines to be parsed again
        self._pending: list[str] = []  # lines of the record being read
        self._exhausted = False
        self._delimiter = delimiter
        self._reader = csv.reader(self._feed(), delimiter=delimiter)

    def _feed(self) -> Iterator[str]:
        while True:
            line = self._replay.pop() if self._replay else next(self._lines, None)
            if line is None:
                self._exhausted = True
                return
            line = line.replace("\0", "")
            self._pending.append(line)
            yield line

    def __iter__(self) -> "_CsvRecords":
        return self

    def __next__(self) -> tuple[list[str], str | None]:
        while True:
            self._pending.clear()
            try:
                cells = next(self._reader)
            except csv.Error as error:
                return self._first_line_is_broken(str(error))
            if self._exhausted:  # a record that ran into the end of the file: its quote makes all the rest one cell
                return self._first_line_is_broken("a quote is opened and never closed")
            if any(cell.strip() for cell in cells):
                return cells, None

    def _first_line_is_broken(self, reason: str) -> tuple[list[str], str]:
        self._replay.extend(reversed(self._pending[1:]))
        self._exhausted = False
        self._reader = csv.reader(self._feed(), delimiter=self._delimiter)
        return [], reason


def _csv_row(number: int, names: list[str], cells: list[str], problem: str | None) -> RawRow:
    if problem is not None:
        return RawRow(number, {}, f"unreadable row: {problem}")
    if any(cell.strip() for cell in cells[len(names) :]):
        return RawRow(number, {}, f"unreadable row: {len(cells)} cells vs {len(names)} columns; an unquoted delimiter?")
    return RawRow(number, dict(zip(names, cells, strict=False)))


def _json_row(number: int, line: str) -> RawRow:
    try:
        cells = json.loads(line.replace("\0", "").lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        return RawRow(number, {}, f"unreadable row: not JSON{where}")
    if not isinstance(cells, dict):
        return RawRow(number, {}, f"unreadable row: a JSON {type(cells).__name__} vs an object")
    return RawRow(number, cells)


def has_known_ending(path: Path) -> bool:
    """Whether a file's name tells that it is a table."""
    return _ending(path) in _SUFFIXES


def _ending(path: Path) -> str:
    return (Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix).lower()


def _format_of(path: Path) -> str:
    try:
        return _SUFFIXES[_ending(path)]
    except KeyError:
        known = ", ".join(_SUFFIXES)
        raise ConfigError(
            f"input: the ending of {path.name} vs {known} (also .gz). Say --format csv, for example."
        ) from None


@contextmanager
def _open_bytes(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """(decompressed stream, the file itself for its position)."""
    with path.open("rb") as raw:
        if raw.peek(2)[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as unzipped:
                yield unzipped, raw  # type: ignore[misc]
        else:
            yield raw, raw


@contextmanager
def _open_text(path: Path, encoding: str) -> Iterator[tuple[IO[str], BinaryIO]]:
    with _open_bytes(path) as (stream, raw):
        # newline="" keeps line ends inside quoted cells as they are, so that offsets fit the stored text.
        yield io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline=""), raw


def _lines(text: IO[str], path: Path) -> Iterator[str]:
    """The lines of a text; a gzipped file of a few MB can be one line of more than memory holds."""
    while line := text.readline(MAX_CELL_CHARS):
        if len(line) == MAX_CELL_CHARS:
            raise InputError(
                f"input: a line of {path} has {MAX_CELL_CHARS:,} characters or more vs one of a table. It is not read "
                "further. Check the export."
            )
        yield line


@contextmanager
def _open_parquet(path: Path) -> Iterator[Any]:
    import pyarrow
    import pyarrow.parquet

    with _open_bytes(path) as (stream, raw), tempfile.TemporaryFile() as unzipped:
        if stream is not raw:  # Parquet needs to seek to its end
            shutil.copyfileobj(stream, unzipped)
        try:
            yield pyarrow.parquet.ParquetFile(raw if stream is raw else unzipped)
        except pyarrow.ArrowException as error:
            raise OSError(str(error)) from error


def _detect(path: Path) -> str:
    with _open_bytes(path) as (stream, _):
        return detect_encoding(stream)


def _delimiter(said: str) -> str:
    delimiter = {"tab": "\t", "\\t": "\t"}.get(said, said)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ConfigError(f"--delimiter: '{said}' vs one character, or tab. Name one.")
    return delimiter


def _after_sep_line(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a CSV without a first one such as `sep=;`."""
    first = next(lines, "")
    return lines if _SEP_LINE.fullmatch(first) else chain([first], lines)


def _sniff_delimiter(path: Path, encoding: str, candidates: str) -> str:
    with _open_text(path, encoding) as (text, _):
        header = text.readline(1 << 20)
    if said := _SEP_LINE.fullmatch(header):
        return said.group(1)
    outside_quotes = "".join(header.split('"')[::2])
    return max(candidates, key=outside_quotes.count)


def _csv_header(path: Path, encoding: str, delimiter: str) -> tuple[str, ...]:
    with _open_text(path, encoding) as (text, _):
        cells, problem = next(_CsvRecords(_after_sep_line(_lines(text, path)), delimiter), ([], "no header"))
    if problem is not None:
        raise InputError(f"input: the header of {path} ({problem}) vs a row of column names. Check the export.")
    return tuple(cell.strip() for cell in cells)


def _jsonl_columns(path: Path, encoding: str) -> tuple[str, ...]:
    names: dict[str, None] = {}
    with _open_text(path, encoding) as (text, _):
        for number, line in enumerate(_lines(text, path)):
            if number == _JSONL_SAMPLE:
                break
            if line.strip(_BLANK):
                names.update(dict.fromkeys(_json_row(0, line).cells))
    return tuple(names)
