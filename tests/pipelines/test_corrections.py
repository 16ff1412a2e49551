"""What people correct outlasts every later run: it follows the lesion, or is listed where the lesion is gone."""

import json
from pathlib import Path

import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.corrections import Corrections, Signed
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.extraction_summary import print_summary
from reportsup.pipelines.gold import gold_lines
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas import ConfigError, InputError
from reportsup.schemas.database import open_database

TEXT = "LIVER: A stable 5 mm cyst in segment 4. An 8 mm mass in segment 7. Spleen normal. Hilum: 4 mm node."
ME = Signed("Dr. K")


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """One report, read by toy rules; a case hangs on it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    opened = Archive(tmp_path)
    opened.read(TEXT)
    opened.sql("INSERT INTO cases (case_id, report_id, ct_path, status) VALUES ('case', 'A', 'ct.nii.gz', 'ok')")
    return opened


class Archive:
    """A database and what a user does with it."""

    def __init__(self, folder):
        self.path, self._table = folder / "reportsup.duckdb", folder / "reports.jsonl"

    def read(self, text, **rules):
        self._table.write_text(json.dumps({"id": "A", "text": text}) + "\n")
        spec = ExtractorSpec("toy_rules:Rules", rules)
        return run_extraction(open_sources([self._table], InputOptions()), self.path, spec)

    def sql(self, query, *parameters):
        reads = query.startswith(("SELECT", "FROM"))
        with open_database(self.path, read_only=reads) as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def correct(self, action, *arguments, **options):
        with open_database(self.path) as connection:
            return getattr(Corrections(connection), action)(*arguments, signed=ME, **options)

    def id_of(self, word):
        ((identity,),) = self.sql("SELECT finding_id FROM v_findings WHERE type_text = ?", word)
        return identity

    def shown(self, columns="type_text, lesion_type"):
        return self.sql(f"SELECT {columns} FROM v_findings ORDER BY anchor_start, finding_id")

    def lost(self):
        return self.sql("SELECT kind, outcome FROM audit_corrections_without_finding")


CHANGES = {
    "other rules": (TEXT, {"version": "2"}),
    "longer quotes": (TEXT, {"lead": 9}),
    "addendum in front": ("Addendum. " + TEXT, {}),
    "both": ("Addendum. " + TEXT, {"version": "2", "lead": 4}),
    "white space": (TEXT.replace(" ", "  "), {}),
    "a new sentence": ("LIVER: 3 mm cyst in segment 2. " + TEXT, {}),
}


def test_a_deleted_finding_stays_deleted_whatever_changes(archive):
    archive.correct("delete", archive.id_of("cyst"))
    for name, (text, rules) in CHANGES.items():
        if name == "white space":
            continue  # the toy rules do not read double blanks
        archive.read(text, **rules)
        kinds = [row[0] for row in archive.shown()]
        assert kinds == (["cyst", "mass"] if name == "a new sentence" else ["mass"]), name
        assert archive.lost() == []


def test_an_edit_follows_its_lesion_into_views_exports_and_targets(archive):
    archive.correct("edit", archive.id_of("cyst"), {"sizes_mm": "[[30, 20]]", "lesion_type": "metastasis"})
    for text, rules in ((TEXT, {}), CHANGES["both"]):
        archive.read(text, **rules)
        assert archive.shown("lesion_type, sizes_mm, corrected") == [
            ("metastasis", [[30.0, 20.0]], True), ("unspecified", [[8.0]], False)
        ]  # fmt: skip
        targets = (
            "SELECT location, lesions[1].diameters_mm FROM v_supervision WHERE case_id = 'case' AND organ = 'liver'"
        )
        assert (["segment 4"], [30.0, 20.0]) in archive.sql(targets)
        assert archive.sql('SELECT "Tumor Size (mm)" FROM v_per_tumor ORDER BY 1') == [("30.0 x 20.0",), ("8.0",)]
        assert archive.sql('SELECT "largest liver lesion diameter (cm)" FROM v_per_ct') == [(3.0,)]
        with open_database(archive.path) as connection:
            (record,) = map(json.loads, gold_lines(connection))
        assert [f["type"] for f in record["findings"]] == ["metastasis", "unspecified"]
    assert archive.sql("SELECT DISTINCT diameters_mm FROM measurements ORDER BY 1") == [([5.0],), ([8.0],)]


def test_a_size_that_changed_in_the_text_is_matched_by_the_rest_and_flagged(archive):
    archive.correct("edit", archive.id_of("cyst"), {"lesion_type": "benign"})
    archive.read(TEXT.replace("5 mm cyst", "7 mm cyst"))
    assert archive.shown("lesion_type, sizes_mm")[0] == ("benign", [[7.0]])
    flagged = "SELECT changed, sizes_then_mm, sizes_now_mm FROM audit_corrections_of_changed_findings"
    assert archive.sql(flagged) == [(["sizes_mm"], [[5.0]], [[7.0]])]
    assert archive.lost() == []


@pytest.mark.parametrize(
    ("text", "rules", "outcome"),
    [
        (TEXT, {"blind_to": "cyst"}, "unmatched"),
        ("KIDNEY: nothing.", {}, "unmatched"),
        ("Another patient. 20 mm mass in segment 2.", {}, "unmatched"),
        (TEXT + " Impression: 5 mm cyst in segment 4.", {}, "ambiguous"),
    ],
)
def test_a_correction_without_its_finding_is_kept_listed_and_counted(archive, capsys, text, rules, outcome):
    archive.correct("delete", archive.id_of("cyst"))
    archive.correct("edit", archive.id_of("mass"), {"lesion_type": "malignant"})
    n_before = len(archive.shown())
    summary = archive.read(text, **rules)
    assert ("delete", outcome) in archive.lost()
    print_summary(summary, archive.path)
    said = capsys.readouterr().out
    assert (
        f"{len(archive.lost())} of 2 corrections found no finding: reportsup audit corrections_without_finding" in said
    )
    archive.read(TEXT, version="9")  # the lesion is back, and so is its correction
    assert len(archive.shown()) == n_before
    assert archive.lost() == []


def test_an_edit_that_the_new_reading_contradicts_is_listed_as_a_conflict(archive):
    archive.correct("edit", archive.id_of("cyst"), {"count_min": "1", "count": "2"})
    archive.correct("edit", archive.id_of("cyst"), {"organ": "kidney", "location": "[]"})
    archive.correct("withdraw", archive.id_of("cyst"), fields=["location"])
    assert archive.shown("organ, location, count")[0] == ("liver", ["segment 4"], 2)
    assert archive.lost() == [("edit", "conflict")]


def test_the_latest_of_two_edits_of_a_field_counts_and_its_withdrawal_brings_the_first_back(archive):
    identity = archive.id_of("cyst")
    archive.correct("edit", identity, {"lesion_type": "benign"})
    archive.read(TEXT, version="2")
    archive.correct("edit", identity, {"lesion_type": "malignant"})
    archive.sql("UPDATE corrections SET corrected_at = '2001-01-01' WHERE new_value = 'malignant'")  # a clock set back
    archive.read(TEXT, version="3")
    assert archive.shown()[0] == ("cyst", "malignant")
    ((latest,),) = archive.sql("SELECT correction_id FROM corrections WHERE new_value = 'malignant'")
    assert archive.correct("withdraw", latest) == 1
    assert archive.shown()[0] == ("cyst", "benign")
    assert archive.correct("withdraw", identity) == 1
    assert archive.shown()[0] == ("cyst", "cyst")
    assert archive.sql("SELECT kind, count(*) FROM corrections GROUP BY 1 ORDER BY 1") == [("edit", 2), ("withdraw", 2)]


def test_organ_status_follows_deletions_and_additions(archive):
    status = "SELECT organ, status FROM v_organ_status WHERE organ IN ('liver', 'spleen') ORDER BY 1"
    assert archive.sql(status) == [("liver", "lesion"), ("spleen", "negative")]
    for word in ("cyst", "mass"):
        archive.correct("delete", archive.id_of(word))
    added = archive.correct("add", "A", {"organ": "spleen", "evidence": "Spleen normal"})
    assert archive.sql(status) == [("liver", "not_mentioned"), ("spleen", "lesion")]
    target = "SELECT status, n_lesions_min, excluded FROM v_supervision WHERE organ = 'spleen'"
    assert archive.sql(target) == [("lesion", 1, None)]
    assert archive.sql('SELECT "no lesion" FROM v_per_ct') == [(0,)]
    archive.correct("withdraw", added)
    assert archive.sql(status) == [("liver", "not_mentioned"), ("spleen", "negative")]
    assert archive.sql('SELECT "no lesion" FROM v_per_ct') == [(1,)]


NODE = {"organ": "lymph_node", "evidence": "4 mm   node", "sizes_mm": "[[4]]", "type_text": "node"}


def test_an_added_finding_stays_through_runs_and_texts_and_can_be_corrected(archive):
    identity = archive.correct("add", "A", NODE)
    archive.correct("edit", identity, {"lesion_type": "metastasis"})
    for text, rules in CHANGES.values():
        archive.read(text, **rules)
        found = archive.sql("SELECT lesion_type, sizes_mm, corrected FROM v_findings WHERE finding_id = ?", identity)
        assert found == [("metastasis", [[4.0]], True)]
        assert archive.sql("FROM audit_ungrounded WHERE finding_id = ?", identity) == []
    archive.read("LIVER: nothing.")
    assert archive.lost() == [("add", "unmatched"), ("edit", "unmatched")]
    archive.read(TEXT)
    archive.correct("delete", identity)
    assert archive.sql("FROM v_findings WHERE finding_id = ?", identity) == []


def test_an_added_finding_that_the_rules_find_later_is_there_once(archive):
    archive.read(TEXT, blind_to="cyst", version="2")
    values = {"organ": "liver", "evidence": "5 mm cyst in segment 4", "sizes_mm": "[[5]]", "location": "segment 4"}
    archive.correct("add", "A", values | {"lesion_type": "malignant", "type_text": "cyst"})
    assert archive.shown() == [("cyst", "malignant"), ("mass", "unspecified")]
    archive.read(TEXT, version="3")
    assert archive.shown() == [("cyst", "malignant"), ("mass", "unspecified")]
    with pytest.raises(ConfigError, match="has this finding already"):
        archive.correct("add", "A", {"organ": "liver", "evidence": "8 mm mass in segment 7", "sizes_mm": "[[8]]",
                                     "location": "segment 7"})  # fmt: skip


def test_a_finding_can_be_added_to_a_report_that_could_not_be_read(archive):
    archive.read("Milz: 12 mm Zyste.", version="2", fails="error")
    archive.sql("DELETE FROM extractions WHERE status = 'ok'")
    archive.correct("add", "A", {"organ": "spleen", "evidence": "12 mm Zyste", "sizes_mm": "[[12]]"})
    assert archive.sql("SELECT organ, status FROM v_organ_status") == [("spleen", "lesion")]
    rows = "SELECT organ, n_lesions, excluded FROM v_supervision WHERE excluded IS NULL"
    assert [row[0] for row in archive.sql(rows)] == ["spleen"]


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("organ", "lung", "lung"), ("laterality", "left", "left"), ("laterality", "null", None),
        ("location", "segment 4a", ["segment 4a"]), ("lesion_type", "benign", "benign"), ("type_text", "HCC", "HCC"),
        ("type_text", "null", None), ("certainty", "possible", "possible"), ("count", "3", 3), ("count", "null", None),
        ("count_min", "1", 1), ("sizes_mm", "[[6, 9], [3]]", [[9.0, 6.0], [3.0]]), ("sizes_mm", "[]", []),
        ("size_bound", "upper", "upper"), ("prior_sizes_mm", "[[3]]", [[3.0]]), ("attenuation", "hypo", "hypo"),
        ("attenuation", "null", None), ("image_reference", "image 7", "image 7"), ("section", "body", "body"),
        ("evidence", '["8 mm mass"]', ["8 mm mass"]),
        ("evidence", "8 mm  mass in\nsegment 7", ["8 mm mass in segment 7"]),
    ],
)  # fmt: skip
def test_every_field_can_be_edited(archive, field, value, shown):
    values = {field: value} | ({"location": "[]"} if field == "organ" else {})
    archive.correct("edit", archive.id_of("mass"), values)
    archive.read("Addendum. " + TEXT)
    assert archive.shown(f'"{field}"')[1] == (shown,)
    assert archive.lost() == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"organ": "hart"}, "one of liver, pancreas"),
        ({"organ": "kidney"}, "'segment 7' is no part of kidney"),
        ({"lesion": "x"}, "one of organ"),
        ({"sizes_mm": "23"}, "0.5 to 500 mm"),
        ({"sizes_mm": "[[2300]]"}, "0.5 to 500 mm"),
        ({"count_min": "4"}, "count 1 is below count_min 4"),
        ({"attenuation": "dark"}, "one of hypo"),
        ({"certainty": "null"}, "can be empty"),
        ({"evidence": "9 mm mass"}, "not in the report"),
        ({"evidence": "[]"}, "no quote"),
        ({"location": "[4]"}, "JSON list of texts"),
        ({}, "no field"),
    ],
)
def test_a_wrong_edit_records_nothing_and_says_what_is_allowed(archive, values, message):
    with pytest.raises(ConfigError, match=message):
        archive.correct("edit", archive.id_of("mass"), values)
    assert archive.sql("FROM corrections") == []


def test_wrong_additions_and_withdrawals_record_nothing(archive):
    for values, message in (
        ({"organ": "liver"}, "evidence"),
        ({"organ": "liver", "evidence": "a phrase of my own"}, "not in the report"),
    ):
        with pytest.raises(ConfigError, match=message):
            archive.correct("add", "A", values)
    with pytest.raises(InputError, match="not in the database"):
        archive.correct("add", "B", NODE)
    with pytest.raises(InputError, match="no correction"):
        archive.correct("withdraw", "nothing")
    identity = archive.id_of("cyst")
    archive.correct("delete", identity)
    with pytest.raises(InputError, match="is deleted"):
        archive.correct("edit", identity, {"organ": "lung"})
    assert len(archive.sql("FROM corrections")) == 1


def test_a_report_that_was_removed_and_comes_back_has_its_corrections(archive):
    archive.correct("delete", archive.id_of("cyst"))
    for table in ("reports", "extractions", "findings"):
        archive.sql(f"DELETE FROM {table}")
    archive.read(TEXT)
    assert [row[0] for row in archive.shown()] == ["mass"]


def test_a_failed_reading_leaves_the_earlier_one_and_its_corrections(archive):
    archive.correct("edit", archive.id_of("cyst"), {"lesion_type": "benign"})
    for n, fails in enumerate(("error", "rejected")):
        archive.read(TEXT, version=f"failing {n}", fails=fails)
        archive.read(TEXT + " More.", fails=fails)
        assert archive.shown()[0] == ("cyst", "benign")
        assert archive.sql("SELECT status, stale, failed_status FROM v_extractions") == [("ok", True, fails)]
    archive.read(TEXT + " More.")
    assert archive.sql("SELECT status, stale, failed_status FROM v_extractions") == [("ok", False, None)]
    assert archive.shown()[0] == ("cyst", "benign")


def test_a_text_that_comes_back_is_the_one_that_counts(archive):
    archive.read("LIVER: 9 mm mass.", version="2")
    archive.read(TEXT)
    assert archive.sql("SELECT text FROM reports") == [(TEXT,)]
    assert [row[0] for row in archive.shown()] == ["cyst", "mass"]
