import json
from pathlib import Path

import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.pipelines.review.page_data import page_data
from reportsup.pipelines.review.recording import record_review
from reportsup.pipelines.review.review_file import load_review
from reportsup.schemas.database import open_database

TEXTS = {
    "A": "LIVER: A 5 mm cyst in segment 4. An 8 mm mass in segment 7. Hilum: 4 mm node. Spleen normal.",
    "B": "LIVER: no lesion.",
    "C": "LIVER: A 30 mm mass in segment 2.",
}


class Archive:
    """A database that toy rules read, and a reader at its page."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "reportsup.duckdb"

    def read(self, texts, **rules):
        table = self.folder / "reports.jsonl"
        table.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()))
        return run_extraction(open_sources([table], InputOptions()), self.path, ExtractorSpec("toy_rules:Rules", rules))

    def sql(self, query, *parameters):
        with open_database(self.path, read_only=True) as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def page(self, *args, **options):
        with open_database(self.path, read_only=True) as connection:
            return page_data(connection, "reportsup.duckdb", *args, **options)

    def review(self, page, reports, saved_at="2026-03-01T10:00:00Z", **others):
        """The file that the page saves; `reports`: id → what is said, findings named by their word."""
        entries = [self._entry(r, reports[r["id"]]) for r in page["reports"] if r["id"] in reports]
        return {
            "format": "reportsup review", "version": 1, "review_id": "0011223344556677", "database": page["database"],
            "reviewer": "Dr. K", "saved_at": saved_at, "samples": [page["sample"]] if page["sample"] else [],
            "reports": entries, **others,
        }  # fmt: skip

    @staticmethod
    def _entry(report, said):
        findings = []
        for finding in report.get("findings", []):
            verdict = said.get(finding["values"]["type_text"])
            if verdict is None:
                continue
            values = verdict if isinstance(verdict, dict) else {}
            findings.append({
                "finding_id": finding["id"], "verdict": "edit" if values else verdict, "seen": finding["seen"],
                "values": values, "reason": None,
            })  # fmt: skip
        return {
            "report_id": report["id"], "run_id": report["run"], "text_sha256": report["sha"],
            "complete": said.get("complete", False), "findings": findings, "added": said.get("added", []),
        }  # fmt: skip

    def record(self, review, **options):
        file = self.folder / "review.json"
        file.write_text(review if isinstance(review, str) else json.dumps(review))
        return record_review(self.path, load_review(file), file, **options)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    opened = Archive(tmp_path)
    opened.read(TEXTS)
    return opened
