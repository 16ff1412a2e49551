"""Conditional logistic regression: its optimum against the loss worked out by hand, and what it must not depend on."""

import math

import numpy as np
import pytest
from reportsup.nlp.decide.fit import Choice, Design
from reportsup.nlp.decide.model import DECISIONS, Chooser, Weights

CHOICES = [
    Choice([["a", "x"], ["b"], ["c", "x"]], (0,), 0),
    Choice([["a"], ["b", "x"]], (0, 1), 1),
    Choice([["b"], ["a", "c"], []], (1,), 2),
    Choice([["c"], ["a"]], (0,), 3),
]
L2 = 0.7


def loss(weights, choices, l2=L2):
    chooser = Chooser(weights)
    value = 0.5 * l2 * sum(w * w for w in weights.values())
    for choice in choices:
        p = chooser.probabilities(choice.candidates)
        value -= math.log(sum(p[i] for i in choice.right))
    return value


def test_the_gradient_of_the_hand_made_loss_vanishes_at_the_fitted_weights():
    fitted = Design(CHOICES, min_reports=1).fit(np.ones(len(CHOICES)), l2=L2).weights
    assert set(fitted) == {"a", "b", "c", "x"}
    for name in fitted:
        up = loss(fitted | {name: fitted[name] + 1e-4}, CHOICES)
        down = loss(fitted | {name: fitted[name] - 1e-4}, CHOICES)
        assert (up - down) / 2e-4 == pytest.approx(0, abs=2e-3)


def test_a_choice_of_weight_zero_is_as_if_it_were_not_there():
    without = Design(CHOICES[:3], min_reports=1).fit(np.ones(3), l2=L2).weights
    weighed = Design(CHOICES, min_reports=1).fit(np.asarray([1.0, 1.0, 1.0, 0.0]), l2=L2).weights
    assert weighed == pytest.approx(without, abs=1e-3)


def test_a_feature_of_too_few_reports_is_left_out():
    assert set(Design(CHOICES, min_reports=4).fit(np.ones(4), l2=L2).weights) == {"a"}


def test_probabilities_sum_to_one_and_survive_large_scores():
    p = Chooser({"a": 900.0, "b": -900.0}).probabilities([["a"], ["b"], []])
    assert sum(p) == pytest.approx(1)
    assert p[0] == pytest.approx(1)


def test_weights_come_back_from_their_file(tmp_path):
    weights = Weights({name: Chooser({f"{name}|é": 1.23456, "tiny": 1e-6}) for name in DECISIONS})
    weights.write(tmp_path / "weights.json")
    again = Weights.read(tmp_path / "weights.json")
    assert again["organ"].weights == {"organ|é": 1.235}
    again.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "weights.json").read_bytes()
