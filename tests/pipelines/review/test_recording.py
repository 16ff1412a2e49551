"""A saved review becomes corrections: all of it or nothing, once, and what it says last."""

import pytest
from reportsup.pipelines.corrections import Corrections, Signed
from reportsup.pipelines.reader_training import reviewed_reports
from reportsup.schemas import ConfigError, InputError
from reportsup.schemas.database import open_database

NODE = {
    "id": "aabbccddeeff0011", "values": {"organ": "lymph_node", "evidence": ["4 mm node"], "sizes_mm": [[4]]},
    "spans": [[68, 77]], "reason": None,
}  # fmt: skip
WHOLE = {
    "A": {"cyst": "reject", "mass": {"sizes_mm": [[9, 7]], "lesion_type": "benign"}, "added": [NODE], "complete": True},
    "B": {"complete": True},
    "C": {"mass": "accept", "complete": True},
}
SHOWN = "SELECT report_id, organ, sizes_mm, lesion_type FROM v_findings ORDER BY report_id, anchor_start"
STATE = "SELECT kind, report_id, finding_id, field, new_value FROM v_active_corrections ORDER BY ALL"


def test_a_review_becomes_what_it_says(archive):
    recorded = archive.record(archive.review(archive.page(), WHOLE))
    assert dict(recorded.counts) == {"reject": 1, "edit": 1, "add": 1, "accept": 1, "complete": 3}
    assert archive.sql(SHOWN) == [
        ("A", "liver", [[9.0, 7.0]], "benign"), ("A", "lymph_node", [[4.0]], "unspecified"),
        ("C", "liver", [[30.0]], "unspecified"),
    ]  # fmt: skip
    assert archive.sql("SELECT DISTINCT corrected_by, review_id FROM corrections") == [("Dr. K", "0011223344556677")]
    assert archive.sql("SELECT report_id FROM v_reviewed_reports WHERE current ORDER BY 1") == [("A",), ("B",), ("C",)]
    assert archive.sql("SELECT verdict, wrong_fields FROM v_reviewed_findings ORDER BY report_id, verdict") == [
        ("missed", []), ("no lesion", []), ("wrong fields", ["lesion_type", "sizes_mm"]), ("right", []),
    ]  # fmt: skip


def test_applied_again_it_changes_nothing(archive):
    page = archive.page()
    archive.record(archive.review(page, WHOLE))
    rows = archive.sql("FROM corrections"), archive.sql("FROM reviews")
    recorded = archive.record(archive.review(page, WHOLE, saved_at="2026-03-02T10:00:00Z"))
    assert dict(recorded.counts) == {"unchanged": 4}
    assert (archive.sql("FROM corrections"), archive.sql("FROM reviews")) == rows


def test_a_later_save_replaces_what_the_review_said_before(archive):
    page = archive.page()
    archive.record(archive.review(page, WHOLE))
    changed = {
        "A": {"cyst": "accept", "mass": {"sizes_mm": [[9, 7]]}, "complete": True},
        "B": {"complete": False}, "C": {"mass": "reject", "complete": True},
    }  # fmt: skip
    recorded = archive.record(archive.review(page, changed, saved_at="2026-03-02T10:00:00Z"))
    assert recorded.counts["withdrawn"] == 4  # the node, and the earlier word on each of the three
    assert archive.sql(SHOWN) == [
        ("A", "liver", [[5.0]], "cyst"), ("A", "liver", [[9.0, 7.0]], "unspecified")
    ]  # fmt: skip
    assert archive.sql("SELECT report_id FROM v_reviewed_reports ORDER BY 1") == [("A",), ("C",)]
    with pytest.raises(InputError, match="later save of it is recorded"):
        archive.record(archive.review(page, WHOLE))
    assert archive.sql("SELECT count(*) FROM v_findings") == [(2,)]


def test_a_page_made_after_the_recording_goes_on_from_there(archive):
    first = archive.review(archive.page(), WHOLE)
    archive.record(first)
    later = archive.page()
    shown = {f["values"]["organ"] for r in later["reports"] if r["id"] == "A" for f in r["findings"]}
    assert shown == {"liver", "lymph_node"}
    # The browser still holds the entries of the first page, and adds a new one.
    again = first | {"saved_at": "2026-03-03T10:00:00Z"}
    assert dict(archive.record(again).counts) == {"unchanged": 4}


def test_undone_as_a_whole(archive):
    before = archive.sql(SHOWN)
    archive.record(archive.review(archive.page(), WHOLE))
    with open_database(archive.path) as connection:
        assert Corrections(connection).withdraw("0011223344556677", Signed("Dr. K")) == 5
    assert archive.sql(SHOWN) == before
    assert archive.sql("FROM v_reviewed_reports") == []


def test_a_dry_run_checks_and_changes_nothing(archive):
    page = archive.page()
    recorded = archive.record(archive.review(page, WHOLE), dry_run=True)
    assert recorded.counts["edit"] == 1
    assert archive.sql("FROM corrections") == archive.sql("FROM reviews") == []
    with pytest.raises(InputError):
        archive.record(archive.review(page, {"A": {"mass": {"organ": "kidney"}}}), dry_run=True)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"mass": {"organ": "kidney"}}, r"reports\[\d\].findings\[0\] \(\w{16}\): .*segment 7' is no part of kidney"),
        ({"mass": {"organ": "hart"}}, r"findings\[0\] \(\w{16}\): organ 'hart' vs one of liver"),
        ({"mass": {"sizes_mm": [[9000]]}}, "0.5 to 500 mm"),
        ({"mass": {"colour": "red"}}, r"findings\[0\].values: unknown field colour"),
        ({"mass": "perhaps"}, r"findings\[0\].verdict: input should be 'accept', 'reject' or 'edit'"),
        ({"added": [NODE | {"values": {"organ": "lymph_node", "evidence": ["5 cm node"]}}]}, "not in the report"),
        ({"added": [NODE | {"values": {"organ": "lymph_node"}}]}, r"added\[0\]: a new finding needs evidence"),
        ({"added": [NODE | {"id": "x"}]}, r"added\[0\].id"),
        ({"added": [NODE | {"values": {"organ": "liver", "evidence": ["5 mm cyst in segment 4"], "sizes_mm": [[5]],
                                       "location": ["segment 4"]}, "spans": []}]}, "has this finding already"),
        ({"cyst": "accept", "complete": True}, "reviewed to the end, but 1 of its findings have no verdict"),
    ],
)  # fmt: skip
def test_one_wrong_entry_refuses_the_whole_file_and_is_named(archive, said, message):
    review = archive.review(archive.page(), {"A": said, "C": {"mass": "reject"}})
    with pytest.raises(InputError, match=message):
        archive.record(review)
    assert archive.sql("FROM corrections") == []


def test_every_wrong_entry_is_named_at_once(archive):
    wrong = {"A": {"mass": {"organ": "hart"}, "cyst": {"sizes_mm": [[0.1]]}}, "C": {"mass": {"count": 0}}}
    with pytest.raises(InputError) as caught:
        archive.record(archive.review(archive.page(), wrong))
    message = str(caught.value)
    assert "3 entries cannot be applied. Nothing was recorded." in message
    assert message.count("findings[") == 3
    assert "cyst in segment" not in message  # no text of the report


@pytest.mark.parametrize("written", ["", "[]", "{", '{"format": "other"}', '{"format": "reportsup review"}'])
def test_a_file_that_is_no_review_is_refused_plainly(archive, written):
    with pytest.raises(InputError, match=r"Nothing was recorded|cannot be recorded"):
        archive.record(written)


def test_a_review_of_another_database_is_refused(archive):
    review = archive.review(archive.page(), WHOLE) | {"database": "0123456789ab"}
    with pytest.raises(InputError, match="another database"):
        archive.record(review)


def test_somebody_has_to_have_reviewed(archive):
    review = archive.review(archive.page(), WHOLE, reviewer=" ")
    with pytest.raises(ConfigError, match="--by NAME"):
        archive.record(review)
    archive.record(review, by="Dr. L")
    assert archive.sql("SELECT DISTINCT corrected_by FROM corrections") == [("Dr. L",)]


def test_what_changed_since_the_page_was_made_is_refused_or_skipped(archive):
    page = archive.page()
    (cyst,) = archive.sql("SELECT finding_id FROM v_findings WHERE type_text = 'cyst'")
    with open_database(archive.path) as connection:
        Corrections(connection).edit(cyst[0], {"sizes_mm": "[[6]]"}, Signed("Dr. L"))
    archive.read(TEXTS_CHANGED)
    review = archive.review(
        page, {"A": {"cyst": "accept", "mass": "accept", "complete": True}, "C": {"mass": "reject"}}
    )
    with pytest.raises(InputError, match="not as it was when the page was made") as caught:
        archive.record(review)
    assert "the report's text is not the one that was reviewed" in str(caught.value)
    recorded = archive.record(review, skip=True)
    assert len(recorded.skipped) == 2
    assert archive.sql("SELECT kind, corrected_by FROM v_active_corrections ORDER BY seq") == [
        ("edit", "Dr. L"), ("accept", "Dr. K")
    ]  # fmt: skip
    assert archive.sql("FROM v_reviewed_reports") == []  # one of its findings is left open


TEXTS_CHANGED = {"C": "LIVER: A 31 mm mass in segment 2. New."}


def test_an_accepted_finding_that_a_later_run_loses_is_listed(archive):
    archive.record(archive.review(archive.page(), {"A": {"cyst": "accept"}}))
    archive.read({"A": "LIVER: A 5 mm cyst in segment 4. An 8 mm mass in segment 7. Hilum: 4 mm node. Spleen normal."},
                 blind_to="cyst")  # fmt: skip
    assert archive.sql("SELECT kind, outcome FROM audit_corrections_without_finding") == [("accept", "unmatched")]


def test_a_mark_counts_for_the_reading_that_was_reviewed_only(archive):
    archive.record(archive.review(archive.page(), WHOLE))
    archive.read({"B": "LIVER: no lesion."}, version="2")
    assert archive.sql("SELECT report_id, current FROM v_reviewed_reports ORDER BY 1") == [
        ("A", True), ("B", False), ("C", True)
    ]  # fmt: skip


def test_a_quote_that_stands_twice_is_the_one_that_was_marked(archive):
    archive.read({"D": "A node. Later another node."})
    node = NODE | {"values": {"organ": "lymph_node", "evidence": ["node"]}, "spans": [[22, 26]]}
    archive.record(archive.review(archive.page(), {"D": {"added": [node]}}))
    assert archive.sql("SELECT anchor_start FROM v_findings WHERE report_id = 'D'") == [(22,)]


def test_reports_read_to_the_end_are_training_data_and_a_single_accepted_finding_is_none(archive):
    page = archive.page()
    archive.record(archive.review(page, {"A": {"mass": "accept"}}))
    assert reviewed_reports(archive.path).reports.reports == ()
    archive.record(archive.review(page, WHOLE, saved_at="2026-03-02T10:00:00Z"))
    taught = {r.record.id: len(r.record.findings) for r in reviewed_reports(archive.path).reports.reports}
    assert taught == {"A": 2, "B": 0, "C": 1}
