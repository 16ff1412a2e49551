import math
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from reportsup.schemas import ConfigError, DatabaseError
from reportsup.schemas.database import SCHEMA_VERSION, open_database
from reportsup.schemas.database_errors import explained


@pytest.fixture
def database(tmp_path):
    return tmp_path / "reportsup.duckdb"


def test_a_new_file_has_tables_and_views_and_can_be_read(database):
    with open_database(database):
        pass
    with open_database(database, read_only=True) as connection:
        views = [r[0] for r in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
        for view in views:
            connection.execute(f"FROM {view}").fetchall()
    assert {"v_findings", "v_supervision", "v_per_ct", "audit_ungrounded"} <= set(views)


def test_a_missing_file_is_not_made_by_a_reader(database):
    with pytest.raises(DatabaseError, match="does not exist"), open_database(database, read_only=True):
        pass
    assert not database.exists()


def test_a_file_of_a_newer_program_is_refused(database):
    with open_database(database) as connection:
        connection.execute("UPDATE schema_version SET version = ?", [SCHEMA_VERSION + 1])
    with pytest.raises(DatabaseError, match="newer reportsup"), open_database(database):
        pass


def test_other_peoples_database_is_refused(database):
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE theirs (x INTEGER)")
    with pytest.raises(DatabaseError, match="other tables"), open_database(database):
        pass


def _whole(path):
    with open_database(path) as connection:
        connection.execute("INSERT INTO rejects SELECT 'f', range, NULL, 'x' FROM range(50000)")
    return path.read_bytes()


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"", "is empty"),
        (lambda data: b"accession,report\n" * 9, "is no DuckDB file"),
        (lambda data: b"SQLite format 3\0" + bytes(4096), "is no DuckDB file"),
        (lambda data: data[: len(data) // 2], "is cut off"),
        (lambda data: data[:100], "is cut off"),
        (lambda data: data[:4200] + b"\xff" * 200 + data[4400:], "is damaged"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_truly(database, damage, message, read_only):
    database.write_bytes(damage(_whole(database)))
    with pytest.raises(DatabaseError, match=message), open_database(database, read_only=read_only):
        pass


def test_a_folder_and_a_missing_schema_version_are_named(tmp_path, database):
    with pytest.raises(DatabaseError, match="is a folder"), open_database(tmp_path):
        pass
    with open_database(database) as connection:
        connection.execute("DELETE FROM schema_version")
    with pytest.raises(DatabaseError, match="schema version is missing"), open_database(database):
        pass


def test_a_mistyped_folder_is_not_made(tmp_path):
    with (
        pytest.raises(ConfigError, match=r"nowhere does not exist"),
        open_database(tmp_path / "nowhere" / "d"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_needs_what_is_there_makes_no_file(database):
    with pytest.raises(DatabaseError, match="does not exist"), open_database(database, create=False):
        pass
    assert not database.exists()


def test_a_new_file_that_cannot_be_prepared_is_taken_away(database, monkeypatch):
    monkeypatch.setattr("reportsup.schemas.database._MIGRATIONS", ("no_such_file.sql",))
    with pytest.raises(FileNotFoundError), open_database(database):
        pass
    assert not database.exists()


def test_an_error_of_duckdb_says_no_value_of_the_tables(database):
    with pytest.raises(DatabaseError) as caught, open_database(database) as connection:
        connection.execute("SELECT CAST(x AS INTEGER) FROM (SELECT 'SECRETWORD' AS x)").fetchall()
    assert "ConversionException" in str(caught.value)
    assert "SECRETWORD" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('Could not write file "d.wal": No space left on device', "the disk is full"),
        ('Cannot open file "d": Read-only file system', "cannot be written here"),
        ("Failed to load metadata pointer: block 7 is corrupt", "is damaged"),
        ("Trying to read a database file with version number 200", "newer DuckDB"),
    ],
)
def test_what_duckdb_says_is_told_in_our_words(said, message):
    assert message in str(explained(Path("corrupt lock.duckdb"), duckdb.IOException(said)))


def test_a_second_process_hears_who_holds_the_file(database):
    script = (
        "import sys\nfrom reportsup.schemas.database import open_database\n"
        f"with open_database({str(database)!r}):\n    print('open', flush=True)\n    sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(DatabaseError, match=f"held by process {holder.pid}"), open_database(database, wait_s=0.1):
            pass
        holder.communicate("\n")


@pytest.mark.parametrize(
    ("diameters", "volume"),
    [
        ([10.0], math.pi / 6 * 1000),
        ([20.0, 10.0], math.pi / 6 * 20 * 10 * 15),
        ([30.0, 20.0, 10.0], math.pi / 6 * 6000),
    ],
)
def test_ellipsoid_volume(database, diameters, volume):
    with open_database(database) as connection:
        (found,) = connection.execute("SELECT lesion_volume_mm3(?::DOUBLE[])", [diameters]).fetchone()
    assert found == pytest.approx(volume)
