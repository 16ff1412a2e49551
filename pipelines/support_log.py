"""`--log-file`: what happened, as JSON lines to send to someone who helps.

It holds no report text, id, file name or message, since all of these may name a patient: of the command line the names
of its options and some numbers, of warnings and errors their class and the lines of code that they came through.
"""

import json
import logging
import os
import platform
import time
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..nlp.shipped import shipped_hashes
from ..schemas.tracebacks import where_raised

LOGGER = "reportsup"
_PACKAGES = (
    "reportsup", "duckdb", "pydantic", "numpy", "scipy", "spacy", "medspacy", "torch", "monai", "transformers",
    "accelerate", "nibabel", "typer", "rich",
)  # fmt: skip
# Options whose value tells how a command ran and can be of no patient.
_TOLD = frozenset(
    {"--workers", "--seed", "--limit", "--rows", "--sample", "--timeout", "--batch-size", "--concurrency", "--steps"}
    | {"--stage", "--masked", "--reported", "--max-tokens", "--llm-budget"}
)


def tell_counts(event: str, counts: Mapping[str, int | float]) -> None:
    """Keep figures of a command in the log, if there is one; names must be of reportsup, not of a user's data."""
    logging.getLogger(LOGGER).info(event, extra={"counts": dict(counts)})


def tell_errors(errors: "Counter[str]") -> None:
    """Keep what went wrong with single reports: how often, and the lines of code."""
    for where, n in errors.most_common():
        places = [line.partition(": ")[0] for line in where.splitlines()]
        logging.getLogger(LOGGER).info("reports failed", extra={"counts": {"reports": n}, "more": {"code": places}})


class SupportLog:
    """An open log; everything is on the disk as soon as it is told, so that a killed process leaves its beginning.

    Args:
        path: file to append to.
        command: words of the command line.
        options: names of the commands and of this command's options; other words may be a user's.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, command: Sequence[str], options: frozenset[str]) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._started = time.monotonic()
        self._command, self._options = command, options
        self._handler = _Handler(self.tell)

    def tell(self, event: str, **fields: Any) -> None:
        """Write one line."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"time": now, "event": event, **fields}, ensure_ascii=False) + "\n")
        self._file.flush()

    def failed(self, error: BaseException) -> None:
        """Write the classes and lines of code of an error."""
        self.tell("error", error=type(error).__name__, code=where_raised(error, words=False))

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self._handler)
        self._level = logging.getLogger(LOGGER).level
        logging.getLogger(LOGGER).setLevel(logging.INFO)
        self._shown = warnings.showwarning
        warnings.showwarning = self._show_warning  # type: ignore[assignment]
        self.tell(
            "start",
            command=_told(self._command, self._options),
            versions=_versions(),
            reader=shipped_hashes(),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            cpus=os.cpu_count(),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        code = error.code if isinstance(error, SystemExit) else type(error).__name__ if error else None
        self.tell(
            "end",
            exit_code=code or 0,
            seconds=round(time.monotonic() - self._started, 2),
            peak_memory_mb=_peak_memory_mb(),
        )
        warnings.showwarning = self._shown
        logging.getLogger(LOGGER).setLevel(self._level)
        logging.getLogger().removeHandler(self._handler)
        self._file.close()

    def _show_warning(self, message: Any, category: type[Warning], filename: str, lineno: int, *others: Any) -> None:
        self.tell("warning", warning=category.__name__, code=[f"{filename}:{lineno}"])
        self._shown(message, category, filename, lineno, *others)


class _Handler(logging.Handler):
    """Passes log records on without their words; the terminal shows what it would show without this handler."""

    def __init__(self, tell: Any) -> None:
        super().__init__(logging.INFO)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        counts = getattr(record, "counts", None)
        if counts is not None:
            self._tell(str(record.msg), counts=counts, **getattr(record, "more", {}))
        elif record.levelno >= logging.WARNING:
            self._tell("log", level=record.levelname, logger=record.name, code=[f"{record.pathname}:{record.lineno}"])
            if logging.lastResort is not None and not self._others(logging.getLogger(record.name)):
                logging.lastResort.handle(record)

    def _others(self, logger: logging.Logger | None) -> bool:
        """Whether a logger's records go to another handler, too."""
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return True
            logger = logger.parent if logger.propagate else None
        return False


def _told(command: Sequence[str], options: frozenset[str]) -> list[str]:
    """The command's name and its options; `…` stands for a value or an argument."""
    told: list[str] = []
    for position, word in enumerate(command):
        name, _, value = word.partition("=")
        before = command[position - 1] if position else ""
        if name in options:
            told.append(name if "=" not in word else f"{name}={value if _may_tell(name, value) else '…'}")
        else:
            told.append(word if _may_tell(before, word) else "…")
    return told


def _may_tell(option: str, value: str) -> bool:
    return option in _TOLD and value.replace(".", "", 1).isdigit()


def _peak_memory_mb() -> int | None:
    """Of this process; None where the system does not count it (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    per_mb = 1 << (20 if platform.system() == "Darwin" else 10)  # bytes there, kB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // per_mb


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
