"""The commands as a user types them."""

import json
import os
import subprocess
import sys

import pytest
from reportsup.schemas.database import open_database

from .conftest import command


@pytest.fixture
def extracted(reports, tmp_path):
    done = command("extract", reports, "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_help_loads_nothing_heavy():
    script = (
        "import sys\nfrom reportsup.pipelines.cli import build_app\nbuild_app()\n"
        "heavy = ('torch', 'monai', 'transformers', 'spacy', 'duckdb', 'pyarrow', 'scipy', 'nibabel')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_has_help_with_an_example():
    overview = command("--help").stdout
    names = "extract", "audit", "score", "train-reader", "sql", "correct", "export", "import", "withdraw", "index"
    for name in names:
        assert name in overview
        assert "reportsup " + name in command(name, "--help").stdout


def test_extract_says_what_to_do_next(reports, tmp_path):
    done = command("extract", reports, "--workers", "1", cwd=tmp_path)
    assert "300 reports extracted" in done.stdout.replace("\n", " ")
    assert done.stdout.count('reportsup sql "') == 3
    assert (tmp_path / "reportsup.duckdb").exists()


def test_dry_run_writes_nothing(reports, tmp_path):
    done = command("extract", reports, "--dry-run", "--limit", "5", cwd=tmp_path)
    assert "id = accession_number, text = report" in done.stdout
    assert json.loads(done.stdout.strip().splitlines()[-1])["id"] == "A0002"
    assert list(tmp_path.iterdir()) == [reports]


def test_rejected_rows_give_exit_code_1(write, tmp_path):
    write("r.csv", "id,text\n1,\n2,Liver cyst.\n")
    assert command("extract", "r.csv", "--workers", "1", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("extract", "nowhere.csv"), 1, "nowhere.csv"),
        (("sql", "SELECT 1"), 1, "does not exist"),
        (("extract",), 2, "Missing argument"),
        (("nonsense",), 2, "No such command"),
        (("extract", "x.csv", "--rules", "no_folder"), 1, "x.csv"),
    ],
)
def test_errors_are_one_sentence_without_a_traceback(arguments, code, message, tmp_path):
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_another_process_holds_is_named_with_its_holder(extracted, reports):
    with open_database(extracted / "reportsup.duckdb"):
        for arguments in (("extract", reports, "--workers", "1"), ("audit",)):
            done = command(*arguments, cwd=extracted)
            assert done.returncode == 1
            assert f"held by process {os.getpid()}" in done.stderr


def test_sql_prints_tables_csv_and_json_and_changes_nothing(extracted):
    query = "SELECT organ, count(*) AS n FROM v_findings GROUP BY organ ORDER BY organ"
    assert json.loads(command("sql", query, "--json", cwd=extracted).stdout)[0] == {"organ": "adrenal_gland", "n": 60}
    assert command("sql", query, "--csv", cwd=extracted).stdout.splitlines()[0] == "organ,n"
    refused = command("sql", "DELETE FROM findings", cwd=extracted)
    assert refused.returncode == 2
    assert "read-only" in refused.stderr
    broken = command("sql", "SELECT nothing FROM nowhere", cwd=extracted)
    assert broken.returncode == 2
    assert "nowhere" in broken.stderr


def test_audit_counts_shows_and_samples(extracted):
    counts = {row["view"]: row["rows"] for row in json.loads(command("audit", "--json", cwd=extracted).stdout)}
    assert counts["audit_ungrounded"] == 0
    assert counts["audit_unsized_lesions"] == 0
    sampled = command("audit", "--sample", "3", cwd=extracted).stdout
    assert sampled.count(" · n ") == sampled.count("sure 0.") == 3
    assert sampled.count("⟦") >= 3
    assert command("audit", "--sample", "3", cwd=extracted).stdout == sampled
    assert command("audit", "nonsense", cwd=extracted).returncode == 2


def test_the_audit_page_escapes_what_reports_hold(write, tmp_path):
    write("r.csv", 'id,text\n1,"<script>alert(1)</script> Liver cyst of 2 cm."\n')
    command("extract", "r.csv", "--workers", "1", cwd=tmp_path)
    assert command("audit", "--html", "page.html", cwd=tmp_path).returncode == 0
    page = (tmp_path / "page.html").read_text()
    assert "<script>" not in page
    assert "<mark>" in page


def test_a_correction_shows_in_sql_and_export(extracted):
    query = "SELECT finding_id FROM v_findings WHERE report_id = 'A0000'"
    (row,) = json.loads(command("sql", query, "--json", cwd=extracted).stdout)
    done = command(
        "correct", row["finding_id"], "--field", "lesion_type", "--value", "benign", "--by", "me", cwd=extracted
    )
    assert "cyst → benign" in done.stdout
    command("export", "out.jsonl", "--format", "gold", cwd=extracted)
    records = [json.loads(line) for line in (extracted / "out.jsonl").read_text().splitlines()]
    assert len(records) == 300
    assert records[0]["findings"][0]["type"] == "benign"
    wrong = command("correct", row["finding_id"], "--field", "organ", "--value", "hart", "--by", "me", cwd=extracted)
    assert wrong.returncode == 2
    assert "hart" in wrong.stderr


def test_gold_export_has_every_report_and_the_formats_files(extracted):
    for name in ("csv", "parquet", "jsonl", "rsuper-tumors", "rsuper-cts"):
        assert command("export", f"out.{name}", "--format", name, cwd=extracted).returncode == 0
    command("export", "gold.jsonl", "--format", "gold", cwd=extracted)
    records = [json.loads(line) for line in (extracted / "gold.jsonl").read_text().splitlines()]
    assert records[1] == {"id": "A0001", "findings": [], "negative_organs": ["kidney"]}
    (finding,) = records[0]["findings"]
    assert finding == {
        "organ": "liver", "laterality": None, "location": ["segment 4"], "type": "cyst", "count": 1, "count_min": 1,
        "sizes_mm": [[20.0]], "size_bound": "exact", "prior_sizes_mm": [], "certainty": "present",
        "evidence": ["2 cm cyst in segment 4"], "type_text": "cyst", "attenuation": None, "image_reference": None,
        "section": "body", "finding_id": finding["finding_id"], "corrected": False, "anchor": [12, 16],
        "spans": [[7, 29]], "confidence": finding["confidence"],
    }  # fmt: skip
    assert 0.5 < finding["confidence"] <= 1


def test_imported_annotations_become_a_run_of_their_own(extracted):
    command("export", "gold.jsonl", "--format", "gold", cwd=extracted)
    assert command("import", "gold.jsonl", "--reader", "second reader", cwd=extracted).stdout.startswith(
        "no_lesion 60, ok"
    )
    rows = json.loads(
        command("sql", "SELECT extractor, count(*) AS n FROM v_extractions GROUP BY 1", "--json", cwd=extracted).stdout
    )
    assert rows == [{"extractor": "reader", "n": 300}]


def test_no_report_text_in_what_a_run_prints(write, tmp_path):
    write("r.csv", "id,text\n1,Secretword liver cyst of 2 cm.\n2,\n")
    done = command("extract", "r.csv", "--workers", "1", cwd=tmp_path)
    assert "Secretword" not in done.stdout + done.stderr
