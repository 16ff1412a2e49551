"""`reportsup show` and `reportsup timeline`: one report, one patient, in the terminal and for scripts."""

import json
import shutil

import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.cli import main
from reportsup.pipelines.corrections import record_correction
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas.database import open_database

HEADED = "FINDINGS: LIVER: 2 cm cyst in segment 4. KIDNEYS: No mass.\nIMPRESSION: Hepatic cyst."
REPORTS = [
    ("A-17", "P1", "2021-03-04", HEADED),
    ("A-18", "P1", "2022-03-04", "LIVER: 26 mm cyst in segment 4, previously 2 cm."),
    ("D-1", "P4", "2022-03-04", "LIVER: 0.3 mm cyst in segment 4."),
    ("B-1", "P2", "someday", "LIVER: 2 cm cyst in segment 4."),
    ("C-1", None, None, "LIVER: 2 cm cyst in segment 4."),
]


@pytest.fixture(scope="module")
def read_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("read")
    lines = [dict(zip(("id", "patient_id", "study_date", "report"), row, strict=True)) for row in REPORTS]
    (folder / "r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run_extraction(open_sources([folder / "r.jsonl"], InputOptions()), folder / "d.duckdb", ExtractorSpec())
    return folder / "d.duckdb"


@pytest.fixture
def database(read_once, tmp_path):
    return shutil.copy(read_once, tmp_path / "d.duckdb")


@pytest.fixture
def run(database, capsys):
    """What a command prints, on stdout or, where it fails, on stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--db", str(database)])
        printed = capsys.readouterr()
        return printed.err if ended.value.code else printed.out

    return call


def test_a_report_is_shown_with_marks_sections_and_reasons_in_pipes(run):
    shown = run("show", "A-17")
    assert "A-17 · patient P1 · 2021-03-04" in shown
    assert "⟦1: 2 cm cyst in segment 4⟧" in shown
    assert shown.index("── findings") < shown.index("⟦1: 2 cm") < shown.index("── impression") < shown.index("Hepatic")
    assert "liver · segment 4 · cyst · n 1 · 20 mm · sure 0." in shown
    assert "rule LESION “cyst" in shown
    assert "free of lesions: kidney 0." in shown
    assert "\x1b" not in shown


def test_json_has_all_that_is_shown_and_offsets_fit_the_text(run):
    told = json.loads(run("show", "A-17", "--json"))
    (finding,) = told["findings"]
    assert (finding["organ"], finding["sizes_mm"]) == ("liver", [[20.0]])
    assert (told["status"], told["study_date"]) == ("ok", "2021-03-04")
    for quote in finding["quotes"]:
        assert told["text"][quote["start"] : quote["end"]] == quote["text"]
    decisions = {d["decision"]: d for d in finding["decisions"]}
    assert set(decisions) == {"lesion", "organ", "side", "type", "size"}
    assert 0.5 < decisions["lesion"]["probability"] <= 1
    assert decisions["organ"]["features"]
    starts = [start for start, _, _ in told["sections"]]
    ends = [end for _, end, _ in told["sections"]]
    assert [0, *ends[:-1]] == starts
    assert ends[-1] == len(told["text"])


def test_what_people_changed_and_what_was_quarantined_is_told(run, database):
    (finding,) = json.loads(run("show", "A-17", "--json"))["findings"]
    record_correction(database, finding["finding_id"], "sizes_mm", "[[19]]", "Dr. K", "typo")
    assert "edit sizes_mm: [[20.0]] → [[19.0]], by Dr. K (typo)" in run("show", "A-17")
    assert "quarantined: a diameter of 0.3 mm" in run("show", "D-1")


def test_an_unknown_report_is_answered_with_ids_like_it(run):
    assert "Ids like it: A-17" in run("show", "A-71")
    assert "None is like it." in run("show", "zzzzzzzzzzzzzzzz")


def test_a_report_that_changed_is_shown_without_marks(run, database):
    with open_database(database) as connection:
        connection.execute("UPDATE reports SET text = 'Other words.', text_sha256 = 'x' WHERE report_id = 'B-1'")
    shown = run("show", "B-1")
    assert "the text has changed" in shown
    assert "⟦" not in shown


def test_a_patient_is_followed_through_reports(run):
    shown = run("timeline", "P1")
    assert "an aid" in shown
    assert "2022-03-04 · 26 mm · +6 mm in 365 days · by organ, place, size, earlier size · report A-18" in shown
    rows = json.loads(run("timeline", "P1", "--json"))
    assert [(row["nth"], row["n_reports"]) for row in rows if row["organ"] == "liver"] == [(1, 2), (2, 2)]


def test_patients_without_reports_or_dates_are_told_apart(run):
    assert "no report of this patient" in run("timeline", "P9")
    assert "none of the 1 reports" in run("timeline", "P2")
