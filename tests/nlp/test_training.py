"""Training on a few reports: it learns them, and the same input gives the same bytes."""

import pytest
from reportsup.nlp.alignment import locate_quotes
from reportsup.nlp.reader import Reader
from reportsup.nlp.rule_files import load_rules
from reportsup.nlp.training import train

PLACES = ("segment 2", "segment 3", "segment 5", "segment 6", "segment 7")


def finding(organ, quote, size, side=None, location=(), kind="cyst"):
    return {
        "organ": organ, "laterality": side, "location": list(location), "type": kind, "count": 1, "count_min": 1,
        "sizes_mm": [[size]], "size_bound": "exact", "prior_sizes_mm": [], "certainty": "present", "evidence": [quote],
    }  # fmt: skip


def report(number):
    size, place = 11.0 + number, PLACES[number % 5]
    side = ("left", "right")[number % 2]
    liver, kidney = f"{size:g} mm cyst in {place}", f"A {side} renal cyst measures {size + 20:g} mm"
    text = f"LIVER: {liver}.\nKIDNEYS: {kidney}.\nSPLEEN: Normal, {90 + number} mm long.\nNo pancreatic lesion.\n"
    findings = [finding("liver", liver, size, location=[place]), finding("kidney", kidney, size + 20, side)]
    return text, {"findings": findings, "negative_organs": ["spleen", "pancreas"]}


REPORTS = [report(number) for number in range(10)]


@pytest.fixture(scope="module")
def trained():
    return train(load_rules(), [(text, locate_quotes(text, record)) for text, record in REPORTS])


def test_ten_reports_are_learned(trained):
    reader = Reader(load_rules(), trained)
    for text, record in REPORTS:
        reading = reader.read(text)
        read = sorted((d.organ, d.side, [s[0] for s in d.sizes], d.lesion_type) for d in reading.drafts)
        told = sorted((f["organ"], f["laterality"], [tuple(f["sizes_mm"][0])], f["type"]) for f in record["findings"])
        assert read == told
        assert sorted(reading.negatives) == sorted(record["negative_organs"])


def test_the_same_input_gives_the_same_bytes(trained, tmp_path):
    again = train(load_rules(), [(text, locate_quotes(text, record)) for text, record in REPORTS])
    for name, weights in (("a", trained), ("b", again)):
        weights.write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
