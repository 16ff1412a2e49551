"""The zone of a region is everything within its lesions' reach, on any block of the case."""

import numpy as np
import pytest
from reportsup.segmentation.training.crops import cut_sample
from reportsup.segmentation.training.placement import Placement, Transform
from reportsup.segmentation.training.zones import COARSE_MM, region_zones
from scipy.ndimage import distance_transform_edt

from .conftest import LIVER, PLAN, SHAPE, SPACING_MM, region_of


@pytest.mark.parametrize("reach_mm", [5.0, 14.0])
def test_it_is_the_distance_to_the_region(make_case, reach_mm):
    case = make_case("a", "report").cached
    liver = np.zeros(SHAPE, dtype=bool)
    liver[LIVER] = True
    wide = np.pad(liver, 8)
    expected = distance_transform_edt(~wide, sampling=SPACING_MM) <= reach_mm
    zone = region_zones(case, ["liver"], [reach_mm], (-8, -8, -8), wide.shape)[0]
    assert (zone == expected).all()
    block = region_zones(case, ["liver"], [20.0, reach_mm], (3, 5, -2), (9, 8, 12))[1]
    assert (block == expected[11:20, 13:21, 6:18]).all()
    assert not region_zones(case, ["liver"], [reach_mm], (60, 0, 0), (9, 8, 12))[0].any()


def test_a_coarse_grid_errs_by_less_than_its_voxels_diagonal(make_case, monkeypatch):
    monkeypatch.setattr("reportsup.segmentation.training.zones.COARSE_MM", 3 * COARSE_MM)
    case = make_case("a", "report").cached
    liver = np.zeros(SHAPE, dtype=bool)
    liver[LIVER] = True
    distance = distance_transform_edt(~liver, sampling=SPACING_MM)
    (zone,) = region_zones(case, ["liver"], [14.0], (0, 0, 0), SHAPE)
    diagonal_mm = float(np.linalg.norm((8, 8, 9)))
    assert zone[distance <= 14 - diagonal_mm].all()
    assert not zone[distance > 14 + diagonal_mm].any()


def test_a_large_lesion_makes_more_than_the_margin_unknown(make_case):
    placement = Placement(np.array([11.5, 10.5, 7.5]), PLAN.patch_size, Transform.identity())
    sizes = []
    for diameter_mm in (4.0, 20.0):
        case = make_case(f"c{diameter_mm}", "report", region=region_of((diameter_mm,), 10.0, 4000.0))
        (target,) = cut_sample(case, PLAN, placement).regions
        margin = case.cached.crop((4, 3, 0), PLAN.patch_size, margins=["liver"]).margins["liver"]
        assert target.region.numpy()[margin].all()
        assert target.region[target.centres].all()
        assert target.centres.sum() < target.region.sum() or diameter_mm < 6
        sizes.append(int(target.region.sum()) - int(margin.sum()))
    assert sizes[0] == 0
    assert sizes[1] > 500
