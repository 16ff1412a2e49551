import pytest
from reportsup.nlp.decide.template_answers import template_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Liver lesion: No", "no"),
        ("Liver lesion (>1 cm): yes", "yes"),
        ("[x] Liver cyst", "yes"),
        ("[ ] Liver cyst", "no"),
        ("Renal mass: [x] yes [ ] no", "yes"),
        ("Renal mass: [ ] yes [x] no", "no"),
        ("Renal mass? [ ] yes [x] no", "no"),
        ("Nodules ... none", "no"),
        ("Liver mass: 2", "yes"),
        ("Liver lesion: 12 mm", ""),
        ("Liver lesion in segment 4", ""),
    ],
)
def test_answers(recognise, text, answer):
    (sentence,) = recognise(text)
    assert template_answer(sentence, sentence.heads[-1].end) == answer
