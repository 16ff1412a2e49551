"""`reportsup doctor`: what it tells of an installation and of a database, whole, damaged, older or in use."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import duckdb
import pytest
import torch
from reportsup.nlp.reader_files import load_reader
from reportsup.pipelines import doctor
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.cli import main
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas.database import SCHEMA_VERSION

# Long enough that the texts fill blocks of the file.
TEXTS = [f"LIVER: {2 + i % 7} cm cyst in segment 4. KIDNEYS: Normal. Exam Wxyz{i}, room {i * 7919}." for i in range(40)]


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doctor")
    lines = [json.dumps({"id": f"SECRET-{i}", "report": text}) for i, text in enumerate(TEXTS)]
    (folder / "r.jsonl").write_text("\n".join(lines) + "\n")
    run_extraction(open_sources([folder / "r.jsonl"], InputOptions()), folder / "d.duckdb", ExtractorSpec())
    return folder / "d.duckdb"


@pytest.fixture
def database(extracted, tmp_path):
    return shutil.copy(extracted, tmp_path / "d.duckdb")


@pytest.fixture
def run(capsys):
    """Exit code and print of the command."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *map(str, arguments)])
        return ended.value.code or 0, capsys.readouterr().out

    return call


def as_checks(printed):
    return {check["name"]: check for check in json.loads(printed)["checks"]}


def test_a_whole_installation_and_database(run, database):
    code, printed = run("--db", database)
    assert code == 0
    assert printed.splitlines()[-1] == "Nothing is broken."
    for told in (duckdb.__version__, torch.__version__, load_reader().weights_hash, f"version {SCHEMA_VERSION} of"):
        assert told in printed
    assert "40 reports, 40 findings" in printed
    assert not any(word in printed for word in ("SECRET", "Wxyz", "segment 4."))


def test_json_holds_the_same(run, database):
    code, printed = run("--db", database, "--json")
    checks = as_checks(printed)
    assert (code, json.loads(printed)["broken"]) == (0, [])
    assert list(checks) == ["reportsup", "python", "duckdb", "torch", "reader", "gpu", "disk", "database"]
    assert checks["database"]["values"]["schema_version"] == SCHEMA_VERSION
    assert checks["database"]["values"]["rows"]["reports"] == 40
    assert checks["reader"]["values"]["rules_hash"] == load_reader().rules_hash


def test_without_a_database_none_is_looked_at(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "database" not in as_checks(run("--json")[1])
    assert list(tmp_path.iterdir()) == []


def test_the_database_stays_as_it_was(run, database):
    before = database.read_bytes()
    run("--db", database)
    assert database.read_bytes() == before


def cut_off(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten_inside(path):
    """Bytes in the middle of the file's data are wrong, its head is right."""
    content = path.read_bytes()
    at = content.index(b"Wxyz")
    path.write_bytes(content[:at] + b"\x00" * 64 + content[at + 64 :])


def of_an_older_program(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE schema_version SET version = 1")


def without_what_a_view_needs(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP VIEW v_findings")


@pytest.mark.parametrize(
    "harm",
    [cut_off, overwritten_inside, of_an_older_program, without_what_a_view_needs, lambda path: path.unlink()],
)
def test_a_database_that_is_not_whole_is_broken(run, database, harm):
    harm(database)
    code, printed = run("--db", database)
    assert code == 1
    assert printed.splitlines()[-1] == "Broken: database."
    assert not any(word in printed for word in ("SECRET", "Wxyz"))


def test_a_folder_that_is_not_there_is_broken(run, tmp_path):
    code, printed = run("--db", tmp_path / "none" / "d.duckdb")
    assert code == 1
    assert "Broken: disk, database." in printed


def test_a_database_that_another_process_holds_is_not_broken(run, database):
    holds = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", holds, str(database)], **pipes) as holder:
        assert holder.stdout.readline() == b"held\n"
        code, printed = run("--db", database, "--json")
        holder.stdin.close()
    assert code == 0
    assert as_checks(printed)["database"]["state"] == "unknown"
    assert f"held by process {holder.pid}" in as_checks(printed)["database"]["sentence"]


def test_a_full_disk_is_broken(run, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=3e8))
    code, printed = run()
    assert code == 1
    assert "Only 0.3 GB are free" in printed


def test_a_library_that_cannot_be_imported_is_broken_and_the_rest_is_told(run, monkeypatch):
    def failing(name):
        if name == "torch":
            raise ImportError("libcudart of SECRET")
        return duckdb

    monkeypatch.setattr(doctor, "import_module", failing)
    code, printed = run()
    assert code == 1
    assert "unforeseen ImportError" in printed
    assert f"duckdb {duckdb.__version__}." in printed
    assert "SECRET" not in printed


@pytest.mark.parametrize("computes", [True, False])
def test_a_gpu_is_named_and_tried(monkeypatch, computes):
    def ones(*_, **__):
        if not computes:
            raise RuntimeError("no kernel image")
        return torch.zeros(1)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    device = SimpleNamespace(name="Card 9000", total_memory=80_000_000_000)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: device)
    monkeypatch.setattr(torch, "ones", ones)
    check = doctor._gpu()
    assert check.state == ("ok" if computes else "broken")
    assert "Card 9000 with 80.0 GB" in check.sentence
