"""What a folder or a database holds, item by item: name → digest of its content, without clocks and seconds."""

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import torch
from reportsup.schemas.database import open_database
from reportsup.segmentation.preprocessing.cache import read_description
from reportsup.segmentation.training.checkpoint import load_checkpoint
from reportsup.segmentation.training.run_folder import RunFolder

Items = dict[str, str]
_OF_REPORTS = (
    "reports",
    "extractions",
    "findings",
    "measurements",
    "evidence",
    "organ_status",
    "quarantine",
    "rejects",
)
_OF_CASES = ("cases", "case_masks", "case_problems")
_CLOCKS = {"extracted_at", "seconds", "details", "failed_at", "predicted_at"}


def report_items(database: Path) -> Items:
    """One item for each report, of its rows in all tables."""
    return _rows(database, _OF_REPORTS, "report_id")


def case_items(database: Path) -> Items:
    """One item for each case."""
    return _rows(database, _OF_CASES, "case_id")


def cache_items(cache: Path) -> Items:
    """One item for each case that the cache calls complete: all of its files."""
    found = {}
    for folder in cache.glob("[!.]*/[!.]*/"):
        read_description(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        found[folder.name] = _digest([part for path in files for part in (path.name.encode(), path.read_bytes())])
    return found


def checkpoint_items(run: Path) -> Items:
    """The tensors of both checkpoints, and the records without their seconds."""
    folder, found = RunFolder(run), {}
    for path in (folder.last, folder.best):
        if path.exists():
            found[path.name] = _digest(flat(load_checkpoint(path)))
    if folder.metrics.exists():
        records = [{k: v for k, v in r.items() if "seconds" not in k} for r in folder.records()]
        found["metrics"] = _digest([json.dumps(records).encode()])
    return found


def prediction_items(out: Path, database: Path) -> Items:
    """One item for each case that counts as done, and what the database holds of the predictions."""
    found = {}
    for folder in out.glob("[!.]*/"):
        if (folder / "components.json").exists():
            volumes = [gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("*.nii.gz"))]
            found[folder.name] = _digest([*volumes, (folder / "components.json").read_bytes()])
    table = out / "components.csv"
    return found | _rows(database, ("predictions",), "case_id", "stored ") | _whole_table(table)


def _whole_table(path: Path) -> Items:
    """The table of all cases grows with them; only the final one is compared."""
    return {"final table": _digest([path.read_bytes()])} if path.exists() else {}


def evaluation_items(run: Path, database: Path) -> Items:
    """The files of an evaluation, and what the database holds of the predictions."""
    names = ("evaluation.json", "operating_points.json")
    found = {name: _digest([(run / name).read_bytes()]) for name in names if (run / name).exists()}
    page = run / "evaluation.html"
    if page.exists():
        found["page"] = str(page.read_text(encoding="utf-8").rstrip().endswith("</html>"))
    return found | _rows(database, ("predictions",), "case_id", "stored ")


def export_items(path: Path) -> Items:
    """The tables of an exported DuckDB file."""
    if not path.exists():
        return {}
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {t: _digest([repr(connection.execute(f"FROM {t} ORDER BY ALL").fetchall()).encode()]) for t in tables}


def _rows(database: Path, tables: Iterable[str], key: str, prefix: str = "") -> Items:
    if not database.exists():
        return {}
    by_key: dict[str, list[bytes]] = defaultdict(list)
    with open_database(database, read_only=True) as connection:
        for table in tables:
            columns = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
            if key not in columns:
                key_of = f"(SELECT {key} FROM findings f WHERE f.finding_id = t.finding_id AND f.run_id = t.run_id)"
            else:
                key_of = key
            kept = ", ".join(f'"{column}"' for column in columns if column not in _CLOCKS and column != "run")
            for name, *row in connection.execute(f"SELECT {key_of}, {kept} FROM {table} t ORDER BY ALL").fetchall():
                by_key[f"{prefix}{name}"].append(f"{table} {row!r}".encode())
    return {name: _digest(rows) for name, rows in by_key.items()}


def flat(state: Any, name: str = "") -> list[bytes]:
    """The names and bytes of everything in a nested state."""
    if isinstance(state, Mapping):
        return [part for key in state for part in flat(state[key], f"{name}.{key}")]
    if isinstance(state, list | tuple):
        return [part for place, value in enumerate(state) for part in flat(value, f"{name}.{place}")]
    if isinstance(state, torch.Tensor):
        return [name.encode(), state.contiguous().numpy().tobytes()]
    return [f"{name} {state!r}".encode()]


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]
