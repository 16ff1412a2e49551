"""What stands over a sentence and what a number may be where nothing speaks of a lesion."""


def test_a_heading_gives_its_organ_place_and_side(recognise):
    (sentence,) = recognise("Liver 1 (seg 8): 2 cm")
    assert {cue.organ for cue in sentence.heading_cues} == {"liver"}
    assert [cue.names for cue in sentence.heading_places] == [{"liver": "segment 8"}]
    (sentence,) = recognise("L: 12 mm nodule")
    assert sentence.heading_side == "left"


def test_numbers_without_a_unit_count_only_beside_a_lesion_or_a_place(recognise):
    loose = [size.lesions_mm for s in recognise("Cyst 4.5 in the liver. Creatinine was 4.5 today.") for size in s.sizes]
    assert loose == [((45.0,),)]


def test_members_of_a_list_stand_each_for_itself(recognise):
    (sentence,) = recognise("Nodules of 5, 6 and 11 mm")
    assert [size.lesions_mm for size in sentence.sizes] == [((5.0,),), ((6.0,),), ((11.0,),)]
