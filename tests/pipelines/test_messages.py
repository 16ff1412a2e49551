"""No report text and no id in any message, whatever goes wrong."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reportsup.pipelines.cli import main

HERE = Path(__file__).parent
TEXT, ID = "Secretword", "MARKEDID77"
REPORT = f"{TEXT} liver cyst of 2 cm."


@pytest.fixture
def run(capfd, monkeypatch, tmp_path):
    """Run a command in this process; returns the exit code and all that it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(HERE))

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        printed = capfd.readouterr()
        return ended.value.code or 0, printed.out + printed.err

    return call


def workbook():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("xl/sharedStrings.xml", f"<t>{ID}</t><t>{REPORT}</t>" * 50)
    return data.getvalue()


def parquet():
    data = io.BytesIO()
    pq.write_table(pa.table({"id": [ID], "text": [REPORT]}), data)
    return data.getvalue()


FILES = {
    "headerless.csv": f"{ID},{REPORT}\n{ID}2,{REPORT}\n",
    "one_column.csv": f"{REPORT}\n{REPORT}\n",
    "id_only.csv": f"id,{ID}\n1,{REPORT}\n",
    "wrong_delimiter.csv": f"id#text\n{ID}#{REPORT}\n",
    "unclosed.csv": f'id,text\n{ID},"{REPORT}\n',
    "unclosed_header.csv": f'"{ID},{REPORT}\n1,2\n',
    "ragged.csv": f"id,text\n{ID},{TEXT},{TEXT},more\n",
    "no_id.csv": f"id,text\n,{REPORT}\n",
    "workbook.csv": workbook(),
    "workbook.jsonl": workbook(),
    "parquet.csv": parquet(),
    "random.csv": bytes(range(256)) * 20 + REPORT.encode(),
    "pdf.tsv": b"%PDF-1.7\n" + REPORT.encode(),
    "cut.csv.gz": gzip.compress(f"id,text\n{ID},{REPORT}\n".encode() * 500)[:60],
    "cut.parquet": parquet()[:-30],
    "broken.jsonl": f'{{"id": "{ID}", "text": "{TEXT}\n["{ID}", "{TEXT}"]\n',
    "id_keys.jsonl": json.dumps({ID: REPORT}) + "\n",
    "list.jsonl": json.dumps([ID, REPORT]) + "\n",
    "duplicates.csv": f"id,text\n{ID},{REPORT}\n{ID},{REPORT} more\n",
    "german.csv": f"id,text\n{ID},{TEXT} der Leber: keine Zyste und keine Metastasen im Bereich der Leber\n",
}


@pytest.mark.parametrize("debug", [(), ("--debug",)])
@pytest.mark.parametrize("name", FILES)
def test_tables_that_cannot_be_read(run, write, name, debug):
    code, printed = run(*debug, "extract", write(name, FILES[name]), "--workers", "1")
    assert code in (1, 2)
    assert TEXT not in printed
    assert ID not in printed
    assert "Traceback" not in printed
    assert len(printed) < (9000 if debug else 2500)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("workbook.csv", "Excel workbook"),
        ("parquet.csv", "--format parquet"),
        ("pdf.tsv", "a PDF"),
        ("random.csv", "binary data"),
        ("headerless.csv", "file without a header"),
    ],
)
def test_what_kind_of_file_it_is_is_said_and_nothing_is_made(run, write, tmp_path, name, words):
    _, printed = run("extract", write(name, FILES[name]))
    assert words in printed
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "options",
    [
        ("--delimiter", ";;"),
        ("--format", "xml"),
        ("--encoding", "nonsense"),
        ("--backend", "nowhere:X"),
        ("--rules", "r"),
    ],
)
def test_options_are_checked_before_anything_is_made(run, write, tmp_path, options):
    path = write("r.csv", f"id,text\n{ID},{REPORT}\n")
    code, printed = run("extract", path, *options)
    assert code == 2
    assert options[1] in printed
    assert list(tmp_path.iterdir()) == [path]


def test_a_mistyped_database_folder_is_not_made(run, write, tmp_path):
    path = write("r.csv", f"id,text\n{ID},{REPORT}\n")
    code, printed = run("extract", path, "--db", "nowhere/d.duckdb")
    assert (code, "nowhere does not exist" in printed) == (2, True)
    assert list(tmp_path.iterdir()) == [path]


def test_an_extractor_that_fails_on_a_report(run, write):
    path = write("r.jsonl", [{"id": ID, "text": f"raise {TEXT}"}, {"id": "2", "text": "a cyst"}])
    code, printed = run("extract", path, "--backend", "toy_extractors:Toy", "--workers", "1")
    assert code == 1
    code, debugged = run("--debug", "extract", path, "--backend", "toy_extractors:Toy", "--workers", "1")
    assert code == 1
    assert "toy_extractors.py" in debugged
    assert "ValueError" in debugged
    assert "toy_extractors.py" not in printed
    for words in (TEXT, ID):
        assert words not in printed + debugged
    _, rows = run("sql", "SELECT status, reason FROM extractions ORDER BY 1", "--csv")
    assert rows == "status,reason\nerror,ValueError in the extractor\nok,\n"


@pytest.mark.parametrize("debug", [(), ("--debug",)])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT text::INT FROM reports",
        "SELECT error(report_id) FROM reports",
        "SELECT json(text) FROM reports",
        "SELECT strptime(text, '%Y') FROM reports",
        "SELECT text::DATE FROM v_extractions JOIN reports USING (report_id)",
    ],
)
def test_queries_that_stumble_over_a_value(run, write, query, debug):
    run("extract", write("r.csv", f"id,text\n{ID},{REPORT}\n"), "--workers", "1")
    code, printed = run(*debug, "sql", query)
    assert code == 2
    assert TEXT not in printed
    assert ID not in printed


@pytest.mark.parametrize("debug", [(), ("--debug",)])
@pytest.mark.parametrize(
    "record",
    [
        {"id": ID},
        {"id": ID, "findings": [TEXT]},
        {"id": ID, "findings": {"organ": TEXT}},
        {"id": ID, "findings": [], "negative_organs": [TEXT]},
        {"id": ID, "findings": [{"organ": TEXT, "evidence": [TEXT]}]},
        {"id": ID, "findings": [{"organ": "liver", "evidence": 7}]},
        {"id": ID, "findings": [{"organ": "liver", "evidence": [TEXT], "sizes_mm": [[TEXT]]}]},
        {"id": f"{ID}x", "findings": []},
        [ID, TEXT],
    ],
)
def test_annotations_that_cannot_be_imported(run, write, record, debug):
    run("extract", write("r.csv", f"id,text\n{ID},{REPORT}\n"), "--workers", "1")
    code, printed = run(*debug, "import", write("a.jsonl", [record]), "--reader", "me")
    assert code in (1, 2)
    assert TEXT not in printed
    assert ID not in printed


def test_an_unforeseen_error_tells_its_class_and_its_place(run, write, monkeypatch):
    def fail(*arguments, **options):
        raise KeyError(f"{ID} {TEXT}")

    monkeypatch.setattr("reportsup.pipelines.reading.open_sources", fail)
    path = write("r.csv", f"id,text\n{ID},{REPORT}\n")
    code, printed = run("extract", path)
    assert (code, "KeyError" in printed) == (1, True)
    _, debugged = run("--debug", "extract", path)
    assert "test_messages.py" in debugged
    for words in (TEXT, ID):
        assert words not in printed + debugged


@pytest.mark.parametrize(
    "command", ["extract", "audit", "sql", "correct", "export", "import", "index", "train", "compare"]
)
def test_a_damaged_database_is_named_by_every_command(run, write, tmp_path, command):
    reports = write("r.csv", f"id,text\n{ID},{REPORT}\n")
    database = tmp_path / "d.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS x FROM range(100000)")
    database.write_bytes(database.read_bytes()[:5000])
    (tmp_path / "data" / "c1").mkdir(parents=True)
    (tmp_path / "data" / "c1" / "ct.nii.gz").write_bytes(b"")
    arguments = {
        "extract": (reports,),
        "audit": (),
        "sql": ("SELECT 1",),
        "correct": ("f1", "--field", "count", "--value", "2", "--by", "me"),
        "export": ("out.csv", "--format", "csv"),
        "import": (write("a.jsonl", [{"id": ID, "findings": []}]), "--reader", "me"),
        "index": (tmp_path / "data",),
        "train": (),
        "compare": ("a", "b"),
    }
    code, printed = run(command, *arguments[command], "--db", database)
    assert code == 1
    assert "d.duckdb is cut off" in printed.replace("\n", "")
    assert not (tmp_path / "out.csv").exists()


def test_a_place_that_cannot_be_written_is_named(run, write, tmp_path):
    run("extract", write("r.csv", f"id,text\n{ID},{REPORT}\n"), "--workers", "1")
    (tmp_path / "file").write_text("")
    code, printed = run("export", tmp_path / "file" / "out.csv", "--format", "csv")
    assert (code, "unforeseen" in printed) == (1, False)
    assert "file" in printed
