"""The demo says what came out, for better and for worse."""

import pytest
from reportsup.pipelines.demo.summary import verdict
from reportsup.segmentation.evaluation.comparison import ComparedStratum
from reportsup.segmentation.evaluation.statistics import Difference

UNSURE = Difference(0.5, 0.6, 0.1, -0.1, 0.3, 0.4)
HIGHER = Difference(0.5, 0.8, 0.3, 0.1, 0.4, 0.002)
LOWER = Difference(0.5, 0.3, -0.2, -0.3, -0.1, 0.002)
UNKNOWN = Difference(None, None, None, None, None, None)


def said(**changes):
    names = ("f1", "auc", "lesion_sensitivity", "false_positives_per_case", "dsc", "froc")
    metrics = dict.fromkeys(names, UNSURE) | changes
    lines = verdict(ComparedStratum("all", "all", 9, metrics, None, None)).splitlines()
    return {what: names.rstrip(".").split(", ") for what, names in (line.split(": ", 1) for line in lines)}


def test_every_figure_is_named_once():
    assert said() == {
        "Within chance": [
            "patients: F1", "patients: AUC", "lesions found", "false positives a case", "overlap: DSC", "FROC",
        ]
    }  # fmt: skip


@pytest.mark.parametrize("what", ["f1", "false_positives_per_case"])
def test_what_got_worse_is_said_and_more_false_positives_are_worse(what):
    better, worse = (LOWER, HIGHER) if what == "false_positives_per_case" else (HIGHER, LOWER)
    words = {"f1": "patients: F1", "false_positives_per_case": "false positives a case"}[what]
    assert said(**{what: better})["Better with reports"] == [words]
    assert said(**{what: worse})["Worse with reports"] == [words]


def test_a_figure_that_is_not_defined_is_no_gain():
    assert "FROC" in said(froc=UNKNOWN)["Within chance"]
