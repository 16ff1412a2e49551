"""The views on reports that the rules read: what the trainer and the auditor see."""

import json
import math

import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.corrections import Corrections, Signed, record_correction
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas.database import open_database

REPORTS = {
    "sized": "LIVER: 20 mm metastasis in segment 4. KIDNEYS: Normal.",
    "upper": "LIVER: Several cysts up to 10 mm.",
    "lower": "LIVER: 3 cm metastasis in segment 7.",
    "unsized": "KIDNEYS: Two simple cysts in the left kidney.",
    "open": "KIDNEYS: Multiple cysts.",
    "possible": "SPLEEN: 20 mm lesion.",
    "nothing": "Liver, spleen and pancreas are unremarkable.",
    "german": "Leber: Multiple Metastasen bis 3 cm. Nieren, Milz und Pankreas unauffällig.",
    "bill": "Dear Sir, please find our invoice for the liver scan. Payment is due. Kind regards, accounts department",
    "both": "LIVER: There is a 20 mm metastasis in segment 4. KIDNEYS: Normal. No mass is seen.\n"
    "Leber: 20 mm große Metastase. Die Milz enthält eine weitere.",
}


@pytest.fixture
def database(tmp_path):
    table = tmp_path / "reports.jsonl"
    table.write_text("".join(json.dumps({"id": k, "text": v}) + "\n" for k, v in REPORTS.items()))
    path = tmp_path / "reportsup.duckdb"
    run_extraction(open_sources([table], InputOptions()), path, ExtractorSpec())
    with open_database(path) as connection:
        # The reader's task is another test's: here the views are told what they show.
        connection.execute("UPDATE findings SET size_bound = 'lower' WHERE report_id = 'lower'")
        connection.execute("UPDATE findings SET certainty = 'possible' WHERE report_id = 'possible'")
        connection.executemany(
            "INSERT INTO cases (case_id, report_id, ct_path, status) VALUES (?, ?, 'ct.nii.gz', 'ok')",
            [(f"case_{name}", name) for name in REPORTS],
        )
        connection.execute("INSERT INTO cases (case_id, ct_path, status) VALUES ('alone', 'ct.nii.gz', 'ok')")
        connection.execute(
            "INSERT INTO cases (case_id, report_id, ct_path, status) VALUES ('lost', 'nobody', 'x', 'ok')"
        )
        connection.execute(
            "INSERT INTO cases (case_id, report_id, ct_path, status) VALUES ('bad', 'sized', 'x', 'set_aside')"
        )
    return path


def rows(database, sql, *parameters):
    with open_database(database, read_only=True) as connection:
        return connection.execute(sql, list(parameters)).fetchall()


def supervision(database, case, organ):
    columns = "status, n_lesions_min, n_lesions, volume_lo_mm3, volume_hi_mm3, weight, excluded"
    (row,) = rows(database, f"SELECT {columns} FROM v_supervision WHERE case_id = ? AND organ = ?", case, organ)
    return row


SPHERE_20 = math.pi / 6 * 20**3
PRESENCE = math.pi / 6 * 4**3


def test_a_measured_lesion_is_an_interval_around_its_sphere(database):
    status, least, n, lo, hi, weight, excluded = supervision(database, "case_sized", "liver")
    assert (status, least, n, weight, excluded) == ("lesion", 1, 1, 1.0, None)
    assert lo == pytest.approx(0.45 * SPHERE_20)
    assert hi == pytest.approx(1.60 * SPHERE_20)


def test_an_organ_called_normal_is_known_to_be_free(database):
    assert supervision(database, "case_sized", "kidney")[:5] == ("negative", 0, 0, 0.0, 0.0)
    assert supervision(database, "case_nothing", "pancreas")[0] == "negative"
    assert supervision(database, "case_nothing", "kidney")[0] == "not_mentioned"


def test_a_group_of_unknown_number_is_open_above(database):
    status, least, n, lo, hi, *_ = supervision(database, "case_open", "kidney")
    assert (status, least, n, hi) == ("lesion", 2, None, None)
    assert lo == pytest.approx(2 * PRESENCE)


def test_an_upper_bound_leaves_the_lower_end_at_presence(database):
    _, least, n, lo, hi, *_ = supervision(database, "case_upper", "liver")
    assert (least, n, hi) == (2, None, None)
    assert lo == pytest.approx(2 * PRESENCE)


def test_a_lower_bound_is_open_above(database):
    *_, lo, hi, _, _ = supervision(database, "case_lower", "liver")
    assert lo == pytest.approx(0.45 * math.pi / 6 * 30**3)
    assert hi is None


def test_lesions_without_a_size_are_presence_targets(database):
    status, least, n, lo, hi, *_ = supervision(database, "case_unsized", "kidney")
    assert (status, least, n, hi) == ("lesion", 2, 2, None)
    assert lo == pytest.approx(2 * PRESENCE)


def test_a_possible_lesion_weighs_half(database):
    assert supervision(database, "case_possible", "spleen")[5] == 0.5


def test_what_must_not_be_trained_on_says_why(database):
    assert supervision(database, "alone", "liver")[-1] == "case has no report"
    assert supervision(database, "lost", "liver")[-1] == "report not extracted"
    assert supervision(database, "bad", "liver")[-1] == "case set aside by `reportsup index`"


def finding_id(database, report):
    ((identity,),) = rows(database, "SELECT finding_id FROM v_findings WHERE report_id = ?", report)
    return identity


def test_a_correction_overrides_and_the_extraction_stays(database):
    identity = finding_id(database, "sized")
    record_correction(database, identity, "sizes_mm", "[[40, 30]]", "reader", None)
    assert rows(database, "SELECT sizes_mm, corrected FROM v_findings WHERE finding_id = ?", identity) == [
        ([[40.0, 30.0]], True)
    ]
    assert rows(database, "SELECT diameters_mm FROM measurements WHERE finding_id = ?", identity) == [([20.0],)]
    assert supervision(database, "case_sized", "liver")[4] == pytest.approx(1.5 * math.pi / 6 * 40 * 30 * 35)


def test_a_deleted_finding_leaves_the_views_and_can_come_back(database):
    identity = finding_id(database, "sized")
    with open_database(database) as connection:
        Corrections(connection).delete(identity, Signed("reader", "vessel"))
    assert rows(database, "SELECT 1 FROM v_findings WHERE finding_id = ?", identity) == []
    with open_database(database) as connection:
        assert Corrections(connection).withdraw(identity, Signed("reader")) == 1
    assert rows(database, "SELECT 1 FROM v_findings WHERE finding_id = ?", identity) == [(1,)]


def test_rsuper_tables_have_its_columns_and_values(database):
    (row,) = rows(
        database,
        'SELECT "Standardized Organ", "Standardized Location", "Tumor Size (mm)", "Unknow Tumor Size", '
        "metastasis, malignancy "
        "FROM v_per_tumor WHERE \"BDMAP ID\" = 'bad'",
    )
    assert row == ("liver", "segment 4", "20.0", "no", "yes", "yes")
    sql = 'SELECT "no lesion", "number of liver lesion instances", "largest liver lesion diameter (cm)" FROM v_per_ct'
    assert rows(database, f"{sql} WHERE \"BDMAP ID\" = 'case_nothing'") == [(1, 0, 0.0)]
    assert rows(database, f"{sql} WHERE \"BDMAP ID\" = 'bad'") == [(0, 1, 2.0)]


def test_every_quote_stands_in_its_report(database):
    assert rows(database, "FROM audit_ungrounded") == []
    assert rows(database, "SELECT DISTINCT report_id FROM audit_unsized_lesions ORDER BY 1") == [
        ("open",),
        ("unsized",),
    ]


def test_what_cannot_be_read_is_no_evidence_of_anything(database, tmp_path):
    from reportsup.pipelines.exporting import export

    unread = ("german", "bill")
    for view in ("v_organ_status", "v_findings", "v_lesions", "organ_status"):
        assert rows(database, f"SELECT count(*) FROM {view} WHERE report_id IN ?", unread) == [(0,)], view
    for view in ("v_per_tumor", "v_per_ct"):
        numbers = {row[0] for row in rows(database, f'SELECT "Encrypted Accession Number" FROM {view}')}
        assert not numbers & set(unread)
        assert "nothing" in numbers
    for name in unread:
        reasons = rows(database, "SELECT DISTINCT excluded FROM v_supervision WHERE case_id = ?", f"case_{name}")
        assert reasons == [("report unreadable",)]
    audited = dict(rows(database, "SELECT report_id, reason FROM audit_unreadable"))
    assert audited == {"german": "another language (German)", "bill": "no report: hardly a word of imaging"}
    export(database, tmp_path / "gold.jsonl", "gold")
    exported = {json.loads(line)["id"] for line in (tmp_path / "gold.jsonl").read_text().splitlines()}
    assert exported == set(REPORTS) - set(unread)


def test_a_partly_readable_report_teaches_its_lesions_and_no_absence(database):
    assert supervision(database, "case_both", "liver")[-1] is None
    for organ in ("kidney", "spleen", "pancreas"):
        assert supervision(database, "case_both", organ)[-1] == "report partly unreadable"
    assert rows(database, "SELECT count(*) FROM v_per_ct WHERE \"Encrypted Accession Number\" = 'both'") == [(0,)]


def test_confidence_of_the_least_sure_lesion_and_of_absence(database):
    with open_database(database) as connection:
        connection.execute("UPDATE findings SET confidence = 0.7 WHERE report_id = 'sized'")
        connection.execute("UPDATE organ_status SET confidence = 0.9 WHERE report_id = 'sized' AND status = 'negative'")
    shown = "SELECT organ, confidence FROM v_supervision WHERE case_id = 'case_sized' AND organ IN ('liver', 'kidney')"
    assert dict(rows(database, shown)) == {"liver": 0.7, "kidney": 0.9}


def test_findings_are_listed_least_sure_first(database):
    sure = [row[0] for row in rows(database, "SELECT confidence FROM audit_least_sure")]
    assert len(sure) >= 5
    assert sure == sorted(sure)
    ((decided,),) = rows(database, "SELECT decided_by->'organ' FROM v_findings WHERE report_id = 'sized'")
    probability, features = json.loads(decided)
    assert 0 < probability <= 1
    assert features


def test_a_persons_word_has_no_confidence(database):
    ((finding,),) = rows(database, "SELECT finding_id FROM v_findings WHERE report_id = 'sized'")
    record_correction(database, finding, "lesion_type", "cyst", "reader", None)
    assert rows(database, "SELECT corrected, confidence FROM v_findings WHERE report_id = 'sized'") == [(True, None)]


def test_sizes_that_the_summary_tells_differently_are_listed_with_and_without_headings(tmp_path):
    mass = "There is a 23 mm mass in the upper pole of the left kidney. The spleen is normal."
    texts = {
        "headed": f"FINDINGS: {mass}\n\nIMPRESSION: 38 mm mass in the upper pole of the left kidney.",
        "unheaded": f"{mass}\n\nConclusion: 38 mm mass in the upper pole of the left kidney.",
        "same": f"{mass}\n\nIMPRESSION: 2.3 cm mass in the upper pole of the left kidney.",
        "other side": f"{mass}\n\nIMPRESSION: 38 mm mass in the upper pole of the right kidney.",
    }
    table, path = tmp_path / "reports.jsonl", tmp_path / "reportsup.duckdb"
    table.write_text("".join(json.dumps({"id": k, "text": v}) + "\n" for k, v in texts.items()))
    run_extraction(open_sources([table], InputOptions()), path, ExtractorSpec())
    columns = "report_id, organ, section, mm, other_section, other_mm"
    listed = rows(path, f"SELECT {columns} FROM audit_section_contradictions ORDER BY 1")
    assert listed == [
        ("headed", "kidney", "findings", 23.0, "impression", 38.0),
        ("unheaded", "kidney", "body", 23.0, "impression", 38.0),
    ]


def test_a_lesion_told_with_two_sizes_is_listed_until_a_person_has_corrected_it(database):
    text = REPORTS["sized"]
    told = [
        {"section": "body", "start": 7, "end": 12, "mm": 20.0},
        {"section": "body", "start": 0, "end": 5, "mm": 9.0},
    ]
    details = json.dumps({"retold": [{"organ": "liver", "anchor": text.index("metastasis"), "told": told}]})
    with open_database(database) as connection:
        connection.execute("UPDATE extractions SET details = ? WHERE report_id = 'sized'", [details])
    (row,) = rows(
        database,
        "SELECT finding_id = other_id, mm, evidence, other_mm, other_evidence FROM audit_section_contradictions",
    )
    assert row == (True, 20.0, ["20 mm"], 9.0, ["LIVER"])
    record_correction(database, finding_id(database, "sized"), "sizes_mm", "[[9]]", "me", None)
    assert rows(database, "FROM audit_section_contradictions") == []
