"""Reports, ids and files that mean harm: a terminal, a database, a parser and a model are left as they were."""

import gzip
import io
import json
import os
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reportsup.pipelines import querying, tables, workbooks
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.cli import main
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.pipelines.terminal import printable
from reportsup.schemas import ConfigError, InputError, ReportsupError
from reportsup.schemas.database import open_database

# Clears the screen, retitles the window, C1's own CSI, erases to the left, turns the direction.
CONTROLS = "\x1b[2J\x1b]0;owned\x07\x9b31m\x08\u202e"
TEXT = f"LIVER: 2 cm cyst{CONTROLS} in segment 4."


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    record = {"id": f"A{CONTROLS}", "patient_id": f"P{CONTROLS}", "study_date": "2021-03-04", "report": TEXT}
    (folder / "r.jsonl").write_text(json.dumps(record) + "\n")
    run_extraction(open_sources([folder / "r.jsonl"], InputOptions()), folder / "d.duckdb", ExtractorSpec())
    return folder / "d.duckdb"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", f"A{CONTROLS}"),
        ("show", f"none{CONTROLS}"),
        ("timeline", f"P{CONTROLS}"),
        ("sql", "SELECT report_id, text FROM reports"),
        ("sql", 'SELECT 1 AS "\x1b[2J"'),
        ("sql", "SELECT report_id, text, text, text, text FROM reports"),
        ("audit", "--sample", "1"),
    ],
)
def test_a_terminal_is_told_no_control_character(database, capsys, arguments):
    with pytest.raises(SystemExit):
        main([*arguments, "--db", str(database)])
    printed = "".join(capsys.readouterr())
    assert printed
    assert printable(printed) == printed


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO 'x.csv'", "COPY reports TO 'x.parquet' (FORMAT parquet)", "EXPORT DATABASE 'x'",
        "ATTACH 'x.duckdb'", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true",
        "SET secret_directory = 'x'", "SET log_query_path = 'x.log'", "SET profiling_output = 'x.json'",
        "SET lock_configuration = false", "CREATE PERSISTENT SECRET s (TYPE http)",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM 'https://example.org/a.csv'", "SELECT * FROM glob('/*')", "DROP TABLE reports",
        "DELETE FROM reports",
        "SELECT 1; DROP VIEW v_findings", "CREATE TABLE reportsup.t AS SELECT 1", "DETACH reportsup",
    ],
)  # fmt: skip
def test_a_query_reads_the_database_and_nothing_else(database, tmp_path, monkeypatch, sql):
    monkeypatch.chdir(tmp_path)
    before = database.read_bytes()
    with pytest.raises(ReportsupError):
        querying.query(database, sql)
    assert database.read_bytes() == before
    assert os.listdir(tmp_path) == []


NAMES = ['a"; DROP TABLE reports; --', "a'; DROP TABLE reports; --", 'x" || y', "%s", "$1", "</script>", "\x1b[2J"]


def test_column_names_ids_and_view_names_are_no_sql(tmp_path):
    header = ["report_id", "text", *NAMES]
    lines = [header, ["r'; DROP TABLE reports; --", "LIVER: 2 cm cyst in segment 4.", *NAMES]]
    path = tmp_path / "r'; --.csv"
    path.write_text("".join(",".join('"' + c.replace('"', '""') + '"' for c in line) + "\n" for line in lines))
    run_extraction(open_sources([path], InputOptions()), tmp_path / "d'.duckdb", ExtractorSpec())
    (row,) = querying.query(tmp_path / "d'.duckdb", "SELECT report_id, extra FROM reports").rows
    assert row[0] == "r'; DROP TABLE reports; --"
    assert set(json.loads(row[1])) == set(NAMES)
    from reportsup.pipelines import auditing
    from reportsup.pipelines.review.page import write_page

    for name in NAMES:
        with pytest.raises(ConfigError):
            auditing.view(tmp_path / "d'.duckdb", name)
    write_page(tmp_path / "d'.duckdb", tmp_path / "page.html", ["r'; DROP TABLE reports; --"])
    with open_database(tmp_path / "d'.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM reports").fetchall() == [(1,)]


def test_one_endless_line_in_a_small_gzip_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_CELL_CHARS", 1 << 20)
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": "a", "report": "x"}\n{"id": "b", "report": "' + b"x" * (4 << 20)))
    with pytest.raises(InputError, match="characters or more"):
        [list(source.rows()) for source in open_sources([path], InputOptions())]


def test_a_workbook_that_unpacks_to_far_more_is_refused_unopened(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "_MOST_BYTES", 4 << 20)
    out = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["report_id", "text"])
    book.save(out)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/more.xml", b" " * (8 << 20))
    (tmp_path / "r.xlsx").write_bytes(out.getvalue())
    with pytest.raises(InputError, match="times its size"):
        open_sources([tmp_path / "r.xlsx"], InputOptions())


@pytest.mark.parametrize("sql", ["", " ", ";", "-- nothing", "\0", "\ud800"])
def test_a_query_without_a_statement_is_refused(database, sql):
    with pytest.raises(ReportsupError):
        querying.query(database, sql)


def test_a_parquet_page_that_is_damaged_costs_what_stands_behind_it(tmp_path):
    file = tmp_path / "r.parquet"
    table = pa.table({"id": [str(n) for n in range(2000)], "text": [f"Liver cyst {n} mm " * 30 for n in range(2000)]})
    pq.write_table(table, file, row_group_size=1000)
    start = pq.ParquetFile(file).metadata.row_group(1).column(1).data_page_offset
    content = bytearray(file.read_bytes())
    content[start + 20 : start + 400] = bytes(380)
    file.write_bytes(content)
    *read, last = tables.open_table(file).rows()
    assert 0 < len(read) < 1001
    assert not any(row.problem for row in read)
    assert (last.number, last.problem) == (
        len(read) + 1,
        f"the file is damaged here: {2000 - len(read):,} rows from this one on cannot be read",
    )
