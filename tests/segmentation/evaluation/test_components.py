"""Components: volumes, diameters and places of shapes whose measures are known."""

import numpy as np
import pytest
from reportsup.schemas import DataError
from reportsup.segmentation.evaluation.components import axial_axis, lesion_components, spacing_from_affine


def ball(shape, centre, radius_mm, spacing_mm=(1.0, 1.0, 1.0)):
    grid = np.indices(shape).astype(float)
    squared = sum(((grid[i] - centre[i]) * spacing_mm[i]) ** 2 for i in range(3))
    return squared <= radius_mm**2


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.7, 0.7, 2.5), (1.5, 0.9, 1.2)])
def test_ball_has_its_volume_and_diameters_on_any_spacing(spacing_mm):
    shape = tuple(int(40 / s) for s in spacing_mm)
    centre = [n // 2 for n in shape]
    lesion = ball(shape, centre, 12.0, spacing_mm)
    (component,) = lesion_components(lesion, np.diag([*spacing_mm, 1.0]), organ="liver").components
    assert component.volume_mm3 == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.03)
    assert component.axial_long_mm == pytest.approx(24.0, abs=1.5)
    assert component.axial_short_mm == pytest.approx(24.0, abs=1.5)
    assert component.craniocaudal_mm == pytest.approx(24.0, abs=spacing_mm[2])
    assert component.centroid_ras_mm == pytest.approx(np.multiply(centre, spacing_mm), abs=1e-9)


def test_rotated_ellipse_has_its_two_axes():
    x, y, _ = np.indices((80, 80, 3)).astype(float) - np.array([40, 40, 1]).reshape(3, 1, 1, 1)
    u, v = (x + y) / np.sqrt(2), (y - x) / np.sqrt(2)
    ellipse = (u / 30) ** 2 + (v / 12) ** 2 <= 1
    (component,) = lesion_components(ellipse, np.eye(4), organ="liver").components
    assert component.axial_long_mm == pytest.approx(60.0, abs=1.5)
    assert component.axial_short_mm == pytest.approx(24.0, abs=1.5)


def test_short_axis_of_a_thin_bar_is_its_width():
    bar = np.zeros((60, 20, 3), dtype=bool)
    bar[5:55, 8:12, 1] = True
    (component,) = lesion_components(bar, np.eye(4), organ="liver").components
    assert component.axial_long_mm == pytest.approx(50.0, abs=0.3)
    assert component.axial_short_mm == pytest.approx(4.0, abs=0.5)


@pytest.mark.parametrize("size_mm", [1.0, 0.5])
def test_one_voxel_measures_one_spacing(size_mm):
    mask = np.zeros((3, 3, 3), dtype=bool)
    mask[1, 1, 1] = True
    (component,) = lesion_components(mask, np.diag([size_mm, size_mm, size_mm, 1]), organ="liver").components
    assert component.diameters_mm == pytest.approx((size_mm,) * 3)


def test_axial_plane_follows_the_affine():
    affine = np.zeros((4, 4))
    affine[2, 0], affine[0, 1], affine[1, 2], affine[3, 3] = 3.0, -1.0, 1.0, 1.0  # first array axis = feet-head
    affine[:3, 3] = (10.0, 20.0, 30.0)
    mask = np.zeros((4, 30, 30), dtype=bool)
    mask[1:3, 5:25, 10:15] = True
    (component,) = lesion_components(mask, affine, organ="kidney").components
    assert axial_axis(affine) == 0
    assert spacing_from_affine(affine) == pytest.approx((3.0, 1.0, 1.0))
    assert component.craniocaudal_mm == 6.0
    assert component.axial_long_mm == pytest.approx(20.4, abs=0.3)
    assert component.centroid_ras_mm == pytest.approx((10 - 14.5, 20 + 12.0, 30 + 4.5))


def test_components_are_sorted_and_small_ones_dropped():
    mask = np.zeros((20, 20, 20), dtype=np.uint8)
    mask[1, 1, 1] = 1
    mask[4:6, 4:6, 4:6] = 1
    mask[6, 6, 6] = 1  # touches by a corner: same lesion
    mask[10:14, 10:14, 10:14] = 1
    probability = np.where(mask > 0, 0.6, 0.1).astype(np.float32)
    probability[10, 10, 10] = 0.9
    found = lesion_components(mask, np.eye(4), organ="liver", probability=probability, min_volume_mm3=9.0)
    assert [c.n_voxels for c in found.components] == [64, 9]
    assert found.volume_mm3 == 73.0
    assert found.labels[1, 1, 1] == 0
    assert found.labels[12, 12, 12] == 1
    assert found.labels[6, 6, 6] == 2
    assert found.components[0].max_probability == pytest.approx(0.9)
    assert found.components[0].mean_probability == pytest.approx((63 * 0.6 + 0.9) / 64)


def test_empty_mask_has_no_components():
    assert lesion_components(np.zeros((5, 5, 5)), np.eye(4), organ="liver").components == ()


def test_other_grid_is_refused():
    with pytest.raises(DataError, match=r"\(5, 5, 5\) with probability \(5, 5, 4\)"):
        lesion_components(np.zeros((5, 5, 5)), np.eye(4), organ="liver", probability=np.zeros((5, 5, 4)))


def test_only_the_largest_components_are_measured_when_there_are_too_many():
    mask = np.zeros((20, 20, 20), dtype=bool)
    mask[::4, ::4, 0] = True
    mask[0:3, 0:3, 10] = mask[8:10, 8:10, 10] = True
    found = lesion_components(mask, np.eye(4), organ="liver", max_components=2)
    assert [component.n_voxels for component in found.components] == [9, 4]
    assert found.n_left_out == 25
    assert set(np.unique(found.labels)) == {0, 1, 2}
    assert lesion_components(mask, np.eye(4), organ="liver", max_components=27).n_left_out == 0
