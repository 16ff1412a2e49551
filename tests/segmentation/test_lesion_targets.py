"""The contract between loader and losses: what is built, merged, dropped, refused."""

import math

import pytest
import torch
from reportsup.schemas.errors import DataError
from reportsup.segmentation.lesion_targets import (
    Lesion,
    LesionTargets,
    RegionTarget,
    ball_volume_mm3,
    bounding_box,
)

SHAPE = (8, 9, 10)
BIG, SMALL = Lesion(10.0, 500.0), Lesion(5.0, 60.0)


def region(x0, x1, shape=SHAPE):
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[x0:x1, 2:7, 3:5] = True
    return mask


def build(*samples, spacing_mm=(1.0, 1.0, 1.0)):
    return LesionTargets.from_regions(samples, torch.tensor([spacing_mm] * len(samples)), SHAPE)


def test_fields_of_a_batch():
    targets = build(
        [RegionTarget(0, region(0, 3), 100.0, 900.0, (SMALL, BIG), background_known=False, weight=0.5)],
        [],
        [RegionTarget(1, region(5, 8), 10.0), RegionTarget(2, region(5, 8), 0.0, 5.0)],
    )
    assert targets.region.shape == (3, 2, *SHAPE)
    assert targets.channel.tolist() == [[0, -1], [-1, -1], [1, 2]]
    assert targets.box[0, 0].tolist() == [0, 3, 2, 7, 3, 5]
    assert targets.lesion_diameter_mm[0, 0].tolist() == [10.0, 5.0]
    assert targets.lesion_volume_mm3[0, 0].tolist() == [500.0, 60.0]
    assert targets.volume_hi_mm3[2].tolist() == [math.inf, 5.0]
    assert (targets.background_known[0, 0].item(), targets.weight[0, 0].item()) == (False, 0.5)


def test_overlapping_regions_keep_their_own_slot_and_know_their_neighbours():
    targets = build(
        [
            RegionTarget(0, region(0, 3), 1.0, 2.0, (SMALL,)),
            RegionTarget(0, region(2, 6), 100.0, 200.0, (BIG,), background_known=False),
            RegionTarget(0, region(6, 8), 7.0),
            RegionTarget(1, region(0, 8), 9.0),
        ]
    )
    assert targets.volume_hi_mm3[0].tolist() == [2.0, 200.0, math.inf, math.inf]
    assert targets.background_known[0].tolist() == [True, False, True, True]
    assert torch.equal(targets.region[0, 0], region(0, 3))
    assert [targets.neighbours(0, r) for r in range(4)] == [[1], [0], [], []]


def test_regions_outside_the_crop_are_dropped():
    targets = build([RegionTarget(0, region(3, 3), 5.0, 9.0), RegionTarget(0, region(1, 2), 5.0, 9.0)])
    assert targets.channel.tolist() == [[0]]


def test_no_target_at_all():
    targets = build([], [])
    assert targets.region.shape == (2, 0, *SHAPE)
    assert not targets.unknown(3).any()


def test_unknown_is_the_union_by_channel():
    targets = build([RegionTarget(0, region(0, 2), 5.0), RegionTarget(0, region(4, 5), 5.0)], [])
    unknown = targets.unknown(2)
    assert torch.equal(unknown[0, 0], region(0, 2) | region(4, 5))
    assert not unknown[0, 1].any()
    assert not unknown[1].any()


def test_round_trip_through_a_dict_and_a_device():
    targets = build([RegionTarget(0, region(0, 2), 5.0, 9.0, (BIG,))])
    again = LesionTargets.from_dict(targets.as_dict()).to("cpu")
    for name, field in targets.as_dict().items():
        assert torch.equal(field, getattr(again, name))


def test_unsized_lesion_is_a_6_mm_ball():
    assert Lesion.unsized().diameter_mm == 6.0
    assert Lesion.unsized().volume_mm3 == pytest.approx(113.1, abs=0.1)
    assert ball_volume_mm3(10.0) == pytest.approx(523.6, abs=0.1)


def test_bounding_box_of_nothing():
    assert bounding_box(torch.zeros(SHAPE, dtype=torch.bool)).tolist() == [0] * 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channel": -1}, "-1"),
        ({"volume_lo_mm3": 9.0, "volume_hi_mm3": 5.0}, r"\[9\.0, 5\.0\]"),
        ({"volume_lo_mm3": math.nan}, "nan"),
        ({"volume_lo_mm3": math.inf}, "inf"),
        ({"weight": 1.5}, r"1\.5"),
        ({"region": torch.zeros(SHAPE)}, "float32"),
    ],
)
def test_impossible_targets_are_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        RegionTarget(**({"channel": 0, "region": region(0, 2), "volume_lo_mm3": 1.0} | arguments))


@pytest.mark.parametrize("value", [0.0, -3.0, math.nan, math.inf])
def test_impossible_lesions_are_refused(value):
    with pytest.raises(DataError, match="diameter_mm"):
        Lesion(value, 10.0)


def test_masks_of_another_crop_are_refused():
    with pytest.raises(DataError, match=r"\(4, 9, 10\)"):
        build([RegionTarget(0, region(0, 2, (4, 9, 10)), 1.0)])
    with pytest.raises(DataError, match="spacing_mm"):
        build([], spacing_mm=(1.0, 0.0, 1.0))
