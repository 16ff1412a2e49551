"""The dialects of dataset.json: each is read as what it means, or refused with what was seen and what to write."""

import codecs
import json

import pytest
from reportsup.schemas import InputError
from reportsup.segmentation.cases import read_layout

LABELS = {"background": 0, "liver": 1, "liver_lesion": 2}
V2 = {"channel_names": {"0": "CT"}, "labels": LABELS, "file_ending": ".nii.gz"}
LISTED = {"image": "imagesTr/a.nii.gz", "label": "labelsTr/a.nii.gz"}


def describe(root, description, *files, name="dataset.json", bom=b""):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    (root / name).write_bytes(bom + json.dumps(description).encode())
    return root / name


def seen(path):
    """case id → (name of its CT, names and values of its masks, split)."""
    return {
        c.case_id: (str(c.ct.relative_to(path.parent)), {m.name: m.label for m in c.masks}, c.split)
        for c in read_layout(path)
    }


MASKS = {"liver": 1, "liver_lesion": 2}
FILES = ("imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz")
READ = {"a": ("imagesTr/a_0000.nii.gz", MASKS, None)}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"labels": ["background", "liver", "liver_lesion"]},
        {"labels": {"0": "background", "1": "liver", "2": "liver_lesion"}},
        {"labels": {"background": 0, "liver": [1], "liver_lesion": [2]}},
        {"channel_names": ["CT"]},
        {"channel_names": {"CT": 0}},
        {"channel_names": None, "modality": {"0": "CT"}},
        {"file_ending": "nii.gz"},
        {"file_ending": None},
        {"dataset": {"a": {"images": ["imagesTr/a_0000.nii.gz"], "label": "labelsTr/a.nii.gz"}}},
    ],
    ids=str,
)
def test_nnunet_v2(tmp_path, changes):
    assert seen(describe(tmp_path, {**V2, **changes}, *FILES)) == READ


def test_a_byte_order_mark_is_no_letter(tmp_path):
    assert seen(describe(tmp_path, V2, *FILES, bom=codecs.BOM_UTF8)) == READ
    table = tmp_path / "cases.csv"
    table.write_bytes(
        codecs.BOM_UTF8 + b"case_id,ct,masks,mask_labels\na,imagesTr/a_0000.nii.gz,labelsTr/a.nii.gz,l.json\n"
    )
    (tmp_path / "l.json").write_bytes(codecs.BOM_UTF8 + json.dumps(LABELS).encode())
    assert seen(table) == READ


def test_the_ct_among_several_channels(tmp_path):
    for names in ({"0": "PET", "1": "CT"}, ["PET", "ct"], {"PET": 0, "CT": 1}):
        path = describe(tmp_path, {**V2, "channel_names": names}, *FILES, "imagesTr/a_0001.nii.gz")
        assert seen(path) == {"a": ("imagesTr/a_0001.nii.gz", MASKS, None)}
    both = {"a": {"images": ["imagesTr/a_0000.nii.gz", "imagesTr/a_0001.nii.gz"], "label": "labelsTr/a.nii.gz"}}
    path = describe(tmp_path, {**V2, "channel_names": ["PET", "CT"], "dataset": both})
    assert seen(path) == {"a": ("imagesTr/a_0001.nii.gz", MASKS, None)}


def test_nnunet_v1_lists_names_without_the_channels_number(tmp_path):
    description = {"modality": {"0": "CT"}, "labels": {"0": "background", "1": "liver", "2": "liver_lesion"}}
    description |= {"training": [LISTED], "test": ["./imagesTs/b.nii.gz"], "numTraining": 1}
    path = describe(tmp_path, description, *FILES, "imagesTs/b_0000.nii.gz")
    assert seen(path) == READ | {"b": ("imagesTs/b_0000.nii.gz", {}, "test")}
    (tmp_path / "imagesTr/a.nii.gz").touch()  # the listed file is there: it is the one that is meant
    assert seen(path)["a"][0] == "imagesTr/a.nii.gz"


def test_monai_data_lists(tmp_path):
    description = {
        "labels": LABELS,
        "training": [{"image": ["x/a.nii.gz"], "label": ["y/a.nii.gz"], "fold": 0}],
        "validation": [{"image": "x/b.nii.gz", "label": "y/b.nii.gz"}],
        "testing": [{"image": "x/c.nii.gz"}],
    }
    assert seen(describe(tmp_path, description, name="list.json")) == {
        "a": ("x/a.nii.gz", MASKS, "train"),
        "b": ("x/b.nii.gz", MASKS, "validation"),
        "c": ("x/c.nii.gz", {}, "test"),
    }
    without_masks = {"testing": [{"image": "x/c.nii.gz"}]}
    assert seen(describe(tmp_path, without_masks, name="list.json")) == {"c": ("x/c.nii.gz", {}, "test")}


def test_two_lists_of_one_split_are_both_read(tmp_path):
    description = {"labels": LABELS, "val": [{"image": "x/a.nii.gz"}], "validation": [{"image": "x/b.nii.gz"}]}
    assert list(seen(describe(tmp_path, description))) == ["a", "b"]


def test_files_that_are_all_called_alike_are_told_apart_by_their_folders(tmp_path):
    entries = [{"image": f"{case}/ct.nii.gz", "label": f"{case}/seg.nii.gz"} for case in ("p1", "p2", "p3")]
    description = {"labels": LABELS, "training": entries[:2], "validation": entries[2:]}
    assert list(seen(describe(tmp_path, description))) == ["p1", "p2", "p3"]


def test_a_channels_number_in_a_list_is_no_part_of_the_case_id(tmp_path):
    description = {"modality": {"0": "CT"}, "labels": LABELS, "training": [{"image": FILES[0], "label": FILES[1]}]}
    description["test"] = ["imagesTs/b_0000.nii.gz"]
    assert list(seen(describe(tmp_path, description))) == ["a", "b"]
    description["training"] = [{"image": "x/case_0000.nii.gz", "label": "y/case_0000.nii.gz"}]  # a number of the case
    assert list(seen(describe(tmp_path, description))) == ["case_0000", "b_0000"]


def test_files_without_the_channels_number_are_found(tmp_path):
    files = ("imagesTr/a.nii.gz", "labelsTr/a.nii.gz", "imagesTs/b.nii.gz")
    assert seen(describe(tmp_path, V2, *files)) == {
        "a": ("imagesTr/a.nii.gz", MASKS, None),
        "b": ("imagesTs/b.nii.gz", {}, "test"),
    }


def test_a_number_at_the_end_may_be_the_cases(tmp_path):
    files = ("labelsTr/case_0000.nii.gz", "imagesTr/case_0000.nii.gz", "imagesTr/case_0007.nii.gz")
    path = describe(tmp_path, V2, *files, "imagesTs/case_0012.nii.gz")
    assert list(seen(path)) == ["case_0000", "case_0007", "case_0012"]


def test_a_stray_copy_without_number_beside_numbered_files_is_no_case(tmp_path):
    assert seen(describe(tmp_path, V2, *FILES, "imagesTr/a.nii.gz", "imagesTr/a_0001.nii.gz")) == READ


def test_regions_of_several_labels_are_refused_where_they_hide_lesions(tmp_path):
    labels = {"background": 0, "liver": [1, 2], "liver_lesion": [2, 3], "tumor": 2, "necrosis": 3}
    path = describe(tmp_path, {**V2, "labels": labels}, *FILES)
    (case,) = read_layout(path, rename={"tumor": "ignore"})
    assert case.masks == ()
    assert [(p.observed, p.fatal) for p in case.problems] == [("liver: [1, 2]", False), ("liver_lesion: [2, 3]", True)]
    assert "regions of several values are not read: write liver_lesion as a mask" in case.problems[1].next_step
    assert case.problems[0].next_step.endswith("--rename liver=ignore to do without; it is left out now")


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({**V2, "file_ending": ".mha"}, "'file_ending' is .mha vs .nii.gz or .nii"),
        ({**V2, "labels": 3}, "has 'labels' as int vs names and numbers"),
        ({**V2, "labels": [1, 2]}, "has 'labels' as list vs names and numbers"),
        ({"training": [LISTED]}, r"has no 'labels' among 'training' .* Write \"labels\": {\"background\": 0"),
        ({**V2, "channel_names": {"CT": "first"}}, r"'channel_names' is {\"CT\": \"first\"} vs numbers and names"),
        ({"labels": LABELS, "training": [{"label": "a.nii.gz"}]}, "entry 1 of train has image NoneType and label str"),
        ({"labels": LABELS, "training": [{**LISTED, "label": ["a", "b"]}]}, "has image str and label list vs one file"),
        ({"labels": LABELS, "training": [], "fold_2": [LISTED]}, r"'fold_2' is a list of cases \(1\) vs training"),
        (
            {"labels": LABELS, "training": [], "fold_2": ["x/a.nii.gz"]},
            r"'fold_2' is a list of cases \(1\) vs training",
        ),
        ({**V2, "dataset": {"a": {"label": "x"}}}, "case a of 'dataset' names no image"),
        ([LISTED], "holds a list vs an object"),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path, description, message):
    with pytest.raises(InputError, match=message):
        read_layout(describe(tmp_path, description, *FILES))


def test_broken_json_is_shown_its_place(tmp_path):
    (tmp_path / "dataset.json").write_text('{"labels": {"liver": 1},\n "channel_names" ["CT"]}')
    with pytest.raises(InputError, match=r"is no JSON .*line 2 column 18"):
        read_layout(tmp_path)
    (tmp_path / "dataset.json").write_bytes('{"labels": {"Leber ä": 1}}'.encode("latin-1"))
    with pytest.raises(InputError, match="Save it as UTF-8"):
        read_layout(tmp_path)
