"""Reports in Excel workbooks."""

from datetime import datetime

import openpyxl
import pytest
from reportsup.pipelines.reading import InputOptions, Reject, open_sources
from reportsup.schemas import ConfigError, InputError

HEADER = ["Accession Number", "Report", "Study Date", "MRN", "Ward"]
ROWS = [
    [1001, "LIVER: 2 cm cyst.\nKIDNEYS: Normal.", datetime(2021, 3, 4), "P-1", "4b"],
    ["A-2", "No mass.", "last week", 77.0, None],
    [None, None, None, None, None],
    ["A-3", None, None, None, None],
    ["A-4", "x" * 32_767, None, None, None],
]


@pytest.fixture
def write_book(tmp_path):
    def write(sheets, name="r.xlsx"):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


def read(path, **options):
    (source,) = open_sources([path], InputOptions(**options))
    return source, list(source.rows())


def test_rows_become_reports_with_ids_dates_and_other_columns(write_book):
    source, rows = read(write_book({"Sheet1": [HEADER, *ROWS], "Notes": []}))
    assert source.columns.describe().startswith("id = Accession Number, text = Report")
    first, second, empty, cut = rows
    assert (first.report_id, first.text, first.patient_id) == ("1001", ROWS[0][1], "P-1")
    assert (first.study_date, first.extra_json) == ("2021-03-04 00:00:00", '{"Ward": "4b"}')
    assert (second.study_date, second.patient_id) == ("last week", "77")
    assert (type(empty), empty.reason) == (Reject, "empty text")
    assert "Excel has cut" in cut.reason
    assert source.table.position <= source.table.size


def test_a_header_below_empty_rows_is_found(write_book):
    _, rows = read(write_book({"s": [[None], [], HEADER, ROWS[0]]}))
    assert [row.report_id for row in rows] == ["1001"]


def test_of_several_sheets_one_must_be_named(write_book):
    path = write_book({"CT": [HEADER, ROWS[0]], "MR": [HEADER, ROWS[1]]})
    with pytest.raises(ConfigError, match="--sheet"):
        read(path)
    assert [row.report_id for row in read(path, sheet="MR")[1]] == ["A-2"]
    with pytest.raises(ConfigError, match="no sheet 'XY'"):
        read(path, sheet="XY")


def test_what_is_no_workbook_or_empty_is_said(write_book, tmp_path):
    with pytest.raises(InputError, match="no table"):
        read(write_book({"s": []}))
    for content in (b"PK\x03\x04 broken", b"id,text\n1,x\n"):
        (tmp_path / "b.xlsx").write_bytes(content)
        with pytest.raises(InputError, match="workbook"):
            read(tmp_path / "b.xlsx")
