"""What a cluster's node does with a chunk, without a cluster."""

import json
import socket
from pathlib import Path

import pytest
from reportsup.nlp.extractor import run_id
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.ray_reader import ChunkReader
from reportsup.pipelines.ray_runner import _knock
from reportsup.pipelines.spool import Spool, tries_file
from reportsup.pipelines.store import text_hash
from reportsup.schemas import BackendError, Report

SPEC = ExtractorSpec("toy_extractors:Toy")
REPORTS = [Report(report_id=f"R{i}", text="a cyst" * i, source_row=i, sex="F") for i in range(300)]


@pytest.fixture(autouse=True)
def _toys(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def run():
    return run_id(SPEC.build())


@pytest.fixture
def spool(tmp_path, run):
    spool = Spool(tmp_path / "parts", run)
    spool.start()
    return spool


def answered(spool, names):
    return [(report, rows.status) for name in names for report, rows in spool.answers(name)]


def test_reports_come_back_whole_and_in_order(spool, run):
    names = spool.write_todo(REPORTS)
    ChunkReader(SPEC, spool.folder, run, 10.0)({"name": names})
    assert answered(spool, names) == [(r, "ok" if r.source_row else "no_lesion") for r in REPORTS]
    left = spool.leftovers()
    assert len(left) == 300
    assert len(left["R2", text_hash("a cysta cyst")].findings) == 2


def test_a_report_at_which_readers_died_twice_is_an_error_and_the_others_are_read(spool, run):
    (name,) = spool.write_todo(REPORTS[:5])
    reader = ChunkReader(SPEC, spool.folder, run, 10.0)
    note = tries_file(spool.folder, name)
    note.write_text(json.dumps({"at": 3, "died": 0, "why": "the worker process died", "failed": {}}))
    reader({"name": [name]})
    assert [s for _, s in answered(spool, [name])] == ["no_lesion", "ok", "ok", "ok", "ok"]
    spool.forget(name)
    (name,) = spool.write_todo(REPORTS[:5])
    note.write_text(json.dumps({"at": 3, "died": 1, "why": "the worker process died", "failed": {"1": "took longer"}}))
    reader({"name": [name]})
    found = list(spool.answers(name))
    assert [(rows.status, rows.reason) for _, rows in found][:4] == [
        ("no_lesion", None), ("error", "took longer"), ("ok", None), ("error", "the worker process died"),
    ]  # fmt: skip


def test_an_answered_chunk_is_not_read_again(spool, run):
    (name,) = spool.write_todo(REPORTS[:5])
    ChunkReader(SPEC, spool.folder, run, 10.0)({"name": [name]})
    before = (spool.folder / f"{name}.rows.parquet").stat().st_mtime_ns
    ChunkReader(SPEC, spool.folder, run, 10.0)({"name": [name]})
    assert (spool.folder / f"{name}.rows.parquet").stat().st_mtime_ns == before


def test_a_node_with_another_extractor_or_folder_is_refused(spool, run, tmp_path):
    with pytest.raises(BackendError, match="answer as another run"):
        ChunkReader(SPEC, spool.folder, "0" * 12, 10.0)
    with pytest.raises(BackendError, match="a folder that every node sees"):
        ChunkReader(SPEC, tmp_path / "nowhere", run, 10.0)


def test_a_finished_spool_leaves_nothing(spool):
    for name in spool.write_todo(REPORTS):
        spool.forget(name)
    spool.remove()
    assert not spool.folder.parent.exists()


def test_an_address_where_nobody_listens_is_noticed_before_ray_waits_for_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        _knock(address)
    with pytest.raises(ConnectionRefusedError):
        _knock(address)
    for elsewhere in (None, "auto", "local"):
        _knock(elsewhere)
