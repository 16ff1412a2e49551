"""A database as an earlier program made it, with one report, finding and correction: `older.py PACKAGES FILE`."""

import sys

sys.path.insert(0, sys.argv[1])

from reportsup.schemas.database import open_database, schema_version

_VALUES = {
    "run_id": "r", "report_id": "A", "finding_id": "f", "text": "A 5 mm cyst in the liver.", "extractor": "rules",
    "extractor_version": "1", "config_hash": "c", "config": "{}", "created_at": "2026-01-01",
    "started_at": "2026-01-01", "updated_at": "2026-01-01", "extracted_at": "2026-01-01",
    "status": "ok", "seconds": 0.1, "organ": "liver",
    "location": [], "lesion_type": "cyst", "type_text": "cyst", "certainty": "present", "count": 1, "count_min": 1,
    "size_bound": "exact", "section": "body", "anchor_start": 7, "anchor_end": 11, "review_reasons": [],
    "source_file": "a.csv", "source_row": 1, "extra": "{}", "idx": 0, "start": 2, "end": 11,
    "correction_id": "1", "field": "lesion_type", "old_value": "cyst", "new_value": "benign", "corrected_by": "K",
    "corrected_at": "2026-01-02", "reason": "why", "kind": "edit", "seq": 1,
    "sizes_mm": [[5.0]], "quotes": ["5 mm cyst"],
    "exam": "current", "diameters_mm": [5.0], "source_start": 2, "source_end": 6, "source_text": "5 mm",
    "others": "[]", "laterality": None,
}  # fmt: skip


def insert(connection, table):
    """One row, of the columns that the table has and we know."""
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    names = [row[0] for row in described if row[0] in {**_VALUES, "text_sha256": 0}]
    values, places = [], []
    for name in names:
        if name == "text_sha256":
            places.append("sha256(?)")
            values.append(_VALUES["text"])
        elif table == "evidence" and name == "text":
            places.append("?")
            values.append("5 mm cyst")
        else:
            places.append("?")
            values.append(_VALUES[name])
    quoted = ", ".join(f'"{name}"' for name in names)
    connection.execute(f"INSERT INTO {table} ({quoted}) VALUES ({', '.join(places)})", values)


if __name__ == "__main__":
    with open_database(sys.argv[2]) as connection:
        for table in ("runs", "reports", "extractions", "findings", "measurements", "evidence", "corrections"):
            insert(connection, table)
        print(schema_version(connection))
