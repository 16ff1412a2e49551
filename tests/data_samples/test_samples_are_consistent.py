"""The shipped sample reports and their gold annotation agree with each other and with the gold format."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from reportsup.pipelines.scoring import check_files, read_gold_set

SAMPLES = Path(__file__).parents[2] / "data_samples"


def read_reports() -> list[dict[str, str]]:
    with (SAMPLES / "reports.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def read_gold() -> list[dict[str, Any]]:
    with (SAMPLES / "reports.gold.jsonl").open(encoding="utf-8") as handle:
        return [json.loads(line) for line in handle]


REPORTS = {row["accession_number"]: row["report"] for row in read_reports()}
GOLD = read_gold()
FINDINGS = [
    pytest.param(row["id"], finding, id=f"{row['id']}-{number}")
    for row in GOLD
    for number, finding in enumerate(row["findings"])
]


def test_ids_are_unique_and_equal_in_both_files() -> None:
    csv_ids, gold_ids = [row["accession_number"] for row in read_reports()], [row["id"] for row in GOLD]
    assert len(csv_ids) >= 40
    assert len(set(csv_ids)) == len(csv_ids)
    assert csv_ids == gold_ids


def test_the_annotation_keeps_to_the_format() -> None:
    assert check_files(read_gold_set([SAMPLES / "reports.gold.jsonl", SAMPLES / "reports.csv"])) == []


def test_every_report_has_text_modality_and_exam() -> None:
    for row in read_reports():
        assert row["report"].strip(), row["accession_number"]
        assert row["exam"].strip(), row["accession_number"]
        assert row["modality"] in {"CT", "MR", "US"}, row["accession_number"]


@pytest.mark.parametrize(("report_id", "finding"), FINDINGS)
def test_every_diameter_is_written_in_the_evidence(report_id: str, finding: dict[str, Any]) -> None:
    text = " ".join(finding["evidence"]).lower()
    numbers = {float(number.replace(",", ".")) for number in re.findall(r"\d*[.,]?\d+", text)}
    if "subcentimeter" in text:
        numbers.add(10.0)
    for size in finding["sizes_mm"] + finding["prior_sizes_mm"]:
        for diameter_mm in size:
            assert any(abs(diameter_mm - n * scale) < 0.01 for n in numbers for scale in (1, 10)), diameter_mm


@pytest.mark.parametrize(("report_id", "finding"), FINDINGS)
def test_there_are_no_more_sizes_than_lesions(report_id: str, finding: dict[str, Any]) -> None:
    if finding["count"] is not None:
        assert len(finding["sizes_mm"]) <= finding["count"]
