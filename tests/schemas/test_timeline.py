"""Dates of exams, and the same lesion in successive reports of a patient."""

from datetime import date

import pytest
from reportsup.schemas.database import open_database


class Archive:
    """A database into which reports and their findings are written as a reading would."""

    def __init__(self, path):
        self.path, self.n = path, 0
        with open_database(path) as connection:
            connection.execute("INSERT INTO runs VALUES ('r', 'rules', '1', 'c', '{}', '2026-01-01', '2026-01-01')")

    def report(self, name, when, *findings, patient="P1", file="a.csv"):
        with open_database(self.path) as connection:
            connection.execute(
                "INSERT INTO reports (report_id, text, text_sha256, study_date, patient_id, source_file) "
                "VALUES (?, 'text', 'sha', ?, ?, ?)",
                [name, when, patient, file],
            )
            connection.execute(
                "INSERT INTO extractions (run_id, report_id, text_sha256, status, extracted_at) "
                "VALUES ('r', ?, 'sha', 'ok', '2026-01-01')",
                [name],
            )
            for finding in findings:
                self._finding(connection, name, **finding)

    def _finding(self, connection, report, id, organ="liver", side=None, place=(), mm=None, prior=None, count=1):
        self.n += 1
        connection.execute(
            "INSERT INTO findings (run_id, finding_id, report_id, organ, laterality, location, lesion_type, certainty, "
            "count, count_min, section, anchor_start, anchor_end) "
            "VALUES ('r', ?, ?, ?, ?, ?, 'cyst', 'present', ?, 1, 'body', ?, ?)",
            [id, report, organ, side, list(place), count, self.n, self.n + 1],
        )
        for k, (exam, size) in enumerate((("current", mm), ("prior", prior))):
            if size is not None:
                connection.execute(
                    "INSERT INTO measurements VALUES ('r', ?, ?, ?, ?, 0, 1, 't')", [id, k, exam, [float(size)]]
                )

    def sql(self, query):
        with open_database(self.path, read_only=True) as connection:
            return connection.execute(query).fetchall()

    def chains(self):
        rows = self.sql("SELECT lesion_id, list(finding_id ORDER BY nth) FROM v_lesion_timeline GROUP BY 1 ORDER BY 1")
        return dict(rows)


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "reportsup.duckdb")


DATES = {
    "2021-03-04": date(2021, 3, 4),
    "20210304": date(2021, 3, 4),
    "20210304120530": date(2021, 3, 4),
    "2021-03-04 12:05:30": date(2021, 3, 4),
    "2021-03-04T12:05:30+01:00": date(2021, 3, 4),
    "04.03.2021": date(2021, 3, 4),
    "4-Mar-2021": date(2021, 3, 4),
    "March 4, 2021": date(2021, 3, 4),
    "2150-03-04": date(2150, 3, 4),
    "25/03/2021": date(2021, 3, 25),
    "03/25/2021": date(2021, 3, 25),
    "03/04/2021": None,
    "31/02/2021": None,
    "2021-02-31": None,
    "03/04/21": None,
    "2021": None,
    "0012-03-04": None,
    "last week": None,
    " ": None,
}


@pytest.mark.parametrize("said", DATES)
def test_dates_are_read_where_they_say_which_day_it_was(archive, said):
    archive.report("A", said, {"id": "a"})
    found = archive.sql("SELECT patient_id, study_date, study_date_text FROM v_findings")
    assert found == [("P1", DATES[said], said)]


def test_one_date_with_a_day_above_12_tells_the_order_for_its_file_alone(archive):
    archive.report("A", "03/04/2021", file="a.csv")
    archive.report("B", "25/03/2021", file="a.csv")
    archive.report("C", "03/04/2021", file="b.csv")
    archive.report("D", "03/25/2021", file="b.csv")
    archive.report("E", "03/04/2021", file="c.csv")
    shown = dict(archive.sql("SELECT report_id, study_date FROM v_reports"))
    assert (shown["A"], shown["C"], shown["E"]) == (date(2021, 4, 3), date(2021, 3, 4), None)
    archive.report("F", "25/03/2021", file="b.csv")
    assert dict(archive.sql("SELECT report_id, study_date FROM v_reports"))["C"] is None  # the file contradicts itself


def test_corrected_findings_have_their_patient_and_date_too(archive):
    from reportsup.pipelines.corrections import record_correction

    archive.report("A", "2021-03-04", {"id": "a"})
    with open_database(archive.path) as connection:
        connection.execute("INSERT INTO evidence VALUES ('r', 'a', 0, 0, 4, 'text')")
        connection.execute("UPDATE findings SET anchor_start = 0, anchor_end = 4")
    record_correction(archive.path, "a", "lesion_type", "benign", "me", None)
    assert archive.sql("SELECT lesion_type, corrected, patient_id, study_date FROM v_findings") == [
        ("benign", True, "P1", date(2021, 3, 4))
    ]


def test_a_lesion_is_followed_by_organ_side_place_and_size(archive):
    archive.report(
        "A",
        "2021-01-01",
        {"id": "a1", "mm": 10, "place": ["segment 4"]},
        {"id": "a2", "mm": 30, "place": ["segment 4"]},
        {"id": "a3", "organ": "kidney", "side": "left", "mm": 10},
    )
    archive.report(
        "B",
        "2021-06-01",
        {"id": "b1", "mm": 33, "place": ["segment 4"]},
        {"id": "b2", "mm": 12, "place": ["segment 4"]},
        {"id": "b3", "organ": "kidney", "side": "right", "mm": 10},
        {"id": "b4", "organ": "spleen", "mm": 10},
    )
    archive.report("C", "2022-01-01", {"id": "c1", "mm": 15})
    assert archive.chains() == {
        "a1": ["a1", "b2", "c1"], "a2": ["a2", "b1"], "a3": ["a3"], "b3": ["b3"], "b4": ["b4"],
    }  # fmt: skip
    told = "SELECT nth, n_reports, change_mm, days, linked_by, alternatives FROM v_lesion_timeline"
    assert archive.sql(f"{told} WHERE finding_id IN ('a1', 'b2', 'c1') ORDER BY nth") == [
        (1, 3, None, None, None, None),
        (2, 3, 2.0, 151, ["organ", "place", "size"], 1),
        (3, 3, 3.0, 214, ["organ", "size"], 1),
    ]


def test_two_like_lesions_are_both_linked(archive):
    archive.report("A", "2021-01-01", {"id": "a1", "mm": 10}, {"id": "a2", "mm": 12})
    archive.report("B", "2021-06-01", {"id": "b1", "mm": 11}, {"id": "b2", "mm": 12})
    assert archive.chains() == {"a1": ["a1", "b1"], "a2": ["a2", "b2"]}


def test_the_earlier_size_that_a_report_tells_outweighs_likeness(archive):
    archive.report("A", "2021-01-01", {"id": "a1", "mm": 10}, {"id": "a2", "mm": 40})
    archive.report("B", "2021-06-01", {"id": "b1", "mm": 41, "prior": 10})
    assert archive.chains() == {"a1": ["a1", "b1"], "a2": ["a2"]}
    assert archive.sql("SELECT linked_by FROM v_lesion_timeline WHERE nth = 2") == [(["organ", "earlier size"],)]


def test_what_does_not_fit_is_not_linked(archive):
    archive.report(
        "A", "2021-01-01", {"id": "a1", "mm": 10}, {"id": "a2", "mm": 10, "place": ["segment 2"], "organ": "lung"}
    )
    archive.report(
        "B", "2021-06-01", {"id": "b1", "mm": 31}, {"id": "b2", "mm": 10, "place": ["segment 3"], "organ": "lung"}
    )
    archive.report("C", "2021-09-01", {"id": "c1", "mm": 10}, patient="P2")
    archive.report("D", "2021-01-01", {"id": "d1", "mm": 10})  # the same day as A
    archive.report("E", None, {"id": "e1", "mm": 10})
    archive.report("F", "2021-07-01", {"id": "f1", "mm": 10}, patient=None)
    archive.report("G", "2021-12-01", {"id": "g1", "mm": 31, "count": None})
    assert sorted(map(len, archive.chains().values())) == [1] * 7
    assert not {"e1", "f1"} & set(archive.chains())


def test_a_lesion_that_a_report_leaves_out_is_followed_all_the_same(archive):
    archive.report("A", "2021-01-01", {"id": "a", "mm": 10})
    archive.report("B", "2021-06-01", {"id": "b", "organ": "spleen", "mm": 10})
    archive.report("C", "2021-12-01", {"id": "c", "mm": 10})
    assert archive.chains() == {"a": ["a", "c"], "b": ["b"]}
