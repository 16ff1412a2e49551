"""Cells that a spreadsheet would run are written as text; numbers stay numbers."""

import csv
import json

import pytest
from reportsup.pipelines.exporting import export
from reportsup.pipelines.querying import as_csv, query
from reportsup.schemas.database import open_database

CELLS = {
    "=HYPERLINK(1)": "'=HYPERLINK(1)", "+cmd": "'+cmd", "-2+3": "'-2+3", "@sum": "'@sum", "\tx": "'\tx", "\rx": "'\rx",
    "-5": "-5", "+3.5": "+3.5", "liver": "liver", "a=b": "a=b",
}  # fmt: skip


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "d.duckdb"
    with open_database(path) as connection:
        connection.execute(
            "INSERT INTO runs SELECT 'run', 'rules', '1', 'h', '{}', t, t FROM (SELECT now()::TIMESTAMP AS t)"
        )
        for number, cell in enumerate(CELLS):
            report = f"{cell}{number}" if cell.startswith("=") else str(number)
            connection.execute("INSERT INTO reports (report_id, text, text_sha256) VALUES (?, 't', 's')", [report])
            connection.execute(
                "INSERT INTO extractions "
                "(run_id, report_id, text_sha256, status, review_reasons, seconds, extracted_at) "
                "VALUES ('run', ?, 's', 'ok', [], 0, now()::TIMESTAMP)",
                [report],
            )
            connection.execute(
                "INSERT INTO findings "
                "(run_id, finding_id, report_id, organ, location, lesion_type, type_text, certainty, "
                "count_min, section, anchor_start, anchor_end) "
                "VALUES ('run', ?, ?, 'liver', [], 'cyst', ?, 'present', 1, 'body', -7, 9)",
                [f"f{number}", report, cell],
            )
    return path


def cells(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_formulas_in_an_exported_csv_are_text_unless_raw(database, tmp_path):
    export(database, tmp_path / "safe.csv", "csv")
    export(database, tmp_path / "raw.csv", "csv", raw=True)
    assert {row["type_text"] for row in cells(tmp_path / "safe.csv")} == set(CELLS.values())
    assert {row["type_text"] for row in cells(tmp_path / "raw.csv")} == set(CELLS)
    assert {row["anchor_start"] for row in cells(tmp_path / "safe.csv")} == {"-7"}  # a number


def test_ids_in_the_reference_tables_are_text_too(database, tmp_path):
    for name in ("rsuper-tumors", "rsuper-cts"):
        export(database, tmp_path / name, name)
        numbers = [row["Encrypted Accession Number"] for row in cells(tmp_path / name)]
        assert "'=HYPERLINK(1)0" in numbers


def test_the_answer_of_a_query_is_text_too(database):
    found = query(database, "SELECT type_text, anchor_start FROM findings WHERE type_text = '@sum'")
    assert as_csv(found) == "type_text,anchor_start\n'@sum,-7\n"
    assert as_csv(found, raw=True) == "type_text,anchor_start\n@sum,-7\n"


def test_other_formats_keep_what_is_written(database, tmp_path):
    export(database, tmp_path / "f.jsonl", "jsonl")
    found = {json.loads(line)["type_text"] for line in (tmp_path / "f.jsonl").read_text().splitlines()}
    assert found == set(CELLS)
