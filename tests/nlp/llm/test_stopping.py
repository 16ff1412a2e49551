"""An answer that goes in circles, is too long or too late is stopped; one that lists alike things is not."""

import math

import pytest

torch = pytest.importorskip("torch")
from reportsup.nlp.llm.stopping import Limits, answer_tokens, repeats  # noqa: E402


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([7] * 64, True),
        ([7] * 63, False),
        (list(range(100)) + [1, 2, 3] * 22, True),
        (list(range(100)) + list(range(20)) * 4, True),
        (list(range(100)) + list(range(20)) * 3, False),
        ([t for i in range(30) for t in (1, 2, 3, 100 + i, 4, 5)], False),  # a list of different sizes
        ([], False),
    ],
)
def test_only_one_piece_again_and_again_is_a_loop(tokens, expected):
    assert repeats(tokens) is expected


def test_each_row_stops_for_its_own_reason():
    beats = []
    limits = Limits(2, [200, 50, 200], math.inf, lambda tokens, rate: beats.append(tokens))
    rows = torch.tensor([[0, 0, *[7] * 64], [0, 0, *range(64)], [0, 0, *range(64)]])
    assert limits(rows, None).tolist() == [True, True, False]
    assert limits.stopped == {0: ("repeats itself", 64), 1: ("token limit", 64)}
    late = Limits(2, [200], 0.0, None)
    assert late(rows[:1], None).tolist() == [True]
    assert late.stopped == {0: ("time limit", 64)}


def test_a_longer_report_may_have_a_longer_answer():
    assert answer_tokens(0) < answer_tokens(100) < answer_tokens(1000)
