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


@pytest.mark.parametrize(
    ("head", "section"),
    [
        ("HISTROY", "indication"), ("NDICATION", "indication"), ("QUESTION", "indication"), ("REQUEST", "indication"),
        ("REASON FOR THIS EXAMINATION", "indication"), ("INDICATION FOR EXAM", "indication"), ("TECNIQUE", "technique"),
        ("PRIOR", "comparison"), ("COMPARSION", "comparison"), ("RECCOMENDATION", "recommendation"),
        ("IMPRESION", "impression"),
    ],
)  # fmt: skip
def test_misspelt_and_unlisted_headings(head, section):
    assert sections(f"{head}: 7 cm mass.\nFINDINGS: Cyst.") == [(section, ()), ("findings", ())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CT ABDOMEN W CONTRAST CLINICAL HISTORY: mass COMPARISON: none FINDINGS: LIVER: mass SPLEEN: ok "
         "IMPRESSION: 1. Mass",
         ["body", "indication", "comparison", "findings", "findings", "findings", "impression"]),
        ("CT WITH CONTRAST CLINICAL INFORMATION Pain and loss of weight. TECHNIQUE 3 mm slices FINDINGS The liver is "
         "normal. A lesion arises from the left kidney IMPRESSION Cyst",
         ["body", "indication", "technique", "findings", "impression"]),
        ("History Cancer. Findings Liver normal. Impression Mass.", ["indication", "findings", "impression"]),
        ("HISTORY: mass\\nFINDINGS: cyst\\n\\nIMPRESSION: cyst", ["indication", "findings", "impression"]),
        ("HISTORY: mass<br>FINDINGS: cyst_x000D_\nIMPRESSION: cyst", ["indication", "findings", "impression"]),
        ("HISTORY: mass\rFINDINGS: cyst\rIMPRESSION: cyst", ["indication", "findings", "impression"]),
        ("Conclusion - Gallstones.", ["impression"]),
        ("Indication: pain. The liver shows a 2 cm cyst in segment 4. The kidneys are normal and the spleen is too.",
         ["indication", "findings"]),
    ],
)  # fmt: skip
def test_lost_and_escaped_line_breaks(text, expected):
    assert [s for s, _ in sections(text)] == expected


@pytest.mark.parametrize(
    ("text", "organs", "sides"),
    [
        ("KIDNEYS: Right: mass. Left: cyst. SPLEEN: ok", [("kidney",), ("kidney",), ("kidney",), ("spleen",)],
         [None, "right", "left", None]),
        ("KIDNEYS: Right - mass. Left - none.", [("kidney",)] * 3, [None, "right", "left"]),
        ("Rt kidney: mass\nL adrenal: cyst\nGB: ok\nPanc: ok",
         [("kidney",), ("adrenal_gland",), ("gallbladder",), ("pancreas",)],
         ["right", "left", None, None]),
        ("LIVER:\nCyst.\n\nThe spleen is enlarged.", [("liver",), ()], [None, None]),
        ("LIVER: mass\nIMPRESSION: cyst", [("liver",), ()], [None, None]),
    ],
)  # fmt: skip
def test_organ_and_side_headings(text, organs, sides):
    blocks = find_blocks(text, fold(text), load_rules().headings)
    assert ([b.organs for b in blocks], [b.side for b in blocks]) == (organs, sides)
