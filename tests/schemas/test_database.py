import math
import subprocess
import sys

import duckdb
import pytest
from reportsup.schemas import DatabaseError
from reportsup.schemas.database import SCHEMA_VERSION, open_database


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


def test_a_file_that_is_no_database_is_refused(database):
    database.write_text("accession,report\n")
    with pytest.raises(DatabaseError, match="could not be opened"), open_database(database):
        pass


def test_a_second_process_hears_who_holds_the_file(database):
    script = (
        "import sys\nfrom reportsup.schemas.database import open_database\n"
        f"with open_database({str(database)!r}):\n    print('open', flush=True)\n    sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(DatabaseError, match=f"held by process {holder.pid}"), open_database(database):
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
