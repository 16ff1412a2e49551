"""Runs the commands of the demo as processes of their own: shown as they are, or with their output in a log."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...schemas.errors import ReportsupError
from .folder import DemoFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

Show = Callable[[str], Any]
# Threads that wait for each other by spinning make a busy machine ten times slower.
_PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
_LOOK_S = 0.5
_SIGN_OF_LIFE_S = 20.0


class DemoError(ReportsupError):
    """A command of the demo failed."""


def call(command: list[str], show: Show, *, log: Path | None = None, accepted: Sequence[int] = (0,)) -> None:
    """Run one `reportsup` command.

    Args:
        show: called with the command line as it starts.
        log: file for what it prints; None = the terminal.
        accepted: exit codes to go on after.

    Raises:
        DemoError: it failed.
    """
    show(_line(command))
    with _started(command, log) as process:
        _check(command, process.wait(), log, accepted)


def train(group: Mapping[str, list[str]], folder: DemoFolder, steps: int, show: Show, console: "Console") -> None:
    """Run training commands side by side, one thread each, with their steps as bars; what they print is in logs.

    Args:
        group: name of a run → its command.
        steps: optimiser steps of each.
        console: where the bars are drawn; where it is no terminal, a line now and then tells the steps.

    Raises:
        DemoError: one of them failed.
    """
    for command in group.values():
        show(_line(command))
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(_started(command, folder.log(name), {"OMP_NUM_THREADS": "1"}))
            for name, command in group.items()
        }
        update = stack.enter_context(_bars(list(group), steps, console))
        while any(process.poll() is None for process in running.values()):
            if any(process.poll() for process in running.values()):
                break  # one failed: the others need not go on
            update({name: _step(folder.run(name)) for name in group})
            time.sleep(_LOOK_S)
        update({name: _step(folder.run(name)) for name in group})
        for name, process in running.items():
            _check(group[name], process.poll() or 0, folder.log(name), (0,))


def _line(command: Sequence[str]) -> str:
    return "reportsup " + shlex.join(command)


@contextmanager
def _started(
    command: Sequence[str], log: Path | None, changes: Mapping[str, str] | None = None
) -> "Iterator[subprocess.Popen[bytes]]":
    """The running command; it does not outlive the block."""
    program = [sys.executable, "-m", "reportsup.pipelines.cli", *command]
    environment = {**os.environ, **_PATIENT, **(changes or {})}
    with ExitStack() as stack:
        out = None
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            out = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(program, env=environment, stdout=out, stderr=out)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()


def _check(command: Sequence[str], code: int, log: Path | None, accepted: Sequence[int]) -> None:
    if code not in accepted:
        where = f"in {log}" if log is not None else "above"
        raise DemoError(
            f"demo: `reportsup {command[0]}` ended with exit code {code} vs 0. Nothing can go on without it. "
            f"Read its message {where}, and run the demo again to go on from here."
        )


def _step(run: Path) -> int:
    """The last step that a run has told."""
    with suppress(OSError, ValueError, IndexError):  # not there yet, or being written
        return int(json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])["step"])
    return 0


@contextmanager
def _bars(names: Sequence[str], steps: int, console: "Console") -> "Iterator[Callable[[Mapping[str, int]], None]]":
    """A function that shows how far each run is."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("  training {task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("steps"))
    told = time.monotonic()
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        tasks = {name: bar.add_task(name, total=steps) for name in names}

        def update(done: Mapping[str, int]) -> None:
            nonlocal told
            for name, step in done.items():
                bar.update(tasks[name], completed=step)
            if bar.disable and time.monotonic() - told >= _SIGN_OF_LIFE_S:
                told = time.monotonic()
                console.print("  training: " + ", ".join(f"{n} {s} of {steps} steps" for n, s in done.items()))

        yield update
