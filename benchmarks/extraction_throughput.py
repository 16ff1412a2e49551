"""Reports per second and memory of `reportsup extract`, DuckDB written.

    python benchmarks/extraction_throughput.py reports.jsonl --rows 100000 --workers 2

The reports of the file are repeated under new ids until there are enough; texts of 1,000 to 2,600 characters are taken,
about what a CT report has. Memory is the largest sum of resident sizes over the command and its workers.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import psutil


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", type=Path, help="JSONL with a column text")
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 20_000])
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with arguments.reports.open(encoding="utf-8") as file:
        texts = [t for t in (json.loads(line)["text"] for line in file) if 1000 <= len(t) <= 2600]
    mean = sum(map(len, texts)) / len(texts)
    print(f"{len(texts)} different texts, {mean:.0f} characters on average, {arguments.workers} workers")
    print(f"{'rows':>9} {'seconds':>9} {'reports/s':>10} {'peak MB':>8} {'database MB':>12}")
    for rows in arguments.rows:
        print(measured(texts, rows, arguments.workers), flush=True)


def measured(texts: list[str], rows: int, workers: int) -> str:
    """One line of the table: a run of the command on so many rows, in a new database."""
    with tempfile.TemporaryDirectory() as folder:
        table, database = Path(folder, "reports.csv"), Path(folder, "reportsup.duckdb")
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["accession", "report"])
            writer.writerows((f"R{i:08d}", text) for i, text in enumerate(islice(cycle(texts), rows)))
        command = [sys.executable, "-m", "reportsup.pipelines.cli", "extract", str(table), "--db", str(database)]
        started = time.perf_counter()
        process = psutil.Popen(
            [*command, "--workers", str(workers)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident(process))
            time.sleep(0.2)
        seconds = time.perf_counter() - started
        size = database.stat().st_size / 1e6
        return f"{rows:>9,} {seconds:>9.1f} {rows / seconds:>10.0f} {peak / 1e6:>8.0f} {size:>12.0f}"


def resident(process: psutil.Process) -> int:
    """Resident bytes of a process and its children."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    main()
