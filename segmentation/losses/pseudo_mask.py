"""From reported lesions and the network's own probabilities to a voxel target (Bassi et al. 2025, Ball Loss).

Per lesion, largest first: the ball of its diameter that holds most probability is found, and the n most probable voxels
in it are the lesion, n being the *reported* volume (20 x 10 mm keep their 1571 mm³; the ball would hold 4189). Those
voxels are erased before the next lesion is placed. Nothing here waits for the device: sizes come from the host,
positions stay on the device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .fft_correlation import Spacing, ball_correlation, plateau_centre, squared_distance_mm2


@dataclass(frozen=True)
class BallOptions:
    """How a lesion is drawn around its centre.

    Args:
        search_factor: diameter of the ball in which voxels are chosen, in diameters of the lesion, ≥ 1.
        foreground_fraction: share of the reported volume that is certainly lesion, 0–1.
        ignored_fraction: share up to which voxels may be lesion and are ignored, ≥ 1.
        ring_mm: reach around those that is ignored too, ≥ 0.
        small_mm3: up to this volume all of the lesion is foreground.
        rank_weights: weigh the most probable foreground voxel twice the least probable one.
        whole_ball: draw the ball of the largest diameter, in odd millimetres, where it is larger than the reported
            volume, as the published code does (R-Super, losses_foundation.py:1431).
    """

    search_factor: float = 1.2
    foreground_fraction: float = 0.8
    ignored_fraction: float = 1.2
    ring_mm: float = 3.5
    small_mm3: float = 100.0
    rank_weights: bool = False
    whole_ball: bool = False

    def drawn_volume_mm3(self, diameter_mm: float, volume_mm3: float) -> float:
        """Return the volume of a lesion that is drawn: the reported one, or the ball's.

        >>> [round(BallOptions(whole_ball=whole).drawn_volume_mm3(20.0, 1571.0)) for whole in (False, True)]
        [1571, 4849]
        """
        if not self.whole_ball:
            return volume_mm3
        odd_mm = round(diameter_mm) + 1 - round(diameter_mm) % 2
        return max(volume_mm3, math.pi / 6 * odd_mm**3)


@dataclass(frozen=True)
class PseudoMask:
    """Voxel targets of one region, each (X, Y, Z): foreground weights (0 = none), and what to ignore around them.

    `lesion` are the reported volumes, the rest of which is `ignored`; `confidence` is their mean probability, a scalar.
    """

    foreground: Tensor
    ignored: Tensor
    lesion: Tensor
    confidence: Tensor


@torch.no_grad()
def place_lesions(
    probability: Tensor,
    region: Tensor,
    diameters_mm: Sequence[float],
    volumes_mm3: Sequence[float],
    spacing_mm: Spacing,
    options: BallOptions | None = None,
    *,
    centres: Tensor | None = None,
    taken: Tensor | None = None,
) -> PseudoMask:
    """Return the pseudo-mask of the lesions of one region.

    Args:
        probability: float (X, Y, Z) in 0–1.
        region: bool (X, Y, Z), where lesions may lie; at least one voxel.
        diameters_mm: of each lesion, > 0; largest lesion first.
        volumes_mm3: of each lesion, > 0; at most what is left of the region is used.
        spacing_mm: voxel size.
        options: see `BallOptions`.
        centres: bool (X, Y, Z), where the balls' centres may lie; None = anywhere in the region.
        taken: bool (X, Y, Z), voxels that the lesions of another region have already.

    Example:
        >>> from math import pi
        >>> probability = torch.zeros(16, 16, 16)
        >>> probability[5:8, 5:8, 5:8] = 0.9
        >>> mask = place_lesions(probability, probability >= 0, [4.0], [pi / 6 * 4**3], (1.0, 1.0, 1.0))
        >>> int((mask.foreground > 0).sum()), bool(mask.foreground[6, 6, 6])
        (34, True)
    """
    options = options or BallOptions()
    available = region.clone() if taken is None else region & ~taken
    free = available.clone()
    foreground = torch.zeros_like(probability)
    ignored = torch.zeros_like(region)
    for diameter_mm, volume_mm3 in zip(diameters_mm, volumes_mm3, strict=True):
        score = ball_correlation(probability * free, diameter_mm, spacing_mm)
        centre = plateau_centre(score, region if centres is None else centres, spacing_mm)
        _draw(probability, centre, diameter_mm, volume_mm3, spacing_mm, options, free, foreground, ignored)
    lesion = available & ~free
    confidence = (probability * lesion).sum() / lesion.sum().clamp(min=1)
    return PseudoMask(foreground, ignored & (foreground == 0), lesion, confidence)


def _draw(
    probability: Tensor,
    centre: Tensor,
    diameter_mm: float,
    volume_mm3: float,
    spacing_mm: Spacing,
    options: BallOptions,
    free: Tensor,
    foreground: Tensor,
    ignored: Tensor,
) -> None:
    """Draw one lesion into `foreground` and `ignored`, and take its voxels out of `free`."""
    radius_mm = options.search_factor * diameter_mm / 2
    window, offsets = _window(centre, radius_mm + options.ring_mm, spacing_mm, probability)
    distance2 = squared_distance_mm2(offsets, spacing_mm)
    candidate = free[window] & (distance2 <= radius_mm**2 * (1 + 1e-6))
    order = _most_probable_first(probability[window], candidate, distance2 / radius_mm**2)

    n_voxels = max(round(options.drawn_volume_mm3(diameter_mm, volume_mm3) / math.prod(spacing_mm)), 1)
    n_possible = min(max(int(options.ignored_fraction * n_voxels), n_voxels), candidate.numel())
    chosen = order.topk(n_possible).indices
    rank = torch.arange(n_possible, device=chosen.device)
    available = candidate.sum()
    n_lesion = available.clamp(max=n_voxels)
    n_small = n_lesion.clamp(max=round(options.small_mm3 / math.prod(spacing_mm)))
    n_foreground = torch.maximum((options.foreground_fraction * n_lesion).long(), n_small).clamp(min=1)

    weights = (rank < torch.minimum(n_foreground, available)).to(probability.dtype)
    if options.rank_weights:
        weights = weights * torch.pow(0.5, rank / n_foreground)
        weights = weights * n_foreground / weights.sum().clamp(min=1e-6)
    lesion = _scatter(chosen, rank < n_lesion, candidate)
    possible = _scatter(chosen, rank < available, candidate)
    ring = ball_correlation(possible.to(probability.dtype), 2 * options.ring_mm, spacing_mm, flat=True) > 0.5
    foreground[window] += _scatter(chosen, weights, candidate)
    ignored[window] |= ring
    free[window] &= ~lesion


def _window(
    centre: Tensor, reach_mm: float, spacing_mm: Spacing, like: Tensor
) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]:
    """Return index tensors of the box around `centre`, shifted into the volume, and its voxels' offsets from it."""
    indices, offsets = [], []
    for axis, (n, size_mm) in enumerate(zip(like.shape, spacing_mm, strict=True)):
        half = int(reach_mm / size_mm) + 1
        width = min(2 * half + 1, n)
        start = (centre[axis] - half).clamp(0, n - width)
        position = start + torch.arange(width, device=centre.device)
        indices.append(position)
        offsets.append((position - centre[axis]).to(like.dtype))
    x, y, z = indices
    return (x[:, None, None], y[None, :, None], z[None, None, :]), (offsets[0], offsets[1], offsets[2])


def _most_probable_first(probability: Tensor, candidate: Tensor, relative_distance2: Tensor) -> Tensor:
    """Return a flat key to sort by: probability, the nearer voxel first among equals, non-candidates last."""
    highest = torch.where(candidate, probability, 0.0).amax().clamp(min=torch.finfo(probability.dtype).tiny)
    key = probability / highest - 1e-4 * relative_distance2
    return torch.where(candidate, key, -torch.inf).flatten()


def _scatter(chosen: Tensor, values: Tensor, like: Tensor) -> Tensor:
    flat = torch.zeros(like.numel(), dtype=values.dtype, device=values.device)
    flat[chosen] = values
    return flat.view(like.shape)
