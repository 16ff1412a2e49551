"""Writes the requests of a run as an OpenAI batch file, for engines that work through files."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..nlp.llm.batch_files import BatchExtractor
from ..schemas import Report
from ..schemas.atomic import atomic
from ..schemas.database import open_database
from .backends import ExtractorSpec
from .reading import Source
from .store import ExtractionWriter

_READ_AHEAD = 1000


@dataclass
class BatchSummary:
    """What was written: requests, and reports that the database holds already."""

    requests: int = 0
    skipped: int = 0


def write_batch(
    sources: list[Source], database: Path, spec: ExtractorSpec, path: Path, limit: int | None = None
) -> BatchSummary:
    """Write a request for every report that has no answer yet; equal texts share one."""
    extractor = BatchExtractor(**spec.options)
    summary = BatchSummary()
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for line in extractor.requests(_texts(sources, database, extractor, limit, summary)):
            file.write(line + "\n")
            summary.requests += 1
    return summary


def _texts(
    sources: list[Source], database: Path, extractor: BatchExtractor, limit: int | None, summary: BatchSummary
) -> Iterator[str]:
    rows = (row for source in sources for row in source.rows() if isinstance(row, Report))
    limited = islice(rows, limit)
    if not database.exists():
        yield from (report.text for report in limited)
        return
    writer = ExtractionWriter(extractor)
    while block := list(islice(limited, _READ_AHEAD)):
        with open_database(database, read_only=True) as connection:
            done = writer.done(connection, block)
        summary.skipped += len(done)
        yield from (report.text for report in block if report.report_id not in done)
