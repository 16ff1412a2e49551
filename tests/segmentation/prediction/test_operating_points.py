"""What `evaluate` chose is what `predict` uses, for the same weights alone."""

from reportsup.segmentation.evaluation import EvaluationSettings
from reportsup.segmentation.evaluation.patients import OperatingPoint
from reportsup.segmentation.prediction.operating_points import choose_thresholds, write_operating_points

POINTS = {
    "liver": OperatingPoint(0.12, "youden", "validation", 9, 9),
    "kidney": OperatingPoint(0.5, "youden", "default", 0, 9),
}


def test_chosen_on_validation_and_carried(tmp_path):
    write_operating_points(tmp_path, 7, EvaluationSettings(), POINTS)
    thresholds, line = choose_thresholds(tmp_path, 7, ["liver", "kidney"], None, 30.0)
    assert thresholds == {"liver": 0.12, "kidney": 0.5}
    assert line == "thresholds chosen on validation: liver 0.12, kidney 0.5 (none chosen)"
    assert "from 30 mm³, used from 300" in choose_thresholds(tmp_path, 7, ["liver"], None, 300.0)[1]


def test_others_are_told_apart(tmp_path):
    assert "no operating point" in choose_thresholds(tmp_path, 7, ["liver"], None, 30.0)[1]
    write_operating_points(tmp_path, 7, EvaluationSettings(), POINTS)
    thresholds, line = choose_thresholds(tmp_path, 8, ["liver"], None, 30.0)
    assert thresholds == {"liver": 0.5}
    assert "of other weights" in line
    assert choose_thresholds(tmp_path, 7, ["liver"], 0.3, 30.0) == ({"liver": 0.3}, "threshold 0.3, as given")
    (tmp_path / "operating_points.json").write_text("{", encoding="utf-8")
    assert "no operating point" in choose_thresholds(tmp_path, 7, ["liver"], None, 30.0)[1]
