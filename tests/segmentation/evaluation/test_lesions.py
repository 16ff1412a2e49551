"""Detection: who is found, who is not there, under each criterion."""

import numpy as np
import pytest
from reportsup.schemas import ConfigError
from reportsup.segmentation.evaluation.components import lesion_components
from reportsup.segmentation.evaluation.lesions import Localisation, match_lesions, size_stratum


def components(*boxes):
    mask = np.zeros((60, 30, 30), dtype=bool)
    for start, size in boxes:
        mask[tuple(slice(s, s + size) for s in start)] = True
    return lesion_components(mask, np.eye(4), organ="liver")


def test_found_missed_and_invented():
    truth = components(((5, 5, 5), 10), ((40, 5, 5), 6))
    prediction = components(((7, 5, 5), 10), ((25, 20, 20), 4))
    match = match_lesions(truth, prediction)
    assert [lesion.detected for lesion in match.lesions] == [True, False]
    assert match.lesions[0].iou == pytest.approx(800 / 1200)
    assert len(match.false_positive_diameters_mm) == 1


@pytest.mark.parametrize(
    ("rule", "detected"),
    [
        (Localisation("overlap"), True),
        (Localisation("iou", min_iou=0.1), False),
        (Localisation("iou", min_iou=0.01), True),
        (Localisation("centroid", max_distance_mm=10.0), False),
        (Localisation("centroid", max_distance_mm=14.0), True),
    ],
)
def test_criteria_differ_on_a_corner_overlap(rule, detected):
    truth, prediction = components(((5, 5, 5), 10)), components(((12, 12, 12), 10))  # 27 shared, centres 12.1 mm apart
    match = match_lesions(truth, prediction, rule)
    assert match.lesions[0].detected is detected
    assert len(match.false_positive_diameters_mm) == (0 if detected else 1)


def test_a_fragment_inside_a_missed_lesion_is_no_false_positive():
    match = match_lesions(components(((5, 5, 5), 20)), components(((10, 10, 10), 3)))
    assert not match.lesions[0].detected
    assert match.false_positive_diameters_mm == ()


def test_a_blob_over_everything_does_not_find_by_iou():
    truth, blob = components(((20, 10, 10), 4)), components(((5, 0, 0), 30))
    assert not match_lesions(truth, blob).lesions[0].detected
    assert len(match_lesions(truth, blob).false_positive_diameters_mm) == 1
    assert match_lesions(truth, blob, Localisation("overlap")).lesions[0].detected


@pytest.mark.parametrize("criterion", ["overlap", "iou", "centroid"])
def test_empty_sides(criterion):
    rule, some, none = Localisation(criterion), components(((5, 5, 5), 8)), components()
    assert [lesion.detected for lesion in match_lesions(some, none, rule).lesions] == [False]
    assert match_lesions(none, some, rule).lesions == ()
    assert len(match_lesions(none, some, rule).false_positive_diameters_mm) == 1
    assert match_lesions(none, none, rule).false_positive_diameters_mm == ()


def test_size_strata_include_their_upper_edge():
    assert [size_stratum(d) for d in (3.0, 10.0, 10.01, 20.0, 40.0, 40.01)] == [0, 0, 1, 1, 2, 3]


def test_unknown_criterion_is_refused():
    with pytest.raises(ConfigError, match="'touch' vs overlap, iou or centroid"):
        Localisation("touch")
