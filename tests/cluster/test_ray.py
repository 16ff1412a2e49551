"""A cluster of two nodes writes what one process writes, whatever is killed meanwhile. `make test-ray` installs Ray."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reportsup.schemas.database import open_database

pytest.importorskip("ray", reason="Ray is not installed: make test-ray")

TOYS = Path(__file__).parents[1] / "pipelines"
TABLES = ("reports", "extractions", "findings", "measurements", "evidence", "organ_status", "quarantine", "rejects")
_OF_THE_CLOCK = {"reports": "", "extractions": "EXCLUDE (extracted_at, seconds, details)"}
_CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
node = cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
for line in sys.stdin:
    if line == "lose a node\\n":
        cluster.remove_node(node, allow_graceful=False)
        print("lost", flush=True)
cluster.shutdown()
"""


def started(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(TOYS), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.fixture(scope="module")
def cluster():
    """A process that keeps two nodes alive, and their address."""
    process = started("-c", _CLUSTER)
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.communicate()


@pytest.fixture
def reports(tmp_path):
    """1,200 reports, some of which break or kill their reader, a repeated one and an empty one."""
    path = tmp_path / "reports.csv"
    texts = {7: "raise", 400: "die", 401: "die", 900: ""}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows((f"A{i % 1199:04d}", texts.get(i, f"a cyst, exam {i % 1199}")) for i in range(1200))
    return path


def extraction(reports, database, *options, backend="toy_extractors:Toy"):
    command = ("-m", "reportsup.pipelines.cli", "extract", reports, "--db", database, "--backend", backend)
    return started(*command, *options)


def finished(process):
    """Exit code 1 tells of reports that failed."""
    _, said = process.communicate()
    assert process.returncode in (0, 1), said
    assert "Traceback" not in said
    return said


def contents(database):
    with open_database(database, read_only=True) as connection:
        return {
            table: connection.execute(f"SELECT * {_OF_THE_CLOCK.get(table, '')} FROM {table} ORDER BY ALL").fetchall()
            for table in TABLES
        }


@pytest.fixture
def clean(reports, tmp_path):
    finished(extraction(reports, tmp_path / "clean.duckdb", "--workers", "2"))
    found = contents(tmp_path / "clean.duckdb")
    assert [row[4] for row in found["extractions"] if row[3] == "error"] == [
        "ValueError in the extractor",
        "the worker process died",
        "the worker process died",
    ]
    return found


def test_two_nodes_write_what_one_machine_writes(cluster, reports, clean, tmp_path):
    database = tmp_path / "ray.duckdb"
    finished(extraction(reports, database, "--engine", "ray", "--address", cluster[1]))
    assert contents(database) == clean
    assert not database.with_name("ray.duckdb.parts").exists()


def test_the_rules_on_a_cluster_write_what_they_write_here(cluster, tmp_path):
    reports = Path(__file__).parents[2] / "data_samples" / "reports.csv"
    for name, options in (("here", ()), ("there", ("--engine", "ray", "--address", cluster[1]))):
        finished(extraction(reports, tmp_path / f"{name}.duckdb", *options, "--limit", "40", backend="rules"))
    assert contents(tmp_path / "there.duckdb") == contents(tmp_path / "here.duckdb")
    assert len(contents(tmp_path / "here.duckdb")["measurements"]) > 20


def test_a_driver_that_is_killed_goes_on_when_started_again(cluster, reports, clean, tmp_path):
    database = tmp_path / "ray.duckdb"
    parts = database.with_name("ray.duckdb.parts")
    for answered in (1, 2):
        running = extraction(reports, database, "--engine", "ray", "--address", cluster[1])
        while len(list(parts.glob("*/*.rows.parquet"))) < answered and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.communicate()
    finished(extraction(reports, database, "--engine", "ray", "--address", cluster[1]))
    assert contents(database) == clean
    assert not parts.exists()


def test_a_lost_node_changes_nothing(cluster, reports, clean, tmp_path):
    database = tmp_path / "ray.duckdb"
    running = extraction(reports, database, "--engine", "ray", "--address", cluster[1])
    while not list(database.with_name("ray.duckdb.parts").glob("*/*.tries")) and running.poll() is None:
        time.sleep(0.01)
    cluster[0].stdin.write("lose a node\n")
    cluster[0].stdin.flush()
    assert cluster[0].stdout.readline() == "lost\n"
    finished(running)
    assert contents(database) == clean


def test_a_cluster_that_is_not_there_is_named(reports, tmp_path):
    done = extraction(reports, tmp_path / "d.duckdb", "--engine", "ray", "--address", "127.0.0.1:1")
    _, said = done.communicate()
    assert done.returncode == 1
    assert "none answers at 127.0.0.1:1" in said
