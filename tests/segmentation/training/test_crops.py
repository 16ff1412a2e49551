"""A crop never claims about a region what is not true inside it."""

import math

import numpy as np
import pytest
import torch
from reportsup.segmentation.training.augmentation import SpatialAugmentation, _at, _nearest, _sampling_grid, cut
from reportsup.segmentation.training.crops import (
    CropRules,
    cut_sample,
    lesions_reach_mm,
    make_sample,
    region_scale,
    trains_on,
)
from reportsup.segmentation.training.placement import Placement, Transform, fitting_scale, place_around

from .conftest import PLAN, SHAPE, SPACING_MM, ball, region_of

VOXEL_MM3 = float(np.prod(SPACING_MM))


def lesion_volume_in(placement: Placement, lesion: np.ndarray) -> float:
    """The lesion's own volume inside a crop, in the crop's mm³, from 5³ points in each voxel (no interpolation)."""
    step = (np.arange(5) - 2) / 5
    voxels = np.argwhere(lesion)[:, None, :] + np.stack(np.meshgrid(step, step, step), -1).reshape(1, -1, 3)
    inside = placement.to_crop(voxels.reshape(-1, 3))
    share = ((inside >= -0.5) & (inside <= np.asarray(placement.size) - 0.5)).all(axis=1).mean()
    return float(share) * float(lesion.sum()) * VOXEL_MM3 * placement.transform.scale**3


@pytest.mark.parametrize("diameter_mm", [6.0, 10.0, 14.0])
@pytest.mark.parametrize("sized", [True, False])
def test_true_volume_lies_inside_the_interval_of_any_crop(make_case, diameter_mm, sized):
    rng = np.random.default_rng(int(diameter_mm))
    seen_target = seen_cut = 0
    for round_ in range(4):
        # The report is exact here, and the lesion's centre anywhere in the region, its face included.
        centre = rng.uniform((7, 6, 5), (16, 15, 10))
        lesion = ball(tuple(centre), diameter_mm)
        volume = float(lesion.sum()) * VOXEL_MM3
        region = region_of((diameter_mm,), volume, volume) if sized else region_of((), min(33.5, volume), None)
        case = make_case(f"c{round_}", "report", region=region)
        for _ in range(60):
            transform = SpatialAugmentation(affine_chance=0.7, scale=(0.4, 1.2)).draw(rng, SPACING_MM)
            placement = Placement(rng.uniform(0, SHAPE), PLAN.patch_size, transform)
            if transform.on_grid:
                placement = Placement(np.round(placement.centre) + 0.5, PLAN.patch_size, transform)
            if rng.random() < 0.5:
                low, high = np.asarray((7, 6, 5)) - 3, np.asarray((17, 16, 11)) + 2
                placement = place_around(low, high, PLAN.patch_size, transform, rng.uniform(0, 1, 3)) or placement
            sample = cut_sample(case, PLAN, placement)
            true_mm3 = lesion_volume_in(placement, lesion)
            for target in sample.regions:
                assert target.volume_lo_mm3 * 0.98 <= true_mm3 <= target.volume_hi_mm3 * 1.02
                seen_target += target.volume_lo_mm3 > 0
                seen_cut += target.volume_lo_mm3 == 0
    assert seen_target > 10
    assert seen_cut > 10


def test_a_cut_region_keeps_its_upper_bound_and_no_lesion(make_case):
    case = make_case("a", "report")
    placement = Placement(np.array([7.5, 11.5, 7.5]), PLAN.patch_size, Transform.identity())  # right half of the liver
    (target,) = cut_sample(case, PLAN, placement).regions
    assert target.volume_lo_mm3 == 0
    assert target.volume_hi_mm3 == pytest.approx(case.targets.channels["liver"].regions[0].volume_hi_mm3)
    assert target.lesions == ()
    assert not target.background_known


def test_targets_follow_the_scale(make_case):
    region = region_of((6.0,), 60.0, 200.0)
    case = make_case("a", "report", region=region)
    larger = Transform.similarity((0, 0, 0), 1.1, SPACING_MM)
    placement = Placement(np.array([11.5, 10.5, 7.5]), PLAN.patch_size, larger)
    (target,) = cut_sample(case, PLAN, placement).regions
    assert target.volume_lo_mm3 == pytest.approx(60 * 1.1**3)
    assert target.volume_hi_mm3 == pytest.approx(200 * 1.1**3)
    assert target.lesions[0].diameter_mm == pytest.approx(6.6)
    assert target.lesions[0].volume_mm3 == pytest.approx(math.pi / 6 * 6.6**3)


def test_report_draws_hold_their_region(make_case):
    case = make_case("a", "report", diameter_mm=6.0)
    rules = CropRules(PLAN.patch_size, target_share=1.0, spatial=SpatialAugmentation(affine_chance=0.5))
    for i in range(40):
        (target,) = make_sample(case, PLAN, rules, seed=(0, i), with_reports=True).regions
        assert target.volume_lo_mm3 > 0
        assert len(target.lesions) == 1


def test_without_reports_nothing_of_a_report_case_is_known(make_case):
    sample = make_sample(make_case("a", "report"), PLAN, CropRules(PLAN.patch_size), seed=(1,), with_reports=False)
    assert sample.regions == ()
    assert not sample.known.any()
    healthy = make_sample(make_case("b", "healthy"), PLAN, CropRules(PLAN.patch_size), seed=(1,), with_reports=True)
    assert healthy.known.all()
    assert not healthy.label.any()
    by_mask = make_sample(make_case("c", "empty"), PLAN, CropRules(PLAN.patch_size), seed=(1,), with_reports=False)
    assert by_mask.known.all()


def test_lesion_draws_hold_the_lesion(make_case):
    case = make_case("a", "masked")
    rules = CropRules(PLAN.patch_size, lesion_share=1.0, organ_share=0.0, spatial=SpatialAugmentation())
    shares = [make_sample(case, PLAN, rules, seed=(i,), with_reports=False).label.any() for i in range(30)]
    assert np.mean(shares) == 1


def test_why_a_region_is_not_trained_on(make_case):
    rules = CropRules(PLAN.patch_size)
    case = make_case("a", "report", region=region_of((), 33.5, None))
    region = case.targets.channels["liver"].regions[0]
    assert trains_on(region, case.cached, rules, PLAN) is None
    sized_only = CropRules(PLAN.patch_size, presence_targets=False)
    assert "without a size" in (trains_on(region, case.cached, sized_only, PLAN) or "")
    assert "larger than the patch" in (trains_on(region, case.cached, CropRules((8, 8, 8)), PLAN) or "")
    assert trains_on(region, case.cached, CropRules((8, 8, 8), smallest_scale=0.4), PLAN) is None
    assert "larger than the patch" in (
        trains_on(region, case.cached, CropRules((4, 4, 4), smallest_scale=0.4), PLAN) or ""
    )


def test_a_region_larger_than_the_patch_is_seen_whole_in_a_scaled_crop(make_case):
    region = region_of((6.0,), 60.0, 200.0)
    case = make_case("a", "report", region=region)
    rules = CropRules((8, 8, 8), target_share=1.0, smallest_scale=0.4, spatial=SpatialAugmentation(affine_chance=0.5))
    scale = region_scale(region, case.cached, rules, PLAN)
    assert 0.4 < scale < 0.8
    organ_and_margin = (case.cached.crop((0, 0, 0), SHAPE, margins=["liver"]).margins["liver"]).sum()
    for i in range(20):
        (target,) = make_sample(case, PLAN, rules, seed=(3, i), with_reports=True).regions
        assert target.volume_lo_mm3 == pytest.approx(60 * scale**3)
        assert target.volume_hi_mm3 == pytest.approx(200 * scale**3)
        assert target.lesions[0].diameter_mm == pytest.approx(6 * scale)
        assert int(target.region.sum()) == pytest.approx(organ_and_margin * scale**3, rel=0.25)


def test_a_scaled_down_image_is_averaged_not_only_thinned_out():
    noise = np.random.default_rng(0).normal(0, 1, (64, 64, 64)).astype(np.float32)
    placement = Placement(np.full(3, 31.0), (24, 24, 24), Transform.similarity(np.zeros(3), 0.5, (1.0, 1.0, 1.0)))
    start, size = placement.block()
    block = noise[tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))]
    image, _ = cut(block, {}, start, placement, 0.0)
    assert 0.1 < float(image.std()) < 0.5  # every second voxel has 1, the mean of 2³ voxels 0.35


def test_reach_follows_the_size():
    assert lesions_reach_mm(region_of((10.0,), 1.0, 2.0)) == pytest.approx(6.0)
    assert lesions_reach_mm(region_of((100.0,), 1.0, 2.0)) == pytest.approx(60.0)
    assert lesions_reach_mm(region_of((), math.pi / 6 * 4**3, None)) == pytest.approx(2.0)


def test_image_and_masks_move_alike(make_case):
    """A bright ball and its mask, through one transform, still lie on each other."""
    rng = np.random.default_rng(0)
    mask = ball((12.0, 12.0, 8.0), 16.0)
    growth = []
    for chance in (0.0, 1.0):
        for _ in range(10):
            transform = SpatialAugmentation(affine_chance=chance).draw(rng, SPACING_MM)
            placement = Placement(np.array([11.5, 11.5, 7.5]), (20, 20, 14), transform)
            start, size = placement.block()
            slices = tuple(slice(max(a, 0), a + n) for a, n in zip(start, size, strict=True))
            block = mask[slices].astype(np.float32)
            padded = np.zeros(size, dtype=np.float32)
            offset = tuple(slice(max(-a, 0), max(-a, 0) + n) for a, n in zip(start, block.shape, strict=True))
            padded[offset] = block
            image, masks = cut(padded, {"m": padded > 0.5}, start, placement, 0.0)
            moved, seen = masks["m"], image > 0.5
            assert (moved & seen).sum() / (moved | seen).sum() > 0.8  # nearest against linear, on their common surface
            shift = moved.nonzero().double().mean(dim=0) - seen.nonzero().double().mean(dim=0)
            assert float(shift.abs().max()) < 0.2
            growth.append(float(moved.sum()) / float(mask.sum()) / placement.transform.scale**3)
    assert np.mean(growth) == pytest.approx(1, abs=0.04)


def test_a_crop_at_the_fitting_scale_holds_the_box():
    rng = np.random.default_rng(1)
    scales = []
    for _ in range(200):
        low = rng.uniform(0, 10, 3)
        high = low + rng.uniform(3, 40, 3)
        scale = fitting_scale(low, high, PLAN.patch_size)
        transform = Transform.similarity(np.zeros(3), scale, SPACING_MM) if scale < 1 else Transform.identity()
        placement = place_around(low, high, PLAN.patch_size, transform, rng.uniform(0, 1, 3))
        assert placement is not None
        assert placement.contains(low, high)
        scales.append(scale)
    assert min(scales) < 0.5
    assert max(scales) == 1
    between = (np.full(3, 0.3), np.full(3, 16.2))  # 15.9 voxels long, but touches 17 of them
    scale = fitting_scale(*between, (16, 16, 16))
    assert 0.99 < scale < 1
    turned = Transform.similarity(np.zeros(3), scale, SPACING_MM)
    assert place_around(*between, (16, 16, 16), turned, (0.5, 0.5, 0.5)) is not None


def test_masks_take_the_voxel_that_grid_sample_takes():
    """Turned, scaled and mirrored crops that reach out of the block, and samples half way between voxels."""
    rng = np.random.default_rng(0)
    mask = rng.random((13, 10, 9)) < 0.5
    for turned in (
        Transform.similarity((0.3, -0.2, 0.5), 0.8, (1.0, 1.0, 2.0), (1,)),
        Transform.similarity((0.0, 0.0, 0.0), 0.5, (1.0, 1.0, 1.0)),
    ):
        placement = Placement(np.array([6.0, 4.5, 4.0]), (16, 12, 10), turned)
        grid = _sampling_grid(placement, np.zeros(3), mask.shape)
        volume = torch.from_numpy(mask.astype(np.float32))[None, None]
        taken = torch.nn.functional.grid_sample(volume, grid[None], mode="nearest", align_corners=True)[0, 0] > 0.5
        index, outside = _nearest(grid, mask.shape)
        assert outside.any()
        assert torch.equal(_at(mask, index, outside), taken)
        axes = np.stack(np.meshgrid(*(np.arange(n) for n in placement.size), indexing="ij"), axis=-1)
        points = 2 * placement.to_case(axes.reshape(-1, 3)) / (np.asarray(mask.shape) - 1) - 1
        np.testing.assert_allclose(grid.numpy().reshape(-1, 3), points[:, ::-1], atol=1e-6)
