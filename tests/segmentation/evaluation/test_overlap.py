"""Dice, surface Dice and HD95: known values, MONAI as an oracle, and the convention for empty masks."""

import numpy as np
import pytest
import torch
from monai.metrics import compute_surface_dice
from reportsup.segmentation.evaluation.overlap import dice, hausdorff_mm, surface_dice, surface_distances

ONE = (1.0, 1.0, 1.0)


def cube(start, size=10, shape=(40, 40, 40)):
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(s, s + size) for s in start)] = True
    return mask


def ball(radius, shape=(40, 40, 40)):
    return ((np.indices(shape) - 20) ** 2).sum(axis=0) <= radius**2


def test_equal_masks_agree_fully():
    distances = surface_distances(ball(8), ball(8), ONE)
    assert dice(ball(8), ball(8)) == 1.0
    assert surface_dice(distances, 0.0) == 1.0
    assert hausdorff_mm(distances) == 0.0


def test_surface_area_of_a_large_box_is_its_area():
    box = np.zeros((40, 40, 40), dtype=bool)
    box[5:35, 5:35, 5:35] = True
    spacing_mm = (1.0, 2.0, 0.5)
    area = surface_distances(box, box, spacing_mm).truth_areas_mm2.sum()
    assert area == pytest.approx(2 * (30 * 60 + 30 * 15 + 60 * 15), rel=0.03)


@pytest.mark.parametrize(("shift", "spacing_x"), [(1, 1.0), (3, 1.0), (2, 2.5)])
def test_shifted_cubes_have_known_dice_and_hausdorff(shift, spacing_x):
    truth, moved = cube((10, 10, 10)), cube((10 + shift, 10, 10))
    distances = surface_distances(truth, moved, (spacing_x, 1.0, 1.0))
    assert dice(truth, moved) == pytest.approx((10 - shift) / 10)
    assert hausdorff_mm(distances) == pytest.approx(shift * spacing_x)  # a whole face (1/6 of the area) is that far
    assert surface_dice(distances, shift * spacing_x) == 1.0


def test_surface_dice_of_concentric_balls_switches_at_the_gap():
    distances = surface_distances(ball(12), ball(8), ONE)
    assert surface_dice(distances, 2.0) < 0.05
    assert surface_dice(distances, 4.8) > 0.95
    assert hausdorff_mm(distances) == pytest.approx(4.0, abs=0.7)


@pytest.mark.parametrize("tolerance_mm", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("spacing_mm", [ONE, (0.8, 0.8, 2.5)])
def test_surface_dice_equals_monai_with_subvoxels(tolerance_mm, spacing_mm):
    noise = np.random.default_rng(3).random((2, 16, 18, 14))
    masks = [(ball(6, (40, 40, 40))[12:28, 11:29, 13:27]) ^ (field > 0.97) for field in noise]
    truth, prediction = (torch.from_numpy(mask)[None, None].float() for mask in masks)
    expected = compute_surface_dice(
        prediction, truth, [tolerance_mm], include_background=True, spacing=spacing_mm, use_subvoxels=True
    )
    ours = surface_dice(surface_distances(masks[0], masks[1], spacing_mm), tolerance_mm)
    assert ours == pytest.approx(float(expected), abs=1e-6)


def test_a_mask_at_the_border_of_the_grid_has_a_closed_surface():
    inside, border = cube((10, 10, 10)), cube((0, 0, 0), shape=(10, 10, 10))
    areas = [surface_distances(m, m, ONE).truth_areas_mm2.sum() for m in (inside, border)]
    assert areas[0] == pytest.approx(areas[1])


@pytest.mark.parametrize(
    ("truth", "prediction"), [(cube((3, 3, 3)), cube((0, 0, 0), 0)), (cube((0, 0, 0), 0), cube((3, 3, 3)))]
)
def test_a_miss_and_a_false_alarm_cost_everything(truth, prediction):
    distances = surface_distances(truth, prediction, (1.0, 1.0, 2.0))
    assert dice(truth, prediction) == 0.0
    assert surface_dice(distances, 5.0) == 0.0
    assert hausdorff_mm(distances) == pytest.approx(np.sqrt(40**2 + 40**2 + 80**2))


def test_two_empty_masks_agree():
    empty = np.zeros((5, 5, 5), dtype=bool)
    distances = surface_distances(empty, empty, ONE)
    assert (dice(empty, empty), surface_dice(distances, 1.0), hausdorff_mm(distances)) == (1.0, 1.0, 0.0)


def test_hausdorff_is_weighted_by_area():
    truth = ball(10)
    speck = truth.copy()
    speck[38, 38, 38] = True  # far away, but far less than 5 % of the surface
    distances = surface_distances(truth, speck, ONE)
    assert hausdorff_mm(distances) == 0.0
    assert hausdorff_mm(distances, percentile=100.0) > 15.0
