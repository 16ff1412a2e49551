"""Read-only SQL on a reportsup database, and printing what it answers."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..schemas import ConfigError
from ..schemas.database import open_database
from .spreadsheets import as_text
from .terminal import printable

# Told in DuckDB's own words, which repeat the query alone.
_OF_THE_QUERY = (
    duckdb.ParserException, duckdb.SyntaxException, duckdb.BinderException, duckdb.CatalogException,
    duckdb.PermissionException, duckdb.NotImplementedException,
)  # fmt: skip
_OF_A_VALUE = (
    duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException, duckdb.TypeMismatchException,
    duckdb.ConstraintException, duckdb.DataError, duckdb.ProgrammingError,
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """Column names and rows of a query."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def records(self) -> Iterator[dict[str, Any]]:
        """Rows as dictionaries."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


def query(database: Path, sql: str) -> Answer:
    """The answer of a query; the database cannot be changed by it, nor any other file written.

    Raises:
        DatabaseError: there is no such database, or another process writes to it.
        ConfigError: DuckDB refuses the query; its own message says where.
    """
    with open_database(database, read_only=True) as connection:
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return answer(connection, sql)


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """The answer of a query on an open database."""
    if not sql.isascii() and any("\ud800" <= character <= "\udfff" for character in sql):
        raise ConfigError("sql: bytes that are no UTF-8 vs a query. Write it in UTF-8.")
    try:
        cursor = connection.execute(sql)
        if cursor is None:  # what DuckDB's client makes of no statement at all
            raise ConfigError('sql: no statement vs one. Tables: `reportsup sql "SHOW TABLES"`.')
        return Answer(tuple(column[0] for column in cursor.description or ()), cursor.fetchall())
    except _OF_THE_QUERY as error:
        raise ConfigError(
            f'sql: {error} vs a query that DuckDB understands. Tables: `reportsup sql "SHOW TABLES"`.'
        ) from error
    except _OF_A_VALUE as error:
        if "read-only mode" in str(error):
            raise ConfigError(
                "sql: a statement that changes the database vs one that reads it: it is opened read-only. To correct a "
                "finding: reportsup correct."
            ) from error
        raise ConfigError(
            f"sql: {type(error).__name__} vs a query that every value of the tables allows. DuckDB names the value; it "
            "may be of a report and is not shown. Use TRY_CAST or a WHERE clause."
        ) from error


def as_csv(found: Answer, raw: bool = False) -> str:
    """CSV with a header; lists and structures as JSON, formulas as text unless `raw`."""

    def cell(value: Any) -> Any:
        written = _cell(value) if isinstance(value, (list, dict)) else value
        return as_text(written) if isinstance(written, str) and not raw else written

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([cell(name) for name in found.columns])
    writer.writerows([cell(value) for value in row] for row in found.rows)
    return out.getvalue()


def as_json(found: Answer) -> str:
    """A JSON list of objects, one a line."""
    lines = (json.dumps(record, ensure_ascii=False, default=str) for record in found.records())
    return "[" + ",\n ".join(lines) + "]"


def print_table(found: Answer, title: str | None = None, max_rows: int | None = None) -> None:
    """A table on the terminal; where it is too wide for that, each row as lines."""
    console = Console()
    columns = [printable(name) for name in found.columns]
    rows = [[printable(_cell(value)) for value in row] for row in found.rows[:max_rows]]
    if _table_width(columns, rows) > console.width and len(found.columns) > 1:
        _print_records(console, columns, rows, title)
    else:
        table = Table(title=title and escape(title), title_justify="left")
        for k, name in enumerate(columns):
            table.add_column(escape(name), overflow="fold", justify="right" if _numeric(found, k) else "left")
        for row in rows:
            table.add_row(*(escape(value) for value in row))
        console.print(table)
    if max_rows is not None and len(found.rows) > max_rows:
        console.print("… and more rows: --rows N shows them, --json all")


def _numeric(found: Answer, column: int) -> bool:
    """Whether a column holds numbers alone."""
    values = [row[column] for row in found.rows if row[column] is not None]
    return bool(values) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _table_width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Terminal columns that a table needs so that no cell is broken."""
    lines = zip(columns, *([max(v.split("\n"), key=cell_len) for v in row] for row in rows), strict=True)
    return sum(max(map(cell_len, column)) + 3 for column in lines) + 1


def _print_records(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None) -> None:
    """Each row as lines `column  value`; a value is on one line, however long, so that it can be searched for."""
    widest = max(map(cell_len, columns))
    if title:
        console.print(title, markup=False, highlight=False, style="italic")
    for number, row in enumerate(rows, start=1):
        console.print(f"── {number} ".ljust(widest + 2, "─"), markup=False, highlight=False)
        for name, value in zip(columns, row, strict=True):
            if value:
                told = " ".join(value.split("\n"))
                console.print(f"{name.ljust(widest)}  {told}", markup=False, highlight=False, soft_wrap=True)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " | ".join(value)
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (list, dict)) else str(value)
