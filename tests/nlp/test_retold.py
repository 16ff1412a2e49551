"""Sizes that a report tells twice, differently."""

import json

import pytest
from reportsup.nlp.rules_extractor import RulesExtractor

SAME = "There is a 23 mm mass in the upper pole of the left kidney."
SUMMED_UP = "\n\nIMPRESSION: {} mm mass in the upper pole of the left kidney."


def retold(text):
    extraction = RulesExtractor().extract("r", text)
    return json.loads(extraction.details_json).get("retold", [])


@pytest.mark.parametrize("lead", ["", "FINDINGS: "])
@pytest.mark.parametrize("size", ["23", "24", "23 x 11"])
def test_a_size_told_alike_is_no_contradiction(lead, size):
    assert retold(lead + SAME + SUMMED_UP.format(size)) == []


def test_two_axes_of_one_lesion_are_no_contradiction():
    assert retold("A 23 mm mass in the left kidney. It measures 23 x 9 mm.") == []


def test_a_size_of_the_impression_that_nobody_has_points_to_the_nearest_lesion(monkeypatch):
    import dataclasses

    from reportsup.nlp import retold as module
    from reportsup.nlp.decide.resolve import DROP
    from reportsup.nlp.reader_files import load_reader

    text = "A 5 mm cyst in the liver. A 20 mm cyst in the liver." + "\n\nIMPRESSION: 30 mm cyst in the liver."
    reader = load_reader().reader
    reading = reader.read(text)
    last = max(reading.located, key=lambda x: x.mention.start)
    number = next(i for i, x in enumerate(reading.located) if x is last)
    reading.actions[number] = DROP
    reading.drafts = [d for d in reading.drafts if d.section != "impression"]
    ((told),) = module.retold(reading)
    assert [p["mm"] for p in told["told"]] == [20.0, 30.0]
    assert [text[p["start"] : p["end"]] for p in told["told"]] == ["20 mm", "30 mm"]
    assert told["anchor"] == text.index("cyst", text.index("20 mm"))
    reading.located[number] = dataclasses.replace(last, organ="spleen")
    assert module.retold(reading) == []
