import pytest
from reportsup.nlp.folding import fold
from reportsup.nlp.text.sentences import find_sentences


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
