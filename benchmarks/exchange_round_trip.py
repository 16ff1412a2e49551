"""What comes back of a database's findings from each export: reports, findings, and the fields that a format loses.

    python benchmarks/exchange_round_trip.py reportsup.duckdb [R_SUPER_TABLE.csv ...]

A field counts as lost where its value in a finding does not come back. In the copy that is exported, reports without a
patient or a date get stand-ins, since OMOP's NOTE needs both. Further arguments are R-Super's per-CT tables: they are
read in, written out and compared cell by cell.
"""

import csv
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from reportsup.pipelines.exchange.label_studio_annotations import gold_record
from reportsup.pipelines.exchange.rsuper import import_rsuper
from reportsup.pipelines.exporting import export
from reportsup.pipelines.querying import Answer, print_table
from reportsup.schemas.database import open_database

FIELDS = (
    "organ", "laterality", "location", "lesion_type", "type_text", "certainty", "count", "count_min", "sizes_mm",
    "size_bound", "prior_sizes_mm", "attenuation", "image_reference", "section", "evidence", "anchor_start",
    "anchor_end", "corrected", "confidence",
)  # fmt: skip
Rows = Iterator[tuple[str, str, dict[str, Any]]]  # report, finding, its fields


def gold(path: Path) -> Rows:
    """Of gold lines."""
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for found in record["findings"]:
            anchor = found.pop("anchor", [None, None])
            values = {**found, "lesion_type": found.pop("type"), "anchor_start": anchor[0], "anchor_end": anchor[1]}
            yield record["id"], found["finding_id"], values


def csv_rows(path: Path) -> Rows:
    """Of CSV, whose lists are JSON and whose other values are text."""
    lists = ("location", "sizes_mm", "prior_sizes_mm", "evidence")
    whole = ("count", "count_min", "anchor_start", "anchor_end")
    for row in _csv(path):
        values = {k: json.loads(v) if k in lists else int(v) if v and k in whole else v or None for k, v in row.items()}
        values["corrected"] = row["corrected"] == "true"
        values["confidence"] = float(row["confidence"]) if row["confidence"] else None
        yield row["report_id"], row["finding_id"], values


def jsonl(path: Path) -> Rows:
    """Of JSON lines."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["report_id"], row["finding_id"], row


def parquet(path: Path) -> Rows:
    """Of Parquet, a finding a row."""
    for row in pq.read_table(path).to_pylist():
        yield row["report_id"], row["finding_id"], row


def tidy(path: Path) -> Rows:
    """Of tidy Parquet, a size a row."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in pq.read_table(path).to_pylist():
        values = found.setdefault((row["report_id"], row["finding_id"]), {**row, "sizes_mm": [], "prior_sizes_mm": []})
        diameters = [row[f"diameter_{k}_mm"] for k in (1, 2, 3) if row[f"diameter_{k}_mm"] is not None]
        if diameters:
            values["sizes_mm" if row["size_of"] == "current" else "prior_sizes_mm"].append(diameters)
    for (report_id, finding_id), values in found.items():
        values["location"] = values["location"].split(" | ") if values["location"] else []
        values["evidence"] = values["evidence"].split(" | ")
        yield report_id, finding_id, values


def omop(path: Path) -> Rows:
    """Of NOTE_NLP, by its modifiers."""
    columns = 'report_id, "offset", lexical_variant, snippet, term_modifiers'
    query = f"SELECT {columns} FROM note_nlp JOIN reportsup_note USING (note_id)"
    with duckdb.connect(str(path), read_only=True) as connection:
        for report_id, offset, word, snippet, modifiers in connection.execute(query).fetchall():
            told = dict(re.findall(r"(\w+)=(.*?)(?:;(?=\w+=)|$)", modifiers, re.S))
            values = {name: json.loads(value) for name, value in told.items()}
            empty = {"location": [], "sizes_mm": [], "prior_sizes_mm": [], "corrected": False}
            anchor = {"anchor_start": int(offset), "anchor_end": int(offset) + len(word)}
            yield report_id, values["finding_id"], empty | values | anchor | {"evidence": snippet.split(" … ")}


def fhir(path: Path) -> Rows:
    """Of Observations, by their components."""
    for line in path.read_text(encoding="utf-8").splitlines():
        resources = [entry["resource"] for entry in json.loads(line)["entry"]]
        report_id = resources[0]["identifier"][0]["value"]
        for found in resources:
            if found["resourceType"] != "Observation" or "identifier" not in found:
                continue
            values: dict[str, Any] = {"location": [], "sizes_mm": [], "prior_sizes_mm": [], "evidence": []}
            for component in found["component"]:
                (value,) = (v for k, v in component.items() if k != "code")
                value = value.get("text", value.get("value")) if isinstance(value, dict) else value
                name, *index = re.findall(r"[^\[\]]+", component["code"]["text"])
                if len(index) == 2 and int(index[1]) == 0:
                    values[name].append([value])
                elif len(index) == 2:
                    values[name][-1].append(value)
                elif index:
                    values.setdefault(name, []).append(value)
                else:
                    values[name] = value
            yield report_id, found["identifier"][0]["value"], values


def label_studio(path: Path) -> Rows:
    """Of tasks whose predictions a person accepted as they are."""
    for task in json.loads(path.read_text(encoding="utf-8")):
        report_id = task["data"]["report_id"]
        for found in gold_record(report_id, task["predictions"][0]["result"])["findings"]:
            empty = {"location": [], "sizes_mm": [], "prior_sizes_mm": []}
            yield report_id, found["finding_id"], empty | found | {"lesion_type": found.get("type")}


READERS: dict[str, Callable[[Path], Rows]] = {
    "gold": gold, "csv": csv_rows, "jsonl": jsonl, "parquet": parquet, "tidy": tidy, "omop": omop, "fhir": fhir,
    "label-studio": label_studio,
}  # fmt: skip


def main() -> None:
    """Print a row per format, then one per table."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(shutil.copy(sys.argv[1], folder))
        with open_database(database) as connection:
            connection.execute("UPDATE reports SET patient_id = coalesce(patient_id, rowid::VARCHAR)")
            connection.execute("UPDATE reports SET study_date = coalesce(study_date, '2000-01-01')")
        report(database, Path(folder))


def report(database: Path, folder: Path) -> None:
    """Print what comes back of a database, and of the tables that the command names."""
    with open_database(database, read_only=True) as connection:
        cursor = connection.execute("SELECT * FROM v_findings")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    stored = {(row["report_id"], row["finding_id"]): row for row in rows}
    shown = []
    for name, read in READERS.items():
        started = time.process_time()
        export(database, folder / name, name, raw=True)
        seconds = time.process_time() - started
        back = {(report_id, finding): values for report_id, finding, values in read(folder / name)}
        lost = Counter(f for k, values in back.items() for f in FIELDS if values.get(f) != stored[k][f])
        told = ", ".join(f"{field} {n}" for field, n in lost.most_common()) or "none"
        shown.append((name, len(stored), len(back), told, f"{seconds:.1f}"))
    columns = ("export", "findings", "come back", "fields that do not (findings)", "s of CPU")
    print_table(Answer(columns, shown))
    for table in sys.argv[2:]:
        print(compared(Path(table), folder))


def compared(table: Path, folder: Path) -> str:
    """One of R-Super's per-CT tables, in and out."""
    database, out = folder / f"{table.stem}.duckdb", folder / f"{table.stem}.csv"
    started = time.process_time()
    summary = import_rsuper(database, table)
    seconds = time.process_time() - started
    export(database, out, "rsuper-cts")
    key = "Encrypted Accession Number"
    back = {row[key]: row for row in _csv(out)}
    cells: Counter[str] = Counter()
    for row in _csv(table):
        for column, value in row.items():
            other = back.get(row[key], {}).get(column)
            cells["CT left out" if other is None else "equal" if _same(value, other) else "different"] += 1
    n = sum(summary.by_status.values())
    told = f"cells {dict(cells)}, quarantined {dict(summary.quarantined)}"
    return f"{table.name}: {n:,} CTs read in {seconds:.1f} s of CPU, {told}"


def _same(a: str, b: str) -> bool:
    """Equal as numbers; empty, zero and u (unknown place) are how the table says nothing."""
    nothing = ("", "u", "0", "0.0")
    if a in nothing and b in nothing:
        return True
    try:
        return abs(float(a) - float(b)) < 1e-6
    except ValueError:
        return a == b


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
