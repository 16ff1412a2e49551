"""Each layout yields the same files under canonical names."""

import json

import pytest
from reportsup.schemas import InputError
from reportsup.segmentation.cases import LabelMap, MaskFile, read_layout


def _touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folders(tmp_path):
    masks = tmp_path / "C1" / "segmentations"
    _touch(tmp_path / "C1/ct.nii.gz", masks / "aorta.nii.gz", masks / "bladder.nii.gz", masks / "._bladder.nii.gz")
    _touch(masks / "pancreatic_lesion.nii.gz", tmp_path / "C2/ct.nii", tmp_path / "notes/readme.txt")
    first, second = read_layout(tmp_path)
    assert first.masks == (
        MaskFile("urinary_bladder", masks / "bladder.nii.gz"),
        MaskFile("pancreas_lesion", masks / "pancreatic_lesion.nii.gz"),
    )
    assert first.ignored_masks == ("aorta",)
    assert (second.case_id, second.ct, second.masks) == ("C2", tmp_path / "C2/ct.nii", ())


def test_nnunet(tmp_path):
    labels = {"background": 0, "kidney": 1, "tumor": 2, "both": [1, 2], "liver": [1, 4], "ignore": 9}
    (tmp_path / "dataset.json").write_text(json.dumps({"channel_names": {"0": "CT"}, "labels": labels}))
    for name in ("imagesTr/k_1_0000.nii.gz", "labelsTr/k_1.nii.gz", "imagesTs/k_2_0000.nii.gz"):
        _touch(tmp_path / name)
    train, test = read_layout(tmp_path, rename={"tumor": "kidney_lesion"})
    label = tmp_path / "labelsTr/k_1.nii.gz"
    assert train.masks == (MaskFile("kidney", label, 1), MaskFile("kidney_lesion", label, 2))
    assert train.label_map == LabelMap(label, (0, 1, 2, 4, 9), ignore=9)
    assert [(p.problem, p.observed, p.fatal) for p in train.problems] == [("label", "liver: [1, 4]", False)]
    assert (train.case_id, train.split) == ("k_1", None)
    assert (test.case_id, test.split, test.masks) == ("k_2", "test", ())


def test_decathlon(tmp_path):
    description = {
        "labels": {"0": "background", "1": "liver", "2": "cancer"},
        "training": [{"image": "./imagesTr/liver_0.nii.gz", "label": "./labelsTr/liver_0.nii.gz"}],
        "test": ["./imagesTs/liver_9.nii.gz"],
    }
    (tmp_path / "dataset.json").write_text(json.dumps(description))
    train, test = read_layout(tmp_path / "dataset.json", rename={"cancer": "liver tumor"})
    assert [(m.name, m.label) for m in train.masks] == [("liver", 1), ("liver_lesion", 2)]
    assert (test.case_id, test.split) == ("liver_9", "test")


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_manifest(tmp_path, ending):
    import duckdb

    _touch(tmp_path / "v/1.nii.gz", tmp_path / "m/liver.nii.gz", tmp_path / "seg.nii.gz")
    rows = [
        ("A", "v/1.nii.gz", "m", "", "R1", "P1", "Val", "north"),
        ("B", "v/1.nii.gz", "seg.nii.gz", '{"spleen": 4}', "", "", "", ""),
    ]
    columns = "case_id, ct, masks, mask_labels, report_id, patient_id, split, site"
    path = tmp_path / f"cases.{ending}"
    form = {"csv": "", "tsv": "(DELIMITER '\t')", "parquet": "(FORMAT parquet)"}[ending]
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t AS SELECT * FROM (VALUES {rows[0]}, {rows[1]}) AS t({columns})")
        connection.execute(f"COPY t TO '{path}' {form}")
    first, second = read_layout(path)
    assert first.masks == (MaskFile("liver", tmp_path / "m/liver.nii.gz"),)
    assert (first.report_id, first.patient_id, first.split, first.site) == ("R1", "P1", "validation", "north")
    assert second.masks == (MaskFile("spleen", tmp_path / "seg.nii.gz", 4),)
    assert (second.report_id, second.split) == (None, None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: root / "nowhere", "does not exist"),
        (lambda root: root, "holds no case"),
        (lambda root: _write(root / "dataset.json", "{}"), "has no 'labels' among nothing"),
        (lambda root: _write(root / "x.csv", "id,path\n1,2\n"), "case_id, ct is missing"),
        (lambda root: _write(root / "x.parquet", "text"), "cannot be read"),
        (lambda root: _write(root / "x.csv", "case_id,ct\n"), "holds no case"),
    ],
)
def test_what_is_no_data_set(tmp_path, make, words):
    with pytest.raises(InputError, match=words):
        read_layout(make(tmp_path))


def _write(path, text):
    path.write_text(text)
    return path
