import pytest
from reportsup.nlp.recognise.counts import count_head, counted_by


@pytest.mark.parametrize(
    ("text", "count", "least"),
    [
        ("Liver cyst", 1, 1),
        ("Liver cysts", None, 2),
        ("Three liver cysts", 3, 3),
        ("More than 5 nodules", None, 6),
        ("Two to three cysts", None, 2),
        ("Cysts, at least 3", None, 3),
        ("Nodules (4)", 4, 4),
        ("Cysts x 3", 3, 3),
        ("Liver metastases, three in number", 3, 3),
        ("Lesions, 4 in total", 4, 4),
        ("Number of liver lesions: 3", 3, 3),
        ("Liver cysts (number: 2)", 2, 2),
        ("Liver cysts: number 3, largest 2 cm", 3, 3),
        ("Segment 2 cysts", None, 2),  # the number names the segment
        ("Two 5 mm cysts", 2, 2),
        ("Nodules 4 mm", None, 2),
    ],
)
def test_counts(recognise, text, count, least):
    (sentence,) = recognise(text)
    told = count_head(sentence, sentence.heads[0])
    assert (told.count, told.count_min) == (count, least)


def test_a_number_told_by_the_sentence_behind(recognise):
    first, second = recognise("Liver lesions: yes. Number: 2.")
    told = counted_by(count_head(first, first.heads[0]), second)
    assert (told.count, told.count_min, told.plural) == (2, 2, True)
    first, second = recognise("Three liver lesions. Number: 2.")
    assert counted_by(count_head(first, first.heads[0]), second).count == 3
