"""The published recipe: what its crops claim, and that a user's own settings stand above it."""

import numpy as np
import pytest
from reportsup.schemas import ConfigError
from reportsup.segmentation.losses import dilate_region
from reportsup.segmentation.training.config import build_config, load_config, write_config
from reportsup.segmentation.training.crops import CropRules, cut_sample, make_sample
from reportsup.segmentation.training.dataset import crop_rules
from reportsup.segmentation.training.placement import Placement, Transform

from .conftest import PLAN, SHAPE, SPACING_MM, region_of

WHOLE = Placement(np.array([11.5, 11.5, 7.5]), SHAPE, Transform.identity())
RECIPE = crop_rules(build_config({"recipe": "reference", "augment": False}), PLAN)


def test_the_recipe_fills_in_what_is_not_set(tmp_path):
    config = build_config({"recipe": "reference", "margin_mm": 8.0})
    assert (config.margin_mm, config.loss_preset, config.presence_targets) == (8.0, "reference", False)
    write_config(config, tmp_path / "c.toml")
    assert load_config(tmp_path / "c.toml") == config
    assert build_config({}).search == "reach"
    with pytest.raises(ConfigError, match="recipe"):
        build_config({"recipe": "published"})


def test_a_large_lesion_is_searched_in_the_margin_and_unknown_in_less(make_case):
    case = make_case("a", "report", region=region_of((40.0,), 3e4, 4e4))
    region = case.targets.channels["liver"].regions[0]
    organ = case.cached.crop((0, 0, 0), SHAPE, masks=["liver"]).masks["liver"]
    sample = cut_sample(case, PLAN, WHOLE, RECIPE, made_for=region)
    margin, narrow = (dilate_region(organ, SPACING_MM, reach) for reach in (PLAN.margin_mm, 2.5))
    assert np.array_equal(sample.regions[0].region.numpy(), margin)
    assert np.array_equal(sample.known[0].numpy(), ~narrow)
    assert 0 < narrow.sum() < margin.sum()
    ours = cut_sample(case, PLAN, WHOLE)
    assert int(ours.regions[0].region.sum()) > margin.sum()
    assert ours.known.all()  # the loss takes the searched voxels out


def test_a_crop_teaches_the_region_it_was_made_for_alone(make_case):
    case = make_case("a", "report", diameter_mm=6.0)
    around = [make_sample(case, PLAN, RECIPE, seed=(i,), with_reports=True) for i in range(60)]
    taught = [sample for sample in around if sample.regions]
    assert 0.75 < len(taught) / len(around) < 1  # 0.9; the others are anywhere, their region unknown
    of_masks = make_sample(case, PLAN, RECIPE, seed=(0,), with_reports=True, of_report=False)
    whole = cut_sample(case, PLAN, WHOLE, RECIPE)
    assert whole.regions == ()
    assert not whole.known.all()
    assert len(of_masks.known) == 1


def test_unknown_without_a_margin_of_its_own_is_all_that_is_searched(make_case):
    case = make_case("a", "report", diameter_mm=6.0)
    alone = cut_sample(case, PLAN, WHOLE, CropRules(SHAPE, one_region=True, search="margin"))
    (region,) = cut_sample(case, PLAN, WHOLE, CropRules(SHAPE, search="margin")).regions
    assert alone.regions == ()
    assert np.array_equal(alone.known[0].numpy(), ~region.region.numpy())
