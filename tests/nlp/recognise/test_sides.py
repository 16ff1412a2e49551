import pytest


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Cyst in the left kidney", ["left"]),
        ("R kidney 2 cm cyst", ["right"]),
        ("Cyst of the kidney (L, 25 mm)", ["left"]),
        ("Nodule: R.", ["right"]),
        ("Bilateral renal cysts", ["bilateral"]),
        ("Metastasis in L4", []),
        ("Aspirated 2.4 l of ascites", []),
        ("RLL nodule", ["right"]),
    ],
)
def test_sides(recognise, text, sides):
    (sentence,) = recognise(text)
    assert [cue.side for cue in sentence.sides] == sides


def test_left_and_right_are_told_apart_where_sizes_are(recognise):
    (sentence,) = recognise("Left and right adrenal nodules of 18 and 11 mm.")
    assert [cue.side for cue in sentence.sides] == ["left", "right"]
    (sentence,) = recognise("Left and right adrenal nodules.")
    assert [cue.side for cue in sentence.sides] == ["bilateral"]
