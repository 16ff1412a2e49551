"""Every input row becomes a report or a reject, whatever the table looks like."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reportsup.pipelines.duplicates import DuplicateFilter
from reportsup.pipelines.reading import InputOptions, Reject, open_sources
from reportsup.schemas import ConfigError, InputError, Report


def read(path, **options):
    (source,) = open_sources([path], InputOptions(**options))
    return list(source.rows())


def texts(rows):
    return [row.text for row in rows if isinstance(row, Report)]


TABLE = "accession,report\nA1,Cyst in the liver.\nA2,Größe 5 mm.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_encodings(write, encoding):
    assert texts(read(write("r.csv", TABLE.encode(encoding)))) == ["Cyst in the liver.", "Größe 5 mm."]


def test_gzip_tsv_jsonl_and_parquet_hold_the_same(write, tmp_path):
    pq.write_table(pa.table({"accession": ["A1", "A2"], "report": ["one", "two"]}), tmp_path / "r.parquet")
    files = [
        write("r.csv.gz", gzip.compress(b"accession,report\nA1,one\nA2,two\n")),
        write("r.tsv", "accession\treport\nA1\tone\nA2\ttwo\n"),
        write("r.jsonl", [{"accession": "A1", "report": "one"}, {"accession": "A2", "report": "two"}]),
        tmp_path / "r.parquet",
    ]
    for path in files:
        assert [(r.report_id, r.text) for r in read(path)] == [("A1", "one"), ("A2", "two")]


def test_quoted_line_breaks_and_a_megabyte_cell_stay_one_cell(write):
    long = "word " * 210_000
    rows = read(write("r.csv", f'id,text\n1,"line one\nline ""two"""\n2,{long}\n'))
    assert texts(rows) == ['line one\nline "two"', long]


def test_nul_bytes_and_empty_texts(write):
    rows = read(write("r.csv", b"id,text\n1,a\x00b\n2,\n3,   \n"))
    assert texts(rows) == ["ab"]
    assert [(r.source_row, r.reason) for r in rows if isinstance(r, Reject)] == [(2, "empty text"), (3, "empty text")]


def test_ragged_rows_and_broken_json_are_rejects_with_their_row(write):
    rows = read(write("r.jsonl", '{"id": 1, "text": "ok"}\n{"id": 2, \n[1]\n'))
    assert texts(rows) == ["ok"]
    assert [r.source_row for r in rows if isinstance(r, Reject)] == [2, 3]


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("accession_number,report", "X"),
        ("Encrypted Accession Number,Report", "X"),
        ("study id,text", "X"),
        ("StudyID,Note", "X"),
        ("note_id,narrative", "X"),
    ],
)
def test_usual_column_names(write, header, taken):
    assert texts(read(write("r.csv", f"{header}\n1,{taken}\n"))) == [taken]


def test_findings_and_impression_are_joined_under_their_headings(write):
    (row,) = read(write("r.csv", "id,findings,impression,sex,site\n1,A cyst.,Cyst.,F,North\n"))
    assert row.text == "FINDINGS:\nA cyst.\n\nIMPRESSION:\nCyst."
    assert (row.sex, row.extra_json) == ("F", '{"site": "North"}')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,words\n1,x\n", "text column: none recognised in r.csv vs the columns seen: id, words"),
        ("name,report\n1,x\n", "id column: none recognised"),
        ("", "r.csv"),
    ],
)
def test_unreadable_tables_ask_a_clear_question(write, content, message):
    with pytest.raises((ConfigError, InputError), match=message):
        read(write("r.csv", content))


def test_chosen_columns_and_row_numbers(write):
    path = write("r.csv", "name,words\nx,Cyst.\n")
    (row,) = read(path, id_column="row", text_columns=("words",))
    assert (row.report_id, row.text) == ("r.csv:1", "Cyst.")
    with pytest.raises(ConfigError, match=r"'nowhere' vs the columns of r\.csv: 2 without any name that is known"):
        read(path, id_column="nowhere", text_columns=("words",))


def test_duplicate_ids_name_both_rows(write):
    rows = read(write("r.csv", "id,text\n1,same\n1,same\n1,other\n2,x\n"))
    fresh, rejects = DuplicateFilter().split(rows)
    assert [r.report_id for r in fresh] == ["1", "2"]
    assert [r.reason for r in rejects] == [
        "duplicate of row 1",
        "rows 1 and 3 have one id and different texts; row 1 was extracted",
    ]


@pytest.mark.parametrize("content", [b"PAR1 this is not parquet", b"\x1f\x8b broken"])
def test_damaged_files_are_named(write, content):
    name = "r.parquet" if content.startswith(b"PAR1") else "r.csv.gz"
    with pytest.raises(InputError, match=name):
        read(write(name, content))


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nid;text\n1;a, b\n",
        '"sep=;"\r\nid;text\r\n1;a, b\r\n',
        "\ufeffsep=;\nid;text\n1;a, b\n",
        "sep=\t\nid\ttext\n1\ta, b\n",
    ],
)
def test_a_first_line_that_names_the_delimiter(write, content):
    (row,) = read(write("r.csv", content.encode()))
    assert (row.report_id, row.text, row.source_row) == ("1", "a, b", 1)


def test_columns_of_a_file_without_a_header_are_not_shown(write):
    for content in ("A0001,Cyst in the liver.\nA0002,Cyst.\n", "id,A0001\n1,Cyst\n"):
        with pytest.raises(ConfigError) as caught:
            read(write("r.csv", content))
        assert "A0001" not in str(caught.value)
        assert "Cyst" not in str(caught.value)
