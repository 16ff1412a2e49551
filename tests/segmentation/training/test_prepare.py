"""What is read and resampled for a training, and what is not."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from reportsup.schemas import ConfigError
from reportsup.segmentation.preprocessing import LesionChannel
from reportsup.segmentation.preprocessing import planner as planner_module
from reportsup.segmentation.targets import CaseTargets, ChannelStatus, ChannelTarget, TargetTable
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.dataset import crop_rules, sort_cases
from reportsup.segmentation.training.prepare import prepare, unused_lesion_masks
from reportsup.segmentation.training.run_folder import open_run

from .conftest import LIVER, SHAPE, _indexed, ball, region_of

CONFIG = TrainingConfig(patch_size=(16, 16, 16), margin_mm=4.0)


@pytest.fixture
def known(tmp_path):
    """Four training cases: with a mask, with a report, nothing known of two; and one to validate on."""

    def make(case_id: str, status: str, split: str = "train", hu: float = 60.0):
        liver = np.zeros(SHAPE, dtype=bool)
        liver[LIVER] = True
        masks = {"liver": liver} | ({"liver_lesion": ball((11, 11, 8), 10.0)} if status == "masked" else {})
        case = replace(_indexed(tmp_path, case_id, hu * liver, masks), split=split)
        regions = (region_of((10.0,), 200.0, 900.0),) if status == "report" else ()
        return case, CaseTargets(
            case_id, split, None, {"liver": ChannelTarget("liver", ChannelStatus(status), regions)}
        )

    made = [
        make("m", "masked"), make("r", "report"), make("u", "unknown", hu=900), make("w", "unknown", hu=900),
        make("v", "masked", "validation"), make("x", "unknown", "validation"),
    ]  # fmt: skip
    return [case for case, _ in made], TargetTable({case.case_id: targets for case, targets in made}, ())


def built(folder):
    return {path.parent.name for path in folder.rglob("case.json")}


def test_a_dry_run_plans_the_same_and_resamples_nothing(tmp_path, known):
    dry = prepare(known, CONFIG, tmp_path / "cache", dry_run=True)
    assert built(tmp_path / "cache") == set()
    assert dry.n_to_build == 3
    real = prepare(known, CONFIG, tmp_path / "cache")
    assert real.data.plan == dry.data.plan
    rules = crop_rules(CONFIG, real.data.plan)
    pools = [sort_cases(found.data.train, found.data.plan, rules, True) for found in (dry, real)]
    assert pools[0] == pools[1]
    assert prepare(known, CONFIG, tmp_path / "cache", dry_run=True).n_to_build == 0
    names = ("m", "r")
    boxes = [[found.data.train[name].cached.box(["liver"]) for name in names] for found in (dry, real)]
    assert boxes[0][1] == boxes[1][1], "the region of a report was measured"


def test_only_cases_that_teach_are_read(tmp_path, known):
    prepared = prepare(known, CONFIG, tmp_path / "cache")
    assert built(tmp_path / "cache") == {"m", "r", "v"}
    assert prepared.left_out == {"u": "nothing known", "w": "nothing known"}
    assert prepared.fingerprint.n_cases == 2
    assert prepared.data.plan.clip_hu[1] < 900
    masks = prepare(known, replace(CONFIG, use_reports=False), tmp_path / "masks")
    assert built(tmp_path / "masks") == {"m", "v"}
    assert masks.left_out["r"] == "reports are off"
    assert masks.data.plan == prepared.data.plan, "arms with and without reports share a plan"


def test_the_fingerprint_is_taken_once(tmp_path, known, monkeypatch):
    first = prepare(known, CONFIG, tmp_path / "cache", dry_run=True)
    monkeypatch.setattr(planner_module, "_foreground", None)
    assert prepare(known, CONFIG, tmp_path / "cache", dry_run=True).fingerprint == first.fingerprint


def test_cases_join_the_plan_of_a_run(tmp_path, known):
    first = prepare(known, CONFIG, tmp_path / "cache")
    open_run(tmp_path / "run", CONFIG, first.data.plan, first.data.train, first.data.validation)
    cases, targets = known
    moved = [
        replace(case, split="train", spacing_mm=(9.0, 9.0, 9.0)) if case.case_id == "v" else case
        for case in cases
        if case.case_id != "r"
    ]
    joined = prepare((moved, targets), replace(CONFIG, plan_of=str(tmp_path / "run")), tmp_path / "cache")
    assert set(joined.data.train) == {"m", "v"}
    assert joined.data.plan == first.data.plan
    assert len({path.parent.parent for path in (tmp_path / "cache").rglob("case.json")}) == 1
    assert prepare((moved, targets), CONFIG, tmp_path / "cache", dry_run=True).data.plan != first.data.plan


def test_volumes_may_not_end_where_lesions_are_searched(tmp_path, known):
    with pytest.raises(ConfigError, match="organ_box_mm: 3 vs at least margin_mm, 4"):
        prepare(known, replace(CONFIG, organ_box_mm=3.0), tmp_path / "cache")


def test_drawn_lesion_masks_of_organs_left_out_are_counted():
    masks = {"liver_lesion": False, "kidney_lesion": False, "pancreatic_lesion": True, "liver": False}
    case = SimpleNamespace(masks={name: SimpleNamespace(empty=empty) for name, empty in masks.items()})
    assert unused_lesion_masks([case, case], [LesionChannel("liver", "liver_lesion")]) == {"kidney_lesion": 2}
