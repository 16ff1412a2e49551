"""Findings out of the database, in other people's formats; every file appears whole or not at all."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import duckdb

from ..schemas import ConfigError
from ..schemas.atomic import atomic
from ..schemas.database import open_database
from .gold import gold_lines
from .hints import hint
from .spreadsheets import without_formulas

# connection, file, leave formulas in CSV as they are → sentences on what of the database the file has not
Writer = Callable[[duckdb.DuckDBPyConnection, Path, bool], list[str]]
_CSV = "FORMAT csv, HEADER"
_LEFT_OUT = "SELECT status, count(*) FROM v_extractions WHERE status NOT IN ('ok', 'no_lesion') GROUP BY 1 ORDER BY 1"

# One row per finding; what a spreadsheet cannot hold (lists) is JSON there and native in Parquet.
_FINDINGS = "SELECT f.*, r.modality FROM v_findings f JOIN reports r USING (report_id) ORDER BY ALL"
_FLAT = (
    "SELECT * REPLACE (to_json(location)::VARCHAR AS location, to_json(sizes_mm)::VARCHAR AS sizes_mm, "
    "to_json(prior_sizes_mm)::VARCHAR AS prior_sizes_mm, to_json(evidence)::VARCHAR AS evidence) "
    f"FROM ({_FINDINGS}) ORDER BY report_id, anchor_start, finding_id"
)


def export(database: Path, out: Path, format: str, raw: bool = False) -> list[str]:
    """Write the current findings, corrections applied, to a file; says what is left out and why.

    Args:
        format: a name of `EXPORTERS`.
        raw: leave text in CSV files as it is, though a spreadsheet would run some of it as a formula.

    Raises:
        ConfigError: the format is unknown.
    """
    try:
        write = EXPORTERS[format]
    except KeyError:
        raise ConfigError(f"--format: '{format}' vs one of {', '.join(EXPORTERS)}. Use one of them.") from None
    with open_database(database, read_only=True) as connection, atomic(out) as temporary:
        notes = write(connection, temporary, raw)
        unanswered = connection.execute(_LEFT_OUT).fetchall()
    if unanswered:
        counts = ", ".join(f"{status} {n:,}" for status, n in unanswered)
        which = hint("audit without_status", database)
        notes = [*notes, f"reports of which nothing is known, {counts}; which: {which}"]
    return notes


def _write_gold(connection: duckdb.DuckDBPyConnection, out: Path, raw: bool) -> list[str]:
    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in gold_lines(connection))
    return []


def _copy(sql: str, options: str) -> Writer:
    def write(connection: duckdb.DuckDBPyConnection, out: Path, raw: bool) -> list[str]:
        target = str(out).replace("'", "''")
        query = without_formulas(connection, sql) if options == _CSV and not raw else sql
        connection.execute(f"COPY ({query}) TO '{target}' ({options})")
        return []

    return write


def _exchange(module: str, function: str) -> Writer:
    """A format's module, imported when it is asked for."""

    def write(connection: duckdb.DuckDBPyConnection, out: Path, raw: bool) -> list[str]:
        writer: Writer = getattr(import_module(f"{__package__}.exchange.{module}"), function)
        return writer(connection, out, raw)

    return write


EXPORTERS: dict[str, Writer] = {
    "gold": _write_gold,
    "csv": _copy(_FLAT, _CSV),
    "parquet": _copy(_FINDINGS, "FORMAT parquet"),
    "jsonl": _copy(_FINDINGS, "FORMAT json"),
    "tidy": _exchange("tidy", "write_tidy"),
    "rsuper-tumors": _copy("FROM v_per_tumor ORDER BY ALL", _CSV),
    "rsuper-cts": _copy("FROM v_per_ct ORDER BY ALL", _CSV),
    "omop": _exchange("omop", "write_omop"),
    "fhir": _exchange("fhir", "write_fhir"),
    "label-studio": _exchange("label_studio", "write_label_studio"),
    "label-studio-interface": _exchange("label_studio", "write_labelling_interface"),
}
