import json
import re

import pytest
from reportsup.nlp.lexicon import Lexicon
from reportsup.nlp.rule_files import expand, load_rules
from reportsup.nlp.rules_extractor import RulesExtractor
from reportsup.nlp.shipped import BUILT_IN
from reportsup.schemas import ConfigError, load_anatomy


def test_expand_options_and_choices():
    assert expand("metasta[sis|ses]") == ["metastasis", "metastases"]
    assert set(expand("h(a)emangioma(s)")) == {"haemangioma", "haemangiomas", "hemangioma", "hemangiomas"}


def test_every_rule_names_organs_and_types_of_the_contract():
    organs = set(load_anatomy().organs) | {"bowel", "reproductive", "upper_abdomen", "chest", "neck"}
    types = {"cyst", "metastasis", "malignant", "benign", "unspecified"}
    for group in load_rules().phrases.values():
        for rule in group:
            assert rule.metadata.get("organ", "liver") in organs
            assert rule.metadata.get("type", "cyst") in types
            for organ, place in rule.metadata.get("places", {}).items():
                if organ in organs and place not in ("", "*") and load_anatomy().organ(organ).locations:
                    assert set(place.split("|")) <= load_anatomy().organ(organ).locations, (rule.literal, place)


def test_longest_phrase_wins_across_line_breaks():
    lexicon = Lexicon(load_rules())
    assert [t.text for t in lexicon.find("no significant\ninterval change in the mass-effect")] == [
        "no significant\ninterval change",
        "mass-effect",
    ]


def test_user_rules_extend_and_change_the_run(tmp_path):
    text = "Spleen with a gamma-gandy spotlet of 4 mm."
    assert RulesExtractor().extract("r", text).findings == ()
    rule = {"literal": "gamma-gandy spotlet(s)", "category": "LESION", "metadata": {"type": "benign"}}
    (tmp_path / "mine.json").write_text(json.dumps({"target_rules": [rule]}))
    mine = RulesExtractor(tmp_path)
    (finding,) = mine.extract("r", text).findings
    assert (finding.organ, finding.lesion_type, finding.sizes[0].diameters_mm) == ("spleen", "benign", (4.0,))
    assert mine.config != RulesExtractor().config


def test_a_user_rule_replaces_the_built_in_one(tmp_path):
    (tmp_path / "mine.json").write_text(
        json.dumps(
            {"target_rules": [{"literal": "polyp(s)", "category": "LESION", "metadata": {"type": "unspecified"}}]}
        )
    )
    (finding,) = RulesExtractor(tmp_path).extract("r", "Gallbladder polyp of 6 mm.").findings
    assert finding.lesion_type == "unspecified"


@pytest.mark.parametrize("content", ["{", '{"target_rules": [{"literal": "x"}]}', '{"target_rules": ["x"]}'])
def test_broken_rules_name_their_file(tmp_path, content):
    (tmp_path / "mine.json").write_text(content)
    with pytest.raises(ConfigError, match=re.escape("mine.json")):
        load_rules(tmp_path)


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no JSON file"):
        load_rules(tmp_path)


def test_built_in_files_are_what_is_shipped():
    assert set(BUILT_IN) == {"lesions.json", "anatomy.json", "context.json", "sections.json"}
