"""Extraction runs by the names that people give them."""

import duckdb

from ..schemas import ConfigError


def run_named(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """The id of a run.

    Args:
        name: its id, the beginning of it, or an extractor's name for its latest run.

    Raises:
        ConfigError: there is no such run, or several begin so.
    """
    runs = connection.execute("SELECT run_id, extractor FROM runs ORDER BY updated_at DESC").fetchall()
    latest = [run for run, extractor in runs if extractor == name][:1]
    matching = latest or [run for run, _ in runs if run.startswith(name)]
    if len(matching) != 1:
        known = ", ".join(f"{run} ({extractor})" for run, extractor in runs) or "none"
        many = "several runs" if matching else "no run"
        raise ConfigError(f"run: '{name}' is {many} vs one of {known}. Name a run's id or its extractor.")
    return str(matching[0])
