"""All terms together: what acts on which head, and the batches without anything to act on."""

import pytest
import torch
from reportsup.schemas.errors import ConfigError, DataError
from reportsup.segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget
from reportsup.segmentation.losses import BallLoss, MaskedSegmentationLoss, ReportSupervisionLoss, VolumeLoss

SHAPE = (16, 16, 16)


def heads(batch=1, channels=2, n_heads=2):
    generator = torch.Generator().manual_seed(0)
    sizes = [[n // 2**level for n in SHAPE] for level in range(n_heads)]
    return [torch.randn(batch, channels, *size, generator=generator).requires_grad_() for size in sizes]


def targets_for(batch=1, channel=1):
    region = torch.zeros(SHAPE, dtype=torch.bool)
    region[4:12, 4:12, 4:12] = True
    target = RegionTarget(channel, region, 20.0, 60.0, (Lesion(4.0, 33.5),))
    return LesionTargets.from_regions([[target]] + [[]] * (batch - 1), torch.ones(batch, 3), SHAPE)


@pytest.mark.parametrize("preset", ["interval", "reference"])
def test_total_is_the_weighted_sum_of_the_terms(preset):
    given, targets = heads(), targets_for()
    loss = ReportSupervisionLoss(preset, volume_weight=0.3, ball_weight=0.7)
    terms = loss(given, torch.zeros(1, 2, *SHAPE), None, targets)
    expected = terms["segmentation"] + 0.3 * terms["volume"] + 0.7 * terms["ball"]
    torch.testing.assert_close(terms["loss"].detach(), expected)
    alone = VolumeLoss(loss.options.volume_form, mean_over=loss.options.mean_over)
    torch.testing.assert_close(terms["volume"], alone(given[1], targets).detach())
    assert [terms[name].requires_grad for name in ("segmentation", "volume", "ball", "loss")] == [False] * 3 + [True]


def test_heads_are_weighted_by_halves():
    given, labels = heads(n_heads=3), torch.zeros(1, 2, *SHAPE)
    alone = [MaskedSegmentationLoss()(head, labels) for head in given]
    expected = (alone[0] + 0.5 * alone[1] + 0.25 * alone[2]) / 1.75
    torch.testing.assert_close(ReportSupervisionLoss()(given, labels)["segmentation"], expected.detach())


def test_volume_acts_on_the_coarse_head_and_ball_on_the_final_one():
    given, targets = heads(), targets_for()
    known = torch.zeros(1, 2, *SHAPE, dtype=torch.bool)
    for weights, acting in (({"volume_weight": 0.0}, 0), ({"ball_weight": 0.0}, 1)):
        loss = ReportSupervisionLoss(**weights)(given, torch.zeros(1, 2, *SHAPE), known, targets)["loss"]
        gradients = torch.autograd.grad(loss, given)
        assert gradients[acting].abs().sum() > 0
        assert gradients[1 - acting].abs().sum() == 0


def test_single_head_gets_both_terms():
    (final,) = heads(n_heads=1)
    terms = ReportSupervisionLoss()(final, torch.zeros(1, 2, *SHAPE), None, targets_for())
    torch.testing.assert_close(terms["volume"], VolumeLoss()(final, targets_for()).detach())
    torch.testing.assert_close(terms["ball"], BallLoss()(final, targets_for()).detach())


def test_region_is_unknown_to_the_segmentation_loss():
    (final,) = heads(n_heads=1)
    targets = targets_for()
    loss = ReportSupervisionLoss(volume_weight=0.0, ball_weight=0.0)(final, torch.zeros(1, 2, *SHAPE), None, targets)
    loss["loss"].backward()
    assert (final.grad[0, 1][targets.region[0, 0]] == 0).all()
    assert (final.grad[0, 1][~targets.region[0, 0]] > 0).all()
    assert (final.grad[0, 0] > 0).all()


@pytest.mark.parametrize(
    "targets", [None, LesionTargets.empty(1, SHAPE), LesionTargets.empty(1, SHAPE, slots=2, lesions=3)]
)
def test_batch_without_report_still_touches_every_head(targets):
    given = heads(n_heads=3)
    known = torch.zeros(1, 2, *SHAPE, dtype=torch.bool)
    terms = ReportSupervisionLoss()(given, torch.zeros(1, 2, *SHAPE), known, targets)
    terms["loss"].backward()
    assert terms["loss"].item() == 0
    assert all(head.grad is not None and (head.grad == 0).all() for head in given)


def test_bfloat16_heads_under_autocast():
    given = [head.detach().bfloat16().requires_grad_() for head in heads()]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = ReportSupervisionLoss()(given, torch.zeros(1, 2, *SHAPE), None, targets_for())
    terms["loss"].backward()
    assert {term.dtype for term in terms.values()} == {torch.float32}
    assert all(head.grad.isfinite().all() for head in given)


def test_batch_order_does_not_matter():
    given, targets = heads(batch=2), targets_for(batch=2)
    order = [1, 0]
    swapped = LesionTargets.from_dict({name: field[order] for name, field in targets.as_dict().items()})
    labels = (torch.rand(2, 2, *SHAPE, generator=torch.Generator().manual_seed(1)) > 0.9).float()
    straight = ReportSupervisionLoss()(given, labels, None, targets)["loss"]
    permuted = ReportSupervisionLoss()([head[order] for head in given], labels[order], None, swapped)["loss"]
    torch.testing.assert_close(straight, permuted)


def test_wrong_arguments_are_named():
    with pytest.raises(ConfigError, match="'paper'"):
        ReportSupervisionLoss("paper")
    with pytest.raises(ConfigError, match=r"ball_weight: -1\.0"):
        ReportSupervisionLoss(ball_weight=-1.0)
    with pytest.raises(DataError, match="heads: none"):
        ReportSupervisionLoss()([], torch.zeros(1, 2, *SHAPE))


def test_known_voxels_of_a_region_stay_known_where_asked():
    given, targets, labels = heads(), targets_for(), torch.zeros(1, 2, *SHAPE)
    everywhere = ReportSupervisionLoss()(given, labels)["segmentation"]
    kept = ReportSupervisionLoss(regions_unknown=False)(given, labels, None, targets)["segmentation"]
    taken = ReportSupervisionLoss()(given, labels, None, targets)["segmentation"]
    torch.testing.assert_close(kept, everywhere)
    assert not torch.isclose(taken, everywhere)
