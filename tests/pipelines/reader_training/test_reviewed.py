"""What people said in a database, as training data."""

import json

import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.corrections import Corrections, Signed
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.importing import import_gold
from reportsup.pipelines.reader_training import reviewed_reports
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas.database import open_database

ME = Signed("Dr. K")


@pytest.fixture
def archive(tmp_path):
    """Three reports, read by the rules."""
    opened = Archive(tmp_path)
    opened.read(
        A="LIVER: 2 cm cyst in segment 4. Spleen normal.", B="Left adrenal nodule of 12 mm.", C="LIVER: 9 mm cyst."
    )
    return opened


class Archive:
    def __init__(self, folder):
        self.path, self.folder = folder / "site.duckdb", folder

    def read(self, **texts):
        table = self.folder / "reports.jsonl"
        table.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()))
        run_extraction(open_sources([table], InputOptions()), self.path, ExtractorSpec("rules", {}))

    def correct(self, action, *arguments):
        with open_database(self.path) as connection:
            return getattr(Corrections(connection), action)(*arguments, signed=ME)

    def id_of(self, report):
        with open_database(self.path, read_only=True) as connection:
            ((found,),) = connection.execute(
                "SELECT finding_id FROM v_findings WHERE report_id = ?", [report]
            ).fetchall()
        return found

    @property
    def reviewed(self):
        return {r.record.id: r for r in reviewed_reports(self.path).reports.reports}


def test_reports_that_nobody_reviewed_are_no_training_data(archive):
    assert archive.reviewed == {}
    assert reviewed_reports(archive.path).left_out == 0


def test_a_corrected_report_teaches_its_corrected_findings(archive):
    archive.correct("edit", archive.id_of("B"), {"sizes_mm": "[[14]]"})
    (report,) = archive.reviewed.values()
    assert report.gold.findings[0]["sizes_mm"] == [[14.0]]
    assert report.text == "Left adrenal nodule of 12 mm."


def test_deleted_findings_are_none_and_added_ones_count(archive):
    archive.correct("delete", archive.id_of("B"))
    archive.correct("add", "A", {"organ": "spleen", "evidence": '["Spleen"]'})
    assert archive.reviewed["B"].record.findings == ()
    assert {f["organ"] for f in archive.reviewed["A"].gold.findings} == {"liver", "spleen"}


def test_a_withdrawn_correction_teaches_nothing(archive):
    archive.correct("edit", archive.id_of("B"), {"sizes_mm": "[[14]]"})
    archive.correct("withdraw", archive.id_of("B"))
    assert archive.reviewed == {}


def test_a_correction_that_lost_its_finding_leaves_the_report_out(archive):
    archive.correct("edit", archive.id_of("B"), {"sizes_mm": "[[14]]"})
    archive.read(A="LIVER: 2 cm cyst in segment 4.", B="KIDNEYS: No mass.", C="LIVER: 9 mm cyst.")
    assert archive.reviewed == {}
    assert reviewed_reports(archive.path).left_out == 1


def test_an_annotated_report_teaches_what_the_person_said(archive):
    path = archive.folder / "c.gold.jsonl"
    finding = {"organ": "liver", "type": "cyst", "sizes_mm": [[9]], "evidence": ["9 mm cyst"]}
    path.write_text(json.dumps({"id": "C", "findings": [finding], "negative_organs": ["kidney"]}) + "\n")
    import_gold(archive.path, path, "Dr. K")
    (report,) = archive.reviewed.values()
    assert report.gold.negative_organs == {"kidney"}
    assert report.gold.spans == [[(7, 16)]]
