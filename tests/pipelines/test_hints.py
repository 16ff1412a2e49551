"""Commands that messages name run as they are printed."""

import re
import shlex

import pytest
from reportsup.pipelines.cli import main
from reportsup.pipelines.hints import hint, on_database

DATABASE = "our data/my archive.duckdb"
FAILING = [("show", "A1"), ("timeline", "P"), ("sql", "SELEC 1"), ("correct", "x", "--withdraw", "--by", "me")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hints")
    (folder / "our data").mkdir()
    texts = ("1,LIVER: 2 cm cyst in segment 4.", "2,Leber: Zyste im Segment 4 und keine Metastasen", "3,")
    (folder / "r.csv").write_text("id,text\n" + "\n".join(texts))
    return folder


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Exit code and output of a command line as a shell takes it apart."""
    monkeypatch.chdir(folder)

    def call(line):
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(line)[1:])
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out + printed.err

    return call


def test_what_extract_and_errors_propose_runs_on_the_database_that_was_named(run):
    _, printed = run(f"reportsup extract r.csv --workers 1 --db '{DATABASE}'")
    lines = [line.strip() for line in printed.splitlines() if line.strip().startswith("reportsup ")]
    lines += re.findall(r"which: (reportsup .*)", printed)
    assert len(lines) == 5
    _, printed = run(f"reportsup audit --db '{DATABASE}'")
    lines += re.findall(r": (reportsup .*)", printed)
    for arguments in FAILING:
        for named in (["--db", DATABASE], [f"--db={DATABASE}"]):
            code, printed = run(shlex.join(["reportsup", *arguments, *named]))
            assert code in (1, 2)
            lines += re.findall(r"`(reportsup [^`]*)`", printed)
    assert len(lines) == 7 + 2 * len(FAILING)
    for line in lines:
        assert DATABASE in line
        assert run(line)[0] == 0, line


def test_commands_without_a_database_and_named_ones_are_left():
    assert on_database("`reportsup demo` and `reportsup audit`", ["sql", "--db", "x.duckdb"]) == (
        "`reportsup demo` and `reportsup audit --db x.duckdb`"
    )
    assert hint("audit --db y", "x.duckdb") == "reportsup audit --db y"
    assert hint("audit", "reportsup.duckdb") == "reportsup audit"
