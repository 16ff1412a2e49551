"""Extraction in parallel processes that survives what a report may do to a worker: raise, hang, or kill it."""

import multiprocessing
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from ..nlp.extractor import Extractor
from ..schemas import BackendError, Report, ReportsupError
from ..schemas.tracebacks import where_raised
from .backends import ExtractorSpec
from .rows import ReportRows, error_rows, extraction_rows

Item = tuple[str, str]  # report id, text
Answer = tuple[Report, ReportRows]
_CHUNK_REPORTS = 16
_CHUNK_CHARS = 200_000
_QUEUED_CHUNKS = 3  # per worker, so that none idles while the parent commits
_GRACE_S = 30.0


class Runner(Protocol):
    """Turns reports into rows, in any order, reading its input only as fast as it works."""

    def run(self, reports: Iterable[Report]) -> Generator[Answer]:
        """Every report, its id unique, with its rows: exactly one answer each."""
        ...

    def committed(self) -> None:
        """Hear that all answers until now are in the database."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class LocalRunner:
    """Extracts in this process; also for backends that bring their own concurrency (`extract_many`)."""

    def __init__(self, extractor: Extractor, timeout_s: float) -> None:
        self._extractor = extractor
        self._timeout_s = timeout_s

    def run(self, reports: Iterable[Report]) -> Generator[Answer]:
        if hasattr(self._extractor, "extract_many"):
            yield from self._run_many(iter(reports))
            return
        for report in reports:
            yield report, extract_rows(self._extractor, report.report_id, report.text, self._timeout_s)

    def _run_many(self, reports: Iterator[Report]) -> Generator[Answer]:
        """Answers of `extract_many`; when it breaks down, those it owes are tried one by one, and it is asked anew."""
        owed: dict[str, Report] = {}
        reading = False

        def handed() -> Iterator[Item]:
            nonlocal reading
            reading = True
            for report in reports:
                reading = False
                owed[report.report_id] = report
                yield report.report_id, report.text
                reading = True
            reading = False

        while True:
            try:
                for extraction in self._extractor.extract_many(handed()):  # type: ignore[attr-defined]
                    yield owed.pop(extraction.report_id), extraction_rows(extraction)
                return
            except Exception as error:
                # A server that is gone or an input that cannot be read is not one report's fault.
                if reading or not owed or isinstance(error, ReportsupError):
                    raise
            while owed:
                _, report = owed.popitem()
                yield report, extract_rows(self._extractor, report.report_id, report.text, self._timeout_s)

    def committed(self) -> None:
        pass

    def close(self) -> None:
        pass


def extract_rows(extractor: Extractor, report_id: str, text: str, timeout_s: float) -> ReportRows:
    """Rows of one report; what goes wrong becomes status `error`, with the exception's type and no report text."""
    started = time.perf_counter()
    try:
        with _time_limit(timeout_s):
            return extraction_rows(extractor.extract(report_id, text))
    except _TimeLimitError:
        return error_rows(report_id, f"took longer than {timeout_s:g} s", timeout_s)
    except Exception as error:
        seconds = time.perf_counter() - started
        return error_rows(report_id, f"{type(error).__name__} in the extractor", seconds, where_raised(error))


class _TimeLimitError(BaseException):
    """Not an Exception, so that an extractor's own handlers do not swallow it."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupt Python code, regular expressions included, after some seconds; never where there is no alarm."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: object) -> None:
        raise _TimeLimitError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class ProcessRunner:
    """Extracts in worker processes, each of which builds the extractor once.

    A worker that dies or hangs is replaced. Its reports are tried again one by one; the one that fails alone gets
    status `error`, the others their answer.

    Args:
        spec: how a worker builds its extractor.
        workers: number of processes.
        timeout_s: per report. Beyond it, plus a grace for code that no alarm can interrupt, the worker is killed.
    """

    def __init__(self, spec: ExtractorSpec, workers: int, timeout_s: float) -> None:
        self._spec = spec
        self._timeout_s = timeout_s
        self._workers = [_Worker(spec, timeout_s) for _ in range(workers)]
        self._again: deque[list[Report]] = deque()

    def run(self, reports: Iterable[Report]) -> Generator[Answer]:
        chunks = _chunked(reports)
        exhausted = False
        while True:
            for worker in self._workers:
                while len(worker.chunks) < _QUEUED_CHUNKS and not exhausted:
                    chunk = self._again.popleft() if self._again else next(chunks, None)
                    exhausted = chunk is None
                    if chunk is not None:
                        worker.send(chunk)
            if exhausted and self._again:
                exhausted = False
                continue
            if not any(worker.chunks for worker in self._workers):
                return
            yield from self._receive()

    def _receive(self) -> Iterator[Answer]:
        """Answers of the workers that have some; replaces those that died or hang."""
        by_connection = {worker.connection: worker for worker in self._workers}
        ready = wait(list(by_connection), timeout=1.0)
        for connection in ready:
            worker = by_connection[connection]  # type: ignore[index]
            try:
                answer = worker.receive()
            except (EOFError, OSError):
                yield from self._replace(worker, "the worker process died")
            else:
                yield from answer
        for worker in self._workers:
            if worker.overdue():
                yield from self._replace(worker, f"took longer than {self._timeout_s:g} s")

    def _replace(self, worker: "_Worker", reason: str) -> Iterator[Answer]:
        worker.kill()
        if not worker.ready:
            raise BackendError(
                "extraction: a worker process ended while it loaded the extractor vs staying alive. "
                "Nothing can be extracted. Run with --workers 1 to see why."
            )
        lost = list(worker.chunks)
        self._workers[self._workers.index(worker)] = _Worker(self._spec, self._timeout_s)
        if lost and len(lost[0]) == 1:
            (report,) = lost[0]
            yield report, error_rows(report.report_id, reason)
        elif lost:
            self._again.extend([report] for report in lost[0])
        self._again.extend(lost[1:])

    def committed(self) -> None:
        pass

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()


class _Worker:
    """The parent's side of one process."""

    def __init__(self, spec: ExtractorSpec, timeout_s: float) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, spec, timeout_s), daemon=True)
        with sigint_handled(signal.SIG_IGN):
            self._process.start()
        theirs.close()  # so that the worker's end closes with the worker
        self.chunks: deque[list[Report]] = deque()
        self.ready = False
        self._timeout_s = timeout_s
        self._busy_since = time.monotonic()

    def send(self, chunk: list[Report]) -> None:
        if not self.chunks:
            self._busy_since = time.monotonic()
        self.chunks.append(chunk)
        with suppress(OSError):  # a dead worker is noticed when its answer is awaited
            self.connection.send([(report.report_id, report.text) for report in chunk])

    def receive(self) -> list[Answer]:
        answer: list[ReportRows] | None = self.connection.recv()
        self._busy_since = time.monotonic()
        if answer is None:
            self.ready = True
            return []
        return list(zip(self.chunks.popleft(), answer, strict=True))

    def overdue(self) -> bool:
        if not self.ready or not self.chunks:
            return False
        allowed = self._timeout_s * len(self.chunks[0]) + _GRACE_S
        return time.monotonic() - self._busy_since > allowed

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()


@contextmanager
def sigint_handled(handler: Any) -> Iterator[None]:
    """Ctrl-C goes to `handler` in here; nothing changes in a thread, where Python allows no handlers.

    A process started under SIG_IGN ignores Ctrl-C from its first moment on: the disposition is inherited.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(connection: Connection, spec: ExtractorSpec, timeout_s: float) -> None:
    """Main loop of a worker: chunks in, rows out, until the parent's end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    extractor = spec.build()
    connection.send(None)
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read_ahead, args=(connection, inbox), daemon=True).start()
    while True:
        chunk = inbox.get()
        connection.send([extract_rows(extractor, report_id, text, timeout_s) for report_id, text in chunk])


def _read_ahead(connection: Connection, inbox: "queue.SimpleQueue[Any]") -> None:
    """Keep the pipe empty, so that parent and worker never block each other; end with the parent, even a killed one."""
    try:
        while True:
            inbox.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


def _chunked(reports: Iterable[Report]) -> Iterator[list[Report]]:
    chunk: list[Report] = []
    chars = 0
    for report in reports:
        chunk.append(report)
        chars += len(report.text)
        if len(chunk) == _CHUNK_REPORTS or chars > _CHUNK_CHARS:
            yield chunk
            chunk, chars = [], 0
    if chunk:
        yield chunk
