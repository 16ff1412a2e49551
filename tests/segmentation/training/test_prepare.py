"""Masks that no setting uses are counted."""

from types import SimpleNamespace

from reportsup.segmentation.preprocessing import LesionChannel
from reportsup.segmentation.training.prepare import unused_lesion_masks


def test_drawn_lesion_masks_of_organs_left_out_are_counted():
    masks = {"liver_lesion": False, "kidney_lesion": False, "pancreatic_lesion": True, "liver": False}
    case = SimpleNamespace(masks={name: SimpleNamespace(empty=empty) for name, empty in masks.items()})
    assert unused_lesion_masks([case, case], [LesionChannel("liver", "liver_lesion")]) == {"kidney_lesion": 2}
