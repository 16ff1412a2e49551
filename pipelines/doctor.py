"""What reportsup stands on here: versions, the reader, the GPU, the disk, a database. Nothing is changed, no report
text or id is told."""

import platform
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from ..schemas.database import SCHEMA_VERSION, open_database, schema_version
from ..schemas.errors import DatabaseBusyError, ReportsupError

LEAST_FREE_GB = 1.0
_WAIT_S = 2.0
_SENTENCE = "LIVER: 23 x 14 mm cyst in segment 4a."


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        state: ok, broken (work with it will fail) or unknown (it could not be looked at).
        sentence: what was seen and, if not ok, what to do.
        values: the same for programs.
    """

    name: str
    state: Literal["ok", "broken", "unknown"]
    sentence: str
    values: dict[str, Any] = field(default_factory=dict)


def examine(database: Path | None = None, cache: Path | None = None) -> list[Check]:
    """All checks, in the order in which they are told; one that fails does not end the others.

    Args:
        database: the DuckDB file to look at; None = none.
        cache: the folder of resampled volumes to look at; None = none.
    """
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("reportsup", lambda: _fine("reportsup", f"reportsup {version('reportsup')}.", version=version("reportsup"))),
        ("python", _python),
        ("duckdb", lambda: _library("duckdb")),
        ("torch", lambda: _library("torch")),
        ("reader", _reader),
        ("gpu", _gpu),
        ("disk", lambda: _disk(database.parent if database else Path())),
    ]
    if database is not None:
        checks.append(("database", lambda: _database(database)))
    if cache is not None:
        checks.append(("cache", lambda: _cache(cache)))
    return [_guarded(name, check) for name, check in checks]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except DatabaseBusyError as error:
        return Check(name, "unknown", str(error))
    except ReportsupError as error:
        return Check(name, "broken", str(error))
    except Exception as error:
        # Its own words may hold values of a report; its class does not.
        what = f"{name}: looking at it ended with an unforeseen {type(error).__name__}. "
        return Check(name, "broken", what + "Install reportsup anew in an environment of its own.")


def _fine(name: str, sentence: str, **values: Any) -> Check:
    return Check(name, "ok", sentence, values)


def _python() -> Check:
    sentence = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}."
    return _fine("python", sentence, version=platform.python_version(), system=platform.system())


def _library(name: str) -> Check:
    found = str(import_module(name).__version__)
    return _fine(name, f"{name} {found}.", version=found)


def _reader() -> Check:
    from ..nlp.reader_files import load_reader
    from .api import read_report

    loaded = load_reader()
    hashes = {"weights_hash": loaded.weights_hash, "rules_hash": loaded.rules_hash}
    told = f"weights {loaded.weights_hash}, rules {loaded.rules_hash}"
    if not read_report(_SENTENCE).findings:
        said = f"The reader ({told}) finds nothing in '{_SENTENCE}'. Its files were changed. Install reportsup anew."
        return Check("reader", "broken", said, hashes)
    return _fine("reader", f"The reader reads: {told}.", **hashes)


def _gpu() -> Check:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an old driver is warned of
        found = torch.cuda.is_available()
    if not found:
        return _fine("gpu", "No GPU that torch can use. Reading needs none; training runs on the CPU.", gpus=[])
    gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    rows = [{"name": gpu.name, "memory_gb": round(gpu.total_memory / 1e9, 1)} for gpu in gpus]
    told = ", ".join(f"{row['name']} with {row['memory_gb']} GB" for row in rows)
    try:
        torch.ones(1, device="cuda").sum().item()
    except RuntimeError:
        said = f"GPU: {told}, but torch cannot compute on it. Install the torch that fits its driver, or hide the GPU."
        return Check("gpu", "broken", said, {"gpus": rows})
    return _fine("gpu", f"GPU: {told}.", gpus=rows)


def _disk(folder: Path) -> Check:
    if not folder.is_dir():
        return Check("disk", "broken", f"The folder {folder} does not exist. Correct --db, or make the folder.")
    free_gb = shutil.disk_usage(folder).free / 1e9
    told = f"{free_gb:.1f} GB are free in {folder.resolve()}"
    values = {"free_gb": round(free_gb, 1), "folder": str(folder.resolve())}
    if free_gb < LEAST_FREE_GB:
        said = f"Only {told}; a run may stop below {LEAST_FREE_GB:g} GB. Make room, or work elsewhere."
        return Check("disk", "broken", said, values)
    return _fine("disk", f"{told}.", **values)


def _database(path: Path) -> Check:
    """Opened as the reading commands do; every row of every table is read, every view is planned."""
    with open_database(path, read_only=True, wait_s=_WAIT_S) as connection:
        found = schema_version(connection)
        tables = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        rows: dict[str, int] = {}
        for (table,) in tables:
            # the hash makes DuckDB read what a count alone would skip
            counted = connection.execute(f'SELECT count(*), bit_xor(hash(t)) FROM "{table}" t').fetchall()
            rows[table] = int(counted[0][0])
        views = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1").fetchall()
        for (view,) in views:
            connection.execute(f'SELECT * FROM "{view}" LIMIT 0').fetchall()
    sentence = (
        f"{path} is whole: schema version {found} of {SCHEMA_VERSION}, {rows['reports']:,} reports, "
        f"{rows['findings']:,} findings; all {len(rows)} tables were read, all {len(views)} views work."
    )
    return _fine("database", sentence, schema_version=found, rows=rows, views=len(views))


def _cache(root: Path) -> Check:
    """Every byte of every case is read and its checksum compared; `train` compares sizes alone."""
    from ..segmentation.preprocessing.cache import read_description
    from ..segmentation.preprocessing.checksums import damaged_files

    folders = sorted(path.parent for path in root.glob("*/[!.]*/case.json"))
    damaged: list[str] = []
    for folder in folders:
        try:
            whole = not damaged_files(folder, read_description(folder)["sums"])
        except ReportsupError:
            whole = False
        if not whole:
            damaged.append(str(folder))
    values = {"cases": len(folders), "damaged": damaged}
    if not folders:
        return Check("cache", "unknown", f"{root} holds no resampled case. Correct --cache, or train first.", values)
    if damaged:
        told = ", ".join(damaged[:5]) + (" …" if len(damaged) > 5 else "")
        said = (
            f"{len(damaged)} of {len(folders):,} resampled cases are damaged: {told}. Remove these folders; the next "
        )
        return Check("cache", "broken", said + "`reportsup train` makes them again.", values)
    return _fine("cache", f"{root} is whole: all {len(folders):,} resampled cases were read.", **values)
