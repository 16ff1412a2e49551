"""Where lesions are placed and how many voxels they get."""

import math

import pytest
import torch
from reportsup.segmentation.losses import BallOptions, place_lesions

ONE_MM = (1.0, 1.0, 1.0)


def place(logits, diameters_mm, volumes_mm3, spacing_mm=ONE_MM, region=None, options=None):
    probability = torch.sigmoid(logits[0, 0])
    region = torch.ones_like(probability, dtype=torch.bool) if region is None else region
    return place_lesions(probability, region, diameters_mm, volumes_mm3, spacing_mm, options)


def n_foreground(mask):
    return int((mask.foreground > 0).sum())


def test_20_by_10_mm_lesion_keeps_its_1571_voxels(blob_logits):
    volume_mm3 = math.pi / 6 * 20 * 10 * 15  # the ball of 20 mm would hold 4189
    whole = BallOptions(foreground_fraction=1.0)
    mask = place(blob_logits((36, 36, 36), (18, 18, 18), 20.0), [20.0], [volume_mm3], options=whole)
    assert n_foreground(mask) == 1571
    assert n_foreground(place(blob_logits((36, 36, 36), (18, 18, 18), 20.0), [20.0], [volume_mm3])) == 1256


def test_foreground_lies_in_the_lesion_and_the_ring_around_it(blob_logits, distance_mm, sphere):
    lesion = sphere(12.0)
    mask = place(blob_logits((32, 32, 32), (13, 17, 15), 12.0), [12.0], [lesion.volume_mm3])
    distance = distance_mm((32, 32, 32), (13, 17, 15))
    assert n_foreground(mask) == int(0.8 * round(lesion.volume_mm3))
    assert (distance[mask.foreground > 0] <= 6.0).all()
    assert not (mask.ignored & (mask.foreground > 0)).any()
    assert mask.ignored[(distance > 6.0) & (distance <= 9.0)].all()
    assert not mask.ignored[distance > 12.0].any()


def test_foreground_is_the_most_probable_share():
    logits = torch.randn(1, 1, 14, 14, 14, generator=torch.Generator().manual_seed(3))
    options = BallOptions(search_factor=10.0)  # the search ball covers the crop
    mask = place(logits, [7.0], [200.0], options=options)
    threshold = logits.flatten().sort(descending=True).values[160 - 1]
    agreement = ((logits[0, 0] >= threshold) & (mask.foreground > 0)).sum()
    assert n_foreground(mask) == 160
    assert agreement >= 158  # ties within 1e-4 go to the nearer voxel


def test_small_lesions_are_foreground_entirely(blob_logits):
    assert n_foreground(place(blob_logits((20, 20, 20), (10, 10, 10), 5.0), [5.0], [65.0])) == 65


def test_two_lesions_are_placed_on_two_blobs_largest_first(blob_logits, sphere):
    logits = torch.maximum(
        blob_logits((40, 24, 24), (10, 12, 12), 12.0), blob_logits((40, 24, 24), (30, 12, 12), 7.0, inside=5.0)
    )
    mask = place(logits, [12.0, 7.0], [sphere(12.0).volume_mm3, sphere(7.0).volume_mm3])
    lesion = mask.foreground > 0
    assert int(lesion[:20].sum()) == int(0.8 * round(sphere(12.0).volume_mm3))
    assert int(lesion[20:].sum()) == int(0.8 * round(sphere(7.0).volume_mm3))


def test_many_lesions_in_one_saturated_region_do_not_share_voxels():
    logits = torch.full((1, 1, 20, 20, 20), 9.0)
    mask = place(logits, [6.0] * 5, [100.0] * 5)
    assert n_foreground(mask) == 500
    assert mask.foreground.max() == 1.0


def test_saturated_plateau_gives_one_ball_in_its_middle(distance_mm, sphere, blob_logits):
    logits = blob_logits((40, 40, 40), (19, 20, 21), 30.0, inside=30.0)
    mask = place(logits, [10.0], [sphere(10.0).volume_mm3])
    distance = distance_mm((40, 40, 40), (19, 20, 21))
    assert (distance[mask.foreground > 0] <= 5.0).all()


def test_lesions_stay_inside_the_region(blob_logits, sphere):
    region = torch.zeros(32, 24, 24, dtype=torch.bool)
    region[:16] = True
    mask = place(blob_logits((32, 24, 24), (24, 12, 12), 10.0), [10.0], [sphere(10.0).volume_mm3], region=region)
    assert n_foreground(mask) > 0
    assert not mask.foreground[16:].any()


def test_volume_larger_than_the_region_uses_what_is_there():
    region = torch.zeros(12, 12, 12, dtype=torch.bool)
    region[4:7, 4:7, 4:7] = True
    mask = place(torch.zeros(1, 1, 12, 12, 12), [40.0], [30_000.0], region=region)
    assert n_foreground(mask) == 27
    assert (mask.foreground[region] == 1).all()


def test_more_lesions_than_room_leave_the_rest_unplaced():
    region = torch.zeros(8, 8, 8, dtype=torch.bool)
    region[2:4, 2:4, 2:4] = True
    mask = place(torch.zeros(1, 1, 8, 8, 8), [6.0, 6.0, 6.0], [113.0] * 3, region=region)
    assert n_foreground(mask) == 8
    assert mask.foreground.isfinite().all()


def test_probability_zero_everywhere_still_places_in_the_middle(distance_mm):
    mask = place_lesions(torch.zeros(15, 15, 15), torch.ones(15, 15, 15, dtype=torch.bool), [5.0], [65.0], ONE_MM)
    assert (distance_mm((15, 15, 15), (7, 7, 7))[mask.foreground > 0] <= 3.0).all()


@pytest.mark.parametrize("spacing_mm", [(2.0, 2.0, 2.0), (0.8, 0.8, 2.5), (1.5, 1.0, 0.7)])
def test_same_lesion_on_another_grid_has_the_same_volume_and_place(blob_logits, distance_mm, sphere, spacing_mm):
    shape = tuple(round(40 / s) for s in spacing_mm)
    lesion, centre_mm = sphere(14.0), (19.0, 20.0, 18.0)
    mask = place(blob_logits(shape, centre_mm, 14.0, spacing_mm), [14.0], [lesion.volume_mm3], spacing_mm)
    volume_mm3 = n_foreground(mask) * math.prod(spacing_mm)
    assert volume_mm3 == pytest.approx(0.8 * lesion.volume_mm3, rel=0.01)
    assert (distance_mm(shape, centre_mm, spacing_mm)[mask.foreground > 0] <= 7.6).all()


def test_rank_weights_fall_by_half_and_keep_the_sum():
    logits = torch.randn(1, 1, 14, 14, 14, generator=torch.Generator().manual_seed(3))
    mask = place(logits, [9.0], [300.0], options=BallOptions(rank_weights=True))
    weights = mask.foreground[mask.foreground > 0]
    assert len(weights) == 240
    assert weights.sum().item() == pytest.approx(240, rel=1e-5)
    assert weights.max().item() == pytest.approx(1.386, abs=5e-3)
    assert weights.min().item() == pytest.approx(0.693, abs=5e-3)
