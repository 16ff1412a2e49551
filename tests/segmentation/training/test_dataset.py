"""Which cases teach what: the pools, and why a case is left out."""

from dataclasses import replace

import pytest
from reportsup.schemas import ConfigError
from reportsup.segmentation.preprocessing import LesionChannel
from reportsup.segmentation.targets import CaseTargets, ChannelStatus, ChannelTarget
from reportsup.segmentation.training.augmentation import SpatialAugmentation
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.crops import CropRules, TrainingCase
from reportsup.segmentation.training.dataset import CropDataset, make_samplers, seen_at_scale, sort_cases

from .conftest import PLAN, region_of


def test_cases_go_to_the_pool_of_what_they_teach(make_case):
    kinds = {"m": "masked", "e": "empty", "r": "report", "h": "healthy", "u": "unknown"}
    pools = sort_cases(
        {name: make_case(name, kind) for name, kind in kinds.items()}, PLAN, CropRules(PLAN.patch_size), True
    )
    assert (pools.masks.positive, pools.masks.negative) == (("m",), ("e",))
    assert (pools.reports.positive, pools.reports.negative) == (("r",), ("h",))
    assert pools.unused == {"u": "nothing known"}


def test_without_presence_targets_a_report_with_an_unsized_lesion_is_left_out(make_case):
    sized, unsized = region_of((10.0,), 200.0, 800.0), region_of((), 33.5, None)
    case = make_case("r", "report")
    channel = ChannelTarget("liver", ChannelStatus.REPORT, (sized, unsized))
    both = TrainingCase(case.cached, CaseTargets("r", "train", None, {"liver": channel}))
    rules = CropRules(PLAN.patch_size)
    assert sort_cases({"r": both}, PLAN, rules, True).reports.positive == ("r",)
    without = sort_cases({"r": both}, PLAN, replace(rules, presence_targets=False), True)
    assert not len(without.reports)
    assert "without a size" in without.unused["r"]
    channels = {"liver": replace(channel, regions=(unsized,))}
    no_mask = TrainingCase(replace(case.cached, masks={}), CaseTargets("r", "train", None, channels))
    unseen = sort_cases({"r": no_mask}, PLAN, replace(rules, presence_targets=False), True)
    assert "without a size" in unseen.unused["r"]
    only_sized = sort_cases({"r": case}, PLAN, replace(rules, presence_targets=False), True)
    assert only_sized.reports.positive == ("r",)


def test_regions_larger_than_the_patch_set_the_scale_of_all_crops(make_case):
    cases = {"r": make_case("r", "report")}
    rules = CropRules((8, 8, 8), smallest_scale=0.4, spatial=SpatialAugmentation())
    pools = sort_cases(cases, PLAN, rules, True)
    assert pools.regions == {("liver", "trained on, scaled down to the patch"): 1}
    assert 0.4 < pools.smallest_scale < 0.8
    spatial = seen_at_scale(rules, pools.smallest_scale).spatial
    assert spatial is not None
    assert spatial.scale == (pools.smallest_scale, 1.2)
    roomy = replace(rules, size=PLAN.patch_size)
    assert sort_cases(cases, PLAN, roomy, True).smallest_scale == 1
    assert seen_at_scale(roomy, 1.0) is roomy
    assert sort_cases(cases, PLAN, rules, False).smallest_scale == 1


def test_a_mask_of_one_organ_does_not_hide_the_scale_of_a_report_of_another(make_case):
    plan = replace(PLAN, channels=(*PLAN.channels, LesionChannel("kidney", "kidney_lesion")))
    reported = replace(region_of((10.0,), 200.0, 800.0), organ="kidney")  # in the box that the case has a mask of
    masked = make_case("m", "masked")
    channels = {**masked.targets.channels, "kidney": ChannelTarget("kidney", ChannelStatus.REPORT, (reported,))}
    both = TrainingCase(masked.cached, CaseTargets("m", "train", None, channels))
    rules = CropRules((8, 8, 8), smallest_scale=0.4, spatial=SpatialAugmentation())
    pools = sort_cases({"m": both}, plan, rules, True)
    assert pools.masks.positive == ("m",)
    assert pools.regions == {("kidney", "trained on, scaled down to the patch"): 1}
    assert 0.4 < pools.smallest_scale < 0.8


def dual_case(make_case):
    """A liver mask with a lesion, and a report of a kidney lesion (in the box that the case calls liver)."""
    plan = replace(PLAN, channels=(*PLAN.channels, LesionChannel("kidney", "kidney_lesion")))
    masked = make_case("m", "masked")
    reported = replace(region_of((10.0,), 200.0, 800.0), organ="kidney")
    kidney = ChannelTarget("kidney", ChannelStatus.REPORT, (reported,))
    channels = {**masked.targets.channels, "kidney": kidney}
    return plan, TrainingCase(masked.cached, CaseTargets("m", "train", None, channels))


def test_a_case_with_a_mask_and_a_report_of_another_organ_is_drawn_for_each_apart(make_case):
    plan, case = dual_case(make_case)
    rules = CropRules((6, 6, 6), target_share=1.0, lesion_share=1.0, smallest_scale=0.1)
    pools = sort_cases({"m": case}, plan, rules, True)
    assert (pools.masks.positive, pools.reports.positive) == (("m",), ("m",))
    assert (pools.masks.by_organ["liver"], pools.reports.by_organ["kidney"]) == (("m",), ("m",))
    sampler = make_samplers(pools, TrainingConfig(batch_size=2, report_share=0.5, augment=False))[2]
    crops = CropDataset({"m": case}, plan, rules, sampler, range(15))
    samples = [crops[i] for i in range(30)]
    assert sum(sample.of_report for sample in samples) == 15
    for sample in samples:
        assert sample.of_report or sample.label[0].any()  # a draw of the mask shows the drawn lesion
        assert not sample.of_report or sample.regions[0].volume_lo_mm3 > 0  # one of the report holds its region


def test_shares_by_organ_need_every_organ(make_case):
    plan, case = dual_case(make_case)
    pools = sort_cases({"m": case}, plan, CropRules(PLAN.patch_size), True)
    with pytest.raises(ConfigError, match="vs kidney, liver"):
        make_samplers(pools, TrainingConfig(report_share={"liver": 0.3}))
    make_samplers(pools, TrainingConfig(report_share={"liver": 0.3, "kidney": 0.7}))
