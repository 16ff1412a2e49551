"""Plain constructs that any sensible weights must read; what the benchmark measures is not repeated here.

A finding is written `organ | side | location | count | sizes in mm | was earlier sizes`, empty parts left out; `>=2` is
lower bound of an open count. Types are tested where a word names them.
"""

import json

import pytest
from reportsup.nlp.review import LOW_CONFIDENCE
from reportsup.nlp.rules_extractor import RulesExtractor
from reportsup.schemas import Finding


def written(f: Finding) -> str:
    sizes, prior = ("; ".join("x".join(f"{d:g}" for d in s.diameters_mm) for s in x) for x in (f.sizes, f.prior_sizes))
    count = str(f.count) if f.count is not None else f">={f.count_min}"
    bound = f" {f.size_bound}" if sizes and f.size_bound != "exact" else ""
    was = f"was {prior}" if prior else ""
    return " | ".join(p for p in (f.organ, f.laterality, "/".join(f.location), count, sizes + bound, was) if p)


READ = [
    # sizes
    ("LIVER: 2 cm cyst in segment 4.", ["liver | segment 4 | 1 | 20"]),
    ("LIVER: Cyst of 0,8 cm in segment 7.", ["liver | segment 7 | 1 | 8"]),
    ("LIVER: 2.3 x 1.4 cm lesion in segment 6.", ["liver | segment 6 | 1 | 23x14"]),
    ("SPLEEN: Hypodense lesion measuring 0.9 cm.", ["spleen | 1 | 9"]),
    ("LIVER: Several cysts up to 10 mm.", ["liver | >=2 | 10 upper"]),
    ("LIVER: 12 cm cyst in segment 4.", ["liver | segment 4 | 1 | 120"]),
    ("Within the left kidney, there is a 3.9 cm cyst.", ["kidney | left | 1 | 39"]),
    ("Left renal mass 4.1 x 3.8 x 3.6 cm, consistent with renal cell carcinoma.", ["kidney | left | 1 | 41x38x36"]),
    # places and sides
    ("2 cm cyst in the left upper pole of the kidney.", ["kidney | left | upper pole | 1 | 20"]),
    ("Cyst in the upper pole of the right kidney.", ["kidney | right | upper pole | 1"]),
    ("LIVER: 12 mm lesion in segment IVa.", ["liver | segment 4a | 1 | 12"]),
    ("PANCREAS: 18 mm cystic lesion in the tail.", ["pancreas | tail | 1 | 18"]),
    ("LUNGS: 4 mm nodule in the right lower lobe.", ["lung | right | lower lobe | 1 | 4"]),
    ("LUNGS: 6 mm nodule in the lingula.", ["lung | left | lingula | 1 | 6"]),
    ("Left adrenal nodule 1.6 cm, 8 HU, consistent with adenoma.", ["adrenal_gland | left | 1 | 16"]),
    ("There is a hypodense lesion in the pancreatic head measuring 2.3 by 1.4 cm.", ["pancreas | head | 1 | 23x14"]),
    # several
    ("KIDNEYS: Two simple cysts in the left kidney.", ["kidney | left | 2"]),
    ("Two cysts in the left kidney, the largest 30 mm.", ["kidney | left | 2 | 30"]),
    ("Metastases in segments 5 and 8, 14 and 22 mm.", ["liver | segment 5 | 1 | 14", "liver | segment 8 | 1 | 22"]),
    ("LIVER: 23 mm mass in segment 2. 15 mm lesion in segment 6.",
     ["liver | segment 2 | 1 | 23", "liver | segment 6 | 1 | 15"]),
    ("- 2 cm liver cyst\n- 3 cm left renal cyst", ["liver | 1 | 20", "kidney | left | 1 | 30"]),
    ("KIDNEYS: 12 mm cyst in the right kidney. 9 mm cyst in the left kidney.",
     ["kidney | right | 1 | 12", "kidney | left | 1 | 9"]),
    # told again
    ("FINDINGS: 8 mm nodule in the right upper lobe. IMPRESSION: New 2 cm mass in the left adrenal gland.",
     ["lung | right | upper lobe | 1 | 8", "adrenal_gland | left | 1 | 20"]),
    ("FINDINGS: A 2.1 cm mass in the pancreatic head. IMPRESSION: Pancreatic head mass, suspicious for "
     "adenocarcinoma.", ["pancreas | head | 1 | 21"]),
    ("FINDINGS: 2 cm lesion in segment 4. The lesion shows washout. IMPRESSION: 1. HCC in segment 4.",
     ["liver | segment 4 | 1 | 20"]),
    # earlier sizes
    ("Left adrenal nodule 1.6 cm, previously 12 mm.", ["adrenal_gland | left | 1 | 16 | was 12"]),
    ("Left adrenal nodule 1.6 cm (was 9 mm).", ["adrenal_gland | left | 1 | 16 | was 9"]),
    ("Segment VII metastasis, now 4.2 x 3.1 cm (was 3.0 x 2.5 cm).", ["liver | segment 7 | 1 | 42x31 | was 30x25"]),
    # forms
    ("<p>LIVER:<br/>2 cm cyst in segment 4</p>", ["liver | segment 4 | 1 | 20"]),
    ("KIDNEYS: 1. 4 mm stone. 2. 5 mm cyst in the left kidney.", ["kidney | left | 1 | 5"]),
    # denial beside a lesion
    ("No focal hepatic lesion. 4 mm nodule in the right lower lobe.", ["lung | right | lower lobe | 1 | 4"]),
    ("No hydronephrosis or renal mass; 4 mm nodule in the right lower lobe.", ["lung | right | lower lobe | 1 | 4"]),
    ("No change in the 2 cm lesion in segment 4.", ["liver | segment 4 | 1 | 20"]),
]  # fmt: skip

NO_LESION = [
    "Liver: no lesion.",
    "Liver lesion: No",
    "Renal mass? [ ] yes [x] no",
    "KIDNEYS: No mass.",
    "The previously seen lesion in segment 5 has resolved.",
    "Previously described 8 mm nodule in the left upper lobe is no longer seen.",
    "INDICATION: Known liver metastases.\n\nFINDINGS:\nLIVER: Normal.\nKIDNEYS: Normal.",
    "If a lesion is suspected, MRI of the liver is recommended.",
    "Family history of pancreatic cancer.",
    "Slice thickness 5 mm. The liver is normal.",
    "Liver span 17 cm. Spleen 13 cm. Right kidney 11 x 5 cm.",
    "Common bile duct 9 mm. Portal vein 14 mm. Abdominal aorta 4.5 cm.",
    "Stone in the lower pole of the right kidney measuring 7 mm.",
    "Status post right hepatectomy. No recurrent tumor in the resection bed.",
]

TYPES = [
    ("LIVER: 2 cm cyst in segment 4.", "cyst"),
    ("LIVER: 2 cm metastasis in segment 4.", "metastasis"),
    ("LIVER: 2 cm hemangioma in segment 4.", "benign"),
    ("LIVER: 2 cm hepatocellular carcinoma in segment 4.", "malignant"),
]

NEGATIVE = [
    ("No focal hepatic lesion.", {"liver"}),
    ("Liver, spleen and pancreas are unremarkable.", {"liver", "spleen", "pancreas"}),
    ("KIDNEYS: Normal. LIVER: 2 cm cyst in segment 4.", {"kidney"}),
    ("INDICATION: Liver metastases. FINDINGS: 4 mm nodule in the right lower lobe of the lung.", set()),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_read(extractor, text, expected):
    extraction = extractor.extract("r", text)
    assert [written(f) for f in extraction.findings] == expected
    assert not extraction.quarantined
    for quote in (q for f in extraction.findings for q in (*f.evidence, f.anchor)):
        assert text[quote.start : quote.end] == quote.text


@pytest.mark.parametrize("text", NO_LESION)
def test_no_lesion(extractor, text):
    assert extractor.extract("r", text).findings == ()


@pytest.mark.parametrize(("text", "expected"), TYPES)
def test_type_by_its_word(extractor, text, expected):
    (finding,) = extractor.extract("r", text).findings
    assert finding.lesion_type == expected


@pytest.mark.parametrize(("text", "organs"), NEGATIVE)
def test_negative_organs(extractor, text, organs):
    extraction = extractor.extract("r", text)
    assert set(extraction.negative_organs) == organs
    assert len(extraction.negative_confidence) == len(organs)
    assert all(c >= 0.5 for c in extraction.negative_confidence)


def test_attenuation_and_image_stand_beside_their_lesion(extractor):
    text = "LIVER: Hypodense 12 mm lesion in segment 6 (series 4, image 51). 9 mm cyst in segment 7 (4/33)."
    first, second = extractor.extract("r", text).findings
    assert (first.attenuation, first.image_reference) == ("hypo", "series 4, image 51")
    assert (second.attenuation, second.image_reference) == (None, "4/33")


def test_what_decided_a_finding_is_told_by_names_of_the_weights(extractor):
    (finding,) = extractor.extract("r", "LIVER: 2 cm cyst in segment 4.").findings
    told = json.loads(finding.decided_by)
    assert set(told) == {"lesion", "organ", "side", "type", "size"}
    weights = {"lesion": "resolve", "organ": "organ", "side": "side", "type": "lesion_type", "size": "size_role"}
    for decision, (probability, features) in told.items():
        assert 0 < probability <= 1
        assert 1 <= len(features) <= 3
        for name, weight in features:
            assert weight * extractor._reader.weights[weights[decision]].weights[name] > 0


def test_equal_texts_give_equal_answers(extractor):
    text = "LIVER: 2 cm cyst in segment 4. KIDNEYS: Two simple cysts in the left kidney."
    one, other = (x.extract("r", text).model_dump(exclude={"seconds"}) for x in (extractor, RulesExtractor()))
    assert one == other


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("LIVER: 2 cm cyst in segment 4.", None),
        ("KIDNEYS: No mass.", None),
        ("FINDINGS: The study is of good quality. A scan of the chest was made.", "nothing_read"),
        ("There is a 2 cm cyst.", "lesion_without_organ"),
        ("There is a 2 cm cyst.", "low_confidence"),
        ("LIVER: 2 cm cyst in segment 4" + " and the parenchyma is otherwise homogeneous" * 15, "long_sentence"),
    ],
)
def test_review_reasons(extractor, text, reason):
    extraction = extractor.extract("r", text)
    assert (extraction.review_reasons == ()) if reason is None else (reason in extraction.review_reasons)
    assert ("low_confidence" in extraction.review_reasons) == (extraction.confidence < LOW_CONFIDENCE)


def test_what_breaks_the_contract_is_quarantined_with_its_reason(extractor):
    extraction = extractor.extract("r", "LIVER: 0.3 mm cyst in segment 4.")
    assert extraction.findings == ()
    assert ["outside 0.5–500 mm" in q.reason for q in extraction.quarantined] == [True]
    assert "quarantined_finding" in extraction.review_reasons


def test_what_cannot_be_read_has_no_confidence(extractor):
    extraction = extractor.extract("r", "Leber: Multiple Metastasen bis 3 cm, keine Zyste.")
    assert (extraction.status, extraction.confidence, extraction.negative_confidence) == ("unreadable", None, ())
