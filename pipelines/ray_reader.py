"""What runs on a cluster's nodes: an actor that reads chunk after chunk with one extractor."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from ..nlp.extractor import run_id
from ..schemas import BackendError, Report
from ..schemas.atomic import write_text
from .backends import ExtractorSpec
from .rows import error_rows
from .spool import has_rows, read_todo, tries_file, write_rows
from .workers import Answer, LocalRunner

_GRACE_S = 30.0


class ChunkReader:
    """Answers chunks, each once: Ray Data's actor, called again for a chunk whose reader died.

    From the second time on, a chunk is read one by one and each report is noted before; one at which a reader died
    twice gets status `error`, the others their answer.

    Raises:
        BackendError: this node's extractor answers differently from the one that was asked for, or its folder is not
            that of the process that asks.
    """

    def __init__(self, spec: ExtractorSpec, folder: Path, expected_run: str, timeout_s: float) -> None:
        if not folder.is_dir():
            raise BackendError(
                f"node {os.uname().nodename}: {folder} is not there vs a folder that every node sees. Name one with "
                "--parts."
            )
        self._extractor = spec.build()
        if run_id(self._extractor) != expected_run:
            raise BackendError(
                f"node {os.uname().nodename}: its reportsup, rules or model answer as another run vs as run "
                f"{expected_run}. Install the same version and files on every node."
            )
        self._folder, self._timeout_s = folder, timeout_s
        self._runner = LocalRunner(self._extractor, timeout_s)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Answer the chunks that are named and not answered yet."""
        for name in map(str, batch["name"]):
            if not has_rows(self._folder, name):
                self._answer(name)
        return batch

    def _answer(self, name: str) -> None:
        reports, note = read_todo(self._folder, name), tries_file(self._folder, name)
        before = json.loads(note.read_text(encoding="utf-8")) if note.exists() else None
        if before is None:
            write_text(note, "{}")
            answers = self._in_one_go(reports)
        else:
            answers = list(self._one_by_one(reports, note, before))
        write_rows(self._folder, name, answers)

    def _in_one_go(self, reports: list[Report]) -> list[Answer]:
        many = hasattr(self._extractor, "extract_many")  # keeps its own time
        with nullcontext() if many else _killed_after(self._timeout_s * len(reports) + _GRACE_S):
            answers = {report.report_id: rows for report, rows in self._runner.run(reports)}
        return [(report, answers[report.report_id]) for report in reports]

    def _one_by_one(self, reports: list[Report], note: Path, before: dict[str, Any]) -> Iterator[Answer]:
        failed: dict[str, str] = before.get("failed", {})  # place in the chunk → why
        at, died = before.get("at", -1), before.get("died", 0) + 1
        if died > 1:
            failed[str(at)] = before["why"]
        for i, report in enumerate(reports):
            if str(i) in failed:
                yield report, error_rows(report.report_id, failed[str(i)])
                continue
            state = {"failed": failed, "at": i, "died": died if i == at else 0}
            write_text(note, json.dumps(state | {"why": "the worker process died"}))
            slow = json.dumps(state | {"why": f"took longer than {self._timeout_s:g} s"})
            with _killed_after(self._timeout_s + _GRACE_S, partial(write_text, note, slow)):
                yield from self._runner.run([report])


@contextmanager
def _killed_after(seconds: float, first: Callable[[], None] | None = None) -> Iterator[None]:
    """End this process when the block takes longer, for code that no alarm can interrupt."""

    def end() -> None:
        if first is not None:
            first()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
