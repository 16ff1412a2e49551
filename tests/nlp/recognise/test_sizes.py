import pytest
from reportsup.nlp.folding import fold
from reportsup.nlp.recognise.sizes import find_sizes
from reportsup.nlp.text.tables import find_rows


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


def test_offsets_are_those_of_the_report():
    text = "İ A nodule of 1.2 × 0.9 cm"
    (size,) = find_sizes(fold(text))
    assert text[size.start : size.end] == "1.2 × 0.9 cm"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("increased from 2 to 3 cm", [(20, "prior"), (30, "current")]),
        ("21 -> 16 mm", [(21, "prior"), (16, "current")]),
        ("30 -> 34 -> 12 mm", [(30, "prior"), (34, "prior"), (12, "current")]),
        ("16 mm <- 21 mm <- 30 mm", [(16, "current"), (21, "prior"), (30, "prior")]),
        ("2.1→1.6 cm", [(21, "prior"), (16, "current")]),
        ("cysts range from 5 to 14 mm", [(14, "")]),
        ("12 mm (was 9)", [(12, ""), (9, "prior")]),
        ("1.4 cm (1.2 cm)", [(14, ""), (12, "prior")]),
        ("then 14 mm, now 21", [(14, "prior"), (21, "current")]),
        ("12 mm, previously 13", [(12, ""), (13, "prior")]),
        ("as before at 20 mm", [(20, "")]),
        (
            "17 mm (1.6 cm last year, 2.0 in 2021 and 1.9 cm in 2018)",
            [(17, ""), (16, "prior"), (20, "prior"), (19, "prior")],
        ),
        ("45 mm (baseline 60 mm, nadir 40 mm)", [(45, ""), (60, "prior"), (40, "prior")]),
        ("Sum of diameters: 91 mm", [(91, "sum")]),
        ("5 mm slices", [(5, "not_lesion")]),
        ("4 cm above the hilum", [(40, "not_lesion")]),
        ("grew by 4 mm to 16 mm", [(4, "not_lesion"), (16, "")]),
    ],
)
def test_hints(text, expected):
    assert [(s.lesions_mm[0][0], s.hint) for s in find_sizes(fold(text))] == expected


@pytest.mark.parametrize(
    ("text", "lesions_mm"),
    [
        ("diameters of 18 and 24 mm", [((18.0, 24.0),)]),
        ("two nodules with diameters of 18 and 24 mm", [((18.0,), (24.0,))]),
        ("3.1 x 2.6 cm axial (series 5 image 88), 3.4 cm craniocaudal", [((31.0, 26.0, 34.0),)]),
        ("42 mm transversely, 29 AP and 37 craniocaudally", [((42.0, 29.0, 37.0),)]),
        ("5.8 cm long, wall 2.2 cm", [((58.0, 22.0),)]),
        ("segments 2 and 5, 6 and 8 mm", [((6.0,), (8.0,))]),
        ("segment 2, 5 and 6 mm", [((5.0,), (6.0,))]),
        ("segments 4b, 6 and 7, the largest 28 mm", [((28.0,),)]),
        ("segments 2, 4a and 6, 9 mm", [((9.0,),)]),
        ("segments VI and 7, 12 mm", [((12.0,),)]),
        ("19x17 x20mm", [((19.0, 17.0, 20.0),)]),
        ("2.5cmx1.9cm", [((25.0, 19.0),)]),
        ("18x24x20mm3", [((18.0, 24.0, 20.0),)]),
        ("1 . 8 x 2. 4 cm", [((18.0, 24.0),)]),
        ("liver,8 mm", [((8.0,),)]),
        ("mass2.3cm", [((23.0,),)]),
        ("half a centimetre", [((5.0,),)]),
        ("one point eight centimeters", [((18.0,),)]),
        ("4 cms; 12 m m; 1 inch", [((40.0,),), ((12.0,),), ((25.4,),)]),
        ("T12/L3, 3 of 5, 7 Fr, SUV 3.2, 120 HU, 1.2 cm/s, b50, 12%, 45 ml, (4/12), 555-1234", []),
        ("nodule 7 mm, SUV 3.2", [((7.0,),)]),
        ("a nodule of cm 3", [((30.0,),)]),
        ("cyst 4 1/2 cm", [((45.0,),)]),
        ("mass [**6**] mm", [((6.0,),)]),
    ],
)
def test_grammar(text, lesions_mm):
    assert [size.lesions_mm for size in find_sizes(fold(text))] == lesions_mm


def test_a_number_that_takes_its_unit_from_a_size_nearby_is_bare():
    assert [s.bare for s in find_sizes("2.2 cm, the other two 1.1 and 1.8")] == [False, True, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cyst 4.5", [(45, "loose")]),  # a decimal is in centimetres
        ("cyst 22 in segment 6", [(22, "loose")]),
        ("nodules 12 / 15 / 21", [(12, "column"), (15, "column"), (21, "column")]),
        ("5 nodules", []),
        ("4 mm cyst, score 7", [(4, "")]),
    ],
)
def test_numbers_without_a_unit_where_a_size_may_stand(text, expected):
    assert [(s.lesions_mm[0][0], s.hint) for s in find_sizes(fold(text))] == expected


@pytest.mark.parametrize("text", ["none above 6 mm", "4 mm or less", "all under a centimeter"])
def test_bounds_after_and_in_denials(text):
    assert [s.bound for s in find_sizes(text)] == ["upper"]


def test_table_cells_are_sizes_with_their_column():
    text = "Lesion      Baseline   Now (mm)\nT1 liver    38         22\nSum         38         22"
    sizes = find_sizes(fold(text), rows=find_rows(text, fold(text)))
    assert [(s.lesions_mm[0][0], s.hint) for s in sizes] == [(38, "prior"), (22, "current"), (38, "sum"), (22, "sum")]


@pytest.mark.parametrize("gap", ["-\f", "-\t", " -\v ", "\x1c", "\u2003-\u2003"])
def test_any_blank_may_stand_between_number_and_unit(gap):
    assert [s.lesions_mm for s in find_sizes(fold(f"a 2{gap}cm cyst"))] == [((20.0,),)]


def test_thousands_of_fragments_take_one_pass():
    assert find_sizes("2 cm x " * 20000) != []
