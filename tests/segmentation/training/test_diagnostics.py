"""The words of a run are the sums of its steps."""

import pytest
import torch
from reportsup.segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget
from reportsup.segmentation.training.dataset import Batch
from reportsup.segmentation.training.diagnostics import describe, diagnose

SHAPE = (10, 10, 10)


def batch_of(regions, of_report):
    label = torch.zeros(2, 2, *SHAPE, dtype=torch.bool)
    label[1, 0, :2, :2, :2] = True
    targets = LesionTargets.from_regions(regions, torch.ones(2, 3), SHAPE)
    return Batch(("a", "b"), torch.zeros(2, 1, *SHAPE), label, torch.ones_like(label), targets, of_report)


def test_what_a_step_saw_and_how_its_lesion_was_placed():
    whole = torch.ones(SHAPE, dtype=torch.bool)
    regions = [[RegionTarget(1, whole, 50.0, 200.0, (Lesion(6.0, 100.0),), background_known=False)], []]
    logits = torch.full((2, 2, *SHAPE), -20.0)
    logits[0, 1, 2:8, 2:8, 2:8] = 0.0  # 216 voxels of ½
    step = diagnose(logits, batch_of(regions, (True, False)), 2)
    words = describe(step + step, ["liver", "kidney"])
    assert (words["mask_crops"], words["report_crops"]) == (2, 2)
    assert (words["drawn/liver"], words["drawn/kidney"], words["reported/liver"], words["reported/kidney"]) == (
        2,
        0,
        0,
        2,
    )
    assert words["background_known/kidney"] == 0
    assert words["confidence/kidney"] == pytest.approx(0.5, abs=1e-3)
    assert words["volume_ratio/kidney"] == pytest.approx(1.08, abs=1e-3)
    assert words["loss/liver"] == pytest.approx(20 * 8 / 2000, rel=1e-3)
    assert words["loss/kidney"] == pytest.approx(0, abs=1e-5)
    assert "confidence/liver" not in words


def test_nothing_of_reports_where_there_are_none():
    words = describe(diagnose(torch.zeros(2, 2, *SHAPE), batch_of([[], []], (False, False)), 2), ["liver", "kidney"])
    assert not [name for name in words if name.split("/")[0] in ("confidence", "volume_ratio", "background_known")]
