"""Predictions held against reports: the same verdicts in SQL and in memory, worst first, corrections applied."""

import json
import math
from pathlib import Path

import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.corrections import Corrections, Signed
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas import load_anatomy
from reportsup.schemas.database import open_database
from reportsup.segmentation.evaluation.consistency import disagreement
from reportsup.segmentation.prediction.stored import PredictedOrgan, read_reported, write_predictions

REPORTS = {
    "sized": "LIVER: 20 mm metastasis in segment 4. KIDNEYS: Normal.",
    "pair": "KIDNEYS: 30 mm cyst in the left kidney and 10 mm cyst in the right kidney.",
    "open": "KIDNEYS: Multiple cysts.",
    "nothing": "Liver, spleen and pancreas are unremarkable.",
    "german": "Leber: Multiple Metastasen bis 3 cm. Nieren, Milz und Pankreas unauffällig.",
}
SPHERE_20 = math.pi / 6 * 20**3
# case, organ, volume, diameters → verdict
PREDICTED = [
    ("sized", "liver", 0.0, (), "not predicted"),
    ("sized", "kidney", 900.0, (12.0,), "not reported"),
    ("pair", "kidney", 15000.0, (30.0,), "fewer"),
    ("open", "kidney", 40000.0, (22.0, 9.0, 40.0), "agrees"),
    ("nothing", "liver", 0.0, (), "agrees"),
    ("nothing", "spleen", 90000.0, (60.0,), "not reported"),
]


@pytest.fixture
def database(tmp_path):
    table = tmp_path / "reports.jsonl"
    table.write_text("".join(json.dumps({"id": k, "text": v}) + "\n" for k, v in REPORTS.items()))
    path = tmp_path / "reportsup.duckdb"
    run_extraction(open_sources([table], InputOptions()), path, ExtractorSpec())
    with open_database(path) as connection:
        connection.executemany(
            "INSERT INTO cases (case_id, report_id, ct_path, status) VALUES (?, ?, 'ct.nii.gz', 'ok')",
            [(name, name) for name in REPORTS],
        )
    return path


def store(database, rows, step=1):
    predicted = [PredictedOrgan(case, organ, 0.5, mm3, diameters) for case, organ, mm3, diameters, _ in rows]
    with open_database(database) as connection:
        write_predictions(connection, Path("runs/a"), step, predicted)


def read(database, sql):
    with open_database(database, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_verdicts_by_hand_and_the_worst_first(database):
    store(database, PREDICTED)
    found = read(database, "SELECT case_id, organ, verdict FROM v_prediction_vs_report")
    assert {(c, o): v for c, o, v in found} == {(c, o): v for c, o, _, _, v in PREDICTED}
    listed = read(database, "SELECT case_id, organ, times_beyond FROM audit_prediction_vs_report")
    assert [(c, o) for c, o, _ in listed] == [
        ("nothing", "spleen"),  # 90 mL where nothing should be
        ("sized", "liver"),
        ("sized", "kidney"),
        ("pair", "kidney"),  # the right volume in one lesion instead of two
    ]
    ball = math.pi / 6 * 1000
    assert [b for _, _, b in listed] == pytest.approx(
        [(90000 + ball) / ball, (0.45 * SPHERE_20 + ball) / ball, (900 + ball) / ball, 1.0], abs=0.05
    )


def test_the_worst_of_many_come_first(database):
    with open_database(database) as connection:
        connection.execute(
            "INSERT INTO predictions SELECT 'run' || i, 1, 'nothing', 'spleen', 0.5, 1000 + (i * 7919) % 10007, [9.0], "
            "now() FROM range(3000) AS t(i)"
        )
        volumes = connection.execute("SELECT volume_mm3 FROM predictions ORDER BY 1 DESC LIMIT 12").fetchall()
    shown = read(database, "SELECT case_id, predicted_ml FROM audit_prediction_vs_report LIMIT 12")
    assert [ml for _, ml in shown] == pytest.approx([mm3 / 1000 for (mm3,) in volumes], abs=0.006)


def test_a_report_that_is_not_believed_is_not_held_against_a_prediction(database):
    store(database, PREDICTED)
    with open_database(database) as connection:
        connection.execute(
            "INSERT INTO quarantine SELECT run_id, 'pair', 0, 'no quote', '{\"organ\": \"kidney\"}' FROM v_extractions "
            "WHERE report_id = 'pair'"
        )
        assert "pair" not in read_reported(connection)
    assert "pair" not in {case for (case,) in read(database, "SELECT case_id FROM v_prediction_vs_report")}


def test_memory_and_database_agree(database):
    store(database, PREDICTED)
    with open_database(database, read_only=True) as connection:
        reported = read_reported(connection)
    rows = read(database, "SELECT case_id, organ, verdict, times_beyond FROM v_prediction_vs_report")
    given = {(case, organ): (mm3, len(diameters)) for case, organ, mm3, diameters, _ in PREDICTED}
    assert len(rows) == len(PREDICTED)
    for case, organ, verdict, beyond in rows:
        ours = disagreement(*given[case, organ], reported[case][organ])
        assert (ours.verdict, ours.times_beyond) == (verdict, pytest.approx(beyond))


def test_what_a_report_says_is_told_with_or_without_masks(database):
    with open_database(database) as connection:
        connection.execute("INSERT INTO case_masks VALUES ('sized', 'liver_lesion', 'x', NULL, 'present', 4000)")
        reported = read_reported(connection, ["liver", "kidney"])
    assert set(reported) == {"sized", "pair", "open", "nothing"}  # the German report says nothing
    assert set(reported["nothing"]) == {"liver"}
    assert str(reported["sized"]["liver"]) == "1 × segment 4, 20 mm"
    assert str(reported["pair"]["kidney"]) == "1 × left, 30 mm; 1 × right, 10 mm"
    assert reported["open"]["kidney"].n_lesions is None
    assert str(reported["nothing"]["liver"]) == "no lesion"
    assert reported["sized"]["liver"].estimate_mm3 == pytest.approx(SPHERE_20)
    store(database, PREDICTED[:1])
    assert read(database, "SELECT mask_ml FROM audit_prediction_vs_report") == [(4.0,)]


def test_a_correction_of_the_report_changes_the_verdict(database):
    store(database, [("sized", "liver", 0.0, (), "")])
    ((finding,),) = read(database, "SELECT finding_id FROM v_findings WHERE report_id = 'sized'")
    with open_database(database) as connection:
        Corrections(connection).delete(finding, Signed("Dr. K"))
    assert read(database, "FROM audit_prediction_vs_report") == []


def test_a_run_that_predicts_again_replaces_its_own_rows_alone(database):
    store(database, PREDICTED[:2])
    store(database, [("sized", "liver", SPHERE_20, (20.0,), "")], step=2)
    with open_database(database) as connection:
        write_predictions(connection, Path("runs/b"), 1, [PredictedOrgan("sized", "liver", 0.5, 0.0, ())])
    found = read(database, "SELECT organ, verdict, parse_filename(run) FROM v_prediction_vs_report ORDER BY run, organ")
    assert found == [("kidney", "not reported", "a"), ("liver", "agrees", "a"), ("liver", "not predicted", "b")]


def test_the_views_name_of_a_lesion_mask_is_the_anatomy_tables():
    assert all(entry.lesion_masks == (f"{name}_lesion",) for name, entry in load_anatomy().organs.items())
