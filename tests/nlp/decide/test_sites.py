"""Which of the sites that a sentence lists is a size's."""

import pytest
from reportsup.nlp.decide.sites import site_of
from reportsup.nlp.decide.size_list import runs

CURRENT = (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lesions in segments 5 and 8 of 14 mm and 22 mm.", ["segments 5", "8"]),
        ("Uterine and ovarian masses of 7 cm and 4 cm, respectively.", ["Uterine", "ovarian"]),
        ("Two nodules, 6 and 9 mm, in the left upper lobe and lingula.", ["left upper lobe", "lingula"]),
        ("Two nodules, 6 and 9 mm, in the lingula.", [None, None]),
        ("Lesions of the liver and spleen. The former measures 14 mm.", ["liver"]),
        ("Lesions of the liver and spleen. The latter measures 14 mm.", ["spleen"]),
    ],
)
def test_the_site_of_a_size(recognise, text, found):
    sentences = recognise(text)
    sentence = sentences[-1]
    previous = sentences[-2] if len(sentences) > 1 else None
    members = range(len(sentence.sizes))
    told = [site_of(sentence, previous, number, members) for number in members]
    assert [text[s.start : s.end] if s else None for s in told] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Cysts of 6, 9 and 11 mm.", [(0, 2)]),
        ("A 6 mm cyst and a 9 mm cyst.", []),
        ("Cysts of 6 and 9 mm, nodules of 2 and 3 cm.", [(0, 1), (2, 3)]),
    ],
)
def test_lists_of_sizes(recognise, text, found):
    (sentence,) = recognise(text)
    assert runs(sentence, [CURRENT] * len(sentence.sizes)) == found


def test_a_list_of_earlier_sizes_is_none(recognise):
    (sentence,) = recognise("Cysts of 6 and 9 mm.")
    assert runs(sentence, [(0.0, 1.0, 0.0)] * 2) == []
