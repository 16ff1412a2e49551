import json

import pytest
from reportsup.nlp.decide.model import DECISIONS, Chooser, Weights
from reportsup.nlp.reader_files import load_reader
from reportsup.nlp.rules_extractor import RulesExtractor
from reportsup.schemas import ConfigError

EMPTY = {"weights": {name: {} for name in DECISIONS}}


def test_a_reader_of_ones_own_reads_by_its_weights_and_is_another_run(tmp_path):
    text = "LIVER: 2 cm cyst in segment 4."
    weights = EMPTY["weights"] | {"resolve": {"new|bias": -5.0}}
    (tmp_path / "weights.json").write_text(json.dumps({"weights": weights}))
    mine = RulesExtractor(reader=tmp_path)
    assert mine.extract("r", text).findings == ()
    shipped = RulesExtractor()
    assert len(shipped.extract("r", text).findings) == 1
    assert mine.config["weights_hash"] != shipped.config["weights_hash"]
    assert mine.config["rules_hash"] == shipped.config["rules_hash"]


def test_rules_beside_the_weights_are_in_force(tmp_path):
    (tmp_path / "weights.json").write_text(json.dumps(EMPTY))
    (tmp_path / "rules").mkdir()
    rule = {"literal": "gamma-gandy spotlet", "category": "LESION"}
    (tmp_path / "rules" / "mine.json").write_text(json.dumps({"target_rules": [rule]}))
    loaded = load_reader(tmp_path)
    (sentence,) = loaded.reader.recognise("Spleen with a gamma-gandy spotlet.")
    assert [h.text for h in sentence.heads] == ["gamma-gandy spotlet"]
    assert loaded.rules_hash != load_reader().rules_hash


def test_a_digit_that_a_disk_has_changed_is_noticed(tmp_path):
    path = tmp_path / "weights.json"
    choosers = {name: Chooser({"new|bias": 1.5}) for name in DECISIONS}
    Weights(choosers).write(path)
    assert load_reader(tmp_path).weights_hash
    load_reader.cache_clear()
    path.write_text(path.read_text().replace("1.5", "1.7", 1))
    with pytest.raises(ConfigError, match="holds other weights"):
        load_reader(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("{", "line 1 is not JSON"),
        ("[]", "has no weights for size_role"),
        ('{"weights": {"organ": {}}}', "has no weights for size_role, size_list, side"),
        (json.dumps({"weights": EMPTY["weights"] | {"organ": {"a": "b"}}}), "1 weights that are no numbers"),
    ],
)
def test_what_is_no_reader_is_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / "weights.json").write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load_reader(tmp_path)
    assert "weights.json" in str(caught.value)
