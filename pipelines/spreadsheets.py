"""Text in CSV files that a spreadsheet would run as a formula."""

import re

import duckdb

# Spreadsheets take a cell that begins so for a formula, unless it is a plain number.
_FORMULA = r"^[=+\-@\t\r\n]"
_NUMBER = r"^[+-]?\d+([.,]\d+)?$"


def as_text(cell: str) -> str:
    """A cell that a spreadsheet shows as it is written: an apostrophe before what would be a formula.

    >>> as_text("=1+1"), as_text("-5.2"), as_text("liver")
    ("'=1+1", '-5.2', 'liver')
    """
    return f"'{cell}" if re.match(_FORMULA, cell) and not re.fullmatch(_NUMBER, cell) else cell


def without_formulas(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The query with `as_text` over its text columns; numbers stay numbers, rows stay in order."""
    columns = connection.execute(f"DESCRIBE {sql}").fetchall()
    texts = ['"' + name.replace('"', '""') + '"' for name, kind, *_ in columns if kind == "VARCHAR"]
    if not texts:
        return sql
    safe = (
        f"CASE WHEN regexp_matches({name}, '{_FORMULA}') AND NOT regexp_matches({name}, '{_NUMBER}') "
        f"THEN concat(chr(39), {name}) ELSE {name} END AS {name}"
        for name in texts
    )
    return f"SELECT * REPLACE ({', '.join(safe)}) FROM ({sql})"
