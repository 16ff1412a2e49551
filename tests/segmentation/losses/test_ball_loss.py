"""Which way the Ball Loss pulls, and that nothing but its targets matters."""

import math

import pytest
import torch
from reportsup.schemas.errors import ConfigError, DataError
from reportsup.segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget
from reportsup.segmentation.losses import BallLoss, BallOptions, PseudoMask, pseudo_mask_loss, slot_pseudo_mask
from reportsup.segmentation.losses.ball_loss import place_slots

SHAPE = (24, 24, 24)


def test_hand_computed_terms():
    logits = torch.tensor([[[0.0, 1.0, -2.0, 5.0]]])
    foreground = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    ignored = torch.tensor([[[False, False, False, True]]])
    mask = PseudoMask(foreground, ignored, foreground > 0, torch.tensor(0.5))
    background = torch.tensor([[[0.0, 1.0, 1.0, 0.0]]])
    as_background = (math.log1p(math.e) + math.log1p(math.exp(-2))) / 2
    expected = (math.log(2) + as_background) / 2
    assert pseudo_mask_loss(logits, mask, background, dice_weight=0).item() == pytest.approx(expected, rel=1e-5)
    p = [0.5, 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(2))]
    dice = 1 - (2 * p[0] + 1) / (sum(p) + 1 + 1)
    assert pseudo_mask_loss(logits, mask, background).item() == pytest.approx(expected + dice, rel=1e-5)
    crop = pseudo_mask_loss(logits, mask, background, dice_weight=0, crop_voxels=10).item()
    assert crop == pytest.approx((math.log(2) + 2 * as_background) / 10, rel=1e-5)


def test_more_tumour_inside_less_outside_nothing_in_the_ring(blob_logits, whole_crop_target, sphere, distance_mm):
    logits = blob_logits(SHAPE, (11, 12, 13), 10.0, inside=1.0, outside=-2.0).requires_grad_()
    targets = whole_crop_target(SHAPE, [sphere(10.0)])
    BallLoss()(logits, targets).backward()
    mask = slot_pseudo_mask(logits.detach()[0, 0], targets, 0, 0)
    gradient, distance = logits.grad[0, 0], distance_mm(SHAPE, (11, 12, 13))
    assert (gradient[mask.foreground > 0] < 0).all()
    assert (gradient[distance > 10.5] > 0).all()
    assert (gradient[mask.ignored] == 0).all()


def test_open_count_leaves_the_rest_of_the_region_alone(blob_logits, whole_crop_target):
    logits = blob_logits(SHAPE, (11, 12, 13), 6.0, inside=1.0, outside=-2.0).requires_grad_()
    targets = whole_crop_target(SHAPE, [Lesion.unsized()], hi=math.inf, background_known=False)
    BallLoss()(logits, targets).backward()
    foreground = slot_pseudo_mask(logits.detach()[0, 0], targets, 0, 0).foreground > 0
    assert 50 <= foreground.sum() <= 113
    assert (logits.grad[0, 0][foreground] < 0).all()
    assert (logits.grad[0, 0][~foreground] == 0).all()


def test_only_the_slots_region_and_channel_are_touched(sphere):
    region = torch.zeros(SHAPE, dtype=torch.bool)
    region[2:18, 4:20, 1:17] = True
    target = RegionTarget(1, region, 40.0, 80.0, (sphere(5.0),))
    targets = LesionTargets.from_regions([[], [target]], torch.ones(2, 3), SHAPE)
    logits = torch.randn(2, 3, *SHAPE, generator=torch.Generator().manual_seed(0)).requires_grad_()
    BallLoss()(logits, targets).backward()
    touched = logits.grad != 0
    assert not touched[0].any()
    assert not touched[1, [0, 2]].any()
    assert not touched[1, 1][~region].any()
    assert touched[1, 1].any()


def test_perfect_prediction_costs_almost_nothing(blob_logits, whole_crop_target, sphere):
    targets = whole_crop_target(SHAPE, [sphere(10.0)])
    right = BallLoss()(blob_logits(SHAPE, (11, 12, 13), 10.0, inside=20.0, outside=-20.0), targets)
    empty = BallLoss()(torch.full((1, 1, *SHAPE), -20.0), targets)
    flooded = BallLoss()(torch.full((1, 1, *SHAPE), 20.0), targets)
    assert right < 0.01
    assert min(empty, flooded) > 5


def test_optimising_it_makes_one_lesion_of_the_reported_volume(blob_logits, whole_crop_target, sphere):
    targets = whole_crop_target(SHAPE, [sphere(8.0)])
    logits = (blob_logits(SHAPE, (12, 10, 12), 5.0, inside=-1.0, outside=-2.0)).clone().requires_grad_()
    optimiser = torch.optim.Adam([logits], lr=0.3)
    for _ in range(30):
        optimiser.zero_grad()
        BallLoss()(logits, targets).backward()
        optimiser.step()
    predicted = logits.detach()[0, 0] > 0
    assert 0.75 * 268 <= predicted.sum() <= 1.25 * 268
    assert predicted[12, 10, 12]


def test_same_lesion_on_two_grids_costs_the_same(distance_mm, whole_crop_target, sphere):
    losses = []
    for spacing_mm in ((1.0, 1.0, 1.0), (1.6, 0.8, 1.25)):
        shape = tuple(round(40 / s) for s in spacing_mm)
        logits = 4.0 - distance_mm(shape, (20, 20, 20), spacing_mm)[None, None]
        losses.append(BallLoss()(logits, whole_crop_target(shape, [sphere(14.0)], spacing_mm)).item())
    assert losses[0] == pytest.approx(losses[1], rel=0.03)


def test_batch_order_does_not_matter(sphere):
    logits = torch.randn(3, 2, *SHAPE, generator=torch.Generator().manual_seed(5))
    whole = torch.ones(SHAPE, dtype=torch.bool)
    samples = [
        [RegionTarget(0, whole, 40, 80, (sphere(5.0), sphere(7.0)))],
        [],
        [RegionTarget(1, whole, 1, 9, (sphere(4.0),))],
    ]
    spacing_mm = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 2.0, 1.0]])
    losses = []
    for order in ([0, 1, 2], [2, 0, 1]):
        targets = LesionTargets.from_regions([samples[i] for i in order], spacing_mm[order], SHAPE)
        losses.append(BallLoss()(logits[order], targets).item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_weight_scales_the_loss(blob_logits, whole_crop_target, sphere):
    logits = blob_logits(SHAPE, (11, 12, 13), 10.0)
    certain = BallLoss()(logits, whole_crop_target(SHAPE, [sphere(8.0)]))
    possible = BallLoss()(logits, whole_crop_target(SHAPE, [sphere(8.0)], weight=0.5))
    assert possible.item() == pytest.approx(0.5 * certain.item(), rel=1e-6)


def test_without_lesions_it_is_a_zero_that_touches_the_head(whole_crop_target):
    for targets in (LesionTargets.empty(1, SHAPE), whole_crop_target(SHAPE, lo=5.0, hi=6.0)):
        logits = torch.zeros(1, 1, *SHAPE, requires_grad=True)
        loss = BallLoss()(logits, targets)
        loss.backward()
        assert loss.item() == 0
        assert (logits.grad == 0).all()


def test_gradcheck(whole_crop_target):
    shape = (5, 5, 4)
    targets = whole_crop_target(shape, [Lesion(3.0, 10.0)])
    logits = torch.randn(1, 1, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for loss in (BallLoss(BallOptions(ring_mm=1.0)), BallLoss(BallOptions(rank_weights=True), normalisation="crop")):
        assert torch.autograd.gradcheck(lambda z, loss=loss: loss(z, targets), logits.clone().requires_grad_())


def test_autocast_stays_in_single_precision(blob_logits, whole_crop_target, sphere):
    targets = whole_crop_target(SHAPE, [sphere(10.0)])
    logits = blob_logits(SHAPE, (11, 12, 13), 10.0).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = BallLoss()(logits, targets)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(BallLoss()(logits.float(), targets).item(), rel=1e-6)


def test_wrong_arguments_are_named(whole_crop_target, sphere):
    targets = whole_crop_target(SHAPE, [sphere(10.0)])
    with pytest.raises(ConfigError, match=r"foreground_fraction: 1\.2"):
        BallLoss(BallOptions(foreground_fraction=1.2))
    with pytest.raises(ConfigError, match="'sum'"):
        BallLoss(normalisation="sum")
    with pytest.raises(DataError, match=r"finest head"):
        BallLoss()(torch.zeros(1, 1, 12, 12, 12), targets)
    with pytest.raises(DataError, match=r"\(2, R, X, Y, Z\)"):
        BallLoss()(torch.zeros(2, 1, *SHAPE), targets)


def half(x0, x1):
    region = torch.zeros(SHAPE, dtype=torch.bool)
    region[x0:x1] = True
    return region


def test_a_cut_neighbour_takes_background_away_only_where_it_overlaps(blob_logits, sphere):
    described = RegionTarget(0, half(0, 16), 200.0, 400.0, (sphere(8.0),))
    cut = RegionTarget(0, half(12, 24), 0.0, 900.0, (), background_known=False)
    logits = blob_logits(SHAPE, (6, 12, 12), 8.0, inside=1.0, outside=-2.0).requires_grad_()
    BallLoss()(logits, LesionTargets.from_regions([[described, cut]], torch.ones(1, 3), SHAPE)).backward()
    gradient = logits.grad[0, 0]
    assert (gradient[:12, :3, :3] > 0).all()
    assert (gradient[12:] == 0).all()


def test_neighbours_place_their_lesions_apart_each_in_its_own_region(blob_logits, sphere):
    """The larger lesion lies where both regions reach; the smaller one must not be placed on it."""
    first = RegionTarget(0, half(0, 16), 200.0, 400.0, (sphere(6.0),))
    second = RegionTarget(0, half(8, 24), 900.0, 1500.0, (sphere(10.0),))
    logits = torch.maximum(blob_logits(SHAPE, (12, 12, 12), 10.0), blob_logits(SHAPE, (4, 5, 5), 6.0, inside=1.0))
    targets = LesionTargets.from_regions([[first, second]], torch.ones(1, 3), SHAPE)
    by_slot = {slot.slot: slot for slot in place_slots(logits, targets)}
    assert by_slot[0].mask.lesion[4, 5, 5]
    assert not by_slot[0].mask.lesion[12, 12, 12]
    assert not by_slot[0].background[12, 12, 12]
    assert by_slot[0].background[4, 20, 20]
    assert by_slot[1].mask.lesion[12 - 8, 12, 12]


def test_published_form_draws_the_ball_and_averages_over_all_crops(blob_logits):
    flat = Lesion(diameter_mm=8.0, volume_mm3=60.0)
    region = torch.ones(SHAPE, dtype=torch.bool)
    target = RegionTarget(0, region, 50.0, 70.0, (flat,))
    one, two = (LesionTargets.from_regions([[target]] + [[]] * n, torch.ones(n + 1, 3), SHAPE) for n in (0, 1))
    logits = blob_logits(SHAPE, (11, 12, 13), 8.0, inside=1.0, outside=-2.0)
    drawn = [slot_pseudo_mask(logits[0, 0], one, 0, 0, BallOptions(whole_ball=whole)).lesion for whole in (False, True)]
    assert int(drawn[0].sum()) == 60
    assert int(drawn[1].sum()) == pytest.approx(math.pi / 6 * 9**3, rel=0.1)  # the next odd diameter
    pair = torch.cat([logits, logits])
    losses = [BallLoss(mean_over="crops")(x, t).item() for x, t in ((logits, one), (pair, two))]
    assert losses[1] == pytest.approx(losses[0] / 2)
    assert BallLoss()(pair, two).item() == pytest.approx(losses[0])


def test_published_overlap_weighs_the_more_frequent_error_more():
    logits = torch.tensor([[[0.0, 2.0, -2.0]]])
    lesion = torch.tensor([[[1.0, 0.0, 0.0]]])
    mask = PseudoMask(lesion, torch.zeros(1, 1, 3, dtype=torch.bool), lesion > 0, torch.tensor(0.5))
    dice_free = pseudo_mask_loss(logits, mask, 1 - lesion, dice_weight=0).item()
    fp, fn, tp = 1.0, 0.5, 0.5  # sigmoid(2) + sigmoid(-2) = 1
    alpha = fp / (fp + fn)
    expected = 1 - tp / (tp + alpha * fp + (1 - alpha) * fn)
    loss = pseudo_mask_loss(logits, mask, 1 - lesion, overlap="tversky").item()
    assert loss - dice_free == pytest.approx(expected, rel=1e-4)
