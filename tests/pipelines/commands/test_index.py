"""`reportsup index` and `check` as a user runs them."""

import json

import nibabel as nib
import numpy as np
import pytest
import typer
from reportsup.pipelines.cli import main
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
    for words in ("B", "unreadable file", "the file is empty", "1 of 2 cases registered, 1 set aside", "my_organ"):
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


def _break_case(monkeypatch, name, error):
    from reportsup.segmentation.cases import checks

    real = checks.check_ct

    def broken(case_id, path):
        if case_id == name:
            raise error
        return real(case_id, path)

    monkeypatch.setattr(checks, "check_ct", broken)


@pytest.mark.parametrize("error", [MemoryError("3 GiB"), TypeError("odd"), KeyError("x")])
def test_an_unforeseen_error_sets_its_case_aside_and_the_next_run_tries_again(tmp_path, data, monkeypatch, error):
    db = tmp_path / "x.duckdb"
    with monkeypatch.context() as patch:
        _break_case(patch, "A", error)
        result = _run("index", data, "--db", db, "--workers", 1)
    assert result.exit_code == 1
    for words in ("unforeseen error", type(error).__name__, "1 of 2 cases registered, 1 set aside"):
        assert words in result.output
    assert "Traceback" not in result.output
    assert _run("index", data, "--db", db, "--workers", 1).exit_code == 0
    with open_database(db, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM cases WHERE status = 'ok'").fetchone() == (2,)


def test_debug_shows_the_traceback(tmp_path, data, monkeypatch, capsys):
    _break_case(monkeypatch, "A", TypeError("odd"))
    with pytest.raises(SystemExit) as stop:
        main(["check", str(data), "--db", str(tmp_path / "x.duckdb"), "--workers", "1", "--debug"])
    assert stop.value.code == 1
    shown = capsys.readouterr().err
    assert "A: Traceback" in shown
    assert "in broken" in shown


@pytest.mark.parametrize(
    ("rename", "words"),
    [("my_organ=lver_lesion", "nearest: liver_lesion"), ("my_tumour=liver_lesion", "no mask is called 'my_tumour'")],
)
def test_a_rename_that_would_do_nothing_is_refused(tmp_path, data, rename, words):
    result = _run("check", data, "--db", tmp_path / "x.duckdb", "--rename", rename)
    assert words in str(result.exception)


def test_nnunets_tumour_is_not_dropped_unsaid(tmp_path, data):
    root = tmp_path / "nnunet"
    labels = np.zeros((8, 8, 6), dtype=np.uint8)
    labels[2:6, 2:6, 1:5] = 1
    labels[3:5, 3:5, 2:4] = 2
    ct = np.asarray(nib.load(data / "A/ct.nii.gz").dataobj)
    _save(root / "imagesTr/k_0000.nii.gz", ct)
    _save(root / "labelsTr/k.nii.gz", labels)
    names = {"background": 0, "kidney": 1, "tumor": 2}
    (root / "dataset.json").write_text(json.dumps({"channel_names": {"0": "CT"}, "labels": names}))
    run = lambda *options: _run("check", root, "--db", tmp_path / "x.duckdb", *options)  # noqa: E731
    dropped = run()
    assert dropped.exit_code == 1
    assert "--rename tumor=kidney_lesion" in dropped.output.replace("\n", "")
    assert run("--rename", "tumor=kidney_lesion").exit_code == 0
    left_out = run("--rename", "tumor=ignore")
    assert left_out.exit_code == 0
    assert "kidney_lesion" not in left_out.output.partition("masks:")[2].partition("not in")[0]
