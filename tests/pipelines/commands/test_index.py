"""`reportsup index` and `check` as a user runs them."""

import json

import nibabel as nib
import numpy as np
import pytest
import typer
from reportsup.pipelines.commands.index import check, index
from reportsup.schemas.database import open_database
from typer.testing import CliRunner

app = typer.Typer()
app.command()(index)
app.command()(check)


def _save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, np.diag([1.0, 1.0, 2.0, 1.0])), path)


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("A", "B"):
        ct = rng.normal(40, 20, (8, 8, 6)).astype(np.int16)
        ct[0] = -1000
        mask = np.zeros(ct.shape, dtype=np.uint8)
        mask[2:6, 2:6, 1:5] = 1
        _save(tmp_path / "data" / name / "ct.nii.gz", ct)
        _save(tmp_path / "data" / name / "segmentations/liver.nii.gz", mask)
        _save(tmp_path / "data" / name / "segmentations/my_organ.nii.gz", mask)
    return tmp_path / "data"


def _run(*arguments):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(a) for a in arguments])


def test_good_cases_are_registered(tmp_path, data):
    db = tmp_path / "x.duckdb"
    options = ("--rename", "my_organ=liver_lesion", "--site", "north", "--split", "test", "--workers", 1)
    result = _run("index", data, "--db", db, *options)
    assert result.exit_code == 0, result.output
    assert "2 of 2 cases registered, 0 set aside" in result.output
    with open_database(db, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM case_masks WHERE mask = 'liver_lesion'").fetchone() == (2,)
        assert connection.execute("SELECT DISTINCT site, split FROM cases").fetchall() == [("north", "test")]


def test_a_bad_case_is_shown_set_aside_and_changes_the_exit_code(tmp_path, data):
    (data / "B/ct.nii.gz").write_bytes(b"")
    result = _run("index", data, "--db", tmp_path / "x.duckdb", "--workers", 1)
    assert result.exit_code == 1
    for words in ("B", "unreadable file", "copy the file again", "1 of 2 cases registered, 1 set aside", "my_organ"):
        assert words in result.output


def test_cases_with_the_same_problem_share_a_row(tmp_path, data):
    for name in ("A", "B"):
        (data / name / "ct.nii.gz").write_bytes(b"")
    result = _run("check", data, "--db", tmp_path / "x.duckdb", "--workers", 1)
    assert "A, B" in result.output
    assert "2 problems" in result.output
    assert result.output.count("unreadable file") == 1


def test_check_writes_nothing_and_speaks_json(tmp_path, data):
    result = _run("check", data, "--db", tmp_path / "x.duckdb", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["cases"], found["set_aside"], found["ignored_masks"]) == (2, 0, {"my_organ": 2})
    assert not (tmp_path / "x.duckdb").exists()


def test_a_rename_without_equals_is_explained(tmp_path, data):
    result = _run("check", data, "--db", tmp_path / "x.duckdb", "--rename", "my_tumour")
    assert "name=our_name" in str(result.exception)
