"""The demo on a handful of patients: every command runs, what was made is kept, and a failure says where to look."""

import io
import json
import re
from dataclasses import replace

import pytest
from reportsup.pipelines.commands import demo as command
from reportsup.pipelines.demo import FULL, SHORT, DemoError, DemoFolder, call, make_dataset, train, write_settings
from reportsup.schemas.database import open_database
from reportsup.schemas.errors import ConfigError
from reportsup.segmentation.training.config import load_config
from rich.console import Console

TINY = replace(SHORT, masked=4, reported=2, validation=4, test=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = DemoFolder(tmp_path_factory.mktemp("demo"))
    assert make_dataset(made, TINY, seed=0, workers=1)
    text = re.sub(r"(mask_steps|report_steps|validate_every) = \d+", r"\1 = 4", SHORT.settings_text())
    write_settings(made, text)
    return made


def test_the_whole_demo_ends_with_its_figures(folder, capfd):
    printed = io.StringIO()
    command._run(folder, 0, Console(file=printed, width=80))
    command._tell(folder)
    out = capfd.readouterr().out
    assert all(f"$ reportsup {name} " in printed.getvalue() for name in ("extract", "index", "train", "evaluate"))
    assert "4 unseen patients" in out
    assert re.search(r"(Better with reports|Worse with reports|Within chance): .*F1", out)
    assert "toy" in out
    for line in out.splitlines():
        assert len(line) <= 80 or "reportsup sql" in line or line.split()[-1].startswith("/")
    assert (folder.run("reports") / "evaluation.html").exists()
    assert list((folder.path / "predictions").rglob("overview.png"))


def test_patients_are_made_once_and_not_mixed_with_others(folder):
    assert not make_dataset(folder, TINY, seed=0)
    with pytest.raises(ConfigError, match="--out"):
        make_dataset(folder, TINY, seed=1)
    with pytest.raises(ConfigError, match="--out"):
        make_dataset(folder, replace(TINY, reported=4), seed=0)


@pytest.mark.parametrize("plan", [SHORT, FULL])
def test_settings_are_of_the_organs_that_have_lesions(plan, tmp_path):
    write_settings(DemoFolder(tmp_path), plan.settings_text())
    assert load_config(tmp_path / "reportsup.toml").organs == plan.organs


def test_the_long_demo_has_the_pancreas_and_small_lesions(tmp_path):
    folder = DemoFolder(tmp_path)
    make_dataset(folder, replace(FULL, masked=4, reported=30, validation=0, test=0), seed=0, workers=1)
    records = json.loads((folder.data / "lesions.json").read_text())
    lesions = [lesion for case in records.values() for lesion in case]
    assert "pancreas" in {lesion["organ"] for lesion in lesions}
    assert sum(lesion["diameters_mm"][0] < 20 for lesion in lesions) >= 4


def test_a_command_that_fails_says_where_its_words_are(tmp_path):
    folder, log = DemoFolder(tmp_path), tmp_path / "logs" / "sql.log"
    wrong = ["sql", "SELECT 1", "--db", str(tmp_path / "none.duckdb")]
    with pytest.raises(DemoError, match=re.escape(str(log))):
        call(wrong, lambda line: None, log=log)
    assert "none.duckdb" in log.read_text()
    with open_database(tmp_path / "d.duckdb"):
        pass
    endless = ["sql", "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"]
    endless += ["--db", str(tmp_path / "d.duckdb")]
    for name, others in (("masks", {}), ("reports", {"endless": endless})):
        with pytest.raises(DemoError, match=re.escape(str(folder.log(name)))):
            train({**others, name: wrong}, folder, 4, lambda line: None, Console(file=io.StringIO()))
