import duckdb
import pytest
from reportsup.schemas.transaction import transaction


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
        yield connection


def rows(connection):
    return connection.execute("FROM t").fetchall()


def test_all_of_it(connection):
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (1), (2)")
    assert rows(connection) == [(1,), (2,)]


def test_nothing_of_it_where_it_fails_or_is_not_to_be_kept(connection):
    def interrupted():
        with transaction(connection):
            connection.execute("INSERT INTO t VALUES (1)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with transaction(connection, keep=False):
        connection.execute("INSERT INTO t VALUES (1)")
        assert rows(connection) == [(1,)]
    assert rows(connection) == []
