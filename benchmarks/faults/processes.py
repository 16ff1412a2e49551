"""Processes that are killed: forked from one that has imported everything, so that a kill hits work and no imports."""

import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT_S = 400.0


class Forked:
    """A `reportsup` command in a process and session of its own.

    Args:
        memory: bytes of address space at most.
    """

    def __init__(self, words: list[str], memory: int | None = None) -> None:
        descriptor, name = tempfile.mkstemp()
        self._said, self._status = Path(name), None
        self.pid = os.fork()
        if self.pid == 0:
            _become(words, descriptor, memory)
        os.close(descriptor)

    @property
    def code(self) -> int:
        """Exit code, negative for a signal, once it has ended."""
        return os.waitstatus_to_exitcode(self._status or 0)

    def ended(self) -> bool:
        """Whether it has."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None

    def kill(self) -> None:
        """As `kill -9` does."""
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            _, self._status = os.waitpid(self.pid, 0)

    def finish(self) -> tuple[int, str]:
        """Exit code and all that it said; -1 when it takes too long."""
        end = time.monotonic() + LIMIT_S
        while not self.ended():
            if time.monotonic() > end:
                self.kill()
                return -1, f"no end within {LIMIT_S:g} s"
            time.sleep(0.01)
        said = self._said.read_text(encoding="utf-8", errors="replace")
        self._said.unlink()
        return self.code, said


def warm_up() -> None:
    """Import, once, what the commands import."""
    import preprocess  # noqa: F401
    from reportsup.nlp.rules_extractor import RulesExtractor
    from reportsup.pipelines.cli import build_app
    from reportsup.segmentation.prediction import assess, predict  # noqa: F401
    from reportsup.segmentation.training import trainer  # noqa: F401

    build_app()
    RulesExtractor().extract("r", "There is a 5 mm cyst in the liver.")


def in_child(function: Callable[[], Any]) -> Any:
    """What a function returns or raises, carried out in a forked process: this one keeps no threads of a database."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = (True, function())
        except Exception as error:
            answer = (False, error)
        with os.fdopen(writer, "wb") as stream:
            pickle.dump(answer, stream)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        good, answer = pickle.load(stream)
    os.waitpid(pid, 0)
    if not good:
        raise answer
    return answer


def run_apart(words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """A command in a fresh interpreter, with other environment variables."""
    called = [sys.executable, "-m", "reportsup.pipelines.cli", *words]
    if words[0] == "preprocess":
        called = [sys.executable, str(Path(__file__).with_name("preprocess.py")), *words[1:]]
    done = subprocess.run(called, capture_output=True, text=True, env=environment, timeout=LIMIT_S)
    return done.returncode, done.stdout + done.stderr


def _become(words: list[str], output: int, memory: int | None) -> None:
    code = 1
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        code = _called(words)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _called(words: list[str]) -> int:
    from preprocess import main as preprocess
    from reportsup.pipelines.cli import main as reportsup

    try:
        preprocess(words[1:]) if words[0] == "preprocess" else reportsup(words)
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
            return 1
        return int(stop.code or 0)
    return 0
