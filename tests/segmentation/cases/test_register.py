"""What indexing stores, and that it stores all of it or nothing."""

import os
from dataclasses import replace

import duckdb
import nibabel as nib
import numpy as np
import pytest
from reportsup.schemas import ConfigError
from reportsup.schemas.database import open_database
from reportsup.segmentation.cases import (
    CaseFiles,
    IndexResult,
    Problem,
    assign_splits,
    check_cases,
    examine,
    read_cases,
    read_layout,
    write_index,
)


@pytest.fixture
def database(tmp_path):
    with open_database(tmp_path / "x.duckdb") as connection:
        yield connection


def _add_report(connection, report_id, patient_id=None, extra="{}"):
    connection.execute(
        "INSERT INTO reports (report_id, text, text_sha256, patient_id, extra) VALUES (?, '', '', ?, ?)",
        [report_id, patient_id, extra],
    )


def _index(connection, data, **options):
    result = examine(read_layout(data), connection, **options)
    write_index(connection, result)
    return result


def test_a_good_case_is_stored_with_its_masks(tmp_path, database, make_case):
    make_case(tmp_path / "data", "A", lesion=False)
    _add_report(database, "A", "P")
    assert _index(database, tmp_path / "data").problems == ()
    (case,) = read_cases(database)
    assert (case.report_id, case.patient_id, case.orientation) == ("A", "P", "LPS")
    assert case.shape == (16, 18, 12)
    assert case.spacing_mm == (1.5, 1.5, 3.0)
    assert case.masks["liver"].volume_mm3 == pytest.approx(900 * 1.5 * 1.5 * 3)
    assert not case.masks["liver"].empty
    assert case.masks["liver_lesion"].empty, "a lesion mask without voxels is known absence, and no problem"


def test_unchanged_cases_are_not_read_again_and_changed_ones_are(tmp_path, database, make_case, save):
    for name in "AB":
        make_case(tmp_path / "data", name)
    seen = []
    _index(database, tmp_path / "data", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    save(tmp_path / "data/B/segmentations/liver.nii.gz", np.zeros((16, 18, 12), dtype=np.uint8))
    result = _index(database, tmp_path / "data", progress=lambda done, total: seen.append((done, total)))
    assert seen[2:] == [(1, 1)]
    assert result.n_unchanged == 1
    assert [(p.case_id, p.problem) for p in result.problems if p.problem == "empty organ"] == [("B", "empty organ")]
    again = _index(database, tmp_path / "data")
    assert again.n_unchanged == 2
    assert again.problems == result.problems, "what was wrong with an unchanged case is still said"
    assert read_cases(database)[1].masks["liver"].empty


def test_a_failed_write_leaves_the_database_as_it_was(tmp_path, database, make_case):
    make_case(tmp_path / "data", "A")
    _index(database, tmp_path / "data")
    make_case(tmp_path / "data", "B")
    result = examine(read_layout(tmp_path / "data"), database)
    database.execute("DROP TABLE case_problems")
    database.execute("CREATE TABLE case_problems (case_id VARCHAR, too_few VARCHAR)")
    problem = Problem("B", "x", "x", "x", "x", False)
    result = IndexResult((result.cases[0], replace(result.cases[1], problems=(problem,))))
    with pytest.raises(duckdb.Error, match="case_problems"):
        write_index(database, result)
    assert database.execute("SELECT case_id FROM cases").fetchall() == [("A",)]
    assert database.execute("SELECT count(*) FROM case_masks").fetchone() == (2,)


def test_reports_are_found_by_a_column_of_theirs(tmp_path, database, make_case):
    make_case(tmp_path / "data", "A")
    make_case(tmp_path / "data", "B")
    for report_id, scan in [("R1", "A"), ("R2", "B"), ("R3", "B")]:
        _add_report(database, report_id, extra=f'{{"scan no": "{scan}"}}')
    _index(database, tmp_path / "data", reports_link="scan no")
    found = {case.case_id: case.report_id for case in read_cases(database)}
    assert found == {"A": "R1", "B": None}, "two reports claim B: which one describes it is not for us to guess"
    with pytest.raises(ConfigError, match="no report has 'scan'"):
        examine(read_layout(tmp_path / "data"), database, reports_link="scan")


def test_a_case_id_of_another_data_set_is_not_taken_over(tmp_path, database, make_case):
    make_case(tmp_path / "one", "A")
    make_case(tmp_path / "two", "A")
    _index(database, tmp_path / "one")
    result = _index(database, tmp_path / "two")
    assert [p.problem for p in result.problems] == ["case id taken"]
    assert [str(case.ct) for case in read_cases(database)] == [str(tmp_path / "one/A/ct.nii.gz")]
    (tmp_path / "one/A/ct.nii.gz").unlink()
    assert _index(database, tmp_path / "two").problems == (), "a volume that moved is the same case"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path, make_case):
    for name in "ABC":
        make_case(tmp_path / "data", name)
    hidden = [tmp_path / "data/A", tmp_path / "data/B/segmentations", tmp_path / "data/C/ct.nii.gz"]
    for path in hidden:
        path.chmod(0)
    result = examine(read_layout(tmp_path / "data"))
    for path in hidden:
        path.chmod(0o755)
    assert [p.case_id for p in result.problems] == ["A", "B", "C"]
    assert all(p.fatal and "right to read" in p.next_step for p in result.problems)


def test_processes_find_what_one_finds(tmp_path, make_case):
    make_case(tmp_path, "A")
    make_case(tmp_path, "B")
    (tmp_path / "B/ct.nii.gz").write_bytes(b"x")
    cases = read_layout(tmp_path)
    assert check_cases(cases, workers=2) == check_cases(cases)


def test_splits_follow_the_patient_and_nothing_else(tmp_path):
    cases = [CaseFiles(f"c{i}", tmp_path, patient_id=f"p{i // 2}") for i in range(4000)]
    split = {case.case_id: case.split for case in assign_splits(cases)}
    assert all(split[f"c{i}"] == split[f"c{i + 1}"] for i in range(0, 4000, 2))
    shares = {name: sum(s == name for s in split.values()) / 4000 for name in ("train", "validation", "test")}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.03)
    assert {c.case_id: c.split for c in assign_splits(cases[7:9])} == {k: split[k] for k in ("c7", "c8")}
    given = [CaseFiles("a", tmp_path, patient_id="p", split="test"), CaseFiles("b", tmp_path, patient_id="p")]
    assert [case.split for case in assign_splits(given)] == ["test", "test"]


def test_a_lesion_bulging_out_of_its_organ_is_no_problem(tmp_path, make_case, save):
    folder = make_case(tmp_path, "A")
    liver = np.asarray(nib.load(folder / "segmentations/liver.nii.gz").dataobj).copy()
    lesion = np.zeros_like(liver)
    lesion[10:15, 5:8, 5:8] = 1
    save(folder / "segmentations/liver.nii.gz", np.where(lesion, 0, liver).astype(np.uint8))
    save(folder / "segmentations/liver_lesion.nii.gz", lesion)
    assert examine(read_layout(tmp_path)).problems == ()
