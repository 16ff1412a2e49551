import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXTS = [
    "LIVER: 2 cm cyst in segment 4.",
    "KIDNEYS: No mass.",
    "Left adrenal nodule of 12 mm, previously 10 mm.",
    "Multiple hepatic metastases, the largest 3.4 cm.",
    "The pancreas is unremarkable. 4 mm nodule in the right lower lobe.",
]


@pytest.fixture
def reports(tmp_path):
    """A CSV of 300 reports and its path."""
    path = tmp_path / "reports.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["accession_number", "report"])
        writer.writerows((f"A{i:04d}", f"{TEXTS[i % len(TEXTS)]} Exam {i}.") for i in range(300))
    return path


@pytest.fixture
def write(tmp_path):
    """Write bytes, text or JSON records to a file in the test's folder."""

    def make(name: str, content) -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_text("".join(json.dumps(record) + "\n" for record in content), encoding="utf-8")
        return path

    return make


def command(*arguments, cwd=None, **options):
    """Run `reportsup` as a user does; returns the finished process."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "160"}
    return subprocess.run(
        [sys.executable, "-m", "reportsup.pipelines.cli", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, env=environment, check=False, **options,
    )  # fmt: skip
