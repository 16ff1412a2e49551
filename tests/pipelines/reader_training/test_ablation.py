"""A family of features is taken from one decision and from no other."""

from pathlib import Path

import pytest
from reportsup.nlp.decide.model import DECISIONS, Chooser, Weights
from reportsup.nlp.rule_files import load_rules
from reportsup.pipelines.reader_training import ablate, annotated_sets, evaluate, fit, left_out_predictions
from reportsup.pipelines.reader_training.ablation import families, family, without

BENCHMARK = Path(__file__).parents[3] / "data_samples" / "benchmark"


@pytest.mark.parametrize(
    ("decision", "name", "expected"),
    [
        ("organ", "h=mass|liver", "h"),
        ("organ", "mentionedTrue|examFalse", "mentioned"),
        ("size_role", "prior|headB3,", "headB"),
        ("size_role", "prior|bias", "bias"),
        ("resolve", "new|size|l0=a", "l"),
        ("resolve", "lesion|size|l0=a", "l"),
        ("resolve", "link|sizebare|next1", "link next"),
        ("resolve", "link|organ_same|far", "link organ_same"),
    ],
)
def test_family(decision, name, expected):
    assert family(decision, name) == expected


def test_without_takes_one_family_of_one_decision():
    blank = {name: Chooser({"h=mass|liver": 1.0, "heading1": 2.0}) for name in DECISIONS}
    left = without(Weights(blank), "organ", "h")
    assert left["organ"].weights == {"heading1": 2.0}
    assert left["certainty"].weights == blank["certainty"].weights
    assert blank["organ"].weights.keys() == {"h=mass|liver", "heading1"}


def test_families_are_counted_over_the_weights():
    blank = {name: Chooser({}) for name in DECISIONS}
    first = Weights({**blank, "organ": Chooser({"h=mass|liver": 1.0, "h=cyst|liver": 1.0, "exam": 0.0})})
    assert families({"a": first, "b": Weights(blank)}) == {("organ", "h"): 1.0}


def test_the_change_is_that_of_a_reader_with_the_weights_taken_away():
    (whole,) = annotated_sets([BENCHMARK / "institution_1.gold.jsonl"])
    part = whole.without({report.record.id for report in whole.reports[6:]})
    rules, weights = load_rules(), fit([part], load_rules())

    def joint_f1(one):
        return evaluate([part], left_out_predictions([part], rules, {part.name: one})).score.figures["joint.f1"].value

    row = next(r for r in ablate([part], rules, {part.name: weights}) if r.decision == "resolve" and r.joint_f1)
    expected = joint_f1(without(weights, "resolve", row.family)) - joint_f1(weights)
    assert row.joint_f1 == pytest.approx(expected, abs=1e-4)
