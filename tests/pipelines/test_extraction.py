"""The run: resumable at any moment, parallel like serial, one answer per row."""

import gzip
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.extraction import RunOptions, run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.pipelines.store import ExtractionWriter
from reportsup.schemas import BackendError, ConfigError, DatabaseError, InputError
from reportsup.schemas.database import open_database

HERE = Path(__file__).parent
TABLES = {
    "reports": "report_id, text_sha256, source_row, extra",
    "extractions": "run_id, report_id, text_sha256, status, reason, review_reasons",
    "findings": "*",
    "measurements": "*",
    "evidence": "*",
    "organ_status": "*",
    "quarantine": "*",
    "rejects": "*",
    "runs": "run_id, extractor, extractor_version, config_hash",
}


@pytest.fixture(autouse=True)
def _toys(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))  # spawned workers get the parent's sys.path


def toy(name="Toy", **options):
    return ExtractorSpec(f"toy_extractors:{name}", options)


def contents(database):
    """All tables without the columns that tell the time."""
    with open_database(database, read_only=True) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
            for table, columns in TABLES.items()
        }


def run(path, database, spec=None, **options):
    return run_extraction(open_sources([path], InputOptions()), database, spec or toy(), RunOptions(**options))


@pytest.fixture
def clean(reports, tmp_path):
    run(reports, tmp_path / "clean.duckdb")
    return contents(tmp_path / "clean.duckdb")


def test_every_row_ends_in_extractions_or_rejects(write, tmp_path):
    path = write("r.csv", "id,text\n1,Liver cyst of 2 cm.\n2,\n1,Liver cyst of 2 cm.\n3,No lesion.\n")
    summary = run(path, tmp_path / "d.duckdb")
    found = contents(tmp_path / "d.duckdb")
    assert [row[1] for row in found["extractions"]] == ["1", "3"]
    assert [row[1] for row in found["rejects"]] == [2, 3]
    assert (summary.rows, summary.extracted, summary.rejects, summary.failed) == (4, 2, 2, 2)


def test_rejects_of_rows_that_were_mended_or_removed_are_forgotten(write, tmp_path):
    database = tmp_path / "d.duckdb"
    run(write("r.csv", "id,text\n1,\n2,\n3,\n"), database)
    run(write("r.csv", "id,text\n1,cyst\n2,\n"), database)
    assert [row[1] for row in contents(database)["rejects"]] == [2]


def test_parallel_serial_and_own_concurrency_write_the_same(reports, clean, tmp_path):
    run(reports, tmp_path / "two.duckdb", workers=2)
    assert contents(tmp_path / "two.duckdb") == clean
    run(reports, tmp_path / "many.duckdb", toy("Many"))
    assert contents(tmp_path / "many.duckdb") == clean


def test_the_rules_in_two_processes_write_what_they_write_in_one(reports, tmp_path):
    for workers in (1, 2):
        run(reports, tmp_path / f"{workers}.duckdb", ExtractorSpec(), workers=workers)
    assert contents(tmp_path / "1.duckdb") == contents(tmp_path / "2.duckdb")
    assert len(contents(tmp_path / "1.duckdb")["measurements"]) > 200


def test_a_second_run_does_nothing_and_a_changed_report_is_read_again(reports, tmp_path):
    database = tmp_path / "d.duckdb"
    run(reports, database)
    before = contents(database)
    again = run(reports, database)
    assert (again.extracted, again.skipped) == (0, 300)
    assert contents(database) == before
    reports.write_text(reports.read_text().replace("2 cm cyst in segment 4. Exam 0.", "A cyst and a cyst. Exam 0."))
    changed = run(reports, database)
    assert (changed.extracted, changed.skipped) == (1, 299)
    assert len(contents(database)["findings"]) == len(before["findings"]) + 1


def test_another_extractor_is_another_run_beside_the_first(reports, clean, tmp_path):
    database = tmp_path / "d.duckdb"
    run(reports, database)
    run(reports, database, ExtractorSpec())
    assert len(contents(database)["runs"]) == 2
    assert len(contents(database)["extractions"]) == 600
    assert len(contents(database)["reports"]) == 300


def test_a_limit_reads_the_first_rows_only(reports, clean, tmp_path):
    database = tmp_path / "d.duckdb"
    assert run(reports, database, limit=10).extracted == 10
    run(reports, database)
    assert contents(database) == clean


_INTERRUPTED = """
import sys
from pathlib import Path
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.extraction import RunOptions, run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources

def progress(summary, position):
    print(summary.extracted, flush=True)

if __name__ == "__main__":
    options = RunOptions(workers=int(sys.argv[3]), batch_reports=20)
    spec = ExtractorSpec("toy_extractors:Toy", {"seconds": 0.002})
    sources = open_sources([Path(sys.argv[1])], InputOptions())
    summary = run_extraction(sources, Path(sys.argv[2]), spec, options, progress)
    sys.exit(130 if summary.interrupted else 0)
"""


def interrupted(tmp_path, reports, database, workers, sign, after):
    """Run until `after` reports are extracted, then send a signal; returns the exit code."""
    script = tmp_path / "interrupted.py"
    script.write_text(_INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, str(script), str(reports), str(database), str(workers)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    for line in process.stdout:
        if int(line) >= after:
            process.send_signal(sign)
            break
    process.communicate()
    return process.returncode


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment_the_next_run_ends_in_the_same_tables(reports, clean, tmp_path, workers):
    database = tmp_path / "killed.duckdb"
    for after in random.Random(workers).sample(range(1, 120), 3):
        assert interrupted(tmp_path, reports, database, workers, signal.SIGKILL, after) == -signal.SIGKILL
    if database.exists():
        with open_database(database, read_only=True) as connection:
            (n,) = connection.execute("SELECT count(*) FROM extractions").fetchone()
        assert n < 300
    run(reports, database)
    assert contents(database) == clean


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_done(reports, clean, tmp_path, workers):
    database = tmp_path / "stopped.duckdb"
    assert interrupted(tmp_path, reports, database, workers, signal.SIGINT, 70) == 130
    done = len(contents(database)["extractions"])
    assert 70 <= done < 300
    assert run(reports, database).extracted == 300 - done
    assert contents(database) == clean


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_report_is_an_error_without_its_text_and_the_others_go_on(write, tmp_path, workers):
    texts = {7: "raise secret", 30: "hang"} | ({50: "die", 51: "die"} if workers == 2 else {})
    path = write("r.jsonl", [{"id": f"{i:03d}", "text": texts.get(i, "a cyst")} for i in range(200)])
    summary = run(path, tmp_path / "d.duckdb", workers=workers, timeout_s=0.5)
    assert summary.by_status == {"error": len(texts), "ok": 200 - len(texts)}
    reasons = [row[4] for row in contents(tmp_path / "d.duckdb")["extractions"] if row[3] == "error"]
    assert reasons[:2] == ["ValueError in the extractor", "took longer than 0.5 s"]
    assert set(reasons[2:]) <= {"the worker process died"}
    assert run(path, tmp_path / "d.duckdb", workers=1, timeout_s=0.1, limit=49).extracted == 2  # errors are tried again


def test_an_extractor_that_no_worker_can_load_ends_the_run(reports, tmp_path):
    with pytest.raises(BackendError, match="while it loaded"):
        run(reports, tmp_path / "d.duckdb", toy("Unloadable", parent=os.getpid()), workers=2)


@pytest.mark.parametrize("backend", ["nonsense", "nowhere:Thing", "toy_extractors:Nothing"])
def test_an_unknown_backend_is_named(reports, tmp_path, backend):
    with pytest.raises(ConfigError, match=backend):
        run(reports, tmp_path / "d.duckdb", ExtractorSpec(backend))


def test_a_report_that_breaks_a_backends_own_concurrency_is_set_aside_alone(write, tmp_path):
    texts = {7: "raise secret", 8: "raise secret", 30: "raise secret"}
    path = write("r.jsonl", [{"id": f"{i:03d}", "text": texts.get(i, "a cyst")} for i in range(60)])
    summary = run(path, tmp_path / "d.duckdb", toy("Brittle"))
    assert summary.by_status == {"error": 3, "ok": 57}
    errors = [row for row in contents(tmp_path / "d.duckdb")["extractions"] if row[3] == "error"]
    assert {row[4] for row in errors} == {"ValueError in the extractor"}
    (where,) = summary.errors
    assert "toy_extractors.py" in where
    assert "secret" not in where


def test_an_input_that_breaks_off_is_not_a_reports_fault(write, tmp_path):
    data = gzip.compress("".join(f'{{"id": {i}, "text": "a cyst {i * i}"}}\n' for i in range(3000)).encode())
    path = write("r.jsonl.gz", data)
    sources = open_sources([path], InputOptions())
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises((EOFError, InputError)):
        run_extraction(sources, tmp_path / "d.duckdb", toy("Many"), RunOptions())


@pytest.mark.parametrize("batch", [1, 3])
def test_a_full_disk_keeps_whole_batches_and_the_next_run_goes_on(reports, clean, tmp_path, monkeypatch, batch):
    database = tmp_path / "d.duckdb"
    real, commits = ExtractionWriter._write_rejects, []

    def full(writer, connection):
        commits.append(1)
        real(writer, connection)
        if len(commits) == batch:
            connection.execute("COMMIT")  # as DuckDB does: a commit that fails leaves no transaction to roll back
            raise duckdb.IOException("Could not write file: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ExtractionWriter, "_write_rejects", full)
        with pytest.raises(DatabaseError, match="the disk is full"):
            run(reports, database, batch_reports=50)
    assert len(contents(database)["extractions"]) == 50 * batch
    assert run(reports, database).skipped == 50 * batch
    assert contents(database) == clean


def test_progress_tells_what_is_finished_not_what_is_read(reports, tmp_path):
    sources = open_sources([reports], InputOptions())
    told = []
    run_extraction(
        sources,
        tmp_path / "d.duckdb",
        ExtractorSpec(),
        progress=lambda summary, at: told.append((summary.extracted, at)),
    )
    size = reports.stat().st_size
    assert len(told) == 300
    for extracted, at in told:
        assert at / size == pytest.approx(extracted / 300, abs=0.05)
    assert told[-1] == (300, size)


def test_the_summary_names_every_organ(reports, tmp_path, capsys):
    from reportsup.pipelines.extraction_summary import print_summary
    from reportsup.schemas import Organ

    database = tmp_path / "d.duckdb"
    summary = run_extraction(open_sources([reports], InputOptions()), database, ExtractorSpec())
    with open_database(database) as connection:
        for n, organ in enumerate(Organ):
            connection.execute(
                "UPDATE findings SET organ = ? WHERE finding_id IN "
                "(SELECT finding_id FROM findings ORDER BY finding_id LIMIT 1 OFFSET ?)",
                [str(organ), n],
            )
    print_summary(summary, database)
    printed = capsys.readouterr().out
    assert [str(organ) for organ in Organ if str(organ) not in printed] == []
