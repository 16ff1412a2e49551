"""The schema, the prompt's examples, and what is saved of a broken answer."""

import json

import pytest
from reportsup.nlp.llm.grounding import Grounder
from reportsup.nlp.llm.prompting import check_examples, load_prompt, parse_prompt
from reportsup.nlp.llm.wire import LlmAnswer, LlmFinding, UnreadableAnswerError, answer_schema, parse_answer
from reportsup.nlp.rule_files import load_rules
from reportsup.schemas import ConfigError

from .fake_server import finding, honest

ITEM = json.dumps(finding(["cyst"]))


def _nodes(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(child)


def test_the_schema_is_closed_self_contained_and_asks_for_evidence_first():
    schema = answer_schema()
    nodes = [n for n in _nodes(schema) if isinstance(n, dict)]
    objects = [n for n in nodes if n.get("type") == "object"]
    assert all(o["additionalProperties"] is False and set(o["required"]) == set(o["properties"]) for o in objects)
    assert not any({"$ref", "$defs", "maxLength", "minLength", "pattern"} & n.keys() for n in nodes)
    assert next(iter(schema["properties"]["findings"]["items"]["properties"])) == "evidence"
    assert "type" in schema["properties"]["findings"]["items"]["properties"]


def test_the_examples_of_the_prompt_pass_every_check():
    prompt = load_prompt()
    assert 3 <= len(prompt.examples) <= 5
    check_examples(prompt, Grounder(load_rules()))


@pytest.mark.parametrize(("old", "new"), [('"9 mm"', '"90 mm"'), ('"organ": "liver"', '"organ": "leber"')])
def test_an_example_that_teaches_a_mistake_is_refused(old, new):
    prompt = parse_prompt(load_prompt().text.replace(old, new))
    with pytest.raises(ConfigError, match="example"):
        check_examples(prompt, Grounder(load_rules()))


@pytest.mark.parametrize(
    "content", [f'{{"findings": [{ITEM}], "negative_organs": []}}', f"```json\n{honest('cyst')}\n```"]
)
def test_whole_answers_are_read(content):
    answer = parse_answer(content)
    assert LlmFinding.model_validate_json(json.dumps(answer.findings[0]))
    assert not answer.truncated


def test_of_a_cut_off_answer_the_complete_items_are_kept():
    whole = f'{{"findings": [{ITEM}, {ITEM}], "negative_organs": [{{"evidence": "x", "organ": "lung"}}, {{"ev'
    kept = [len(parse_answer(whole[:cut]).findings) for cut in range(20 + len(ITEM), len(whole))]
    assert sorted(set(kept)) == [1, 2]
    assert kept == sorted(kept)
    end = parse_answer(whole)
    assert (len(end.negative_organs), end.truncated) == (1, True)


@pytest.mark.parametrize(
    "content", ["", "  ", "null", "[]", "{}", '{"findings": 3}', "no lesion", '{"findings": [', "<think>", "[" * 10**5]
)
def test_what_is_no_answer_is_never_no_lesion(content):
    with pytest.raises(UnreadableAnswerError):
        parse_answer(content)


def test_an_answer_that_says_there_is_nothing_is_one():
    assert parse_answer('{"findings": [], "negative_organs": []}').findings == []
    assert LlmAnswer.model_validate_json('{"findings": [], "negative_organs": []}')
