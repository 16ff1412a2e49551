"""Known voxels alone count, on every head."""

import math

import pytest
import torch
from reportsup.schemas.errors import ConfigError, DataError
from reportsup.segmentation.losses import MaskedSegmentationLoss, adaptive_tversky, soft_dice


def lesion_labels(shape=(8, 8, 8)):
    labels = torch.zeros(1, 1, *shape)
    labels[..., 2:5, 2:5, 2:5] = 1
    return labels


def test_hand_computed_value():
    labels = torch.zeros(1, 1, 1, 1, 4)
    labels[..., 0] = 1
    logits = torch.tensor([2.0, -1.0, 0.0, 3.0]).view(1, 1, 1, 1, 4)
    known = torch.tensor([True, True, True, False]).view(1, 1, 1, 1, 4)
    bce = (math.log1p(math.exp(-2)) + math.log1p(math.exp(-1)) + math.log(2)) / 3
    p = [1 / (1 + math.exp(-z)) for z in (2.0, -1.0, 0.0)]
    dice = 1 - (2 * p[0] + 1) / (sum(p) + 1 + 1)
    assert MaskedSegmentationLoss()(logits, labels, known).item() == pytest.approx(bce + dice, rel=1e-5)


def test_unknown_voxels_have_no_gradient_and_no_influence():
    labels, known = lesion_labels(), torch.ones(1, 1, 8, 8, 8, dtype=torch.bool)
    known[..., 4:] = False
    logits = torch.randn(1, 1, 8, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = MaskedSegmentationLoss()(logits, labels, known)
    loss.backward()
    assert (logits.grad[~known] == 0).all()
    assert (logits.grad[known] != 0).all()
    elsewhere = torch.where(known, logits.detach(), 50.0)
    relabelled = torch.where(known, labels, 1.0)
    assert MaskedSegmentationLoss()(elsewhere, relabelled, known).item() == pytest.approx(loss.item())


def test_gradient_points_to_the_labels():
    labels = lesion_labels()
    logits = torch.zeros(1, 1, 8, 8, 8, requires_grad=True)
    MaskedSegmentationLoss()(logits, labels).backward()
    assert (logits.grad[labels > 0] < 0).all()
    assert (logits.grad[labels == 0] > 0).all()


def test_nothing_known_costs_nothing_and_touches_the_head():
    logits = torch.randn(1, 2, 4, 4, 4, requires_grad=True)
    loss = MaskedSegmentationLoss()(logits, torch.zeros_like(logits), torch.zeros(1, 2, 4, 4, 4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_absent_channel_adds_no_dice():
    labels = torch.cat([lesion_labels(), torch.zeros(1, 1, 8, 8, 8)], dim=1)
    perfect = 20 * (2 * labels - 1)
    assert MaskedSegmentationLoss()(perfect, labels).item() == pytest.approx(0, abs=1e-3)


def test_coarse_head_sees_the_share_of_a_small_lesion():
    labels = torch.zeros(1, 1, 8, 8, 8)
    labels[..., 3, 3, 3] = 1
    logits = torch.full((1, 1, 4, 4, 4), -6.0, requires_grad=True)
    MaskedSegmentationLoss()(logits, labels).backward()
    assert logits.grad[0, 0, 1, 1, 1] < 0
    assert (logits.grad < 0).sum() == 1


def test_coarse_label_is_the_lesion_share_of_the_known_part():
    labels, known = torch.zeros(1, 1, 2, 2, 2), torch.zeros(1, 1, 2, 2, 2, dtype=torch.bool)
    labels[..., 0, 0, 0] = 1
    known[..., 0, 0, :] = True
    logits = torch.zeros(1, 1, 1, 1, 1, requires_grad=True)
    MaskedSegmentationLoss(dice_weight=0)(logits, labels, known).backward()
    assert logits.grad.item() == pytest.approx(0.0, abs=1e-6)  # one of two known voxels: p = 0.5 is right


def test_overlap_terms_by_hand():
    p = torch.tensor([0.5, 0.25]).view(1, 1, 1, 1, 2)
    y = torch.tensor([1.0, 0.0]).view(1, 1, 1, 1, 2)
    assert soft_dice(p, y, torch.ones_like(p)).item() == pytest.approx(1 - (1.0 + 1) / (0.75 + 1 + 1))
    alpha = 0.25 / 0.75
    tversky = 0.5 / (0.5 + alpha * 0.25 + (1 - alpha) * 0.5)
    assert adaptive_tversky(p, y, torch.ones_like(p)).item() == pytest.approx(1 - tversky, rel=1e-4)


def test_reference_overlap_of_an_absent_class_is_a_constant_1():
    p = torch.rand(1, 1, 3, 3, 3, requires_grad=True)
    loss = adaptive_tversky(p, torch.zeros(1, 1, 3, 3, 3), torch.ones(1, 1, 3, 3, 3))
    loss.sum().backward()
    assert loss.item() == pytest.approx(1)
    assert (p.grad == 0).all()


def test_gradcheck_and_autocast():
    labels = lesion_labels((4, 6, 6))
    known = torch.rand(1, 1, 4, 6, 6, generator=torch.Generator().manual_seed(1)) > 0.3
    logits = torch.randn(1, 1, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for overlap in ("dice", "tversky"):
        loss = MaskedSegmentationLoss(overlap)
        assert torch.autograd.gradcheck(lambda z, loss=loss: loss(z, labels, known), logits.requires_grad_())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert MaskedSegmentationLoss()(logits.detach().bfloat16(), labels, known).dtype == torch.float32


def test_wrong_arguments_are_named():
    with pytest.raises(ConfigError, match="'iou'"):
        MaskedSegmentationLoss("iou")
    with pytest.raises(DataError, match=r"labels: shape \(1, 1, 4, 4, 4\) vs \(1, 2"):
        MaskedSegmentationLoss()(torch.zeros(1, 2, 4, 4, 4), torch.zeros(1, 1, 4, 4, 4))
    with pytest.raises(DataError, match="known"):
        MaskedSegmentationLoss()(torch.zeros(1, 1, 4, 4, 4), torch.zeros(1, 1, 4, 4, 4), torch.ones(1, 1, 2, 2, 2))


def test_lesion_voxels_count_positive_weight_times():
    labels = torch.zeros(1, 1, 2, 2, 2)
    labels[..., 0, 0, 0] = 1
    logits = torch.full_like(labels, 0.3)
    positive, negative = torch.nn.functional.softplus(torch.tensor([-0.3, 0.3]))
    loss = MaskedSegmentationLoss(dice_weight=0.0, cross_entropy_weight=2.0, positive_weight=5.0)
    torch.testing.assert_close(loss(logits, labels), 2 * (5 * positive + 7 * negative) / 8)
