"""People read and correct a database while it is being extracted into; a second extraction is refused."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from reportsup.schemas import DatabaseBusyError
from reportsup.schemas.database import open_database

from .conftest import command
from .test_extraction import contents, run

HERE = Path(__file__).parent
_PAUSED = """
import sys
from pathlib import Path
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.extraction import RunOptions, run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources


def progress(summary, position):
    if summary.extracted == 150:
        print("half way", flush=True)
        sys.stdin.readline()
    if summary.extracted == 300:
        print("all read", flush=True)

spec = ExtractorSpec("toy_extractors:Toy")
sources = open_sources([Path(sys.argv[1])], InputOptions())
run_extraction(sources, Path(sys.argv[2]), spec, RunOptions(batch_reports=50), progress)
"""
_HOLDER = """
import sys
from reportsup.schemas.database import open_database
with open_database(sys.argv[1], read_only=True):
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _toys(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def clean(reports, tmp_path):
    run(reports, tmp_path / "clean.duckdb")
    return contents(tmp_path / "clean.duckdb")


@contextmanager
def process(script, *arguments):
    """A Python process with open pipes, ended at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def wait_for(running, line):
    """Until the process says so."""
    assert running.stdout.readline() == f"{line}\n"


def test_others_read_and_correct_between_the_batches(reports, clean, tmp_path):
    database = tmp_path / "d.duckdb"
    with process(_PAUSED, reports, database) as extraction:
        wait_for(extraction, "half way")
        counted = command("sql", "SELECT count(*) AS n FROM extractions", "--json", "--db", database)
        assert counted.returncode == 0, counted.stderr
        (n,) = (row["n"] for row in json.loads(counted.stdout))
        assert 0 < n <= 150
        audited = command("audit", "--db", database)
        assert audited.returncode == 0, audited.stderr
        (finding,) = json.loads(
            command("sql", "SELECT finding_id FROM v_findings LIMIT 1", "--json", "--db", database).stdout
        )
        edit = ("--field", "lesion_type", "--value", "benign", "--by", "Dr. A")
        corrected = command("correct", finding["finding_id"], *edit, "--db", database)
        assert corrected.returncode == 0, corrected.stderr
        extraction.communicate("\n")
        assert extraction.returncode == 0
    assert contents(database) == clean
    with open_database(database, read_only=True) as connection:
        corrected = connection.execute("SELECT finding_id, lesion_type FROM v_findings WHERE corrected").fetchall()
    assert corrected == [(finding["finding_id"], "benign")]


def test_while_a_reader_stays_the_extraction_goes_on_and_commits_later(reports, clean, tmp_path):
    database = tmp_path / "d.duckdb"
    with process(_PAUSED, reports, database) as extraction:
        wait_for(extraction, "half way")
        with process(_HOLDER, database) as reader:
            wait_for(reader, "open")
            extraction.stdin.write("\n")
            extraction.stdin.flush()
            wait_for(extraction, "all read")
            with open_database(database, read_only=True) as beside:
                assert beside.execute("SELECT count(*) <= 150 FROM extractions").fetchone() == (True,)
            reader.communicate("\n")
        extraction.communicate()
        assert extraction.returncode == 0
    assert contents(database) == clean


def test_a_second_extraction_is_refused_and_a_killed_one_is_not_in_the_way(reports, clean, tmp_path):
    database = tmp_path / "d.duckdb"
    with process(_PAUSED, reports, database) as extraction:
        wait_for(extraction, "half way")
        refused = command("extract", reports, "--workers", "1", "--db", database)
        assert refused.returncode == 1
        assert f"being extracted into by process {extraction.pid} since" in refused.stderr
        assert extraction.poll() is None
        extraction.kill()
    run(reports, database)
    assert contents(database) == clean


def test_a_file_that_stays_held_is_named_with_its_holder(reports, tmp_path):
    database = tmp_path / "d.duckdb"
    run(reports, database, limit=1)
    with process(_HOLDER, database) as reader:
        wait_for(reader, "open")
        with (
            pytest.raises(DatabaseBusyError, match=f"held by process {reader.pid} vs free within 0.2 s"),
            open_database(database, wait_s=0.2),
        ):
            pass
        with open_database(database, read_only=True, wait_s=0) as beside:
            assert beside.execute("SELECT count(*) FROM reports").fetchone() == (1,)
