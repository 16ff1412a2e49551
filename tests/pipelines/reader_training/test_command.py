"""`reportsup train-reader` as a user types it."""

import json
from pathlib import Path

import pytest
from reportsup.nlp.decide.model import Weights
from reportsup.nlp.reader import Reader
from reportsup.nlp.rule_files import load_rules

from ..conftest import command

BENCHMARK = Path(__file__).parents[3] / "data_samples" / "benchmark"
N_REPORTS = 6


@pytest.fixture
def gold(tmp_path):
    """The first reports of two institutions."""
    for number in (1, 2):
        for kind in ("gold", "reports"):
            lines = (BENCHMARK / f"institution_{number}.{kind}.jsonl").read_text(encoding="utf-8").splitlines()
            (tmp_path / f"site_{number}.{kind}.jsonl").write_text("\n".join(lines[:N_REPORTS]) + "\n", encoding="utf-8")
    return [tmp_path / f"site_{number}.gold.jsonl" for number in (1, 2)]


def test_the_same_input_gives_the_same_bytes_in_any_order(gold, tmp_path, monkeypatch):
    for seed, out, files in (("1", "a", gold), ("2", "b", gold[::-1])):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        done = command("train-reader", *files, "--out", out, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    for name in ("weights.json", "card.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_weights_read_what_they_were_trained_on_and_the_card_says_what(gold, tmp_path):
    done = command("train-reader", *gold, cwd=tmp_path)
    assert "trained on 12 reports" in done.stdout
    weights = Weights.read(tmp_path / "reader" / "weights.json")
    reports = [json.loads(line) for line in (tmp_path / "site_1.reports.jsonl").read_text().splitlines()]
    told = [json.loads(line) for line in (tmp_path / "site_1.gold.jsonl").read_text().splitlines()]
    reader = Reader(load_rules(), weights)
    found = [{draft.organ for draft in reader.read(report["text"]).drafts} for report in reports]
    right = [{f["organ"] for f in record["findings"]} for record in told]
    assert sum(a == b for a, b in zip(found, right, strict=True)) >= 4
    card = (tmp_path / "reader" / "card.json").read_text()
    assert json.loads(card)["trained_on"][0]["name"] == "site_1"
    assert not any(report["id"] in card for report in reports)


def test_evaluate_prints_figures_of_each_set_and_trains_nothing_unless_asked(gold, tmp_path):
    done = command("train-reader", *gold, "--evaluate", "--json", cwd=tmp_path)
    shown = json.loads(done.stdout)
    assert shown["evaluation"]["reports"] == 12
    assert set(shown["evaluation"]["by_set"]) == {"site_1", "site_2"}
    assert 0 < shown["evaluation"]["pooled"]["target.f1"]["value"] < 1
    assert sum(row["findings"] for row in shown["evaluation"]["confidence_bins"]) > 0
    assert not (tmp_path / "reader").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 1, "neither a gold file nor a database"),
        (("site_1.gold.jsonl", "--evaluate"), 2, "1 set of annotated reports vs two"),
        (("broken.gold.jsonl", "site_1.reports.jsonl"), 1, "broken.gold.jsonl line 1"),
        (("site_1.gold.jsonl", "--rules", "nowhere"), 2, "nowhere"),
    ],
)
def test_what_cannot_be_learned_from_is_told_and_nothing_is_written(gold, tmp_path, arguments, code, message):
    record = json.loads(gold[0].read_text().splitlines()[0])
    record["findings"][0]["evidence"] = ["no such words"]
    (tmp_path / "broken.gold.jsonl").write_text(json.dumps(record) + "\n")
    done = command("train-reader", *arguments, cwd=tmp_path)
    assert (done.returncode, message in done.stderr.replace("\n", " ")) == (code, True), done.stderr
    assert not (tmp_path / "reader").exists()


def test_a_report_that_a_file_and_the_database_have_counts_once(gold, tmp_path):
    assert command("extract", "site_1.reports.jsonl", "--workers", "1", cwd=tmp_path).returncode == 0
    assert command("import", "site_1.gold.jsonl", "--reader", "Dr. K", cwd=tmp_path).returncode == 0
    alone = command("train-reader", "--db", "reportsup.duckdb", "--json", cwd=tmp_path)
    assert [(s["name"], s["reports"]) for s in json.loads(alone.stdout)["sets"]] == [("reportsup", N_REPORTS)]
    both = command("train-reader", gold[0], "--db", "reportsup.duckdb", "--json", cwd=tmp_path)
    assert [(s["name"], s["reports"]) for s in json.loads(both.stdout)["sets"]] == [("site_1", N_REPORTS)]
