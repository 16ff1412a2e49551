"""R-Super's tables in and out; rows are made up here, in its columns."""

import csv
import json

import pytest
from reportsup.pipelines.exchange.rsuper import import_rsuper
from reportsup.pipelines.exporting import export
from reportsup.schemas import ConfigError
from reportsup.schemas.database import open_database

ID = "Encrypted Accession Number"


def ct(name, none=0, **organs):
    """A row of the per-CT table: organ → (number, diameter in cm as written)."""
    row = {ID: name, "BDMAP ID": f"BDMAP_{name}", "no lesion": none}
    row |= {"number of liver lesion instances": 0}
    for organ, (count, size) in organs.items():
        organ = organ.replace("_", " ")
        row |= {f"number of {organ} lesion instances": count, f"largest {organ} lesion diameter (cm)": size}
    return row


ROWS = [
    ct("a", liver=(2, "8.7"), adrenal_gland=(1, "1.2"), kidney=(0, "0.0")),
    ct("b", none=1),
    ct("c", liver=(1, "")),
    ct("d", kidney=(1, "60.5"), lung=(3, "0.4")),
    ct("e"),
    ct("f", pancreatic=(1, "0.33"), none=1),
    ct("g", liver=("two", "1")),
    ct("h", liver=(0, "3.1")),
    ct("i", spleen=(1.5, "nonsense")),
]


@pytest.fixture
def write_table(tmp_path):
    def write(rows, name="t.csv"):
        columns = list(dict.fromkeys(c for row in rows for c in row))
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path / name

    return write


@pytest.fixture
def database(tmp_path):
    return tmp_path / "d.duckdb"


def sql(database, query):
    with open_database(database, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_what_is_possible_comes_back_and_what_is_not_is_quarantined(database, write_table, tmp_path):
    summary = import_rsuper(database, write_table(ROWS))
    assert dict(summary.by_status) == {"ok": 4, "no_lesion": 1, "rejected": 4}
    export(database, tmp_path / "out.csv", "rsuper-cts")
    with (tmp_path / "out.csv").open() as file:
        out = {row[ID]: row for row in csv.DictReader(file)}
    assert set(out) == {"a", "b", "c", "d", "e"}
    for row in ROWS[:5]:
        back = out[row[ID]]
        for column, value in row.items():
            if row[ID] == "d" and "kidney" in column:
                continue
            if "diameter" in column and value == "":
                assert back[column] == ""
            elif column in (ID, "BDMAP ID"):
                assert back[column] == value
            else:
                assert float(back[column]) == float(value)
    assert float(out["d"]["number of kidney lesion instances"]) == 0
    reasons = dict(sql(database, "SELECT report_id, reason FROM audit_quarantine"))
    assert "605 mm is outside" in reasons.pop("d")
    assert reasons == {
        "f": "lesions, and 'no lesion'",
        "g": "the number of lesions is no whole number",
        "h": "a diameter, and no lesion",
        "i": "the number of lesions is no whole number",
    }


def test_findings_quote_the_row_that_they_stand_on_and_zeros_say_nothing_of_an_organ(database, write_table):
    import_rsuper(database, write_table(ROWS))
    assert sql(database, "FROM audit_ungrounded") == []
    assert sql(database, "SELECT evidence FROM v_findings WHERE report_id = 'c'") == [
        (["number of liver lesion instances: 1"],)
    ]
    statuses = dict(sql(database, "SELECT organ, status FROM v_organ_status WHERE report_id = 'a'"))
    assert (statuses["liver"], statuses["kidney"], statuses["spleen"]) == ("lesion", "not_mentioned", "not_mentioned")
    assert sql(database, "SELECT organ FROM v_findings WHERE report_id = 'e'") == [("other",)]


def test_a_quarantined_organ_is_not_trained_on(database, write_table):
    import_rsuper(database, write_table(ROWS))
    with open_database(database) as connection:
        connection.execute("INSERT INTO cases (case_id, report_id, ct_path, status) VALUES ('D', 'd', 'x', 'ok')")
    excluded = dict(sql(database, "SELECT organ, excluded FROM v_supervision WHERE case_id = 'D'"))
    assert excluded["kidney"] == "a finding of the organ is quarantined"
    assert excluded["lung"] is None


def test_a_report_that_is_there_is_left_alone(database, write_table, tmp_path):
    from reportsup.pipelines.backends import ExtractorSpec
    from reportsup.pipelines.extraction import run_extraction
    from reportsup.pipelines.reading import InputOptions, open_sources

    (tmp_path / "r.jsonl").write_text(json.dumps({"id": "a", "text": "SPLEEN: 9 mm cyst."}) + "\n")
    run_extraction(open_sources([tmp_path / "r.jsonl"], InputOptions()), database, ExtractorSpec())
    before = sql(database, "SELECT * FROM v_findings")
    assert import_rsuper(database, write_table(ROWS)).by_status["known"] == 1
    assert sql(database, "SELECT * FROM v_findings WHERE report_id = 'a'") == before
    assert import_rsuper(database, write_table(ROWS)).by_status == {"known": len(ROWS)}


def test_the_report_itself_takes_the_place_of_the_row(database, write_table, tmp_path):
    from reportsup.pipelines.backends import ExtractorSpec
    from reportsup.pipelines.extraction import run_extraction
    from reportsup.pipelines.reading import InputOptions, open_sources

    import_rsuper(database, write_table(ROWS))
    (tmp_path / "r.jsonl").write_text(json.dumps({"id": "a", "text": "SPLEEN: 9 mm cyst."}) + "\n")
    run_extraction(open_sources([tmp_path / "r.jsonl"], InputOptions()), database, ExtractorSpec())
    assert sql(database, "SELECT organ FROM v_findings WHERE report_id = 'a'") == [("spleen",)]


TUMORS = [
    {"Standardized Organ": "liver", "Standardized Location": "segment 5 / segment 6", "Tumor Size (mm)": "23.0 x 14.0"},
    {"Standardized Organ": "liver", "Standardized Location": "u", "Tumor Size (mm)": "u", "metastasis": "yes"},
    {"Standardized Organ": "kidney", "Standardized Location": "left", "Tumor Size (mm)": "9.0", "malignancy": "no"},
    {"Standardized Organ": "rib", "Standardized Location": "", "Tumor Size (mm)": "multiple", "malignancy": "yes"},
    {"Standardized Organ": "aorta", "Tumor Size (mm)": "12"},
    {"Standardized Organ": "spleen", "Tumor Size (mm)": "900.0"},
    {"Standardized Organ": "spleen", "Tumor Size (mm)": "5 to 6"},
]


def test_tumours_come_back_and_what_cannot_be_is_quarantined(database, write_table, tmp_path):
    rows = [{ID: "a", "BDMAP ID": "B", "no lesion": "False", **row} for row in TUMORS]
    rows.append({ID: "b", "BDMAP ID": "C", "no lesion": "True"})
    rows.append({ID: "a", "no lesion": "False", "Standardized Organ": "lung", "Tumor Size (mm)": "4.0"})
    summary = import_rsuper(database, write_table(rows))
    assert (dict(summary.by_status), summary.findings) == ({"ok": 1, "no_lesion": 1}, 6)
    shown = sql(
        database, "SELECT organ, laterality, location, sizes_mm, lesion_type, count, count_min FROM v_findings "
        "ORDER BY anchor_start",
    )  # fmt: skip
    assert shown == [
        ("liver", None, ["segment 5", "segment 6"], [[23.0, 14.0]], "unspecified", 1, 1),
        ("liver", None, [], [], "metastasis", 1, 1),
        ("kidney", "left", [], [[9.0]], "benign", 1, 1),
        ("bone", None, [], [], "malignant", None, 2),
        ("other", None, [], [[12.0]], "unspecified", 1, 1),
        ("lung", None, [], [[4.0]], "unspecified", 1, 1),
    ]
    assert [reason for (reason,) in sql(database, "SELECT reason FROM audit_quarantine ORDER BY 1")] == [
        "a diameter of 900 mm is outside 0.5–500 mm",
        "the size is no diameters in mm",
    ]
    export(database, tmp_path / "out.csv", "rsuper-tumors")
    with (tmp_path / "out.csv").open() as file:
        out = [row for row in csv.DictReader(file) if row[ID] == "a" and row["Standardized Organ"] == "liver"]
    told = {(row["Standardized Location"], row["Tumor Size (mm)"], row["metastasis"]) for row in out}
    assert told == {("segment 5 / segment 6", "23.0 x 14.0", "u"), ("u", "u", "yes")}


def test_rows_without_an_id_are_problems_and_other_tables_are_refused(database, write_table):
    assert import_rsuper(database, write_table([ct(""), ct("a", none=1)])).problems == [(1, f"no {ID}")]
    with pytest.raises(ConfigError, match="none of R-Super's tables"):
        import_rsuper(database, write_table([{"id": 1, "text": "x"}], "other.csv"))
