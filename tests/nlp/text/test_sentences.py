import pytest
from reportsup.nlp.folding import fold
from reportsup.nlp.text.sentences import find_items, find_sentences


def split(text):
    return [text[a:b] for a, b in find_sentences(text, fold(text), 0, len(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith noted approx. 3.2 cm mass vs. 2.1 cm. No nodes.",
         ["Dr. Smith noted approx. 3.2 cm mass vs. 2.1 cm.", "No nodes."]),
        ("Seen on 3.5.2021 in seg. 4a.", ["Seen on 3.5.2021 in seg. 4a."]),
        ("1. 4 mm stone. 2. 5 mm cyst.", ["4 mm stone.", "5 mm cyst."]),
        ("No mass; 4 mm nodule.", ["No mass;", "4 mm nodule."]),
        ("- Liver cyst\n- Renal cyst", ["Liver cyst", "Renal cyst"]),
        ("The left node\n\nmeasures 14 mm.", ["The left node\n\nmeasures 14 mm."]),
        ("A hypodense lesion (adenoma ?) is seen.", ["A hypodense lesion (adenoma ?) is seen."]),
        ("No\nevidence of lymphadenopathy.", ["No\nevidence of lymphadenopathy."]),
        ('It is normal. " Nodule in the lung " Renal cyst', ["It is normal.", "Nodule in the lung", "Renal cyst"]),
    ],
)  # fmt: skip
def test_sentences(text, expected):
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "1. Mass 5 cm 2. 2 metastases, largest 3 cm 3. No nodule",
            ["Mass 5 cm", "2 metastases, largest 3 cm", "No nodule"],
        ),
        ("1)Cyst 22 mm 2)No mass 3)1.5 cm lesion", ["Cyst 22 mm", "No mass", "1.5 cm lesion"]),
        ("(1) No mass (2) 1.5 cm lesion", ["No mass", "1.5 cm lesion"]),
        ("- No mass - 1.5 cm lesion", ["No mass", "1.5 cm lesion"]),
        ("a. No mass b. 1.5 cm lesion", ["No mass", "1.5 cm lesion"]),
        ("1.No lesion.\n2.Solid mass.", ["No lesion.", "Solid mass."]),
        ("-2 cm mass\n-spleen normal", ["2 cm mass", "spleen normal"]),
        (
            "Lesion 1 . 8 x 2. 4 cm in segment 2. Another of .9 cm.",
            ["Lesion 1 . 8 x 2. 4 cm in segment 2.", "Another of .9 cm."],
        ),
        ("Two polyps, 5 mm (image 2) and 6 mm.", ["Two polyps, 5 mm (image 2) and 6 mm."]),
    ],
)
def test_list_items(text, expected):
    assert split(text) == expected


def test_items_have_their_numbers():
    text = "1. Mass. 2. Cyst."
    assert [(i.number, text[i.start : i.end].strip()) for i in find_items(text, 0, len(text))] == [
        (1, "Mass."),
        (2, "Cyst."),
    ]
