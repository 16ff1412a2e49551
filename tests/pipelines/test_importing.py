"""A reader's annotation counts before every machine's reading, survives export and import, and is never half taken."""

import json
import re

import pytest
from reportsup.pipelines.annotations import withdraw_annotations
from reportsup.pipelines.exporting import export
from reportsup.pipelines.importing import import_gold
from reportsup.schemas import InputError

from .test_corrections import ME, NODE, TEXT, archive  # noqa: F401

FOUND = {"organ": "liver", "location": ["segment 4"], "type": "cyst", "count": 1, "sizes_mm": [[5]]}
FOUND |= {"evidence": ["5 mm cyst in segment 4"], "type_text": "simple cyst", "attenuation": "hypo"}
ADDED = {"organ": "lymph_node", "sizes_mm": [[4]], "evidence": ["4 mm node"]}


@pytest.fixture
def annotate(archive, tmp_path):  # noqa: F811
    """Import findings of report A, or whole records."""

    def run(*findings, negative=("spleen",), records=None, reader="R1"):
        path = tmp_path / "annotations.jsonl"
        lines = records or [{"id": "A", "findings": list(findings), "negative_organs": list(negative)}]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return import_gold(archive.path, path, reader)

    return run


def readers(archive):  # noqa: F811
    return archive.sql("SELECT extractor, stale FROM v_extractions")


def test_no_machine_run_overrides_an_annotation_until_it_is_withdrawn(archive, annotate):  # noqa: F811
    annotate(FOUND, ADDED)
    for version in ("2", "3"):
        archive.read(TEXT, version=version)
        assert archive.shown("organ, type_text, attenuation") == [
            ("liver", "simple cyst", "hypo"),
            ("lymph_node", None, None),
        ]
        assert readers(archive) == [("reader", False)]
    assert withdraw_annotations(archive.path, "Dr. K", report_id="A") == 1
    assert [row[0] for row in archive.shown()] == ["cyst", "mass"]
    with pytest.raises(InputError, match="no annotation"):
        withdraw_annotations(archive.path, "Dr. K", report_id="A")
    annotate(FOUND, ADDED)
    assert readers(archive) == [("reader", False)]
    assert len(archive.sql("FROM annotation_withdrawals")) == 1


def test_an_import_run_is_withdrawn_by_the_beginning_of_its_id(archive, annotate):  # noqa: F811
    annotate(FOUND)
    run = annotate(ADDED, reader="R2").run_id
    assert archive.shown("organ") == [("lymph_node",)]
    assert withdraw_annotations(archive.path, "Dr. K", run_id=run[:6]) == 1
    assert archive.shown("organ") == [("liver",)]


def test_an_annotation_follows_a_text_that_gains_words(archive, annotate):  # noqa: F811
    annotate(FOUND, ADDED)
    before = archive.shown("finding_id, organ, sizes_mm, evidence")
    archive.read("Addendum. A 9 mm mass in segment 2. " + TEXT.replace("Spleen normal", "12 mm mass. Spleen\nnormal"))
    assert archive.shown("finding_id, organ, sizes_mm, evidence") == before
    assert archive.sql("FROM audit_ungrounded WHERE finding_id IN (SELECT finding_id FROM v_findings)") == []
    assert readers(archive) == [("reader", False)]
    assert archive.sql("SELECT problem FROM audit_annotations") == [("text changed",)]
    archive.read(TEXT, version="2")
    assert archive.sql("SELECT problem FROM audit_annotations") == []


def test_negatives_of_an_annotation_do_not_hold_against_what_a_changed_text_has_gained(archive, annotate):  # noqa: F811
    annotate(ADDED, negative=["liver", "spleen"])
    archive.read(TEXT + " More.")
    excluded = "SELECT status, excluded LIKE 'the text changed after%' FROM v_supervision WHERE organ = ?"
    assert archive.sql(excluded, "liver") == [("negative", True)]
    assert archive.sql(excluded, "spleen") == [("negative", None)]


def test_an_annotation_whose_quote_is_gone_counts_but_is_stale_and_listed(archive, annotate, capsys):  # noqa: F811
    from reportsup.pipelines.extraction_summary import print_summary

    annotate(FOUND, ADDED)
    summary = archive.read(TEXT.replace("4 mm node", "no node"))
    assert readers(archive) == [("reader", True)]
    assert archive.sql("SELECT problem FROM audit_annotations") == [("stale",)]
    assert archive.sql("SELECT count(*) FROM v_supervision WHERE excluded IS NULL") == [(0,)]
    print_summary(summary, archive.path)
    assert "1 of 1 annotations do not stand as they were given: reportsup audit annotations" in capsys.readouterr().out


def test_annotations_and_corrections_come_through_export_and_import(archive, tmp_path):  # noqa: F811
    archive.correct("edit", archive.id_of("cyst"), {"organ": "kidney", "location": "[]", "sizes_mm": "[[50, 40]]"})
    archive.correct("edit", archive.id_of("mass"), {"evidence": "mass in segment 7", "image_reference": "image 7"})
    archive.correct("add", "A", NODE)
    columns = "* EXCLUDE (run_id)"
    before = archive.shown(columns)
    for _ in range(2):
        export(archive.path, tmp_path / "gold.jsonl", "gold")
        summary = import_gold(archive.path, tmp_path / "gold.jsonl", "R1")
        assert summary.problems == []
        assert archive.shown(columns) == before
    assert summary.by_status == {"known": 1}
    assert archive.sql("SELECT corrected, count(*) FROM v_findings GROUP BY 1") == [(True, 3)]
    archive.read(TEXT, version="2")
    assert archive.shown(columns) == before
    withdraw_annotations(archive.path, "Dr. K", report_id="A")
    assert archive.shown(columns) == before  # by the corrections themselves


def test_a_correction_of_an_annotation_outlasts_its_import_again(archive, annotate):  # noqa: F811
    annotate(FOUND, ADDED)
    archive.correct("delete", archive.sql("SELECT finding_id FROM v_findings WHERE organ = 'lymph_node'")[0][0])
    archive.read("Addendum. " + TEXT, version="2")
    assert annotate(FOUND, ADDED).by_status == {"known": 1}
    assert archive.shown("organ") == [("liver",)]


def test_an_annotation_supersedes_earlier_corrections_and_says_so(archive, annotate):  # noqa: F811
    archive.correct("delete", archive.id_of("cyst"))
    assert annotate(FOUND).superseded == 1
    assert archive.shown("organ") == [("liver",)]
    assert archive.sql("SELECT outcome FROM v_corrections") == [("superseded",)]
    withdraw_annotations(archive.path, ME.by, report_id="A")
    assert [row[0] for row in archive.shown()] == ["mass"]


WRONG = [
    (FOUND | {"evidence": ["6 mm cyst"]}, "finding 1: a quote is not in the report"),
    (FOUND | {"organ": "hart"}, "finding 1: organ: .*liver"),
    (FOUND | {"lateralty": "left"}, "unknown field lateralty"),
    (FOUND | {"sizes_mm": [5]}, "finding 1: "),
    (FOUND | {"sizes_mm": "5"}, "finding 1: "),
    (FOUND | {"evidence": "5 mm cyst"}, "evidence is no list of quotes"),
    (FOUND | {"evidence": []}, "evidence holds no quote"),
    (FOUND | {"spans": [[]]}, "wrong form"),
    (FOUND | {"location": ["upper pole"]}, "is no part of liver"),
    ("cyst", "finding 1: "),
]


@pytest.mark.parametrize(("finding", "reason"), WRONG)
def test_a_rejected_annotation_leaves_what_was_found_and_is_listed_with_its_reason(archive, annotate, finding, reason):  # noqa: F811
    before = archive.shown("*"), archive.sql("FROM v_organ_status ORDER BY ALL")
    for findings in ([finding], [finding, ADDED]):
        summary = annotate(*findings)
        assert summary.by_status == {"rejected": 1}
        ((line, said),) = summary.problems
        assert line == 1
        assert re.search(reason, said)
        assert (archive.shown("*"), archive.sql("FROM v_organ_status ORDER BY ALL")) == before
    assert [row[0] for row in archive.sql("SELECT problem FROM audit_annotations")] == ["rejected", "rejected"]
    assert archive.sql("SELECT count(*) FROM audit_quarantine WHERE extractor = 'reader'") == [(2,)]


def test_a_rejected_import_of_a_changed_text_leaves_the_earlier_annotation(archive, annotate):  # noqa: F811
    annotate(FOUND, ADDED)
    archive.read(TEXT.replace("4 mm node", "no node"))
    assert annotate(FOUND, ADDED).by_status == {"rejected": 1}
    assert archive.shown("organ") == [("liver",), ("lymph_node",)]
    assert archive.sql("SELECT problem FROM audit_annotations") == [("rejected",)]


@pytest.mark.parametrize("quote", ["5  mm cyst\tin segment 4", "5 mm\ncyst in segment 4", " 5 mm cyst in segment 4 "])
def test_white_space_in_quotes_is_aligned_to_the_text(archive, annotate, quote):  # noqa: F811
    assert annotate(FOUND | {"evidence": [quote]}).by_status == {"ok": 1}
    assert archive.shown("evidence") == [(["5 mm cyst in segment 4"],)]
    assert archive.sql("FROM audit_ungrounded") == []


def test_one_bad_line_does_not_end_the_others(archive, annotate):  # noqa: F811
    good = {"id": "A", "findings": [FOUND], "negative_organs": ["spleen"]}
    records = [
        {"id": "B", "findings": []},
        {"id": "A", "findings": [], "negative_organs": ["hart"]},
    ]
    summary = annotate(records=[records[0], good, {"id": "A", "findings": []}])
    assert summary.by_status == {"ok": 1, "rejected": 2}
    assert [line for line, _ in summary.problems] == [1, 3]
    assert archive.shown("organ") == [("liver",)]
    assert annotate(records=records[1:2]).by_status == {"rejected": 1}
    assert archive.shown("organ") == [("liver",)]


def test_a_report_that_failed_is_not_exported_and_imported_as_free_of_lesions(archive, tmp_path):  # noqa: F811
    archive.sql("DELETE FROM extractions")
    archive.read(TEXT, version="2", fails="error")
    export(archive.path, tmp_path / "gold.jsonl", "gold")
    assert import_gold(archive.path, tmp_path / "gold.jsonl", "R1").by_status == {}
    assert archive.sql("SELECT status FROM v_extractions") == [("error",)]


def test_copied_findings_get_ids_of_their_own(archive, annotate):  # noqa: F811
    copied = FOUND | {"finding_id": "0123456789abcdef"}
    annotate(copied, copied | {"sizes_mm": [[7]]})
    ids = [row[0] for row in archive.shown("finding_id")]
    assert "0123456789abcdef" in ids
    assert len(set(ids)) == 2
