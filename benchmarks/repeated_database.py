"""A database of as many reports as wanted, made of a smaller one whose rows are repeated under new ids.

    python benchmarks/repeated_database.py reportsup.duckdb big.duckdb --reports 1000000

What the extractor writes depends on the text alone, so this is the database that an extraction of the repeated texts
ends in, without the hours. `benchmarks/query_times.py` measures it.
"""

import argparse
import time
from pathlib import Path

import duckdb
from reportsup.schemas.database import open_database

# Per table the columns that change from copy to copy; `n` numbers the copy.
_REPORT = "report_id || '-' || n"
_HASH = "sha256(text_sha256 || n)"
_FINDING = "substring(sha256(finding_id || '-' || n), 1, 16)"
_RENAMED = {
    "reports": {
        "report_id": _REPORT,
        "patient_id": "patient_id || '-' || n",
        "text": "text || ' Copy ' || n",  # equal texts would be stored once
        "text_sha256": _HASH,
    },
    "extractions": {"report_id": _REPORT, "text_sha256": _HASH},
    "findings": {"report_id": _REPORT, "finding_id": _FINDING},
    "measurements": {"finding_id": _FINDING},
    "evidence": {"finding_id": _FINDING},
    "organ_status": {"report_id": _REPORT},
    "quarantine": {"report_id": _REPORT},
}
_COPIES_AT_ONCE = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--reports", type=int, default=1_000_000)
    arguments = parser.parse_args()
    started = time.perf_counter()
    with open_database(arguments.target) as connection:
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(f"ATTACH '{arguments.source}' AS source (READ_ONLY)")
        n = repeat(connection, arguments.reports)
    size = arguments.target.stat().st_size / 1e9
    print(f"{n:,} reports, {size:.2f} GB, {time.perf_counter() - started:.0f} s")


def repeat(connection: duckdb.DuckDBPyConnection, reports: int) -> int:
    """Fill the database with copies of `source`; returns the number of reports."""
    ((per_copy,),) = connection.execute("SELECT count(*) FROM source.reports").fetchall()
    copies = -(-reports // per_copy)
    connection.execute("INSERT INTO runs BY NAME FROM source.runs")
    for first in range(0, copies, _COPIES_AT_ONCE):
        last = min(first + _COPIES_AT_ONCE, copies)
        connection.execute("BEGIN")
        for table, renamed in _RENAMED.items():
            columns = ", ".join(f"{sql} AS {name}" for name, sql in renamed.items())
            connection.execute(
                f"INSERT INTO {table} BY NAME SELECT * EXCLUDE n REPLACE ({columns}) "
                f"FROM range({first}, {last}) AS copies(n), source.{table}"
            )
        connection.execute("COMMIT")
    return int(copies * per_copy)


if __name__ == "__main__":
    main()
