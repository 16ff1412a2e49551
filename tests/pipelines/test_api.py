"""`from reportsup import …`: names, types, a report, a frame, files. (The blocks of python.md run in tests/docs.)"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pandas
import pyarrow
import pytest
import reportsup
from reportsup import read_frame, read_report
from reportsup.schemas import ConfigError

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "python.md"
BLOCKS = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
REPORTS = {"id": ["a", "b", "c"], "report": ["LIVER: 2 cm cyst. SPLEEN: 9 mm cyst.", "Liver normal.", "Leber: Zyste."]}


def test_every_name_is_there_and_another_is_an_attribute_error():
    assert reportsup.__version__.count(".") == 2
    for name in reportsup.__all__:
        assert getattr(reportsup, name) is not None
    assert set(reportsup.__all__) <= set(dir(reportsup))
    with pytest.raises(AttributeError, match="nothing"):
        reportsup.nothing  # noqa: B018


def test_what_type_checkers_see_is_what_is_loaded():
    tree = ast.parse(Path(reportsup.__file__).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in guarded.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    assert seen == reportsup._MODULE_OF
    assert {*seen, "__version__"} == set(reportsup.__all__)


def test_importing_the_package_loads_nothing_heavy():
    script = (
        "import sys, reportsup\n"
        "heavy = ('torch', 'monai', 'spacy', 'duckdb', 'pyarrow', 'pydantic', 'reportsup.pipelines')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_report():
    found = read_report("LIVER: 2 cm cyst in segment 7.", "x")
    assert (found.report_id, found.findings[0].organ, found.findings[0].sizes[0].diameters_mm) == (
        "x",
        "liver",
        (20.0,),
    )


def told_of(row):
    """Whether a row tells of a finding; pandas writes a missing organ as NaN or None, by its version."""
    return isinstance(row["organ"], str)


@pytest.mark.parametrize("make", [pandas.DataFrame, pyarrow.table])
def test_a_frame_comes_back_as_its_kind_with_a_row_for_every_report(make):
    frame = make(REPORTS)
    found = read_frame(frame)
    assert type(found) is type(frame)
    rows = found.to_dict("records") if isinstance(found, pandas.DataFrame) else found.to_pylist()
    told = [
        (r["report_id"], r["status"], *((r["organ"], [list(s) for s in r["sizes_mm"]]) if told_of(r) else (None, None)))
        for r in rows
    ]
    assert told == [
        ("a", "ok", "liver", [[20.0]]),
        ("a", "ok", "spleen", [[9.0]]),
        ("b", "no_lesion", None, None),
        ("c", "unreadable", None, None),
    ]


def test_a_frame_that_cannot_be_read_is_refused():
    with pytest.raises(ConfigError, match="two rows have one id"):
        read_frame(pyarrow.table({"id": ["a", "a"], "report": ["x", "y"]}))
    with pytest.raises(ConfigError, match="text column"):
        read_frame(pyarrow.table({"id": ["a"], "words": ["x"]}))
    found = read_frame(
        pyarrow.table({"n": ["a"], "words": ["LIVER: 2 cm cyst."]}), id_column="n", text_columns=["words"]
    )
    assert found["organ"].to_pylist() == ["liver"]


def test_ids_are_those_of_the_database(tmp_path):
    table = pyarrow.table(REPORTS)
    (tmp_path / "r.csv").write_text(
        "id,report\n" + "".join(f"{a},{b}\n" for a, b in zip(*REPORTS.values(), strict=True))
    )
    reportsup.extract(tmp_path / "r.csv", tmp_path / "d.duckdb")
    with reportsup.open_database(tmp_path / "d.duckdb", read_only=True) as connection:
        stored = connection.execute("SELECT finding_id FROM v_findings ORDER BY report_id, anchor_start").fetchall()
    assert [i for i in read_frame(table)["finding_id"].to_pylist() if i] == [i for (i,) in stored]


def test_the_losses_take_thirty_lines_of_a_loop():
    assert len(BLOCKS[-1].strip().splitlines()) <= 30
