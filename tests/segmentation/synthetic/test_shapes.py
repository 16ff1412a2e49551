"""Solids against their analytic volumes; the measured ellipsoid against the true one."""

import numpy as np
import pytest
from reportsup.segmentation.synthetic.lesions import ellipsoid_of
from reportsup.segmentation.synthetic.shapes import Grid, ellipsoid, random_warp, tube


def grid(spacing_mm: tuple[float, float, float], shape: tuple[int, int, int]) -> Grid:
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = -np.multiply(spacing_mm, np.array(shape) - 1) / 2
    return Grid(shape, affine)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.8, 1.0, 2.0)])
def test_diameters_and_volume_of_an_ellipsoid(spacing_mm: tuple[float, float, float]) -> None:
    space = grid(spacing_mm, (64, 56, 48))
    mask = ellipsoid(space.points_mm(), (1, -2, 3), (18, 12, 9)) < 0
    diameters_mm, centre_mm = ellipsoid_of(mask, space)
    assert diameters_mm == pytest.approx((36, 24, 18), rel=0.02)
    assert centre_mm == pytest.approx((1, -2, 3), abs=0.2)
    assert mask.sum() * space.voxel_volume_mm3 == pytest.approx(4 / 3 * np.pi * 18 * 12 * 9, rel=0.02)


def test_one_voxel_measures_about_its_own_size() -> None:
    space = grid((4.0, 4.0, 4.0), (5, 5, 5))
    mask = np.zeros(space.shape, bool)
    mask[2, 2, 2] = True
    diameters_mm, _ = ellipsoid_of(mask, space)
    assert diameters_mm == pytest.approx([4 * np.sqrt(5 / 3)] * 3)


def test_a_tube_is_a_cylinder_with_round_ends() -> None:
    space = grid((1.0, 1.0, 1.0), (40, 40, 80))
    mask = tube(space.points_mm(), [(0, 0, -20), (0, 0, 20)], (8, 8)) < 0
    assert mask.sum() == pytest.approx(np.pi * 64 * 40 + 4 / 3 * np.pi * 512, rel=0.04)


def test_fields_are_zero_on_the_surface() -> None:
    points = np.array([[18.0, 0, 0], [0, 12, 0], [0, 0, 9]], np.float32).T.reshape(3, 3, 1, 1)
    assert np.allclose(ellipsoid(points, (0, 0, 0), (18, 12, 9)), 0, atol=1e-4)


def test_a_warp_is_the_same_on_every_grid() -> None:
    warp = random_warp(np.random.default_rng(0), waves=3, wavelength_mm=(50, 90), amplitude_mm=4)
    points = np.random.default_rng(1).normal(0, 40, (3, 4, 2, 2)).astype(np.float32)
    assert np.allclose(warp(points)[:, 1:2], warp(points[:, 1:2]), atol=1e-4)
