"""The extraction run: tables in, findings in DuckDB, resumable at any moment."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import duckdb

from ..nlp.extractor import Extractor
from ..schemas import DatabaseBusyError, DatabaseError, Report
from ..schemas.database import open_database
from ..schemas.database_turns import WAIT_S, extracting
from .backends import ExtractorSpec
from .cluster import ClusterOptions
from .duplicates import DuplicateFilter
from .reading import Reject, Source
from .rows import ReportRows
from .store import ExtractionWriter
from .workers import LocalRunner, ProcessRunner, Runner, sigint_handled

_READ_AHEAD = 1000
# Below this many reports to do, starting processes takes longer than the work.
_WORTH_A_POOL = 64
_OF_CTRL_C = (KeyboardInterrupt, RuntimeError, DatabaseError)
# While a reader keeps the database open, results wait in memory, up to so many batches.
_WAITING_BATCHES = 4
_PATIENT_S = 3600.0
_NEXT_TRY_S = 0.5


@dataclass(frozen=True)
class RunOptions:
    """How a run proceeds; none of it changes what is found.

    Attributes:
        timeout_s: per report; what takes longer gets status `error`.
        limit: read only the first rows of the input.
        batch_reports, batch_seconds: commit after so many reports or so much time.
        cluster: read on a Ray cluster instead of this machine's processes.
    """

    workers: int = 1
    timeout_s: float = 60.0
    limit: int | None = None
    batch_reports: int = 1000
    batch_seconds: float = 5.0
    cluster: ClusterOptions | None = None


@dataclass
class RunSummary:
    """What a run did.

    Attributes:
        at_work: what a language model of this process is writing.
        unreadable_chars: U+FFFD in the texts, characters that the encoding lost.
        unreadable: reports by why they cannot be read; errors: by the lines of code that failed.
    """

    run_id: str
    rows: int = 0
    skipped: int = 0
    rejects: int = 0
    unreadable_chars: int = 0
    interrupted: bool = False
    at_work: str = ""
    seconds: float = 0.0
    by_status: dict[str, int] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def extracted(self) -> int:
        """Reports that got an answer in this run."""
        return sum(self.by_status.values())

    @property
    def finished(self) -> int:
        """Rows that nothing more is to be done for; the others were read ahead and wait."""
        return self.extracted + self.skipped + self.rejects

    @property
    def failed(self) -> int:
        """Rows and reports that need the user's attention."""
        return self.rejects + sum(self.by_status.get(status, 0) for status in ("error", "rejected", "unreadable"))


Progress = Callable[[RunSummary, int], None]  # called after every report, with the bytes of those that are finished


def run_extraction(
    sources: list[Source],
    database: Path,
    spec: ExtractorSpec,
    options: RunOptions | None = None,
    progress: Progress | None = None,
) -> RunSummary:
    """Extract what is new or changed; every input row ends in `extractions` or `rejects`.

    An interrupted run (Ctrl-C, a killed process) leaves whole batches; the next one continues to the same tables. The
    database is held only while a batch is written: others read and correct in between.

    Raises:
        DatabaseBusyError: another process keeps the file open for an hour.
        DatabaseError: another extraction is at work, the file is damaged, or the disk is full.
        ConfigError, BackendError: the extractor cannot be built.
    """
    options = options or RunOptions()
    extractor = spec.build()  # before the database: a wrong backend leaves no empty one
    with open_database(database):
        pass  # made or migrated, or refused before anything is read
    with extracting(database):
        return _Run(sources, database, spec, extractor, options, progress).execute()


class _Run:
    def __init__(
        self,
        sources: list[Source],
        database: Path,
        spec: ExtractorSpec,
        extractor: Extractor,
        options: RunOptions,
        progress: Progress | None,
    ) -> None:
        self._sources, self._spec, self._options, self._progress = sources, spec, options, progress
        self._extractor, self._database = extractor, database
        self._writer = ExtractionWriter(self._extractor)
        self._duplicates = DuplicateFilter()
        self._runner: Runner | None = None
        self.summary = RunSummary(self._writer.run_id)
        self._last_commit = self._next_try = time.monotonic()
        self._commit_seconds = 0.0
        self._interrupt = _Interrupt()
        if hasattr(extractor, "heartbeat"):
            extractor.heartbeat = self._beat

    def execute(self) -> RunSummary:
        started = time.perf_counter()
        with self._interrupt.installed():
            try:
                self._loop()
            except BaseException as error:
                # DuckDB turns a Ctrl-C that reaches it during a query into an error of its own.
                stopped = self._interrupt.requested and isinstance(error, _OF_CTRL_C)
                if isinstance(error, DatabaseError) and not stopped:
                    raise  # the database itself fails: nothing more can be kept
                # Whatever else ended the run (a damaged file, a lost server), what was done until then is kept.
                self._commit(WAIT_S)
                if not stopped:
                    raise
                self.summary.interrupted = True
            else:
                self._commit(_PATIENT_S)
        self.summary.seconds = time.perf_counter() - started
        return self.summary

    def _loop(self) -> None:
        todo = self._todo()
        first = list(islice(todo, _WORTH_A_POOL))
        self._runner = self._make_runner(len(first))
        try:
            with closing(self._runner.run(chain(first, todo))) as answers:
                for report, rows in answers:
                    self._take(report, rows)
        finally:
            self._runner.close()

    def _make_runner(self, at_least: int) -> Runner:
        if self._options.cluster is not None and at_least:
            from .ray_runner import RayRunner

            return RayRunner(self._spec, self._options.cluster, self._writer.run_id, self._options.timeout_s)
        own_concurrency = hasattr(self._extractor, "extract_many")
        if self._options.workers > 1 and at_least == _WORTH_A_POOL and not own_concurrency:
            return ProcessRunner(self._spec, self._options.workers, self._options.timeout_s)
        return LocalRunner(self._extractor, self._options.timeout_s)

    def _take(self, report: Report, rows: ReportRows) -> None:
        self._writer.add(report, rows)
        self.summary.by_status[rows.status] = self.summary.by_status.get(rows.status, 0) + 1
        if rows.status == "unreadable":
            self.summary.unreadable[rows.reason or ""] += 1
        if rows.status == "error":
            self.summary.errors["\n".join(json.loads(rows.details or "{}").get("traceback", [rows.reason]))] += 1
        self._commit_if_due()
        self._report_progress()

    def _beat(self, tokens: int, tokens_per_second: float) -> None:
        """A sign of life from a language model: what was answered before is committed meanwhile."""
        self._commit_if_due()
        self.summary.at_work = f"report {self.summary.extracted + 1:,}: {tokens:,} tokens, {tokens_per_second:.1f}/s"
        self._report_progress()

    def _commit_if_due(self) -> None:
        waited = time.monotonic() - self._last_commit
        full = self._writer.pending >= self._options.batch_reports
        if self._writer.pending and (full or waited >= self._patience()):
            self._commit_when_free()

    def _patience(self) -> float:
        """Seconds that an answer may wait to be committed. A language model's answers are dear: as soon as committing
        takes no more than a tenth of the time, so that a killed run loses little beside the requests in flight."""
        if not hasattr(self._extractor, "extract_many"):
            return self._options.batch_seconds
        return min(self._options.batch_seconds, 10 * self._commit_seconds)

    def _commit_when_free(self) -> None:
        """Commit unless a reader holds the database; then the extraction goes on, as long as memory is bounded."""
        if self._writer.pending >= _WAITING_BATCHES * self._options.batch_reports:
            self._commit(_PATIENT_S)
        elif time.monotonic() >= self._next_try:
            try:
                self._commit(0.0)
            except DatabaseBusyError:
                self._next_try = time.monotonic() + _NEXT_TRY_S

    def _commit(self, wait_s: float) -> None:
        with self._opened(wait_s=wait_s) as connection, self._interrupt.deferred():
            started = time.monotonic()
            self._writer.commit(connection)
            connection.execute("CHECKPOINT")
        if self._runner is not None:
            self._runner.committed()
        self._last_commit = time.monotonic()
        self._commit_seconds = self._last_commit - started

    @contextmanager
    def _opened(self, *, wait_s: float, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_database(
            self._database, read_only=read_only, create=False, wait_s=wait_s, refresh=False
        ) as connection:
            connection.execute("SET memory_limit = '256MB'")
            yield connection

    def _report_progress(self) -> None:
        if self._progress is not None:
            read = sum(source.table.position for source in self._sources)
            self._progress(self.summary, read * self.summary.finished // max(self.summary.rows, 1))

    def _todo(self) -> Iterator[Report]:
        """Reports that are new or changed, in input order."""
        rows = self._rows()
        while block := list(islice(rows, _READ_AHEAD)):
            fresh, duplicates = self._duplicates.split(block)
            for reject in duplicates:
                self._reject(reject)
            with self._opened(wait_s=_PATIENT_S, read_only=True) as connection:
                done = self._writer.done(connection, fresh)
            self.summary.skipped += len(done)
            if done:
                self._report_progress()
            yield from (report for report in fresh if report.report_id not in done)

    def _rows(self) -> Iterator[Report]:
        for source in self._sources:
            last = 0
            for row in source.rows():
                if self._options.limit is not None and self.summary.rows >= self._options.limit:
                    return
                self.summary.rows += 1
                last = row.source_row
                self._writer.seen(source.name, last)
                if isinstance(row, Reject):
                    self._reject(row)
                else:
                    self.summary.unreadable_chars += row.text.count("\ufffd")
                    yield row
            self._writer.end_of_file(source.name, last)

    def _reject(self, reject: Reject) -> None:
        self.summary.rejects += 1
        self._writer.reject(reject)


class _Interrupt:
    """Ctrl-C that waits while a batch is being committed."""

    def __init__(self) -> None:
        self.requested = False
        self._deferring = False
        self._pending = False

    def installed(self) -> AbstractContextManager[None]:
        return sigint_handled(self._on_signal)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _on_signal(self, signum: int, frame: object) -> None:
        self.requested = True
        if self._deferring:
            self._pending = True
        else:
            raise KeyboardInterrupt
