"""`reportsup extract` with language models: commands, batches, kills, comparison."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reportsup.schemas.database import open_database

from ..nlp.llm.fake_server import honest
from .conftest import command

FAKE_SERVER = Path(__file__).parents[1] / "nlp" / "llm" / "fake_server.py"
FAULTS = ["", "@hallucinated", "@prose", "@wrong_size", "@e500*1", "@cut_at_once"]


@pytest.fixture
def server(request):
    """A server in a process of its own; its API's root."""
    seconds = getattr(request, "param", "0")
    process = subprocess.Popen([sys.executable, str(FAKE_SERVER), seconds], stdout=subprocess.PIPE, text=True)
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
    process.kill()
    process.wait()
    process.stdout.close()


def rows(database, sql):
    with open_database(database, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def reports(write, n, faults=FAULTS):
    lines = [f"A{i},Liver: {i % 50 + 4} mm cyst number {i}. {faults[i % len(faults)]}" for i in range(n)]
    return write("reports.csv", "id,report\n" + "\n".join(lines) + "\n")


def test_nothing_ungrounded_reaches_the_tables_and_failures_are_tried_again(write, server, tmp_path):
    path, database = reports(write, 60), tmp_path / "d.duckdb"
    ask = ["extract", path, "--db", database, "--backend", "openai", "--model", "fake", "--base-url", server]
    done = command(*ask)
    assert done.returncode == 1, done.stderr
    assert "cyst" not in done.stderr
    assert dict(rows(database, "SELECT status, count(*) FROM extractions GROUP BY 1")) == {"ok": 40, "error": 20}
    assert rows(database, "SELECT count(*) FROM quarantine") == [(20,)]
    assert rows(database, "FROM audit_ungrounded") == []
    ungrounded = (
        "SELECT count(*) FROM measurements m JOIN findings f USING (run_id, finding_id) "
        "JOIN reports r USING (report_id) "
        "WHERE substring(r.text, m.source_start + 1, m.source_end - m.source_start) <> m.source_text "
        "OR NOT contains(m.source_text, CAST(CAST(m.diameters_mm[1] AS INT) AS VARCHAR))"
    )
    assert rows(database, ungrounded) == [(0,)]
    assert rows(database, "SELECT sum((details->>'prompt_tokens')::INT) FROM extractions")[0][0] >= 4000
    again = command(*ask)
    assert "20 reports extracted" in again.stdout


@pytest.mark.parametrize("server", ["0.05"], indirect=True)  # 10 s of work: five kills fit in, on a slow machine too
def test_five_kills_lose_no_report(write, server, tmp_path):
    path, database = reports(write, 400, [""]), tmp_path / "d.duckdb"
    ask = [sys.executable, "-m", "reportsup.pipelines.cli", "extract", str(path), "--db", str(database)]
    ask += ["--backend", "openai", "--model", "fake", "--base-url", server, "--concurrency", "2"]
    chance = random.Random(0)
    kept = 0
    for _ in range(5):
        process = subprocess.Popen(ask, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_commits(process, database.with_name(database.name + ".wal"))
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        assert process.wait() == -signal.SIGKILL  # and not over by itself
        before, kept = kept, rows_after_recovery(database)
        assert kept > before
    assert command(*ask[3:]).returncode == 0
    assert rows(database, "SELECT count(*), count(DISTINCT report_id) FROM extractions WHERE status = 'ok'") == [
        (400, 400)
    ]
    assert rows(database, "SELECT count(*) FROM findings") == [(400,)]


def wait_for_commits(process, wal):
    """Until the log has grown a few times: the tables are there, and some answers."""
    sizes, deadline = set(), time.monotonic() + 60
    while len(sizes) < 4 and process.poll() is None and time.monotonic() < deadline:
        sizes |= {wal.stat().st_size} if wal.exists() else set()
        time.sleep(0.01)


def rows_after_recovery(database):
    with open_database(database) as connection:
        return connection.execute("SELECT count(*) FROM extractions").fetchone()[0]


def test_a_batch_by_files_is_the_same_run_as_asking(write, server, tmp_path):
    path, database, requests = reports(write, 20, [""]), tmp_path / "d.duckdb", tmp_path / "requests.jsonl"
    ask = ["extract", path, "--db", database, "--backend", "openai", "--model", "fake"]
    assert command(*ask, "--base-url", server, "--limit", 5).returncode == 0
    assert command(*ask, "--write-batch", requests).returncode == 0
    asked = [json.loads(line) for line in requests.read_text().splitlines()]
    assert len(asked) == 15
    answers = write("answers.jsonl", [answer_to(request) for request in reversed(asked[:-1])] * 2)
    with answers.open("a") as file:
        file.write('{"custom_id": "cut off')
    done = command(*ask, "--read-batch", answers)
    assert done.returncode == 1
    assert rows(database, "SELECT count(DISTINCT run_id) FROM extractions") == [(1,)]
    by_status = dict(rows(database, "SELECT status, count(*) FROM extractions GROUP BY 1"))
    assert by_status == {"ok": 19, "error": 1}
    assert "no answer to this report" in rows(database, "SELECT reason FROM extractions WHERE status = 'error'")[0][0]


def answer_to(request):
    assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
    text = request["body"]["messages"][1]["content"]
    body = {"choices": [{"message": {"content": honest(text)}, "finish_reason": "stop"}], "usage": {}}
    return {"custom_id": request["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}


def test_the_hybrid_goes_on_when_its_budget_was_spent(write, server, tmp_path):
    path, database = (
        write("r.csv", "id,report\n" + "".join(f"{i},There is a {i} cm cyst.\n" for i in range(2, 8))),
        tmp_path / "d",
    )
    ask = ["extract", path, "--db", database, "--backend", "hybrid", "--model", "fake", "--base-url", server]
    left = "SELECT count(*) FROM extractions WHERE list_contains(review_reasons, 'llm_budget_spent')"
    for expected in (2, 0):
        assert command(*ask, "--llm-budget", 4).returncode == 0
        assert rows(database, left) == [(expected,)]
    assert rows(database, "SELECT count(*), count(DISTINCT report_id) FROM extractions") == [(6, 6)]
    assert rows(database, "SELECT DISTINCT details->>'choice' FROM extractions") == [("llm",)]


def test_two_runs_are_compared_by_name_and_by_id(write, server, tmp_path):
    path, database = reports(write, 12, ["", "@hallucinated", "@prose"]), tmp_path / "d.duckdb"
    assert command("extract", path, "--db", database).returncode == 0
    command("extract", path, "--db", database, "--backend", "openai", "--model", "fake", "--base-url", server)
    done = command("compare", "rules", "openai", "--db", database, "--json")
    found = json.loads(done.stdout)
    assert (found["compared"], found["not_compared"], found["pairs"], found["f1"]) == (8, 4, 8, 1.0)
    assert found["equal"]["sizes_mm"] == 8
    table = command("compare", found["run_a"][:6], found["run_b"], "--db", database)
    assert "8 in both" in table.stdout
    wrong = command("compare", "rules", "nobody", "--db", database)
    assert wrong.returncode == 2
    assert "'nobody' is no run" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--backend", "openai"], "--model: none"),
        (["--backend", "hybrid", "--model", "m", "--llm", "x"], "--llm: 'x'"),
        (["--model", "m"], "--model: given vs backend rules"),
        (["--backend", "openai", "--model", "m", "--extra-body", "[1]"], "--extra-body"),
        (["--backend", "openai", "--model", "m", "--read-batch", "none.jsonl"], "none.jsonl cannot be read"),
        (["--backend", "transformers", "--model", "no/model"], "hf download no/model"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(write, tmp_path, arguments, said):
    done = command("extract", reports(write, 1), "--db", tmp_path / "d.duckdb", *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
