import pytest
from reportsup.nlp.folding import fold
from reportsup.nlp.text.tables import find_rows


def rows(text):
    return [
        (text[r.label_start : r.label_end], [(c.diameters_mm, c.role) for c in r.cells if c.diameters_mm])
        for r in find_rows(text, fold(text))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# | Site | Baseline | Current\n1 | Liver S8 | 41 mm | 30 mm\nSum | | 41 mm | 30 mm",
         [("1 | Liver S8", [((41.0,), "prior"), ((30.0,), "current")]), ("Sum", [((41.0,), "sum"), ((30.0,), "sum")])]),
        ("TARGETS (RECIST, cm)\nLesion      Prior   Current   Ser/Im\nT1 liver    2.9     1.4       4/33",
         [("T1 liver", [((29.0,), "prior"), ((14.0,), "current")])]),
        ("Liver (cm)\n              NOW     A      B\n1  seg 2      0.9    1.4    2.2",
         [("1  seg 2", [((9.0,), "current"), ((14.0,), "prior"), ((22.0,), "prior")])]),
        ("LESIONS     baseline / nadir / today (mm)\nT1 adrenal    41 / 26 / 27",
         [("T1 adrenal", [((41.0,), "prior"), ((26.0,), "prior"), ((27.0,), "current")])]),
        ("Lesion     03/2024    01/2024\nliver      12 mm      15 mm\nspleen     10 mm      11 mm",
         [("liver", [((12.0,), "current"), ((15.0,), "prior")]),
          ("spleen", [((10.0,), "current"), ((11.0,), "prior")])]),
        ("T1 liver\t31\t19\t10\nT2 spleen\t24\t21\t21",
         [("T1 liver", [((31.0,), "prior"), ((19.0,), "prior"), ((10.0,), "current")]),
          ("T2 spleen", [((24.0,), "prior"), ((21.0,), "prior"), ((21.0,), "current")])]),
        ("             baseline      current\nSeg 6 liver  3.1cm/14.2    1.7cm/3.0\nL5           SUV 9.0       2.2",
         [("Seg 6 liver", [((31.0,), "prior"), ((17.0,), "current")]), ("L5", [((22.0,), "other")])]),
        ("Liver normal.  Spleen 12 cm.  Kidneys normal.", []),
    ],
)  # fmt: skip
def test_rows(text, expected):
    assert rows(text) == expected
