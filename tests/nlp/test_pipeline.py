"""The reader as spaCy components, beside medspaCy's own, and with medspaCy's rules."""

import json
import warnings

import pytest
import spacy
from reportsup.nlp.medspacy_rules import from_medspacy, medspacy_rules
from reportsup.nlp.pipeline import add_components, load
from reportsup.nlp.rule_files import load_rules
from reportsup.schemas import ConfigError

TEXT = "KIDNEYS: 2 cm cyst in the left upper pole. SPLEEN: gamma-gandy spotlet of 4 mm."


@pytest.fixture(scope="module")
def rule_classes():
    medspacy_rules()  # imports medspaCy without its side effects
    from medspacy.context import ConTextRule
    from medspacy.section_detection import SectionRule
    from medspacy.target_matcher import TargetRule

    return TargetRule, ConTextRule, SectionRule


def test_findings_are_spans_of_the_document():
    doc = load()(TEXT)
    (span,) = doc.spans["findings"]
    assert (span.text, span.label_) == ("cyst", "kidney")
    assert (span._.finding.laterality, span._.finding.location) == ("left", ("upper pole",))
    assert span._.finding.confidence > 0.5
    assert doc._.reportsup.reading.drafts


def test_the_components_run_inside_medspacy(rule_classes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import medspacy

        nlp = medspacy.load()
        add_components(nlp)
        target, *_ = rule_classes
        nlp.get_pipe("medspacy_target_matcher").add(target("cyst", "PROBLEM"))
        doc = nlp(TEXT)
    assert [span.text for span in doc.spans["findings"]] == ["cyst"]
    assert [entity.text for entity in doc.ents] == ["cyst"]
    assert len(list(doc.sents)) > 1


def test_medspacys_rules_are_recognised_by_ours(rule_classes):
    target, context, section = rule_classes
    nlp = spacy.blank("en")
    add_components(nlp)
    rules = [
        target("gamma-gandy spotlet", "TUMOR", metadata={"type": "benign"}),
        context("not a trace of", "NEGATED_EXISTENCE", direction="FORWARD"),
        section("befund", "imaging"),
    ]
    nlp.get_pipe("reportsup_recognise").add(rules, {"TUMOR": "LESION"})
    doc = nlp("Befund: not a trace of gamma-gandy spotlet.")
    (sentence,) = doc._.reportsup.sentences
    assert sentence.section == "findings"
    assert [h.text for h in sentence.heads] == ["gamma-gandy spotlet"]
    assert sentence.having("NEGATED_EXISTENCE:FORWARD")
    doc = nlp(TEXT)
    assert [span.text for span in doc.spans["findings"]] == ["cyst", "gamma-gandy spotlet"]


def test_files_of_medspacys_rules_are_rule_files(rule_classes, tmp_path):
    target, *_ = rule_classes
    path = tmp_path / "theirs.json"
    target.to_json([target("gamma-gandy spotlet", "LESION")], str(path))
    data = json.loads(path.read_text())
    data["target_rules"][0] |= {"pattern": None, "metadata": None}  # as other versions write them
    path.write_text(json.dumps(data))
    assert "gamma gandy spotlet" in load_rules(tmp_path).phrases


def test_a_rule_that_looks_both_ways_is_two(rule_classes):
    _, context, _ = rule_classes
    found = from_medspacy([context("absent", "NEGATED_EXISTENCE"), context("but", "CONJ", direction="TERMINATE")])
    assert [(r["category"], r["direction"]) for r in found["context_rules"]] == [
        ("NEGATED_EXISTENCE", "FORWARD"),
        ("NEGATED_EXISTENCE", "BACKWARD"),
        ("TERMINATE", "TERMINATE"),
    ]


@pytest.mark.parametrize(
    "broken",
    [{"pattern": [{"LOWER": "x"}]}, {"literal": "x (y)"}, {"category": "NO_SUCH_CATEGORY"}],
)
def test_what_cannot_be_followed_is_refused(rule_classes, broken):
    target, *_ = rule_classes
    rule = target(**{"literal": "x", "category": "LESION"} | broken)
    with pytest.raises(ConfigError, match="entry 1"):
        load_rules().extended("theirs", from_medspacy([rule]))


def test_a_context_rule_with_a_limit_is_refused(rule_classes):
    _, context, _ = rule_classes
    with pytest.raises(ConfigError, match="max_scope"):
        from_medspacy([context("x", "NEGATED_EXISTENCE", max_scope=3)])
