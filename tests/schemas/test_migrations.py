"""A database of an earlier program keeps what people recorded in it."""

from datetime import date
from pathlib import Path

import duckdb
import pytest
from reportsup.schemas import DatabaseError
from reportsup.schemas.database import SCHEMA_VERSION, open_database, schema_version

TEXT = "LIVER: 5 mm cyst in segment 4. 8 mm cyst in segment 7."
FINDINGS = {
    "a": ("segment 4", 7, [5.0], "5 mm cyst in segment 4"),
    "b": ("segment 7", 31, [8.0], "8 mm cyst in segment 7"),
}


def correction(name, finding, field, new, second):
    return (name, finding, field, "old", new, "Dr. K", f"2026-01-01 00:00:{second:02}", "why")


CORRECTIONS = [
    correction("1", "a", "lesion_type", "benign", 1),
    correction("2", "a", "lesion_type", "malignant", 2),
    correction("3", "b", "excluded", "true", 3),
    correction("4", "a", "excluded", "true", 4),
    correction("5", "a", "excluded", "true", 5),
    correction("6", "a", "excluded", "false", 6),
    correction("7", "gone", "organ", "kidney", 7),
    correction("8", "a", "sizes_mm", "[[6.0, 5.0]]", 8),
    correction("9", "a", "count", None, 9),
]


@pytest.fixture
def version_1(tmp_path):
    """A file as commit 8147a6d wrote it: one report, two findings, nine corrections."""
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute((Path(__file__).parent / "fixtures" / "version_1.sql").read_text())
        connection.execute("CREATE TABLE schema_version AS SELECT 1::INTEGER AS version")
        connection.execute("INSERT INTO runs VALUES ('r', 'rules', '1', 'c', '{}', '2026-01-01', '2026-01-01')")
        connection.execute(
            "INSERT INTO reports (report_id, text, text_sha256) VALUES ('A', ?, sha256(?))", [TEXT, TEXT]
        )
        connection.execute(
            "INSERT INTO extractions VALUES ('r', 'A', sha256(?), 'ok', NULL, [], NULL, 0.1, '2026-01-01')", [TEXT]
        )
        for name, (place, start, size, quote) in FINDINGS.items():
            connection.execute(
                "INSERT INTO findings VALUES ('r', ?, 'A', 'liver', NULL, [?], 'cyst', 'cyst', 'present', 1, 1, "
                "'exact', NULL, NULL, 'findings', ?, ?)",
                [name, place, start + 5, start + 9],
            )
            span = [start, start + len(quote), quote]
            connection.execute(
                "INSERT INTO measurements VALUES ('r', ?, 0, 'current', ?, ?, ?, ?)", [name, size, *span]
            )
            connection.execute("INSERT INTO evidence VALUES ('r', ?, 0, ?, ?, ?)", [name, *span])
        connection.executemany("INSERT INTO corrections VALUES (?, ?, ?, ?, ?, ?, ?, ?)", CORRECTIONS)
    return path


def test_corrections_of_version_1_are_kept_and_applied(version_1):
    with open_database(version_1) as connection:
        assert schema_version(connection) == SCHEMA_VERSION
        shown = connection.execute("SELECT finding_id, lesion_type, sizes_mm, count FROM v_findings").fetchall()
        kinds = "SELECT kind, count(*) FROM corrections WHERE corrected_by = 'Dr. K' GROUP BY 1 ORDER BY 1"
        counts = dict(connection.execute(kinds).fetchall())
        lost = "SELECT correction_id, outcome FROM audit_corrections_without_finding"
        assert connection.execute(lost).fetchall() == [("7", "unmatched")]
        ((key, quotes, others),) = connection.execute(
            "SELECT (organ, location, sizes_mm), quotes, others->0->>'quotes' FROM corrections "
            "WHERE correction_id = '1'"
        ).fetchall()
    assert shown == [("a", "malignant", [[6.0, 5.0]], None)]
    assert counts == {"edit": 5, "delete": 3, "withdraw": 2}
    assert key == ("liver", ["segment 4"], [[5.0]])
    assert quotes == ["5 mm cyst in segment 4"]
    assert others == '["8 mm cyst in segment 7"]'


def test_a_migrated_file_is_left_alone_by_the_next_opening(version_1):
    contents = []
    for _ in range(2):
        with open_database(version_1) as connection:
            contents.append(connection.execute("FROM corrections ORDER BY seq").fetchall())
    assert contents[0] == contents[1]


def test_a_file_of_version_3_gets_patients_and_dates(tmp_path):
    path = tmp_path / "old.duckdb"
    with open_database(path) as connection:
        connection.execute("INSERT INTO runs VALUES ('r', 'rules', '3', 'c', '{}', '2026-01-01', '2026-01-01')")
        connection.execute(
            "INSERT INTO reports (report_id, text, text_sha256, study_date, patient_id) "
            "VALUES ('A', 'cyst', sha256('cyst'), '20210304', 'P')"
        )
        connection.execute(
            "INSERT INTO extractions (run_id, report_id, text_sha256, status, extracted_at) "
            "VALUES ('r', 'A', sha256('cyst'), 'ok', '2026-01-01')"
        )
        connection.execute(
            "INSERT INTO findings (run_id, finding_id, report_id, organ, location, lesion_type, certainty, count_min, "
            "section, anchor_start, anchor_end) "
            "VALUES ('r', 'a', 'A', 'liver', [], 'cyst', 'present', 1, 'body', 0, 4)"
        )
        for view in ("v_lesion_timeline", "v_reports", "v_day_first"):
            connection.execute(f"DROP VIEW {view}")
        connection.execute("CREATE OR REPLACE VIEW v_findings AS SELECT report_id, finding_id FROM findings")
        for table in ("predictions", "organ_masks", "reviews", "review_samples", "review_sample_reports"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("ALTER TABLE corrections DROP COLUMN review_id")
        connection.execute("UPDATE schema_version SET version = 3")
    with pytest.raises(DatabaseError, match="once to upgrade"), open_database(path, read_only=True):
        pass
    with open_database(path) as connection:
        assert schema_version(connection) == SCHEMA_VERSION
    with open_database(path, read_only=True) as connection:
        shown = connection.execute(
            "SELECT patient_id, study_date, study_date_text, nth FROM v_findings JOIN "
            "v_lesion_timeline USING (finding_id, patient_id, study_date)"
        ).fetchall()
        assert connection.execute("SELECT study_date FROM reports").fetchall() == [("20210304",)]
    assert shown == [("P", date(2021, 3, 4), "20210304", 1)]
