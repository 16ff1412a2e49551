"""`--log-file`: enough to help with, and nothing of a patient in it, wherever a command ends."""

import json
import logging
import warnings
from datetime import datetime
from pathlib import Path

import pytest
from reportsup.nlp.reader_files import load_reader
from reportsup.pipelines.cli import main
from reportsup.pipelines.support_log import SupportLog, tell_counts

from .conftest import command

HERE = Path(__file__).parent
TEXT, ID = "Secretword", "MARKEDID77"
OUR_FRAME = "pipelines/cli.py:"


@pytest.fixture
def run(monkeypatch, tmp_path, capfd):
    """Run a command in this process with a log; returns the exit code and the lines of the log that it added."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(HERE))
    log = tmp_path / "support.jsonl"

    def call(*arguments):
        known = len(log.read_text().splitlines()) if log.exists() else 0
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments), "--log-file", str(log)])
        capfd.readouterr()
        return ended.value.code or 0, [json.loads(line) for line in log.read_text().splitlines()[known:]]

    return call


@pytest.fixture
def reports(write):
    records = [{"id": ID, "text": f"{TEXT} cyst"}, {"id": f"{ID}2", "text": f"raise {TEXT}"}, {"id": "", "text": TEXT}]
    return write(f"{ID}.jsonl", records)


def test_what_a_command_did_is_told(run, reports):
    code, lines = run("extract", reports, "--backend", "toy_extractors:Toy", "--workers", "1", "--limit=3")
    start, extraction, failed, end = lines
    assert [line["event"] for line in lines] == ["start", "extraction", "reports failed", "end"]
    assert start["command"] == ["extract", "…", "--backend", "…", "--workers", "1", "--limit=3"]
    assert {"reportsup", "python", "duckdb", "torch"} <= start["versions"].keys()
    assert start["reader"] == {"weights": load_reader().weights_hash, "rules": load_reader().rules_hash}
    assert {"rows": 3, "ok": 1, "error": 1, "rejects": 1}.items() <= extraction["counts"].items()
    assert failed["counts"] == {"reports": 1}
    assert "toy_extractors.py" in failed["code"][-2]
    assert failed["code"][-1] == "ValueError"
    assert end["exit_code"] == code == 1
    assert end["seconds"] > 0
    assert all(datetime.fromisoformat(line["time"]).tzinfo for line in lines)


def test_an_error_is_told_by_its_class_and_lines_of_code(run, reports):
    code, (_, error, end) = run("show", ID, "--db", f"{ID}.duckdb")
    assert (code, error["error"], end["exit_code"]) == (1, "DatabaseError", 1)
    assert OUR_FRAME in error["code"][0]
    assert error["code"][-1] == "DatabaseError"
    _, (_, error, _) = run("extract", reports, "--backend", "toy_extractors:Impossible")
    assert "toy_extractors.py" in " ".join(error["code"])


def test_nothing_of_a_patient_is_in_it(run, reports, tmp_path):
    db = ("--db", f"{ID}.duckdb")
    with pytest.warns(RuntimeWarning, match=TEXT):
        run("extract", reports, "--backend", "toy_extractors:Talkative", "--workers", "1", *db)
    for arguments in (
        ("extract", reports, "--backend", "toy_extractors:Toy", "--workers", "1", *db),
        ("extract", reports, "--backend", "toy_extractors:Impossible", *db),
        ("extract", f"{ID}.csv", "--text-column", TEXT, *db),
        ("show", ID, *db),
        ("show", f"{ID}99", *db),
        ("timeline", ID, *db),
        ("sql", f"SELECT '{TEXT}' FROM nowhere", *db),
        ("sql", f"SELECT CAST(text AS INT) FROM reports -- {TEXT}", *db),
        ("sql", f"--{TEXT}", *db),
        ("correct", ID, "--field", "sizes_mm", "--value", TEXT, "--by", ID, "--reason", TEXT, *db),
        ("correct", "--from", f"{ID}.json", *db),
        ("export", f"{ID}.csv", *db),
        ("import", f"{ID}.jsonl", "--reader", ID, *db),
        ("score", f"{ID}.jsonl", *db),
        ("audit", TEXT, *db),
        ("audit", "--html", f"{ID}/{TEXT}.html", *db),
        ("index", f"{ID}.csv", *db),
        ("train", "--run", f"runs/{ID}", "--set", f"network={TEXT}", *db),
        ("predict", f"runs/{ID}", f"{ID}.nii.gz", *db),
        ("evaluate", f"runs/{ID}", *db),
        ("demo", "--out", f"{ID}/{TEXT}", "--masked", TEXT),
        ("doctor", *db),
        (TEXT,),
        ("--" + ID,),
        ("extract", f"--{ID}={TEXT}"),
    ):
        code, lines = run(*arguments)
        assert (lines[0]["event"], lines[-1]["event"], lines[-1]["exit_code"]) == ("start", "end", code)
    log = (tmp_path / "support.jsonl").read_text()
    assert "RuntimeWarning" in log
    assert "somebody.else" in log
    for mark in (TEXT, ID):
        assert mark.lower() not in log.lower()


def test_it_stands_anywhere_is_appended_to_and_needs_a_place(tmp_path):
    log = tmp_path / "log.jsonl"
    for arguments in (("--log-file", log, "doctor", "--json"), ("sql", "SELECT 1", f"--log-file={log}")):
        command(*arguments, cwd=tmp_path)
    commands = [line["command"][0] for line in map(json.loads, log.read_text().splitlines()) if "command" in line]
    assert commands == ["doctor", "sql"]
    refused = command("doctor", "--log-file", tmp_path / "none" / "log.jsonl")
    assert refused.returncode == 2
    assert "--log-file" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert command("doctor", "--log-file").returncode == 2


def test_what_was_told_is_on_the_disk_at_once(tmp_path):
    path = tmp_path / "log.jsonl"
    with SupportLog(path, ["audit"], frozenset({"audit"})):
        assert json.loads(path.read_text())["event"] == "start"
        tell_counts("cases", {"n": 3})
        assert json.loads(path.read_text().splitlines()[1])["counts"] == {"n": 3}


def test_the_terminal_shows_what_it_shows_without_a_log(tmp_path, capfd):
    shown = warnings.showwarning
    with SupportLog(tmp_path / "log.jsonl", [], frozenset()):
        for handler in [h for h in logging.getLogger().handlers if "pytest" in type(h).__module__]:
            logging.getLogger().removeHandler(handler)
        logging.getLogger("somebody.else").warning("seen by the user")
    assert "seen by the user" in capfd.readouterr().err
    assert warnings.showwarning is shown
    assert "seen" not in (tmp_path / "log.jsonl").read_text()
