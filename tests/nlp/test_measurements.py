import pytest
from reportsup.nlp.folding import fold
from reportsup.nlp.measurements import find_sizes


@pytest.mark.parametrize(
    ("text", "lesions_mm"),
    [
        ("1.5 cm", [((15.0,),)]),
        ("1.5 x 1.2 cm", [((15.0, 12.0),)]),
        (".5 cm", [((5.0,),)]),
        ("0,8 cm", [((8.0,),)]),
        ("11 x 10 mm", [((11.0, 10.0),)]),
        ("2.3 by 1.4 cm", [((23.0, 14.0),)]),
        ("4x2.5x4cm", [((40.0, 25.0, 40.0),)]),
        ("17.6×11.7 mm", [((17.6, 11.7),)]),
        ("1 cm x 0.7 cm", [((10.0, 7.0),)]),
        ("1.5 cm x 12 mm", [((15.0, 12.0),)]),
        ("12-mm", [((12.0,),)]),
        ("two-centimeter", [((20.0,),)]),
        ("5-6 mm", [((6.0,),)]),
        ("5 or 6 mm", [((6.0,),)]),
        ("AP 3.2 cm, TR 2 cm, CC 4 cm", [((32.0, 20.0, 40.0),)]),
        ("3.2 (AP) x 2.1 (TR) x 4.0 (CC) cm", [((32.0, 21.0, 40.0),)]),
        ("12.2cm AP x 10.6cm Trans x 14.1cm CC", [((122.0, 106.0, 141.0),)]),
        ("22 x 16 x 30 mm (ML x AP x CC)", [((22.0, 16.0, 30.0),)]),
        ("4, 5 and 7 mm", [((4.0,), (5.0,), (7.0,))]),
        ("2 cm right and 3 cm left", [((20.0,),), ((30.0,),)]),
        ("15 x 10", [((15.0, 10.0),)]),
        ("4.5 x 2.3", []),
        ("series 4 image 51", []),
        ("image 4, 5 mm nodule", [((5.0,),)]),
        ("12/03/2019", []),
        ("50 mm/s", []),
        ("120 mmHg", []),
        ("30 mL", []),
    ],
)
def test_diameters(text, lesions_mm):
    assert [size.lesions_mm for size in find_sizes(fold(text))] == lesions_mm


@pytest.mark.parametrize(
    ("text", "bound", "reaching"),
    [
        ("measuring 5 mm", "exact", False),
        ("about 5 mm", "exact", False),
        ("less than 1 cm", "upper", False),
        ("<5 mm", "upper", False),
        ("≤ 5 mm", "upper", False),
        ("sub-5 mm", "upper", False),
        ("subcentimeter", "upper", False),
        ("sub-centimetric", "upper", False),
        ("at least 3 cm", "lower", False),
        ("> 3 cm", "lower", False),
        ("up to 5 mm", "exact", True),
        ("reaching 8 mm", "exact", True),
        ("not exceeding 1 cm", "exact", True),
    ],
)
def test_bounds(text, bound, reaching):
    (size,) = find_sizes(fold(text))
    assert (size.bound, size.reaching) == (bound, reaching)


def test_change_from_to_keeps_both_sizes():
    (size,) = find_sizes("increased from 2 to 3 cm")
    assert (size.lesions_mm, size.changed_from_mm) == (((30.0,),), (20.0,))


def test_offsets_are_those_of_the_report():
    text = "İ A nodule of 1.2 × 0.9 cm"
    (size,) = find_sizes(fold(text))
    assert text[size.start : size.end] == "1.2 × 0.9 cm"


def test_thousands_of_fragments_take_one_pass():
    assert find_sizes("2 cm x " * 20000) != []
