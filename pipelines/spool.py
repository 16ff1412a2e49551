"""Reports on their way to other machines and what comes back, as Parquet files in one folder.

RUN_ID/00000042.todo.parquet     reports with their texts
RUN_ID/00000042.rows.parquet     their ids, text hashes and rows: whole or not there
RUN_ID/00000042.tries            how often they were tried, and at which report
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..schemas import Report
from ..schemas.atomic import atomic
from .rows import ReportRows
from .store import text_hash
from .workers import Answer

CHUNK_REPORTS = 250
_TODO, _ROWS = ".todo.parquet", ".rows.parquet"
_COLUMNS = tuple(Report.model_fields)
_SCHEMA = pa.schema([(name, pa.int64() if name == "source_row" else pa.string()) for name in _COLUMNS])


class Spool:
    """The folder of one run; its files are removed as soon as their answers are in the database.

    Args:
        folder: of all runs into one database.
        run_id: answers of another extractor or configuration are never mistaken for this one's.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self.folder = folder / run_id

    def leftovers(self) -> dict[tuple[str, str], ReportRows]:
        """Answers that a run which was killed had not committed yet, by report id and text hash."""
        found: dict[tuple[str, str], ReportRows] = {}
        for path in sorted(self.folder.glob(f"*{_ROWS}")):
            for report_id, sha, rows in _answers(path):
                found[report_id, sha] = rows
        return found

    def start(self) -> None:
        """An empty folder that only its owner can read: it holds report text."""
        self.remove()
        self.folder.mkdir(parents=True, mode=0o700)

    def remove(self) -> None:
        """Delete the run's files, and the folder of all runs if it is empty now."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.parent.is_dir() and not any(self.folder.parent.iterdir()):
            self.folder.parent.rmdir()

    def write_todo(self, reports: Iterable[Report]) -> list[str]:
        """Store reports in chunks; returns the chunks' names."""
        names: list[str] = []
        source = iter(reports)
        while chunk := list(islice(source, CHUNK_REPORTS)):
            names.append(f"{len(names):08d}")
            write_table(self.folder / (names[-1] + _TODO), [report.model_dump() for report in chunk], _SCHEMA)
        return names

    def answers(self, name: str) -> Iterator[Answer]:
        """The reports of a chunk with their rows."""
        for report, (report_id, _, rows) in zip(
            read_todo(self.folder, name), _answers(self.folder / (name + _ROWS)), strict=True
        ):
            assert report.report_id == report_id
            yield report, rows

    def forget(self, name: str) -> None:
        """Remove a chunk whose answers are committed."""
        for path in self.folder.glob(f"{name}.*"):
            path.unlink(missing_ok=True)


def read_todo(folder: Path, name: str) -> list[Report]:
    """The reports of a chunk."""
    return [Report(**row) for row in pq.read_table(folder / (name + _TODO)).to_pylist()]


def write_rows(folder: Path, name: str, answers: Iterable[Answer]) -> None:
    """Store the answers to a chunk; whoever writes them again writes the same."""
    schema = pa.schema([(column, pa.string()) for column in ("report_id", "text_sha256", "rows")])
    rows = [
        {"report_id": r.report_id, "text_sha256": text_hash(r.text), "rows": json.dumps(asdict(said))}
        for r, said in answers
    ]
    write_table(folder / (name + _ROWS), rows, schema)


def has_rows(folder: Path, name: str) -> bool:
    """Whether a chunk has been answered."""
    return (folder / (name + _ROWS)).exists()


def tries_file(folder: Path, name: str) -> Path:
    """Where a chunk's readers note how far they came."""
    return folder / f"{name}.tries"


def write_table(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    """A Parquet file, whole or not at all."""
    with atomic(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema), temporary, compression="zstd")


def _answers(path: Path) -> Iterator[tuple[str, str, ReportRows]]:
    for row in pq.read_table(path).to_pylist():
        yield row["report_id"], row["text_sha256"], ReportRows(**json.loads(row["rows"]))
