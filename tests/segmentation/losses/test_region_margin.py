"""EDT dilation = brute force, on anisotropic grids too."""

import numpy as np
import pytest
from reportsup.schemas.errors import ConfigError, DataError
from reportsup.segmentation.losses import dilate_region


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.7, 1.3, 2.5)])
@pytest.mark.parametrize("margin_mm", [0.0, 1.0, 3.5])
def test_equals_brute_force(spacing_mm, margin_mm):
    region = np.random.default_rng(1).random((9, 8, 7)) > 0.98
    region[0, 0, 0] = True
    voxels = np.argwhere(np.ones_like(region)) * np.array(spacing_mm)
    sources = np.argwhere(region) * np.array(spacing_mm)
    distance = np.linalg.norm(voxels[:, None] - sources[None], axis=2).min(1)
    expected = (distance <= margin_mm + 1e-9).reshape(region.shape)
    np.testing.assert_array_equal(dilate_region(region, spacing_mm, margin_mm), expected)


def test_default_margin_has_the_volume_of_a_ball():
    region = np.zeros((40, 40, 40), dtype=bool)
    region[20, 20, 20] = True
    assert dilate_region(region, (1.0, 1.0, 1.0)).sum() == pytest.approx(np.pi * 4 / 3 * 15.5**3, rel=0.01)


def test_empty_region_stays_empty():
    assert not dilate_region(np.zeros((4, 4, 4), dtype=bool), (1.0, 1.0, 1.0), 5.0).any()


def test_wrong_arguments_are_named():
    region = np.zeros((4, 4, 4), dtype=bool)
    with pytest.raises(DataError, match="uint8"):
        dilate_region(region.astype(np.uint8), (1.0, 1.0, 1.0), 5.0)
    with pytest.raises(ConfigError, match=r"-1\.0 mm"):
        dilate_region(region, (1.0, 1.0, 1.0), -1.0)
