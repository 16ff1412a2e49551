"""What holds for any text at all."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from reportsup.nlp.folding import fold
from reportsup.nlp.recognise.sizes import find_sizes

PIECES = (
    "LIVER:", "Kidneys -", "IMPRESSION", "FINDINGS:\n", "HISTORY:", "cyst", "metastases", "nodule", "no", "possible",
    "previously", "segment 4b, 6 and 7", "left", "right and left", "respectively", "two", "the largest", "up to", "2.3",
    "x", "cm", "mm", "12 mm", "12 / 15 / 21", "->", "(was 9)", "1.", "2)", "|", "T1", "[x] yes", "[ ]", "in",
    "the liver", "and", ",", ";", ".", "\n", "\n\n", "\t", "0-", "½", "×", "İ", "ﬁ", "\x0c", "\u202e",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=40).map(" ".join)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(TEXTS)
def test_sizes_stand_in_the_text_one_behind_the_other(text):
    sizes = find_sizes(fold(text))
    assert all(0 <= size.start < size.end <= len(text) for size in sizes)
    assert all(a.end <= b.start for a, b in pairwise(sizes))
    assert all(d >= 0 for size in sizes for lesion in size.lesions_mm for d in lesion)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXTS)
def test_any_text_is_read_and_quoted_verbatim(extractor, text):
    extraction = extractor.extract("r", text)
    for finding in extraction.findings:
        for quote in (*finding.evidence, finding.anchor):
            assert text[quote.start : quote.end] == quote.text
        assert finding.count_min >= 1
        assert 0.0 <= finding.confidence <= 1.0
