"""The shipped sample reports and their gold annotation agree with each other and with the gold format."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[2] / "data_samples"
ORGANS = {
    *("liver", "pancreas", "kidney", "spleen", "adrenal_gland", "gallbladder", "bile_duct", "bladder"),
    *("ureter", "prostate", "uterus", "ovary", "testis", "colon", "small_bowel", "duodenum"),
    *("stomach", "esophagus", "lung", "pleura", "mediastinum", "thymus", "heart", "breast"),
    *("bone", "thyroid", "parotid", "brain", "spine_cord", "peritoneum", "pelvis", "soft_tissue"),
    *("lymph_node", "other"),
}
ENUMS: dict[str, set[str | None]] = {
    "organ": set(ORGANS),
    "laterality": {"left", "right", "bilateral", None},
    "type": {"cyst", "metastasis", "malignant", "benign", "unspecified"},
    "size_bound": {"exact", "upper", "lower", None},
    "certainty": {"present", "possible"},
}
CLOSED_LOCATIONS = {
    "liver": {"left lobe", "right lobe", "caudate lobe", "dome", "segment 4a", "segment 4b"}
    | {f"segment {n}" for n in range(1, 9)},
    "pancreas": {"head", "uncinate", "neck", "body", "tail"},
    "kidney": {"upper pole", "interpolar", "lower pole"},
    "lung": {"upper lobe", "middle lobe", "lower lobe", "lingula", "apex"},
    "colon": {
        *("cecum", "ascending", "hepatic flexure", "transverse", "splenic flexure"),
        *("descending", "sigmoid", "rectum"),
    },
    "stomach": {"cardia", "fundus", "body", "antrum", "pylorus"},
    "esophagus": {"upper", "middle", "lower"},
    "uterus": {"fundus", "body", "cervix"},
}
FIELDS = {*ENUMS, "location", "count", "count_min", "sizes_mm", "prior_sizes_mm", "evidence"}


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


def test_every_report_has_text_modality_and_exam() -> None:
    for row in read_reports():
        assert row["report"].strip(), row["accession_number"]
        assert row["exam"].strip(), row["accession_number"]
        assert row["modality"] in {"CT", "MR", "US"}, row["accession_number"]


@pytest.mark.parametrize(("report_id", "finding"), FINDINGS)
def test_fields_and_enums_are_valid(report_id: str, finding: dict[str, Any]) -> None:
    assert set(finding) == FIELDS
    for name, allowed in ENUMS.items():
        assert finding[name] in allowed, name
    for place in finding["location"]:
        assert place == place.lower()
        assert place in CLOSED_LOCATIONS.get(finding["organ"], {place})


@pytest.mark.parametrize(("report_id", "finding"), FINDINGS)
def test_evidence_is_quoted_verbatim(report_id: str, finding: dict[str, Any]) -> None:
    assert finding["evidence"]
    for quote in finding["evidence"]:
        assert quote.strip()
        assert quote in REPORTS[report_id]


@pytest.mark.parametrize(("report_id", "finding"), FINDINGS)
def test_sizes_are_one_to_three_positive_diameters_largest_first(report_id: str, finding: dict[str, Any]) -> None:
    for size in finding["sizes_mm"] + finding["prior_sizes_mm"]:
        assert 1 <= len(size) <= 3
        assert size == sorted(size, reverse=True)
        assert all(0 < diameter_mm < 500 for diameter_mm in size)
    assert (finding["size_bound"] is None) == (not finding["sizes_mm"])


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
def test_count_min_fits_the_count_and_the_sizes(report_id: str, finding: dict[str, Any]) -> None:
    assert finding["count_min"] >= 1
    if finding["count"] is not None:
        assert finding["count_min"] <= finding["count"]
        assert len(finding["sizes_mm"]) <= finding["count"]


@pytest.mark.parametrize("row", GOLD, ids=[row["id"] for row in GOLD])
def test_no_organ_is_both_negative_and_positive(row: dict[str, Any]) -> None:
    negative = row["negative_organs"]
    assert set(row) == {"id", "findings", "negative_organs"}
    assert len(set(negative)) == len(negative)
    assert set(negative) <= ORGANS
    assert not set(negative) & {finding["organ"] for finding in row["findings"]}
