"""The Ball Loss search by dense convolution over the whole crop, for `ball_loss.py` to compare against."""

from __future__ import annotations

import torch
from reportsup.segmentation.losses.fft_correlation import Spacing, ball_weights, flat_ball, squared_distance_mm2
from torch import Tensor
from torch.nn import functional


def dense_ball_correlation(field: Tensor, diameter_mm: float, spacing_mm: Spacing, *, flat: bool = False) -> Tensor:
    """Return what `ball_correlation` returns, by `conv3d`: a cost that grows with the ball's volume."""
    radius_mm = diameter_mm / 2
    half = [int(radius_mm / size_mm) for size_mm in spacing_mm]
    x, y, z = (torch.arange(-h, h + 1, dtype=field.dtype) for h in half)
    distance2 = squared_distance_mm2((x, y, z), spacing_mm)
    kernel = flat_ball(distance2, radius_mm) if flat else ball_weights(distance2, radius_mm)
    return functional.conv3d(field[None, None], kernel[None, None], padding=half)[0, 0]
