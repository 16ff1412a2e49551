"""Random changes to a crop: where it is cut (mirror, rotation, scale) and how it looks.

Masks are resampled with the image by one grid, and mirroring needs no left/right swap: regions are looked up by
name in the case before they are cut, so what moves is the mask of the right kidney, not the word.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .placement import Placement, Transform

Arrays = dict[str, npt.NDArray[np.bool_]]
SMOOTHED_BELOW = 0.8  # above this scale linear interpolation is smooth enough
SIGMA_PER_VOXEL = 0.425  # of a Gaussian whose full width at half maximum is one voxel


@dataclass(frozen=True)
class SpatialAugmentation:
    """How crops are turned: chances and ranges.

    Attributes:
        flip_axes: axes mirrored with chance ½ each.
        affine_chance: chance of a rotation and scale, which cost an interpolation.
        angle_deg: largest rotation around each axis.
        scale: smallest and largest factor; volumes follow with its cube.
    """

    flip_axes: tuple[int, ...] = (0, 1, 2)
    affine_chance: float = 0.25
    angle_deg: float = 20.0
    scale: tuple[float, float] = (0.85, 1.2)

    def draw(self, rng: np.random.Generator, spacing_mm: tuple[float, float, float]) -> Transform:
        """A random transform for a grid of `spacing_mm`."""
        flips = tuple(axis for axis in self.flip_axes if rng.random() < 0.5)
        angles = np.deg2rad(rng.uniform(-self.angle_deg, self.angle_deg, 3))
        scale = float(np.exp(rng.uniform(*np.log(self.scale))))
        if rng.random() >= self.affine_chance:
            return Transform.identity(flips)
        return Transform.similarity(angles, scale, spacing_mm, flips)


def cut(
    image: npt.NDArray[np.float32], masks: Arrays, start: npt.ArrayLike, placement: Placement, background: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """The crop of a placement from a block of its case.

    Args:
        image: the block (X, Y, Z), as large as `placement.block()` says.
        masks: name → bool, of the same block.
        start: the block's first voxel in the case.
        background: normalised intensity beyond the block.

    Returns:
        Image float32 and masks bool, each of `placement.size`; the image is linear, masks nearest.
    """
    if placement.transform.on_grid:
        flips = placement.transform.flips
        return _tensor(np.flip(image, flips)), {name: _tensor(np.flip(mask, flips)) for name, mask in masks.items()}
    grid = _sampling_grid(placement, np.asarray(start, float), image.shape)
    image = _smooth(image, placement.transform.scale)
    shifted = _sample(torch.from_numpy(image - np.float32(background))[None], grid)[0]
    if not masks:
        return shifted + background, {}
    index, outside = _nearest(grid, image.shape)
    return shifted + background, {name: _at(mask, index, outside) for name, mask in masks.items()}


def change_intensity(image: Tensor, rng: np.random.Generator) -> Tensor:
    """The crop (X, Y, Z) with random contrast, brightness, gamma, blur and noise, for an image of unit spread."""
    from scipy import ndimage

    if rng.random() < 0.3:
        image = image * float(rng.uniform(0.8, 1.25))
    if rng.random() < 0.3:
        image = image + float(rng.normal(0, 0.1))
    if rng.random() < 0.2:
        low, high = image.min(), image.max()
        unit = (image - low) / (high - low + 1e-6)
        image = unit ** float(np.exp(rng.uniform(-0.35, 0.35))) * (high - low) + low
    if rng.random() < 0.2:
        image = torch.from_numpy(ndimage.gaussian_filter(image.numpy(), sigma=rng.uniform(0.4, 1.0)))
    if rng.random() < 0.3:
        noise = rng.standard_normal(tuple(image.shape), dtype=np.float32) * np.float32(rng.uniform(0.02, 0.2))
        image = image + torch.from_numpy(noise)
    return image


def _smooth(image: npt.NDArray[np.float32], scale: float) -> npt.NDArray[np.float32]:
    """The image with what a coarser grid cannot show averaged away, as a scanner with larger voxels would."""
    from scipy import ndimage

    if scale >= SMOOTHED_BELOW:
        return image
    return np.asarray(ndimage.gaussian_filter(image, sigma=SIGMA_PER_VOXEL * np.sqrt(1 / scale**2 - 1)))


def _sampling_grid(placement: Placement, start: npt.NDArray[np.float64], shape: tuple[int, ...]) -> Tensor:
    """Where each voxel of the crop lies in the block, (X, Y, Z, 3): coordinates z, y, x from −1 to 1.

    The transform is affine: the parts of the three axes are added up, which spares a matrix product for each voxel.
    """
    offsets = [np.arange(n) - (n - 1) / 2 for n in placement.size]
    inverse = np.linalg.inv(placement.transform.linear)
    grid = np.empty((*placement.size, 3), dtype=np.float32)
    for axis in range(3):
        x, y, z = (offset * part for offset, part in zip(offsets, inverse[axis], strict=True))
        scale = 2 / max(shape[axis] - 1, 1)
        shift = (placement.centre[axis] - start[axis]) * scale - 1
        # grid_sample counts its last coordinate along the first spatial axis' end: (z, y, x) for an (x, y, z) array.
        grid[..., 2 - axis] = (x * scale + shift)[:, None, None] + (y * scale)[:, None] + z * scale
    return torch.from_numpy(grid)


def _sample(volumes: Tensor, grid: Tensor) -> Tensor:
    return torch.nn.functional.grid_sample(
        volumes[None], grid[None], mode="bilinear", padding_mode="zeros", align_corners=True
    )[0]


def _nearest(grid: Tensor, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """The block's voxel nearest to each of the grid, as a flat index, and which lie outside.

    The same voxels as `grid_sample(mode="nearest")` takes, found once for all masks and not once for each.
    """
    index, outside = np.int32(0), np.zeros(tuple(grid.shape[:3]), dtype=np.bool_)
    for axis, n in enumerate(shape):
        at = np.rint((grid[..., 2 - axis].numpy() + np.float32(1)) / np.float32(2) * np.float32(n - 1)).astype(np.int32)
        outside |= (at < 0) | (at >= n)
        index = index * np.int32(n) + at
    return np.where(outside, np.int32(0), index), outside


def _at(mask: npt.NDArray[np.bool_], index: npt.NDArray[np.int32], outside: npt.NDArray[np.bool_]) -> Tensor:
    found = mask.ravel().take(index)
    found[outside] = False
    return torch.from_numpy(found)


def _tensor(array: npt.NDArray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
