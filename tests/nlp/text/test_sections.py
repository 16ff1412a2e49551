import pytest
from reportsup.nlp.folding import fold
from reportsup.nlp.rule_files import load_rules
from reportsup.nlp.text.sections import find_blocks


def sections(text):
    return [(b.section.value, b.organs) for b in find_blocks(text, fold(text), load_rules().headings)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 cm cyst in the liver.", [("body", ())]),
        ("HISTORY: mass. FINDINGS: No mass. IMPRESSION: Normal.",
         [("indication", ()), ("findings", ()), ("impression", ())]),
        ("INDICATION: pain\nTECHNIQUE: CT\nCOMPARISON: none\nFINDINGS: cyst",
         [("indication", ()), ("technique", ()), ("comparison", ()), ("findings", ())]),
        ("FINDINGS:\nLIVER: cyst\nKIDNEYS: normal",
         [("findings", ()), ("findings", ("liver",)), ("findings", ("kidney",))]),
        ("Adrenal Glands, Spleen, and Kidneys: Intact.", [("body", ("adrenal_gland", "spleen", "kidney"))]),
        ("Findings\nA cyst.\n\nImpression\nCyst.", [("findings", ()), ("impression", ())]),
        ("Indication Follow-up of a mass.\nConclusion Stable mass.", [("indication", ()), ("impression", ())]),
        ("COMPARISON: CT of 2019\nSPECIAL REMARKS: none\nMore text here", [("comparison", ()), ("findings", ())]),
        ("TECHNIQUE: CT with contrast.\n\nThe liver shows a 2 cm cyst in segment 4, all else is normal here.",
         [("technique", ()), ("findings", ())]),
    ],
)  # fmt: skip
def test_sections(text, expected):
    assert sections(text) == expected


def test_heading_side_and_lesion_list():
    text = "Left kidney: 2 cm cyst.\nTarget lesions:\nLiver: 30 mm"
    blocks = find_blocks(text, fold(text), load_rules().headings)
    assert blocks[0].side == "left"
    assert blocks[-1].lesion_list
    assert blocks[-1].organs == ("liver",)
