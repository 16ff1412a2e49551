"""All of a change to a database, or nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection, *, keep: bool = True) -> Iterator[None]:
    """Commits what is done inside; undoes it where an exception leaves the block, or where it is not to be kept."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT" if keep else "ROLLBACK")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed, on a full disk for example, has ended its transaction
            connection.execute("ROLLBACK")
        raise
