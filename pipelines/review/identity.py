"""What a database is known by, wherever its file lies."""

import hashlib

import duckdb


def database_key(connection: duckdb.DuckDBPyConnection) -> str:
    """A key that stays the same while reports are added and read anew: that of the first run ever made."""
    first = "SELECT run_id, started_at::VARCHAR FROM runs ORDER BY started_at, run_id LIMIT 1"
    return _short(repr(connection.execute(first).fetchall()))


def reading_key(connection: duckdb.DuckDBPyConnection) -> str:
    """A key of the runs whose readings count now."""
    runs = "SELECT DISTINCT run_id FROM v_extractions ORDER BY 1"
    return _short(repr(connection.execute(runs).fetchall()))


def _short(told: str) -> str:
    return hashlib.sha256(told.encode()).hexdigest()[:12]
