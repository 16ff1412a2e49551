"""The proof's own steps: what is stored reads back, wrong reports are wrong, equal arms do not differ."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reportsup.segmentation.evaluation import EvaluationCase, EvaluationSettings, evaluate
from reportsup.segmentation.synthetic import CasePlan, DatasetCase, LesionRecord

PROOF = Path(__file__).parents[2] / "benchmarks" / "proof"


@pytest.fixture(autouse=True)
def _proof_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(PROOF))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(PROOF) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def evaluation_of(shift: float):
    """Six patients, half of them with a lesion; `shift` moves what is predicted for the sick ones."""
    cases = []
    for number in range(6):
        truth = np.zeros((12, 12, 12), dtype=bool)
        if number % 2:
            truth[3:7, 3:7, 3:7] = True
        probability = np.roll(truth, int(shift), axis=0) * (0.6 + 0.05 * number) + 0.01
        split = "validation" if number < 2 else "test"
        cases.append(EvaluationCase(f"c{number}", np.eye(4), {"liver": probability}, {"liver": truth}, split=split))
    return evaluate(cases, settings=EvaluationSettings(n_resamples=2))


def test_cases_read_back_as_they_were(tmp_path):
    from records import read_cases, write_cases

    evaluation = evaluation_of(1)
    write_cases(tmp_path / "cases.json", evaluation)
    rows, points = read_cases(tmp_path / "cases.json")
    assert points == evaluation.operating_points
    for row, kept in zip(rows, evaluation.test_results, strict=True):
        assert (row.case_id, row.lesions, row.detections) == (kept.case_id, kept.lesions, kept.detections)
        assert row.score == pytest.approx(kept.score, abs=1e-6)
        assert row.dsc == (None if kept.dsc is None else pytest.approx(kept.dsc, abs=1e-6))


def test_an_arm_does_not_differ_from_itself_and_a_better_one_is_better(tmp_path):
    from comparisons import compare, read_arms
    from records import write_cases

    (tmp_path / "cases").mkdir()
    for arm, shift in (("masks", 2), ("masks + reports", 0)):
        for seed in (0, 1):
            name = f"{arm}, rate 1, seed {seed}.json"
            (tmp_path / name).write_text(json.dumps({"arm": arm, "seed": seed}))
            write_cases(tmp_path / "cases" / name, evaluation_of(shift))
    (tmp_path / "masks, rate 2, seed 0.json").write_text(json.dumps({"arm": "masks", "seed": 0}))  # not judged
    arms = read_arms(tmp_path)
    assert {name: arm.tried for name, arm in arms.items()} == {"masks": 2, "masks + reports": 1}
    same = compare(arms["masks"], arms["masks"], None, None)
    assert same.differences["dsc"].difference == 0
    assert same.smallest_shown["dsc"] == 0
    better = compare(arms["masks"], arms["masks + reports"], "liver", None)
    assert better.seeds == [0, 1]
    assert better.differences["dsc"].difference == pytest.approx(0.5)  # half of each cube against all of it
    assert better.of_seeds["dsc"] == pytest.approx([0.5, 0.5])


def lesion(**changes) -> LesionRecord:
    values = {"organ": "kidney", "kind": "cyst", "side": "left", "location": "upper pole", "volume_mm3": 500.0,
              "diameters_mm": (10.0, 9.8, 9.7), "contrast_hu": -80.0, "centre_mm": (0.0, 0.0, 0.0)}  # fmt: skip
    return LesionRecord(**{**values, **changes})


def test_a_share_of_the_reports_is_wrong_in_one_thing():
    from data import WRONG_SHARE, misreport

    plan = CasePlan("c", 0, "reported", "train", "A", 2)
    told = DatasetCase(plan, (lesion(), lesion(volume_mm3=900.0, side="right")))
    wrong = [found for n in range(400) if (found := misreport(told, n)) != told]
    assert len(wrong) / 400 == pytest.approx(WRONG_SHARE, abs=0.07)
    assert {len(found.lesions) for found in wrong} == {1, 2, 3}
    masked = replace(told, plan=replace(plan, role="masked"))
    assert all(misreport(masked, n) == masked for n in range(50))


def test_annotations_tell_groups_as_the_sentence_does():
    from data import _annotation

    said = {
        "lesions": [vars(lesion()), vars(lesion(volume_mm3=900.0))],
        "statements": [
            {"text": "Two cysts in the left kidney, the largest measuring 10 mm.", "organ": "kidney",
             "lesions": [1, 0], "sizes_mm": [[10.0]]}
        ],
    }  # fmt: skip
    (finding,) = _annotation("r", said)["findings"]
    assert (finding["count"], finding["sizes_mm"], finding["laterality"], finding["location"]) == (
        2,
        [[10.0]],
        "left",
        [],
    )
    assert _annotation("r", said)["negative_organs"] == ["liver", "pancreas"]


def test_every_arm_has_a_configuration():
    from arms import ARMS, BY_NAME, PUBLISHED, common_settings, configuration

    for arm in ARMS:
        choices = BY_NAME[arm.like].candidates if arm.like else arm.candidates
        for candidate in choices:
            config = configuration(arm, candidate, common_settings(seed=3))
            assert (config.seed, config.mask_steps, config.patch_size) == (3, 0, (32, 32, 32))
    published = configuration(BY_NAME[PUBLISHED], "rate 0.004, plain loss", common_settings())
    assert (published.weight_decay, published.one_region, published.cross_entropy_weight) == (0.05, True, 1.0)
    half = configuration(BY_NAME["masks, equal mask crops"], "rate 0.004", common_settings())
    assert half.report_steps * 2 == published.report_steps


def test_balls_of_all_seeds_are_counted_together():
    from report import _balls

    seeds = {
        "0": {"liver": {"≥ 15 mm": [3, 4]}, "kidney": {"< 15 mm": [0, 2]}, "pancreas": {}},
        "1": {"liver": {"≥ 15 mm": [0, 2]}, "kidney": {"< 15 mm": [1, 2]}, "pancreas": {}},
    }
    rows = list(_balls(seeds))[-3:]
    assert rows == ["| liver | – | 0.50 of 6 |", "| kidney | 0.25 of 4 | – |", "| pancreas | – | – |"]


def test_what_goes_the_wrong_way_is_named():
    from comparisons import METRICS, Compared
    from report import _worse
    from reportsup.segmentation.evaluation.statistics import Difference

    def found(**changed: tuple[float, float]) -> Compared:
        spans = {name: changed.get(name, (-0.1, 0.1)) for name in METRICS}
        differences = {name: Difference(0.5, 0.5, (lo + hi) / 2, lo, hi, 0.5) for name, (lo, hi) in spans.items()}
        return Compared(differences, {name: [0.0] for name in METRICS}, {}, None, [0])

    assert _worse({"liver": found(f1=(0.1, 0.3))}) == ""
    assert _worse({"liver": found(froc=(-0.3, -0.1))}) == "; worse: liver, FROC -0.200 (-0.300 to -0.100)"
