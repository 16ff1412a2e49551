"""An annotation laid over what was recognised: which size and which word speaks of which finding."""

import pytest
from reportsup.nlp.alignment import locate_quotes, size_roles, speaks_of
from reportsup.nlp.decide.model import DECISIONS, Chooser, Weights
from reportsup.nlp.propose import propose
from reportsup.nlp.reader import Reader
from reportsup.nlp.rule_files import load_rules

TEXT = (
    "FINDINGS: 23 mm lesion in segment 4, previously 18 mm. 9 mm cyst in segment 7. Spleen length 110 mm. "
    "IMPRESSION: Lesion of 23 mm."
)
RECORD = {
    "findings": [
        {
            "organ": "liver",
            "sizes_mm": [[23.0]],
            "prior_sizes_mm": [[18.0]],
            "evidence": ["23 mm lesion in segment 4, previously 18 mm"],
        },
        {"organ": "liver", "sizes_mm": [[9.0]], "prior_sizes_mm": [], "evidence": ["9 mm cyst in segment 7"]},
    ],
    "negative_organs": ["spleen"],
}


@pytest.fixture(scope="module")
def sentences():
    return Reader(load_rules(), Weights({name: Chooser({}) for name in DECISIONS})).recognise(TEXT)


def test_quotes_are_found_wherever_they_stand():
    gold = locate_quotes("cyst, cyst", {"findings": [{"evidence": ["cyst"]}], "negative_organs": ["liver"]})
    assert gold.spans == [[(0, 4), (6, 10)]]
    assert gold.negative_organs == {"liver"}


def test_sizes_are_current_earlier_or_no_lesions(sentences):
    gold = locate_quotes(TEXT, RECORD)
    roles = {s.text[x.start - s.start : x.end - s.start]: r for s in sentences
             for x, r in zip(s.sizes, size_roles(s, gold), strict=True)}  # fmt: skip
    assert roles == {"23 mm": "current", "18 mm": "prior", "9 mm": "current", "110 mm": "other"}


def test_mentions_speak_of_the_finding_that_quotes_them(sentences):
    gold = locate_quotes(TEXT, RECORD)
    mentions = propose(sentences, [[(1.0, 0.0, 0.0)] * len(s.sizes) for s in sentences], [((), ())] * len(sentences))
    told = [(m.size.lesions_mm[0][0], speaks_of(m, gold)) for m in mentions if m.size]
    assert told == [(23.0, [0]), (18.0, []), (9.0, [1]), (110.0, []), (23.0, [])]
