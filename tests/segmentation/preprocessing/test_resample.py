"""Resampling against direct interpolation, voxel by voxel, in mm."""

import nibabel as nib
import numpy as np
import pytest
from reportsup.segmentation.preprocessing import (
    Grid,
    resample_image,
    resample_lesions,
    resample_mask,
    target_grid,
    to_ras,
)
from scipy.ndimage import map_coordinates

OBLIQUE = np.array([[0.0, -1.4, 0.1, 30.0], [-1.5, 0.0, 0.0, -20.0], [0.0, 0.1, 3.0, 7.0], [0.0, 0.0, 0.0, 1.0]])


def _direct(array, source, target, order):
    """The value at each target voxel, found through both affines."""
    voxels = np.stack(np.meshgrid(*(np.arange(n) for n in target.shape), indexing="ij"), -1).reshape(-1, 3)
    world = voxels @ target.affine_ras[:3, :3].T + target.affine_ras[:3, 3]
    inverse = np.linalg.inv(source.affine_ras)
    back = world @ inverse[:3, :3].T + inverse[:3, 3]
    return map_coordinates(array.astype(np.float64), back.T, order=order, mode="nearest").reshape(target.shape)


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (2.0, 2.5, 2.0), (1.4, 1.5, 6.0)])
def test_image_equals_direct_interpolation(spacing_mm, order):
    array = np.random.default_rng(1).normal(size=(12, 10, 8))
    turned, affine = to_ras(array, OBLIQUE)
    source = Grid(turned.shape, affine)
    target = target_grid(source, spacing_mm)
    assert target.spacing_mm == pytest.approx(spacing_mm)
    found = resample_image(turned, source, target, order)
    np.testing.assert_allclose(found, _direct(turned, source, target, order), atol=2e-4)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (2.0, 2.5, 2.0), (1.1, 1.2, 6.0)])
def test_mask_is_where_linear_interpolation_exceeds_one_half(spacing_mm):
    mask = np.zeros((14, 12, 9), dtype=bool)
    mask[0:6, 3:8, 2:9] = True
    mask[9:12, 9:12, 4:6] = True
    source = Grid(mask.shape, np.diag([1.4, 1.5, 3.0, 1.0]))
    target = target_grid(source, spacing_mm)
    np.testing.assert_array_equal(resample_mask(mask, source, target), _direct(mask, source, target, 1) > 0.5001)


def test_same_grid_is_left_alone():
    mask = np.random.default_rng(0).random((5, 6, 7)) > 0.5
    grid = Grid(mask.shape, np.diag([1.0, 1.0, 2.0, 1.0]))
    np.testing.assert_array_equal(resample_mask(mask, grid, target_grid(grid, (1.0, 1.0, 2.0))), mask)
    np.testing.assert_array_equal(resample_image(mask, grid, target_grid(grid, (1.0, 1.0, 2.0))), mask)


def test_a_tiny_lesion_keeps_a_voxel_and_an_empty_mask_none():
    mask = np.zeros((30, 30, 30), dtype=bool)
    mask[13, 20, 7] = True
    source = Grid(mask.shape, np.diag([1.0, 1.0, 1.0, 1.0]))
    target = target_grid(source, (3.0, 3.0, 3.0))
    assert np.argwhere(resample_mask(mask, source, target)).tolist() == [[4, 6, 2]]
    assert not resample_mask(np.zeros_like(mask), source, target).any()


def test_every_lesion_survives_resampling_and_the_tiny_ones_are_counted():
    """A large lesion kept its small neighbours from being rescued: they became known background."""
    mask = np.zeros((36, 36, 36), dtype=bool)
    mask[3:12, 3:12, 3:12] = True
    mask[26, 26, 26] = mask[30, 4, 18] = True
    mask[12, 12, 12] = True  # touches the large one by a corner: the same lesion
    source = Grid(mask.shape, np.diag([1.0, 1.0, 1.0, 1.0]))
    target = target_grid(source, (3.0, 3.0, 3.0))
    found, n_tiny = resample_lesions(mask, source, target)
    assert n_tiny == 2
    assert found[8, 8, 8]
    assert found[10, 1, 6]
    assert found.sum() == resample_mask(mask, source, target).sum() + 2
    same, none = resample_lesions(mask, source, source)
    assert (same == mask).all()
    assert none == 0
    empty, none = resample_lesions(np.zeros_like(mask), source, target)
    assert not empty.any()
    assert none == 0


@pytest.mark.parametrize("spacing_mm", [(0.7, 0.8, 1.0), (1.5, 1.5, 3.0), (4.0, 4.0, 6.0)])
def test_no_lesion_is_lost_whatever_the_spacing(spacing_mm):
    rng = np.random.default_rng(0)
    mask = rng.random((40, 40, 20)) > 0.998
    source = Grid(mask.shape, np.diag([1.0, 1.0, 2.0, 1.0]))
    target = target_grid(source, spacing_mm)
    found, _ = resample_lesions(mask, source, target)
    ratio = np.asarray(target.spacing_mm) / source.spacing_mm
    for voxel in np.argwhere(mask):
        at = np.round((voxel + 0.5) / ratio - 0.5).astype(int)
        near = tuple(slice(max(i - 1, 0), i + 2) for i in at)
        assert found[near].any()


def test_volume_of_a_ball_survives_any_spacing():
    x, y, z = np.ogrid[:40, :40, :40]
    ball = (x - 20) ** 2 + (y - 19) ** 2 + (z - 21) ** 2 <= 12**2
    source = Grid(ball.shape, np.diag([1.0, 1.0, 1.0, 1.0]))
    for spacing_mm in [(0.7, 0.7, 0.7), (1.3, 1.3, 1.7), (1.5, 1.5, 3.0)]:
        found = resample_mask(ball, source, target_grid(source, spacing_mm)).sum() * np.prod(spacing_mm)
        assert found == pytest.approx(ball.sum(), rel=0.03)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "IPL", "SAR"])
def test_ras_keeps_every_voxel_at_its_place(axes):
    ornt = nib.orientations.axcodes2ornt(tuple(axes))
    ras = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    affine = np.array([[2.0, 0, 0, -3], [0, 1.5, 0, 4], [0, 0, 3.0, 5], [0, 0, 0, 1]])
    from_ras = nib.orientations.ornt_transform(nib.orientations.axcodes2ornt(("R", "A", "S")), ornt)
    stored = nib.apply_orientation(ras, from_ras)
    stored_affine = affine @ nib.orientations.inv_ornt_aff(from_ras, ras.shape)
    assert "".join(nib.aff2axcodes(stored_affine)) == axes
    turned, back = to_ras(stored, stored_affine)
    np.testing.assert_array_equal(turned, ras)
    np.testing.assert_allclose(back, affine)
