import pytest
from reportsup.nlp.folding import fold


@pytest.mark.parametrize(
    "text",
    [
        "Liver\u00a0cyst",
        "2 × 3 cm – stable",
        "<p>Liver:<br/>cyst</p>",
        r"{\rtf1 \b Liver\b0 \par cyst}",
        "İstanbul ﬁ ß",
        "a\x00b",
        "5&nbsp;mm",
    ],
)
def test_length_never_changes(text):
    assert len(fold(text)) == len(text)


def test_markup_becomes_blanks_and_line_breaks():
    assert fold("<p>Liver:<br/>2 cm cyst</p>").split() == ["liver:", "2", "cm", "cyst"]
    assert "\n" in fold("a<br>b")
    assert fold(r"Liver\par cyst").split() == ["liver", "cyst"]


def test_smaller_than_is_no_markup():
    assert "<5 mm and >3 mm" in fold("<5 mm and >3 mm")
