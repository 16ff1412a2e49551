"""The pictures show the slice and the voxels that the Ball Loss takes for the reported lesion."""

import numpy as np
import pytest
import torch
from reportsup.segmentation.losses import BallOptions
from reportsup.segmentation.training.crops import CropRules
from reportsup.segmentation.training.dataset import sort_cases
from reportsup.segmentation.training.pseudo_mask_pictures import _picture, crops_to_show, draw_pseudo_masks
from reportsup.segmentation.training.run_folder import RunFolder
from reportsup.segmentation.training.sampling import Sampler
from torch import nn

from .conftest import PLAN, region_of


class Bright(nn.Module):
    """Calls lesion what is bright."""

    def forward(self, image):
        return 4 * (image - image.mean())


@pytest.fixture
def crops(make_case):
    region = region_of((8.0,), 200.0, 320.0)
    names = {"m": "masked", "r": "report", "h": "healthy"}
    cases = {name: make_case(name, kind, region=region if kind == "report" else None) for name, kind in names.items()}
    rules = CropRules(PLAN.patch_size, target_share=1.0)
    pools = sort_cases(cases, PLAN, rules, True)
    return crops_to_show(cases, PLAN, rules, Sampler(pools.masks, pools.reports, batch_size=2, stage=2), n=3)


def test_only_report_crops_with_lesions_are_shown_and_always_the_same(crops):
    assert [crop.case_id for crop in crops] == ["r"] * 3
    assert all(crop.regions[0].lesions for crop in crops)


def test_the_slice_holds_the_pseudo_mask_on_what_the_network_believes(crops):
    picture = _picture(Bright(), crops[0], PLAN, BallOptions(), torch.device("cpu"))
    assert picture.title.startswith("liver: 8 mm")
    assert picture.lesion.any()
    assert not (picture.lesion & picture.ignored).any()
    assert (picture.lesion <= picture.region).all()
    assert picture.probability[picture.lesion].min() >= np.median(picture.probability[picture.region])
    assert picture.hu[picture.lesion].mean() > picture.hu.mean()


def test_one_row_for_each_crop(crops, tmp_path):
    draw_pseudo_masks(RunFolder(tmp_path), Bright(), crops, PLAN, BallOptions(), torch.device("cpu"))
    assert (tmp_path / "pseudo_masks.png").stat().st_size > 5000
    draw_pseudo_masks(RunFolder(tmp_path / "none"), Bright(), [], PLAN, BallOptions(), torch.device("cpu"))
    assert not (tmp_path / "none").exists()
