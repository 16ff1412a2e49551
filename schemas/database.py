"""The DuckDB file: opening, schema version, migrations, views."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import duckdb

from .anatomy import load_anatomy
from .applied_corrections import apply_corrections
from .database_errors import check_file, explained
from .database_turns import WAIT_S, when_free
from .errors import ConfigError, DatabaseError

DEFAULT_DATABASE = Path("reportsup.duckdb")
# Files of storage version 1.2 can be read by every DuckDB since 1.2.
_STORAGE_VERSION = "v1.2.0"
# A checkpoint rewrites the last row group of each table; with DuckDB's 122,880 rows, that would be 200 MB of report
# text each time.
_ROW_GROUP_SIZE = 8192
_MIGRATIONS = (
    "001_tables.sql",
    "002_corrections.sql",
    "003_confidence.sql",
    "004_dates.sql",
    "005_predictions.sql",
    "006_organ_masks.sql",
    "007_reviews.sql",
)
SCHEMA_VERSION = len(_MIGRATIONS)


@contextmanager
def open_database(
    path: Path | str = DEFAULT_DATABASE,
    *,
    read_only: bool = False,
    create: bool = True,
    wait_s: float = WAIT_S,
    refresh: bool = True,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a reportsup database; a writer creates or migrates it first.

    Args:
        path: the DuckDB file. A reader needs it to exist; a writer creates it, in a folder that is there.
        read_only: open for reading only; many readers may, one writer excludes all others.
        create: whether a writer may make a new file.
        wait_s: how long to wait in seconds for other processes to close the file.
        refresh: whether a writer makes the views anew; a process that has done so need not do it for every batch.

    Raises:
        ConfigError: the folder of a new file is missing.
        DatabaseBusyError: another process keeps the file open.
        DatabaseError: the file is missing, damaged, not ours, or of a newer reportsup; the disk is full; or what is
            done with the open database fails in DuckDB.
    """
    path = Path(path)
    if path.exists():
        check_file(path)
    elif read_only or not create:
        raise DatabaseError(
            f"database: {path} does not exist. Nothing has been extracted here. "
            "Run `reportsup extract reports.csv` first or name another file with --db."
        )
    elif not path.parent.is_dir():
        raise ConfigError(
            f"--db: the folder {path.parent} does not exist vs one that does. A mistyped path would start an empty "
            "database. Correct it, or make the folder."
        )
    try:
        connection = when_free(path, lambda: _opened(path, read_only, refresh), wait_s)
        try:
            yield connection
        finally:
            connection.close()
    except duckdb.Error as error:
        raise explained(path, error) from error


def _opened(path: Path, read_only: bool, refresh: bool) -> duckdb.DuckDBPyConnection:
    """The connection, its schema checked or made; a new file that cannot be prepared is taken away again."""
    new = not path.exists()
    connection = _connect(path, read_only)
    try:
        _prepare(connection, path, read_only, refresh)
    except BaseException:
        connection.close()
        if new:
            for leftover in (path, path.with_name(f"{path.name}.wal")):
                leftover.unlink(missing_ok=True)
        raise
    return connection


def _connect(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
    escaped = str(path).replace("'", "''")
    options = "READ_ONLY" if read_only else f"ROW_GROUP_SIZE {_ROW_GROUP_SIZE}"
    if not read_only and not path.exists():
        options += f", STORAGE_VERSION '{_STORAGE_VERSION}'"
    try:
        connection.execute(f"ATTACH '{escaped}' AS reportsup ({options})")
        connection.execute("USE reportsup")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool, refresh: bool) -> None:
    version = schema_version(connection)
    if version > SCHEMA_VERSION:
        raise DatabaseError(
            f"database: {path} has schema version {version} vs {SCHEMA_VERSION} at most. "
            "A newer reportsup wrote it. Update reportsup."
        )
    if read_only:
        if version < SCHEMA_VERSION:
            raise DatabaseError(
                f"database: {path} has schema version {version} vs {SCHEMA_VERSION}. "
                "Its views are missing. Run any writing command, e.g. `reportsup extract`, once to upgrade it."
            )
        return
    if version == SCHEMA_VERSION and not refresh:
        return
    connection.execute("BEGIN")
    if version == 0:
        connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        connection.execute("INSERT INTO schema_version VALUES (0)")
    for number in range(version + 1, SCHEMA_VERSION + 1):
        connection.execute(_sql(_MIGRATIONS[number - 1]))
        connection.execute("UPDATE schema_version SET version = ?", [number])
    _refresh_derived(connection)
    if version < SCHEMA_VERSION:
        apply_corrections(connection)
    connection.execute("COMMIT")


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """Schema version of an open database, 0 for a new one.

    Raises:
        DatabaseError: the file holds tables but no schema version, so it is not one of ours or damaged.
    """
    tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if "schema_version" in tables:
        # fetchall: a result that is not read to its end keeps the connection busy
        rows = connection.execute("SELECT version FROM schema_version").fetchall()
        if not rows:
            raise DatabaseError(
                "database: the file's schema version is missing vs a number. It was changed by hand or is damaged. "
                "Restore a copy, or name another file with --db."
            )
        return int(rows[0][0])
    if tables:
        raise DatabaseError(
            "database: the file holds other tables vs those of reportsup. "
            "Writing into it could harm them. Name another file with --db."
        )
    return 0


def _refresh_derived(connection: duckdb.DuckDBPyConnection) -> None:
    """Views and the copy of the anatomy table always follow the installed program, not the file."""
    connection.execute("DELETE FROM organs")
    rows = [(o.name, o.label, o.snomed_ct or None, o.paired, o.target) for o in load_anatomy().organs.values()]
    connection.executemany("INSERT INTO organs VALUES (?, ?, ?, ?, ?)", rows)
    derived = ("dates", "views", "reviews", "timeline", "predictions", "audit", "legacy_tables")
    for name in derived:
        connection.execute(_sql(f"{name}.sql"))


def _sql(name: str) -> str:
    return (files(__package__) / "sql" / name).read_text(encoding="utf-8")
