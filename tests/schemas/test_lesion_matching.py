"""Which finding is the lesion that was corrected: by its organ, side, place, quotes and sizes."""

import pytest
from reportsup.schemas.lesion_matching import Lesion, Outcome, match_lesion

MATCHED, UNMATCHED, AMBIGUOUS = Outcome.MATCHED, Outcome.UNMATCHED, Outcome.AMBIGUOUS


def lesion(quote, *sizes, organ="liver", side=None, place=(), at=0):
    return Lesion(organ, side, frozenset(place), (quote,), tuple((float(s),) for s in sizes), (at, at + 4))


CYST = lesion("5 mm cyst in segment 4", 5, place=["segment 4"], at=10)
LARGER = lesion("8 mm cyst in segment 4", 8, place=["segment 4"], at=40)
ELSEWHERE = lesion("5 mm cyst in segment 7", 5, place=["segment 7"], at=70)


def moved(one, **changes):
    values = {"organ": one.organ, "laterality": one.laterality, "location": one.location, "quotes": one.quotes}
    values |= {"sizes_mm": one.sizes_mm, "anchor": (one.anchor[0] + 500, one.anchor[1] + 500)}
    return Lesion(**(values | changes))


@pytest.mark.parametrize(
    ("candidates", "others", "expected"),
    [
        pytest.param([moved(CYST)], [], (MATCHED, 0, ()), id="the text gained words in front"),
        pytest.param(
            [moved(CYST, quotes=("A stable 5 mm cyst is seen in segment 4",))], [], (MATCHED, 0, ()), id="longer quote"
        ),
        pytest.param([moved(CYST, quotes=("5 mm cyst",))], [], (MATCHED, 0, ()), id="shorter quote"),
        pytest.param(
            [moved(LARGER), moved(CYST), moved(ELSEWHERE)], [LARGER, ELSEWHERE], (MATCHED, 1, ()), id="among others"
        ),
        pytest.param(
            [lesion("7 mm cyst in segment 4", 7, place=["segment 4"])], [], (MATCHED, 0, ("sizes_mm",)), id="resized"
        ),
        pytest.param([moved(LARGER)], [LARGER], (UNMATCHED, None, ()), id="gone, the one of another size is there"),
        pytest.param([moved(ELSEWHERE)], [ELSEWHERE], (UNMATCHED, None, ()), id="gone, the one elsewhere is there"),
        pytest.param([moved(ELSEWHERE)], [], (UNMATCHED, None, ()), id="another place is another lesion"),
        pytest.param(
            [lesion("6 mm cyst in segment 4", 6, place=["segment 4"]), moved(LARGER)],
            [LARGER], (MATCHED, 0, ("sizes_mm",)), id="resized beside one that stayed",
        ),
        pytest.param(
            [lesion(f"{mm} mm cyst in segment 4", mm, place=["segment 4"]) for mm in (6, 9)],
            [LARGER], (AMBIGUOUS, None, ()), id="both resized",
        ),
        pytest.param([moved(CYST), moved(CYST)], [], (AMBIGUOUS, None, ()), id="twins in a new text"),
        pytest.param([moved(CYST)], [moved(CYST)], (AMBIGUOUS, None, ()), id="twins of which one is gone"),
        pytest.param([moved(CYST, organ="kidney")], [], (UNMATCHED, None, ()), id="another organ"),
        pytest.param([moved(CYST, location=frozenset())], [], (MATCHED, 0, ("location",)), id="place not read now"),
        pytest.param(
            [lesion("No change of the large hemangioma", place=["segment 4"])], [], (UNMATCHED, None, ()),
            id="another lesion in the same place",
        ),
        pytest.param([], [], (UNMATCHED, None, ()), id="nothing found"),
    ],
)  # fmt: skip
def test_in_a_new_text(candidates, others, expected):
    found = match_lesion(CYST, candidates, others)
    assert (found.outcome, found.index, found.changed) == expected


def test_left_is_not_right_but_an_unnamed_side_may_be_either():
    left = lesion("12 mm renal cyst", 12, organ="kidney", side="left")
    right = moved(left, laterality="right")
    assert match_lesion(left, [right]).outcome == UNMATCHED
    assert match_lesion(left, [moved(left, laterality=None)]).changed == ("laterality",)
    assert match_lesion(moved(left, laterality=None), [left, right]).outcome == AMBIGUOUS


def test_in_the_same_text_the_place_of_the_name_tells_twins_apart():
    twins = [lesion("5 mm cyst", 5, at=10), lesion("5 mm cyst", 5, at=90)]
    assert match_lesion(twins[1], twins, [twins[0]], same_text=True).index == 1
    assert match_lesion(twins[1], twins, [twins[0]], same_text=False).outcome == AMBIGUOUS


def test_in_the_same_text_other_rules_may_read_everything_else_differently():
    reread = lesion("cyst in segment 4 of 6 mm", 6, organ="spleen", at=10)
    found = match_lesion(CYST, [reread, moved(LARGER)], [LARGER], same_text=True)
    assert (found.index, found.changed) == (0, ("organ", "location", "sizes_mm"))


def test_in_the_same_text_a_lesion_that_is_not_found_any_more_does_not_take_its_neighbour():
    assert match_lesion(CYST, [LARGER], [LARGER], same_text=True).outcome == UNMATCHED


def test_a_short_quote_does_not_carry_a_lesion_whose_size_changed():
    assert match_lesion(lesion("cyst"), [lesion("2 cm cyst beside the duct", 20)]).outcome == UNMATCHED
    assert match_lesion(lesion("renal cyst"), [lesion("2 cm renal cyst", 20)]).changed == ("sizes_mm",)
