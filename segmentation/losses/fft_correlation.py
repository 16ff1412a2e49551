"""Where a ball of a given diameter holds most probability: correlation by real FFT, at a cost independent of the ball.

A dense convolution with a 21 mm ball on a 96³ crop takes minutes on a CPU; this takes a fraction of a second and finds
the same maximum (`benchmarks/ball_loss.py`).
"""

from __future__ import annotations

import torch
from scipy.fft import next_fast_len
from torch import Tensor

TIE_TOLERANCE = 1e-4  # relative; above the FFT's float32 error (5e-7) and far below any difference that matters
RIM_SIGMA = 1.5  # width of the ball's Gaussian weight in radii: 0.80 at the rim, so that a lesion smaller than the
# ball is centred in it

Spacing = tuple[float, float, float]


def squared_distance_mm2(offsets: tuple[Tensor, Tensor, Tensor], spacing_mm: Spacing) -> Tensor:
    """Return (X, Y, Z) squared lengths in mm² of the vectors whose voxel offsets along each axis are given."""
    x, y, z = ((o * size_mm).square() for o, size_mm in zip(offsets, spacing_mm, strict=True))
    return x[:, None, None] + y[None, :, None] + z[None, None, :]


def ball_weights(distance2_mm2: Tensor, radius_mm: float) -> Tensor:
    """Return the search ball at the given squared distances: 1 in the centre, 0.80 at the rim, 0 outside."""
    # A voxel centre exactly on the rim belongs to the ball whatever the rounding of its distance.
    inside = distance2_mm2 <= radius_mm**2 * (1 + 1e-6)
    return torch.exp(-distance2_mm2 / (2 * (RIM_SIGMA * radius_mm) ** 2)) * inside


def flat_ball(distance2_mm2: Tensor, radius_mm: float) -> Tensor:
    """Return a ball of ones at the given squared distances."""
    return (distance2_mm2 <= radius_mm**2 * (1 + 1e-6)).to(distance2_mm2.dtype)


def ball_correlation(field: Tensor, diameter_mm: float, spacing_mm: Spacing, *, flat: bool = False) -> Tensor:
    """Return (X, Y, Z): at every voxel the sum of `field` under the ball centred there; zeros outside the field.

    Args:
        field: float32 or float64 (X, Y, Z).
        diameter_mm: of the ball, > 0; it may exceed the field.
        spacing_mm: voxel size.
        flat: weigh every voxel of the ball alike instead of 0.80 at the rim.
    """
    radius_mm = diameter_mm / 2
    # Padding by half a ball keeps what wraps around away from the field; offsets beyond the field never meet it.
    half = [min(int(radius_mm / size_mm), n - 1) for size_mm, n in zip(spacing_mm, field.shape, strict=True)]
    padded = [next_fast_len(n + h, real=True) for n, h in zip(field.shape, half, strict=True)]
    x, y, z = (_wrapped_offsets(n, field) for n in padded)
    distance2 = squared_distance_mm2((x, y, z), spacing_mm)
    kernel = flat_ball(distance2, radius_mm) if flat else ball_weights(distance2, radius_mm)
    spectrum = torch.fft.rfftn(field, s=padded) * torch.fft.rfftn(kernel)  # the ball is symmetric: no conjugate
    nx, ny, nz = field.shape
    return torch.fft.irfftn(spectrum, s=padded)[:nx, :ny, :nz]


def _wrapped_offsets(n: int, like: Tensor) -> Tensor:
    offsets = torch.arange(n, device=like.device, dtype=like.dtype)
    return torch.where(offsets > n // 2, offsets - n, offsets)


def plateau_centre(score: Tensor, allowed: Tensor, spacing_mm: Spacing) -> Tensor:
    """Return int64 (3,), the voxel of the highest score among the allowed; in a plateau, the one nearest its middle.

    Saturated probabilities over more than the ball tie over thousands of voxels, and rounding would pick any of them.
    All voxels within 1e-4 of the maximum are candidates; the one nearest the candidates' centroid is taken.

    Args:
        score: (X, Y, Z).
        allowed: bool (X, Y, Z), at least one true.
        spacing_mm: voxel size.
    """
    nx, ny, nz = score.shape
    peak = torch.where(allowed, score, -torch.inf).amax()
    candidate = allowed & (score >= peak - TIE_TOLERANCE * peak.abs())
    total = candidate.sum()
    x, y, z = (torch.arange(n, device=score.device, dtype=score.dtype) for n in (nx, ny, nz))
    centroid_x = (candidate.sum((1, 2)) * x).sum() / total
    centroid_y = (candidate.sum((0, 2)) * y).sum() / total
    centroid_z = (candidate.sum((0, 1)) * z).sum() / total
    distance2 = squared_distance_mm2((x - centroid_x, y - centroid_y, z - centroid_z), spacing_mm)
    best = torch.where(candidate, distance2, torch.inf).argmin()
    return torch.stack((best // (ny * nz), best // nz % ny, best % nz))
