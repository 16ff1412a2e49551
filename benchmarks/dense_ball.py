"""The Ball Loss search by dense convolution over the whole crop, for `ball_loss.py` to compare against."""

from __future__ import annotations

import torch
from reportsup.segmentation.losses.fft_correlation import Spacing, ball_weights, flat_ball, squared_distance_mm2
from torch import Tensor
from torch.nn import functional

SLAB = 16  # torch's own convolution unfolds its input: 33 GB for a 21³ ball on 96³, 5 GB by slabs of 16


def dense_ball_correlation(field: Tensor, diameter_mm: float, spacing_mm: Spacing, *, flat: bool = False) -> Tensor:
    """Return what `ball_correlation` returns, by `conv3d`: a cost that grows with the ball's volume."""
    radius_mm = diameter_mm / 2
    half = [int(radius_mm / size_mm) for size_mm in spacing_mm]
    x, y, z = (torch.arange(-h, h + 1, dtype=field.dtype) for h in half)
    distance2 = squared_distance_mm2((x, y, z), spacing_mm)
    kernel = flat_ball(distance2, radius_mm) if flat else ball_weights(distance2, radius_mm)
    if torch._C._get_mkldnn_enabled():
        return functional.conv3d(field[None, None], kernel[None, None], padding=half)[0, 0]
    hx, hy, hz = half
    padded = functional.pad(field[None, None], (hz, hz, hy, hy, hx, hx))
    slabs = [padded[:, :, x : x + SLAB + 2 * hx] for x in range(0, field.shape[0], SLAB)]
    return torch.cat([functional.conv3d(slab, kernel[None, None])[0, 0] for slab in slabs])
