"""The commands as a user types them."""

import csv
import io
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


def test_a_database_that_another_process_holds_is_named_with_its_holder(extracted):
    with open_database(extracted / "reportsup.duckdb"):
        done = command("audit", cwd=extracted)
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
    sampled = command("audit", "--sample", "30", cwd=extracted).stdout
    assert command("audit", "--sample", "30", cwd=extracted).stdout == sampled
    n = sampled.count(" · n ")
    assert sampled.count("sure 0.") == n
    assert sampled.count("⟦") >= n > 0
    assert sampled.count("  no finding") > 0
    rows = json.loads(command("audit", "--sample", "30", "--json", cwd=extracted).stdout)
    assert len({row["report_id"] for row in rows}) == 30
    assert sum(row["finding_id"] is not None for row in rows) == n
    assert command("audit", "nonsense", cwd=extracted).returncode == 2


def test_the_overview_tells_what_each_view_lists_and_names_the_empty_ones(extracted):
    rows = json.loads(command("audit", "--json", cwd=extracted).stdout)
    assert all(row["lists"] for row in rows)
    printed = command("audit", cwd=extracted).stdout
    table, _, others = printed.partition("nothing in: ")
    for row in rows:
        name = row["view"].removeprefix("audit_")
        assert (f" {name} " in table and str(row["rows"]) in table) if row["rows"] else name in others
    assert max(len(line) for line in table.splitlines()) <= 80


def test_every_audit_output_comes_as_csv_and_json(extracted):
    stratified = ("--sample", "30", "--stratify", "organ,size")
    for arguments in (
        (),
        ("possible",),
        ("least_sure",),
        ("--sample", "9"),
        stratified,
        ("least_sure", "--sample", "9"),
    ):
        records = json.loads(command("audit", *arguments, "--json", cwd=extracted).stdout)
        table = list(csv.DictReader(io.StringIO(command("audit", *arguments, "--csv", cwd=extracted).stdout)))
        assert len(table) == len(records)
        assert [list(row) for row in table[:1]] == [list(row) for row in records[:1]]
    strata = {row["stratum"] for row in json.loads(command("audit", *stratified, "--json", cwd=extracted).stdout)}
    assert len(strata) > 1


def test_a_wide_table_is_told_row_by_row_in_a_pipe(extracted):
    shown = command("audit", "least_sure", "--rows", "2", cwd=extracted).stdout
    assert shown.count("\nreport_id ") == shown.count("\nevidence ") == 2
    assert "more rows" in shown
    narrow = command("sql", "SELECT report_id, organ FROM v_findings LIMIT 2", cwd=extracted).stdout
    assert "┃ report_id ┃ organ" in narrow


def test_the_page_shows_what_was_asked_for(extracted):
    def shown(*arguments):
        done = command("audit", *arguments, "--html", "page.html", cwd=extracted)
        assert done.returncode == 0, done.stderr
        page = (extracted / "page.html").read_text()
        data = json.loads(page.split('<script type="application/json" id="data">')[1].split("</script>")[0])
        return data, {report["id"] for report in data["reports"]}

    data, ids = shown()
    assert len(ids) == 300
    assert any("findings" not in report for report in data["reports"])  # reports without findings are on it
    data, ids = shown("--sample", "20", "--stratify", "organ", "--seed", "4")
    assert ids == {report["report_id"] for report in data["sample"]["reports"]}
    assert (len(ids), data["sample"]["seed"], data["sample"]["stratified_by"]) == (20, 4, ["organ"])
    rows = json.loads(command("audit", "unsure", "--json", cwd=extracted).stdout)
    data, ids = shown("unsure")
    assert ids == {row["report_id"] for row in rows}
    assert data["view"] == "unsure"


def test_a_review_goes_from_the_page_to_figures(extracted):
    command("audit", "--sample", "30", "--html", "page.html", cwd=extracted)
    page = (extracted / "page.html").read_text()
    data = json.loads(page.split('<script type="application/json" id="data">')[1].split("</script>")[0])
    entries = [
        {
            "report_id": r["id"], "run_id": r["run"], "text_sha256": r["sha"], "complete": True, "added": [],
            "findings": [
                {"finding_id": f["id"], "verdict": "accept", "seen": f["seen"]} for f in r.get("findings", [])
            ],
        }
        for r in data["reports"]
    ]  # fmt: skip
    review = {
        "format": "reportsup review", "version": 1, "review_id": "00112233", "database": data["database"],
        "reviewer": "Dr. K", "saved_at": "2026-03-01T10:00:00Z", "samples": [data["sample"]], "reports": entries,
    }  # fmt: skip
    (extracted / "review.json").write_text(json.dumps(review))
    dry = command("correct", "--from", "review.json", "--dry-run", cwd=extracted)
    assert "30 reports reviewed to the end (dry run: nothing was recorded)" in dry.stdout
    assert command("audit", "--review", cwd=extracted).returncode == 1
    assert command("correct", "--from", "review.json", cwd=extracted).returncode == 0
    again = command("correct", "--from", "review.json", cwd=extracted)
    assert "recorded before" in again.stdout
    assert "30 of 30 sampled reports reviewed to the end by Dr. K" in command("audit", "--review", cwd=extracted).stdout
    review["reports"][0]["complete"] = "perhaps"
    (extracted / "review.json").write_text(json.dumps(review))
    wrong = command("correct", "--from", "review.json", cwd=extracted)
    assert wrong.returncode == 1
    assert "reports[0].complete" in wrong.stderr


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
