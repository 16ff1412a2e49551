"""Masks that other segmenters made: every label of their tables, and masks found by the names of cases."""

from pathlib import Path

import numpy as np
import pytest
from reportsup.pipelines.cli import main
from reportsup.schemas import ConfigError, load_anatomy
from reportsup.schemas.database import open_database
from reportsup.segmentation.cases import read_cases
from reportsup.segmentation.organs import find_masks, label_table, label_tables
from reportsup.segmentation.organs.masks import organ_mask_files, organ_name

from . import bodies
from .bodies import ORGANS

GOLDEN = Path(__file__).parent / "organs_of_label_tables.txt"


def test_every_label_means_what_the_golden_file_says():
    """The file was read by a person against the segmenters' own tables; a changed line must be read again."""
    anatomy = load_anatomy()
    lines = [
        f"{table} {value} {name} = {organ}"
        for table, labels in label_tables().items()
        for name, value in labels.items()
        if (organ := organ_name(anatomy, name))
    ]
    assert lines == GOLDEN.read_text().splitlines()


def test_no_table_names_an_organ_twice():
    anatomy = load_anatomy()
    for table, labels in label_tables().items():
        organs = [organ for name in labels if (organ := organ_name(anatomy, name))]
        assert len(organs) == len(set(organs)), table
    with pytest.raises(ConfigError, match="'vista' vs one of totalsegmentator"):
        label_table("vista")


@pytest.fixture
def cases(tmp_path):
    for name in ("one", "two"):
        bodies.write_case(tmp_path / "data" / name)
    return bodies.index(tmp_path / "data", tmp_path / "r.duckdb")


VISTA = {"right kidney": "kidney_right", "left kidney": "kidney_left", "liver": "liver", "spleen": "spleen"}


def test_label_maps_by_case_and_table(tmp_path, cases, capsys):
    table = label_table("vista3d")
    label_map = sum(table[name] * ORGANS[organ].astype(np.int16) for name, organ in VISTA.items())
    label_map[0, 0, 0] = table["hepatic tumor"]
    bodies.save(tmp_path / "vista" / "one.nii.gz", label_map.astype(np.int16))
    bodies.save(tmp_path / "vista" / "two" / "seg.nii.gz", label_map.astype(np.int16)[::-1])  # mirrored
    arguments = ["organs", "--db", tmp_path / "r.duckdb", "--from", tmp_path / "vista", "--made-by", "vista3d"]
    with pytest.raises(SystemExit) as stop:
        main(list(map(str, arguments)))
    told = capsys.readouterr()
    assert stop.value.code == 1
    assert "two: vista3d: " in told.err
    assert "Left and right are exchanged" in told.err
    assert "4 masks added to 1 of 2 cases" in told.out
    with open_database(tmp_path / "r.duckdb", read_only=True) as connection:
        registered = {case.case_id: case for case in read_cases(connection)}
    assert set(registered["one"].masks) == set(ORGANS)  # and no lesion mask that a program drew
    assert registered["one"].masks["liver"].volume_mm3 == pytest.approx(ORGANS["liver"].sum() * 64)
    assert registered["two"].masks == {}
    again = {case.case_id: case for case in bodies.index(tmp_path / "data", tmp_path / "r.duckdb")}
    assert set(again["one"].masks) == set(ORGANS)
    assert again["one"].usable


@pytest.mark.parametrize(
    ("spelling", "below"),
    [
        (lambda name: name, ""),  # TotalSegmentator, CADS
        (lambda name: {"kidney_left": "left_kidney", "kidney_right": "right_kidney"}.get(name, name), "segmentations"),
        (lambda name: name.replace("_", " ").upper(), ""),
    ],
)
def test_folders_of_masks_by_name(tmp_path, cases, spelling, below):
    for name, mask in ORGANS.items():
        bodies.save(tmp_path / "made" / "one" / below / f"{spelling(name)}.nii.gz", mask)
    (tmp_path / "made" / "two").mkdir()
    found = find_masks(tmp_path / "made", cases, "somebody")
    assert set(found) == {"one"}
    assert {file.name for file in organ_mask_files(found["one"])} == set(ORGANS)
