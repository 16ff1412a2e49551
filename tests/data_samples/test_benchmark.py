"""The benchmark's sets keep to the gold format, are told apart by their ids, and are counted in their card."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from reportsup.pipelines.scoring import check_files, read_gold_set

BENCHMARK = Path(__file__).parents[2] / "data_samples" / "benchmark"
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "benchmark_sets.py"
GOLD = sorted(BENCHMARK.glob("*.gold.jsonl"))


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_card_tells_every_set():
    card = (BENCHMARK / "README.md").read_text(encoding="utf-8")
    names = [path.name.removesuffix(".gold.jsonl") for path in GOLD]
    assert len(names) >= 12
    assert [name for name in names if f"| `{name}` |" not in card] == []


@pytest.mark.parametrize("path", GOLD, ids=lambda path: path.name)
def test_every_annotation_keeps_to_the_format(path):
    assert check_files(read_gold_set([path])) == []


@pytest.mark.parametrize("path", GOLD, ids=lambda path: path.name)
def test_reports_and_annotations_are_in_the_same_order(path):
    reports = lines(path.with_name(path.name.replace(".gold.", ".reports.")))
    assert [report["id"] for report in reports] == [record["id"] for record in lines(path)]
    assert {report["language"] for report in reports} == {"en"}
    assert all(report["modality"] and report["source"] for report in reports)


def test_no_id_is_used_twice():
    gold = read_gold_set(GOLD)
    assert len(gold.records) == sum(len(lines(path)) for path in GOLD)


def test_the_card_has_the_sizes_that_the_script_prints():
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True)
    card = (BENCHMARK / "README.md").read_text(encoding="utf-8").splitlines()
    assert set(filter(None, done.stdout.splitlines())) <= set(card)


def test_agreement_of_a_reader_with_itself_is_whole(tmp_path):
    some = tmp_path / "second.jsonl"
    some.write_text("".join(GOLD[1].read_text(encoding="utf-8").splitlines(keepends=True)[:30]), encoding="utf-8")
    done = subprocess.run([sys.executable, SCRIPT, "--second-reader", some], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("30 reports")
    assert "| joint.f1 | 1.000 | 1.000–1.000 |" in done.stdout
