"""FFT = dense convolution, and ties resolve to the middle of the plateau."""

import pytest
import torch
from reportsup.segmentation.losses.fft_correlation import (
    ball_correlation,
    ball_weights,
    flat_ball,
    plateau_centre,
    squared_distance_mm2,
)
from torch.nn import functional


def dense_correlation(field, diameter_mm, spacing_mm, flat):
    radius_mm = diameter_mm / 2
    half = [int(radius_mm / s) for s in spacing_mm]
    x, y, z = (torch.arange(-h, h + 1, dtype=field.dtype) for h in half)
    distance2 = squared_distance_mm2((x, y, z), spacing_mm)
    kernel = (flat_ball if flat else ball_weights)(distance2, radius_mm)
    return functional.conv3d(field[None, None], kernel[None, None], padding=half)[0, 0]


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    ("shape", "diameter_mm", "spacing_mm"),
    [
        ((12, 12, 12), 5.0, (1.0, 1.0, 1.0)),
        ((9, 14, 11), 6.0, (1.0, 1.0, 1.0)),
        ((10, 12, 7), 8.0, (0.8, 0.7, 2.5)),
        ((6, 5, 4), 30.0, (1.0, 1.0, 1.0)),  # the ball is larger than the field
        ((1, 7, 5), 4.0, (1.0, 1.0, 1.0)),
        ((8, 8, 8), 0.5, (1.0, 1.0, 1.0)),  # smaller than a voxel: the voxel itself
    ],
)
def test_fft_equals_dense_convolution(shape, diameter_mm, spacing_mm, flat):
    field = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    expected = dense_correlation(field, diameter_mm, spacing_mm, flat)
    observed = ball_correlation(field, diameter_mm, spacing_mm, flat=flat)
    torch.testing.assert_close(observed, expected, rtol=1e-5, atol=1e-4)
    assert observed.argmax() == expected.argmax()


def test_ball_weights_fall_to_080_at_the_rim():
    weights = ball_weights(torch.tensor([0.0, 25.0, 25.1]), radius_mm=5.0)
    torch.testing.assert_close(weights, torch.tensor([1.0, 0.8007, 0.0]), atol=1e-4, rtol=0)


def test_saturated_plateau_wider_than_the_ball_resolves_to_its_middle():
    grid = torch.stack(torch.meshgrid(*[torch.arange(n) for n in (48, 44, 40)], indexing="ij")).float()
    centre, radii = torch.tensor([23.0, 20.0, 21.0]), torch.tensor([17.0, 15.0, 13.0])
    inside = (((grid - centre[:, None, None, None]) / radii[:, None, None, None]) ** 2).sum(0) <= 1
    everywhere = torch.ones_like(inside)
    for dtype in (torch.float32, torch.float64):
        score = ball_correlation(inside.to(dtype), 11.0, (1.0, 1.0, 1.0))
        assert plateau_centre(score, everywhere, (1.0, 1.0, 1.0)).tolist() == [23, 20, 21]


def test_centre_stays_in_the_allowed_voxels():
    score = torch.zeros(5, 5, 5)
    score[4, 4, 4] = 2.0
    score[1, 2, 3] = 1.0
    allowed = torch.ones(5, 5, 5, dtype=torch.bool)
    allowed[4] = False
    assert plateau_centre(score, allowed, (1.0, 1.0, 1.0)).tolist() == [1, 2, 3]


def test_lesion_smaller_than_the_ball_is_centred_in_it():
    field = torch.zeros(24, 24, 24)
    field[10:13, 11:14, 9:12] = 0.7
    score = ball_correlation(field, 11.0, (1.0, 1.0, 1.0))
    assert plateau_centre(score, field >= 0, (1.0, 1.0, 1.0)).tolist() == [11, 12, 10]
