"""The page as a file: whole, alone, and harmless whatever reports say."""

import json
import re

import pytest
from reportsup.pipelines.review.page import as_script_data, write_page
from reportsup.schemas.database import open_database

HOSTILE = (
    "</script><script>alert(1)</script> <img src=x onerror=alert(2)> <!--<script> ]]> {{ 7*7 }} {% raw %} \u2028 &\n"
    "A 5 mm cyst in segment 4."
)


@pytest.fixture
def page(archive):
    """The page of a report that tries everything, and its data as a browser reads it."""
    archive.read({"</script><b>": HOSTILE})
    out = archive.folder / "page.html"
    write_page(archive.path, out)
    written = out.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', written, re.DOTALL)
    return written, json.loads(data)


def test_hostile_text_stays_text(page):
    written, data = page
    assert HOSTILE in {report["text"] for report in data["reports"]}
    # Two script elements, as the template has them: the data and the program.
    assert len(re.findall(r"<script\b", written)) == len(re.findall(r"</script>", written)) == 2
    assert "<img" not in written
    assert "<!--" not in written
    assert "{{ 7*7 }}" in written  # told as it is, not computed


def test_it_needs_nothing_else_and_may_load_nothing(page):
    written, _ = page
    assert "default-src 'none'" in written
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", written.split('id="data">')[0])
    assert "@import" not in written
    assert "url(" not in written


def test_every_report_is_on_it_also_those_without_findings(page):
    _, data = page
    assert [r["id"] for r in data["reports"] if not r.get("findings")] == ["B"]
    assert len(data["reports"]) == 4


def test_quotes_are_marked_where_they_stand_now(archive):
    archive.read({"A": "Addendum. A 5 mm cyst in segment 4."})
    (report,) = (r for r in archive.page()["reports"] if r["id"] == "A")
    (finding,) = report["findings"]
    (start, end), *_ = finding["spans"]
    assert report["text"][start:end] == finding["values"]["evidence"][0]
    with open_database(archive.path) as connection:
        connection.execute("UPDATE reports SET text = 'New words. ' || text, text_sha256 = 'x' WHERE report_id = 'A'")
    (report,) = (r for r in archive.page()["reports"] if r["id"] == "A")
    assert report["stale"] is True
    (start, end), *_ = report["findings"][0]["spans"]
    assert report["text"][start:end] == report["findings"][0]["values"]["evidence"][0]


def test_flags_come_from_the_audit_views(archive):
    archive.read({"A": "A 5 mm cyst.", "X": "A 300 mm mass."})
    flags = {r["id"]: r.get("flags") for r in archive.page()["reports"]}
    assert flags["A"] is None
    assert flags["X"] == ["size_outliers"]
    by_view = archive.sql("SELECT DISTINCT report_id FROM audit_size_outliers")
    assert {i for i, f in flags.items() if f and "size_outliers" in f} == {row[0] for row in by_view}


@pytest.mark.parametrize("value", ["</script>", "<!--", "</SCRIPT >", "\u2028"])
def test_json_in_a_script_element_survives_the_way(value):
    written = as_script_data([value])
    assert "<" not in written
    assert json.loads(written) == [value]
