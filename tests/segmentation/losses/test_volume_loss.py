"""Analytic values, the interval, coarse heads, gradients."""

import math

import pytest
import torch
from reportsup.schemas.errors import ConfigError, DataError
from reportsup.segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget
from reportsup.segmentation.losses import (
    VolumeLoss,
    interval_volume_loss,
    predicted_volumes_mm3,
    reference_volume_loss,
)
from reportsup.segmentation.losses.volume_loss import own_volumes_mm3


def probability_logits(shape, probability):
    return torch.full((1, 1, *shape), math.log(probability / (1 - probability)))


@pytest.mark.parametrize(
    ("reported_mm3", "empty_costs"), [(33, 0.062), (100, 0.167), (500, 0.43), (1571, 0.66), (4000, 0.785)]
)
def test_reference_cost_of_an_empty_prediction(reported_mm3, empty_costs):
    loss = reference_volume_loss(torch.zeros(()), torch.tensor(float(reported_mm3)))
    assert loss.item() == pytest.approx(empty_costs, abs=6e-3)


@pytest.mark.parametrize(("tolerance", "factor"), [(0.1, 0.90), (0.2, 0.80)])
def test_reference_dead_zone(tolerance, factor):
    volume = torch.tensor([factor * 1e6, 1e6 / factor])
    assert (reference_volume_loss(volume, torch.tensor(1e6), tolerance) < 1e-3).all()
    assert (reference_volume_loss(volume * torch.tensor([0.9, 1.1]), torch.tensor(1e6), tolerance) > 0.02).all()


def test_reference_has_no_tolerance_for_small_lesions():
    assert reference_volume_loss(torch.tensor([90.0, 110.0]), torch.tensor(100.0)).min() > 0


@pytest.mark.parametrize(("predicted_mm3", "slope"), [(5e3, 7e-5), (1e5, 3.5e-7)])
def test_reference_slope_saturates_and_ours_does_not(predicted_mm3, slope):
    volume = torch.tensor(predicted_mm3, dtype=torch.float64, requires_grad=True)
    reported = torch.tensor(1571.0, dtype=torch.float64)
    assert torch.autograd.grad(reference_volume_loss(volume, reported), volume)[0].item() == pytest.approx(
        slope, rel=0.1
    )
    ours = torch.autograd.grad(interval_volume_loss(volume, reported, reported), volume)[0].item()
    assert ours * predicted_mm3 > 0.4


def test_interval_is_zero_inside_and_grows_outside():
    lo, hi = torch.tensor(500.0), torch.tensor(1500.0)
    assert interval_volume_loss(torch.tensor([500.0, 1000.0, 1500.0]), lo, hi).abs().max() == 0
    below = interval_volume_loss(torch.tensor([400.0, 200.0, 0.0]), lo, hi)
    above = interval_volume_loss(torch.tensor([1600.0, 5000.0, 1e6]), lo, hi)
    for values in (below, above):
        assert (values > 0).all()
        assert (values.diff() > 0).all()


@pytest.mark.parametrize(("lo_mm3", "expected"), [(33.0, 0.67), (100.0, 0.85), (500.0, 0.97), (4000.0, 0.995)])
def test_interval_cost_of_an_empty_prediction(lo_mm3, expected):
    by_hand = math.log((lo_mm3 + 0.1 * lo_mm3 + 5) / (0.1 * lo_mm3 + 5)) / math.log(11)
    loss = interval_volume_loss(torch.zeros(()), torch.tensor(lo_mm3), torch.tensor(math.inf)).item()
    assert loss == pytest.approx(by_hand, rel=1e-5)
    assert loss == pytest.approx(expected, abs=0.02)


def test_open_interval_never_penalises_much_and_has_finite_gradients():
    volume = torch.tensor([0.0, 50.0, 1e7], requires_grad=True)
    loss = interval_volume_loss(volume, torch.tensor(30.0), torch.tensor(math.inf))
    loss.sum().backward()
    assert loss[0] > 0
    assert loss[1:].abs().max() == 0
    assert volume.grad.isfinite().all()
    assert volume.grad[0] < 0


def test_absent_lesion_pushes_every_prediction_down():
    volume = torch.tensor([1.0, 1e3], requires_grad=True)
    interval_volume_loss(volume, torch.tensor(0.0), torch.tensor(0.0)).sum().backward()
    assert (volume.grad > 0).all()


def test_predicted_volume_is_in_mm3(whole_crop_target):
    shape, spacing_mm = (8, 10, 6), (0.5, 1.0, 2.0)
    targets = whole_crop_target(shape, spacing_mm=spacing_mm, lo=10.0, hi=20.0)
    volume = predicted_volumes_mm3(probability_logits(shape, 0.25), targets, [(0, 0)])
    assert volume.item() == pytest.approx(0.25 * 480, rel=1e-5)


def test_coarse_head_gives_the_volume_of_its_nearest_upsampling():
    generator = torch.Generator().manual_seed(0)
    region = torch.rand(12, 8, 16, generator=generator) > 0.6
    target = RegionTarget(0, region, 10.0, 20.0)
    targets = LesionTargets.from_regions([[target]], torch.tensor([[1.0, 2.0, 0.5]]), (12, 8, 16))
    logits = torch.randn(1, 1, 6, 4, 4, generator=generator)
    fine = torch.nn.functional.interpolate(logits, size=(12, 8, 16), mode="nearest")
    coarse_mm3 = predicted_volumes_mm3(logits, targets, [(0, 0)])
    torch.testing.assert_close(coarse_mm3, predicted_volumes_mm3(fine, targets, [(0, 0)]))
    expected = (torch.sigmoid(fine[0, 0]) * region).sum() * 1.0
    torch.testing.assert_close(coarse_mm3[0], expected)


def test_same_lesion_on_two_grids_costs_the_same(blob_logits, whole_crop_target, sphere):
    losses = []
    for spacing_mm in ((1.0, 1.0, 1.0), (2.0, 1.0, 0.8)):
        shape = tuple(round(40 / s) for s in spacing_mm)
        targets = whole_crop_target(shape, [sphere(24.0)], spacing_mm)
        losses.append(VolumeLoss()(blob_logits(shape, (20, 20, 20), 14.0, spacing_mm, outside=-20.0), targets).item())
    assert losses[0] > 0.3
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


@pytest.mark.parametrize("form", ["interval", "reference"])
@pytest.mark.parametrize(("probability", "sign"), [(0.001, -1), (0.9, 1)])
def test_gradient_raises_too_little_and_lowers_too_much(whole_crop_target, form, probability, sign):
    shape = (10, 10, 10)
    targets = whole_crop_target(shape, [Lesion(6.0, 113.0)])
    logits = probability_logits(shape, probability).requires_grad_()
    VolumeLoss(form)(logits, targets).backward()
    assert (logits.grad.sign() == sign).all()


def test_only_the_region_of_the_slots_channel_is_touched(sphere):
    region = torch.zeros(8, 8, 8, dtype=torch.bool)
    region[:4] = True
    target = RegionTarget(1, region, 50.0, 60.0)
    targets = LesionTargets.from_regions([[], [target]], torch.ones(2, 3), (8, 8, 8))
    logits = torch.full((2, 3, 8, 8, 8), -3.0, requires_grad=True)
    VolumeLoss()(logits, targets).backward()
    expected = torch.zeros(2, 3, 8, 8, 8, dtype=torch.bool)
    expected[1, 1, :4] = True
    assert ((logits.grad != 0) == expected).all()


def test_weight_scales_the_loss(whole_crop_target):
    logits = torch.full((1, 1, 6, 6, 6), -9.0)
    certain = VolumeLoss()(logits, whole_crop_target((6, 6, 6), lo=50.0, hi=60.0))
    possible = VolumeLoss()(logits, whole_crop_target((6, 6, 6), lo=50.0, hi=60.0, weight=0.5))
    assert possible.item() == pytest.approx(0.5 * certain.item())


def test_reference_skips_slots_without_a_reported_volume(whole_crop_target):
    logits = torch.zeros(1, 1, 6, 6, 6, requires_grad=True)
    for targets in (whole_crop_target((6, 6, 6), lo=5.0, hi=math.inf), LesionTargets.empty(1, (6, 6, 6))):
        loss = VolumeLoss("reference")(logits, targets)
        assert loss.item() == 0
        assert loss.requires_grad


def test_gradcheck(whole_crop_target):
    targets = whole_crop_target((4, 4, 4), [Lesion(4.0, 30.0)])
    for form in ("interval", "reference"):
        for offset in (-2.0, 3.0):
            logits = (
                torch.randn(1, 1, 2, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + offset
            )
            loss = VolumeLoss(form)
            assert torch.autograd.gradcheck(lambda z, loss=loss: loss(z, targets), logits.requires_grad_())


def test_wrong_arguments_are_named(whole_crop_target):
    targets = whole_crop_target((6, 6, 6), lo=5.0, hi=6.0, channel=2)
    with pytest.raises(ConfigError, match="'log'"):
        VolumeLoss("log")
    with pytest.raises(ConfigError, match=r"tolerance: 1\.5"):
        VolumeLoss(tolerance=1.5)
    with pytest.raises(DataError, match="target channel: 2 vs 1"):
        VolumeLoss()(torch.zeros(1, 1, 6, 6, 6), targets)
    with pytest.raises(DataError, match=r"\(6, 6\)"):
        VolumeLoss()(torch.zeros(6, 6), targets)
    with pytest.raises(DataError, match="finer"):
        VolumeLoss()(torch.zeros(1, 3, 12, 12, 12), targets)


@pytest.mark.parametrize(("shared_share", "penalised"), [(0.25, False), (0.6, True)])
def test_a_neighbours_lesions_do_not_count_against_the_upper_bound(shared_share, penalised):
    """Slot 0 may hold 10 mm³ and its neighbour 25 mm³; the voxels that both reach hold 16 or 38 mm³."""
    left, right = torch.zeros(2, 4, 8, 8, dtype=torch.bool).unbind(0)
    left[:3], right[2:] = True, True
    shared = left & right
    targets = LesionTargets.from_regions(
        [[RegionTarget(0, left, 0.0, 10.0), RegionTarget(0, right, 0.0, 25.0, background_known=False)]],
        torch.ones(1, 3),
        (4, 8, 8),
    )
    probability = torch.full((4, 8, 8), 1e-6)
    probability[shared] = shared_share
    logits = torch.logit(probability)[None, None].requires_grad_()
    expected = max(shared_share * 64 - 25.0, 0.0)
    volume = predicted_volumes_mm3(logits, targets, [(0, 0)])
    own = own_volumes_mm3(logits, targets, [(0, 0)], volume)
    assert own.item() == pytest.approx(expected, abs=1e-3)
    assert (interval_volume_loss(volume, torch.tensor(0.0), torch.tensor(10.0), own_mm3=own).item() > 0) == penalised


def test_a_slot_alone_owns_all_of_its_volume(whole_crop_target):
    targets = whole_crop_target((6, 6, 6), lo=5.0, hi=6.0)
    logits = torch.zeros(1, 1, 6, 6, 6)
    volume = predicted_volumes_mm3(logits, targets, [(0, 0)])
    assert torch.equal(own_volumes_mm3(logits, targets, [(0, 0)], volume), volume)


def test_published_mean_counts_channels_without_a_target():
    target = RegionTarget(0, torch.ones(4, 4, 4, dtype=torch.bool), 30.0, 60.0)
    targets = LesionTargets.from_regions([[target], []], torch.ones(2, 3), (4, 4, 4))
    logits = torch.full((2, 3, 4, 4, 4), -9.0)
    of_slots = VolumeLoss()(logits, targets).item()
    assert VolumeLoss(mean_over="crops")(logits, targets).item() == pytest.approx(of_slots / 6)
