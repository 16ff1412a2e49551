"""A user's rule file with anything in it that would not be understood is refused, with what is allowed."""

import json
import re
from importlib.resources import files

import pytest
from reportsup.nlp.rule_checks import Vocabulary, check_rules
from reportsup.nlp.rule_files import load_rules
from reportsup.nlp.shipped import BUILT_IN
from reportsup.schemas import ConfigError

LESION = {"literal": "nidus", "category": "LESION", "metadata": {"type": "benign", "organ": "bone"}}
NEGATION = {"literal": "not reproduced", "category": "NEGATED_EXISTENCE", "direction": "BACKWARD"}


def built_in():
    folder = files("reportsup.nlp") / "rules"
    return {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in BUILT_IN}


def test_the_built_in_rules_and_those_of_the_documentation_pass(tmp_path):
    for name, data in built_in().items():
        check_rules(name, data, Vocabulary(built_in().values()))
    rules = {
        "target_rules": [LESION],
        "context_rules": [NEGATION],
        "section_rules": [{"literal": "befund", "category": "findings"}],
    }
    (tmp_path / "mine.json").write_text(json.dumps(rules))
    assert "nidus" in load_rules(tmp_path).phrases


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"tagret_rules": [LESION]}, ["tagret_rules", "Did you mean 'target_rules'?"]),
        ([LESION], ["a JSON list"]),
        ({"target_rules": LESION}, ["a dict vs a list"]),
        ({"target_rules": [LESION, "x"]}, ["entry 2"]),
        ({"target_rules": [LESION, LESION | {"category": "NOPE"}]}, ["entry 2", "nidus", "NOPE", "WEAK_LESION"]),
        ({"target_rules": [NEGATION]}, ["direction"]),
        ({"context_rules": [NEGATION | {"direction": "FORWARDS"}]}, ["FORWARDS", "Did you mean 'FORWARD'?"]),
        ({"context_rules": [{"literal": "x", "category": "NEGATED_EXISTENCE"}]}, ["direction null"]),
        ({"target_rules": [{"literal": "nidus"}]}, ["no category"]),
        ({"target_rules": [{"literal": 7, "category": "LESION"}]}, ["no literal"]),
        ({"target_rules": [{"literl": "nidus", "category": "LESION"}]}, ["literl", "Did you mean 'literal'?"]),
        ({"target_rules": [LESION | {"metadata": {"organ": "lver"}}]}, ["lver", "Did you mean 'liver'?"]),
        ({"target_rules": [LESION | {"metadata": {"type": "bening"}}]}, ["bening", "Did you mean 'benign'?"]),
        ({"target_rules": [LESION | {"metadata": {"orgn": "liver"}}]}, ["orgn", "Did you mean 'organ'?"]),
        ({"target_rules": [LESION | {"metadata": {"plural": "yes"}}]}, ["plural", "true or false"]),
        ({"target_rules": [LESION | {"metadata": ["bone"]}]}, ["a list vs an object"]),
        (
            {"target_rules": [{"literal": "dome", "category": "PLACE", "metadata": {"places": {"liver": "segmnt 8"}}}]},
            ["segmnt 8", "Did you mean 'segment 8'?"],
        ),
        ({"target_rules": [LESION | {"literal": "nid(us"}]}, ["never closed"]),
        ({"target_rules": [LESION | {"literal": "nid]us"}]}, ["']' without"]),
        ({"target_rules": [LESION | {"literal": "n(i(d)us)"}]}, ["nested brackets"]),
        ({"section_rules": [{"literal": "befund", "category": "finding"}]}, ["Did you mean 'findings'?"]),
        ({"section_rules": [{"literal": "leber", "category": "organ", "metadata": {"organs": "liver"}}]}, ["a list"]),
    ],
)
def test_what_is_not_understood_is_named_with_what_is_allowed(tmp_path, content, said):
    (tmp_path / "mine.json").write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=re.escape("mine.json")) as caught:
        load_rules(tmp_path)
    for words in said:
        assert words in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "mine.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(ConfigError, match=re.escape("mine.json")):
        load_rules(tmp_path)
