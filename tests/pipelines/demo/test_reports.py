"""Synthetic reports: every lesion is mentioned, sizes are near the truth, negatives only where there is nothing."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from reportsup.pipelines.demo.reports import Statement, compose_report, write_report, write_reports
from reportsup.segmentation.synthetic import CasePlan, DatasetCase, LesionRecord

PLACES = {
    "liver": [f"segment {number}" for number in range(1, 9)],
    "kidney": ["upper pole", "interpolar", "lower pole"],
    "pancreas": ["head", "body", "tail"],
}
KINDS = {
    "liver": ["metastasis", "necrotic metastasis", "cyst", "hypervascular lesion"],
    "kidney": ["solid mass", "cyst", "angiomyolipoma"],
    "pancreas": ["adenocarcinoma", "cystic lesion", "neuroendocrine tumour"],
}


def lesions_of(seed: int) -> list[LesionRecord]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(int(rng.integers(0, 5))):
        organ = str(rng.choice(list(PLACES)))
        side = str(rng.choice(["left", "right"])) if organ == "kidney" else None
        a, b, c = sorted(rng.uniform(5, 40, 3), reverse=True)
        kind, place = str(rng.choice(KINDS[organ])), str(rng.choice(PLACES[organ]))
        found.append(LesionRecord(organ, kind, side, place, (a, b, c), 1.0, -40.0, (0.0, 0.0, 0.0)))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_every_lesion_is_in_exactly_one_sentence_of_the_report(seed: int) -> None:
    lesions = lesions_of(seed)
    report = compose_report(lesions, np.random.default_rng(seed))
    assert sorted(i for statement in report.statements for i in statement.lesions) == list(range(len(lesions)))
    for statement in report.statements:
        assert statement.text in report.text
        assert not re.search(r"[{}]|None", statement.text)
        if statement.organ == "kidney":
            assert f"{lesions[statement.lesions[0]].side} kidney" in statement.text


@pytest.mark.parametrize("seed", range(60))
def test_written_sizes_are_the_lesions_within_reading_error(seed: int) -> None:
    lesions = lesions_of(seed)
    for statement in compose_report(lesions, np.random.default_rng(seed)).statements:
        for size_mm in statement.sizes_mm:
            truth_mm = lesions[statement.lesions[0]].diameters_mm[: len(size_mm)]
            assert np.abs(np.sort(size_mm) - np.sort(truth_mm)).max() < 4
            as_mm = f"{size_mm[0]:.0f} " in statement.text
            assert as_mm or f"{size_mm[0] / 10:.1f} " in statement.text


@pytest.mark.parametrize("seed", range(20))
def test_unsized_reports_give_no_size(seed: int) -> None:
    text = write_report(lesions_of(seed), np.random.default_rng(seed), sized=False)
    assert not re.search(r"\d\s*(mm|cm)|subcentimeter", text, re.IGNORECASE)


@pytest.mark.parametrize("seed", range(20))
def test_an_organ_with_a_lesion_is_not_called_normal(seed: int) -> None:
    lesions = lesions_of(seed)
    text = write_report(lesions, np.random.default_rng(seed)).lower()
    organs = {lesion.organ for lesion in lesions}
    if "liver" in organs:
        assert not re.search(r"the liver is unremarkable|no focal liver lesion|liver is normal", text)
    if "pancreas" in organs:
        assert not re.search(r"pancreas is (unremarkable|normal)|no pancreatic mass", text)
    if {lesion.side for lesion in lesions} >= {"left", "right"}:
        assert not re.search(r"kidneys? is unremarkable|no (left |right )?renal mass", text)


def test_wordings_vary() -> None:
    lesion = LesionRecord("liver", "metastasis", None, "segment 6", (23.0, 20.0, 18.0), 4000.0, -40.0, (0.0, 0.0, 0.0))
    texts = {write_report([lesion], np.random.default_rng(seed)) for seed in range(30)}
    assert len(texts) == 30


@pytest.mark.parametrize("seed", range(20))
def test_lesions_of_organs_that_nobody_measures_have_no_size(seed: int) -> None:
    lesions = lesions_of(seed)
    measured = compose_report(lesions, np.random.default_rng(seed), unsized_organs=("liver", "pancreas"))
    for statement in measured.statements:
        assert bool(statement.sizes_mm) <= (statement.organ == "kidney")
        if statement.organ != "kidney":
            assert not re.search(r"\d (mm|cm)", statement.text)
    sizes = [s.sizes_mm for seed in range(20) for s in _statements(seed) if s.organ == "kidney"]
    assert any(sizes)


def _statements(seed: int) -> tuple[Statement, ...]:
    return compose_report(
        lesions_of(seed), np.random.default_rng(seed), unsized_organs=("liver", "pancreas")
    ).statements


def test_reports_csv_and_its_truth(tmp_path: Path) -> None:
    cases = [
        DatasetCase(CasePlan(f"syn_{seed}", seed, "reported", "train", "AB"[seed % 2], 1), tuple(lesions_of(seed)))
        for seed in range(16)
    ]
    path = write_reports(tmp_path, cases, seed=3, unsized_share={"A": 0.5, "B": 1.0})
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    truth = json.loads((tmp_path / "reports_truth.json").read_text(encoding="utf-8"))
    assert [row["report_id"] for row in rows] == list(truth)
    sized = [entry["sized"] for entry in truth.values()]
    assert set(sized[0::2]) == {True, False}  # scanner A: some
    assert not any(sized[1::2])  # scanner B: none
    for row in rows:
        assert all(statement["text"] in row["report_text"] for statement in truth[row["report_id"]]["statements"])
