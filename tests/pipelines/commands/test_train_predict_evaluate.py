"""The segmentation commands, one after another, on a few small synthetic cases."""

import json
from pathlib import Path

import nibabel as nib
import pytest
import torch
from reportsup.pipelines.cli import main
from reportsup.pipelines.demo.reports import write_reports
from reportsup.schemas.database import open_database
from reportsup.segmentation.synthetic import DatasetSize, write_dataset

TINY = [
    "network=UNet",
    "network_args.channels=[4, 8]",
    "network_args.strides=[2]",
    "network_args.num_res_units=0",
    "patch_size=[32, 32, 32]",
    "validation_overlap=0",
    "log_every=1",
]


def call(*arguments: object) -> int:
    """Exit code of one command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A folder with a database of cases and extracted reports."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("work")
    size = DatasetSize(masked=3, reported=4, validation=2, test=2, external=1)
    cases = write_dataset(folder / "data", size=size, seed=3, workers=1)
    reports = write_reports(folder, cases, seed=0)
    assert call("extract", reports, "--db", folder / "r.duckdb") == 0
    assert call("index", folder / "data" / "manifest.csv", "--db", folder / "r.duckdb", "--workers", 1) == 0
    return folder


def settings(*more: str) -> list[str]:
    return [word for setting in (*TINY, *more) for word in ("--set", setting)]


def test_train_predict_evaluate(work, capsys):
    run, db = work / "run", work / "r.duckdb"
    assert call("train", "--db", db, "--run", run, "--steps", 2, "--workers", 1, *settings()) == 0
    printed = capsys.readouterr().out
    assert "what is trained on" in printed
    assert "4 steps done" in printed
    stages = [json.loads(line)["stage"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert stages == [1, 1, 2, 2, 2]

    assert call("train", "--db", db, "--run", run, "--resume", "--workers", 1) == 0  # its own settings, nothing to do
    assert call("train", "--db", db, "--run", run, "--steps", 2, *settings("seed=1")) == 1
    assert "seed: 0 -> 1" in capsys.readouterr().err

    assert call("predict", run, "--db", db, "--split", "test", "--out", work / "out") == 0
    assert "threshold 0.5: no operating point" in capsys.readouterr().err
    folders = sorted(path for path in (work / "out").iterdir() if path.is_dir())
    assert len(folders) == 3
    for folder in folders:
        ct = nib.load(work / "data" / "cases" / folder.name / "ct.nii.gz")
        for mask in folder.glob("*_lesion.nii.gz"):
            assert nib.load(mask).shape == ct.shape
    capsys.readouterr()

    assert call("evaluate", run, "--db", db, "--compare", run) == 0
    assert "lesion_sensitivity" in capsys.readouterr().out
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert len({row["case_id"] for row in evaluation["results"] if row["split"] == "test"}) == 3
    assert (run / "evaluation.html").exists()

    told = [row["reported"] for row in evaluation["results"]]  # every synthetic case has a report, masks or not
    assert all(told)
    assert any(said["places"] for said in told)
    assert stored(db) == len(evaluation["results"])  # `predict` and `evaluate` of one run share their rows
    capsys.readouterr()
    assert call("audit", "prediction_vs_report", "--db", db, "--json") == 0
    audited = json.loads(capsys.readouterr().out)
    assert audited
    assert {row["run"] for row in audited} == {str(run.resolve())}
    assert [row["times_beyond"] for row in audited] == sorted((r["times_beyond"] for r in audited), reverse=True)

    assert evaluation["settings"]["organ_margin_mm"] is None
    near = [evaluated(run, db, "--organ-margin-mm", margin_mm) for margin_mm in (0, 8)]
    assert near[1]["settings"]["organ_margin_mm"] == 8
    scores = [[row["score"] for row in found["results"]] for found in (*near, evaluation)]
    assert all(a <= b <= c for a, b, c in zip(*scores, strict=True))
    assert sum(scores[0]) < sum(scores[1]) < sum(scores[2])
    large_only = evaluated(run, db, "--min-component-mm3", 5000)
    assert sum(row["score"] for row in large_only["results"]) < sum(scores[2])


def test_the_database_is_free_while_volumes_are_prepared(work, monkeypatch):
    from reportsup.segmentation.training import prepare as prepare_module

    build = prepare_module.build_cache

    def writing(*arguments, **options):
        with open_database(work / "r.duckdb") as connection:  # refused while another process or reader holds it
            connection.execute("CREATE OR REPLACE TABLE written AS SELECT 1")
            connection.execute("DROP TABLE written")
        return build(*arguments, **options)

    monkeypatch.setattr(prepare_module, "build_cache", writing)
    arguments = ["train", "--db", work / "r.duckdb", "--run", work / "free", "--steps", 1, "--workers", 1]
    assert call(*arguments, *settings()) == 0


def test_a_dry_run_resamples_nothing(work, capsys):
    arguments = ["train", "--db", work / "r.duckdb", "--cache", work / "dry", "--dry-run", "--workers", 1]
    assert call(*arguments, *settings()) == 0
    assert "are not in the cache yet" in capsys.readouterr().out
    assert not list((work / "dry").rglob("case.json"))


def stored(db: Path) -> int:
    """Rows of predictions in the database."""
    with open_database(db, read_only=True) as connection:
        return connection.execute("SELECT count(*) FROM predictions").fetchall()[0][0]


def evaluated(run: Path, db: Path, *options: object) -> dict:
    """evaluation.json of a run judged with some options."""
    assert call("evaluate", run, "--db", db, "--no-html", *options) == 0
    return json.loads((run / "evaluation.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "--db", "r.duckdb", "--set", "bach_size=2"], 2, "nearest: 'batch_size'"),
        (["train", "--db", "r.duckdb", "--run", "nowhere", "--resume"], 1, "no run folder"),
        (["train", "--db", "r.duckdb", "--run", "new", "--set", "patch_size=[33,32,32]"], 2, "patch_size"),
        (["train", "--db", "r.duckdb", "--run", "new", "--set", "network=UNetXL"], 2, "SegResNetDS"),
        (["predict", "nowhere"], 1, "no config.toml"),
        (["evaluate", "nowhere"], 1, "no config.toml"),
    ],
)
def test_what_cannot_be_meant_leaves_nothing_behind(work, monkeypatch, capsys, arguments, code, message):
    monkeypatch.chdir(work)
    before = {path.name for path in work.iterdir()} | {"r.cache", "reportsup_cache"}
    assert call(*arguments) == code
    assert message in capsys.readouterr().err
    assert {path.name for path in work.iterdir()} <= before
