"""The figures are those of the scripts that the benchmark was made with: their output on the same predictions."""

import json
from pathlib import Path

import pytest
from reportsup.pipelines.scoring import GoldRecord, read_gold_set, score

from .distorted import SETS, distorted

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())


@pytest.mark.parametrize("name", SETS)
def test_figures_equal_the_recorded_ones_to_the_last_digit(name):
    gold = read_gold_set(SETS[name])
    predicted = {r["id"]: GoldRecord.model_validate(r) for r in distorted(SETS[name][0])}
    result = score(gold, predicted, n_resamples=10)
    rounded = {
        "figures": {key: round(f.value, 4) for key, f in result.figures.items() if key in RECORDED[name]["figures"]},
        "by_field": {key: round(figure.value, 4) for key, figure in result.by_field.items()},
    }
    assert rounded == RECORDED[name]
