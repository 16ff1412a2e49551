import json
import shutil

import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.corrections import Corrections, Signed
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.importing import import_gold
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas.database import open_database

LEFT_KIDNEY = "KIDNEYS: 23 x 14 mm mass in the left upper pole (series 4, image 51), previously 18 mm. LIVER: No mass."
REPORTS = [
    ("A-1", "11", "2021-03-04", "LIVER: 2 cm cyst in segment 4a. SPLEEN: Possible hypodense lesion. KIDNEYS: Normal."),
    ("A-2", "11", "2022-03-04", LEFT_KIDNEY),
    ("A-3", "12", "2021-05-06", "LIVER: Multiple metastases, the largest 3.4 cm. The metastases are new. \U0001f642"),
    ("A-4", "12", "2021-07-08", "Liver, spleen and pancreas are unremarkable."),
    ("A-5", "13", "someday", "LIVER: 2 cm cyst in segment 7."),
    ("A-6", None, "2021-07-08", "LIVER: 2 cm cyst in segment 7."),
    ("A-7", "13", "2021-09-09", "Leber: Multiple Metastasen bis 3 cm, keine Zyste."),
    ("A-8", "13", "2021-10-10", "LUNG: 4 mm nodule in the right lower lobe. SPLEEN: 9 mm cyst."),
]
ANNOTATED = {
    "id": "A-8",
    "findings": [{"organ": "lung", "laterality": "right", "sizes_mm": [[4]], "count": 1, "evidence": ["4 mm nodule"]}],
    "negative_organs": ["liver"],
}


@pytest.fixture(scope="session")
def read_once(tmp_path_factory):
    """Reports that a machine read, one of them corrected by a person, one annotated."""
    folder = tmp_path_factory.mktemp("exchange")
    lines = [dict(zip(("id", "patient_id", "study_date", "report"), row, strict=True)) for row in REPORTS]
    (folder / "r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = folder / "d.duckdb"
    run_extraction(open_sources([folder / "r.jsonl"], InputOptions()), path, ExtractorSpec())
    (folder / "a.jsonl").write_text(json.dumps(ANNOTATED) + "\n")
    assert import_gold(path, folder / "a.jsonl", "Dr. A").by_status == {"ok": 1}
    with open_database(path) as connection:
        ((identity,),) = connection.execute(
            "SELECT finding_id FROM v_findings WHERE report_id = 'A-1' AND organ = 'liver'"
        ).fetchall()
        Corrections(connection).edit(identity, {"sizes_mm": "[[22, 20]]"}, Signed("Dr. K", "measured again"))
    return path


@pytest.fixture
def database(read_once, tmp_path):
    return shutil.copy(read_once, tmp_path / "d.duckdb")


@pytest.fixture
def findings(database):
    """`v_findings` as dictionaries by (report, finding)."""
    with open_database(database, read_only=True) as connection:
        cursor = connection.execute("SELECT * FROM v_findings")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert len(rows) >= 7
    return {(row["report_id"], row["finding_id"]): row for row in rows}
