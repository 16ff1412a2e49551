"""Runs the blocks of a page in order, as a reader would: one shell, one Python, one folder."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pages import ROOT, Block

_END = "=== end of block"


class BlockError(AssertionError):
    """A block did not do what the page says."""


class Session:
    """A folder with `data_samples`, a shell in it, and the names that Python blocks have made.

    Args:
        folder: an empty one.
        programs: a folder that stands first in PATH; its `reportsup` is the one that runs.

    Attributes:
        printed: what the latest block printed.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        for name in ("data_samples", "benchmarks", "docs"):
            (folder / name).symlink_to(ROOT / name)
        shutil.copy(ROOT / "data_samples" / "archive.csv", folder / "reports.csv")
        self._environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "COLUMNS": "120"}
        self._names: dict = {"__name__": "__main__"}
        self.printed = ""
        self._shell = subprocess.Popen(
            ["bash", "-euo", "pipefail"], cwd=folder, env=self._environment, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def close(self) -> None:
        """End the shell."""
        self._shell.kill()
        self._shell.communicate()

    def run(self, block: Block) -> None:
        """Run a block, write its file, or hold what it shows against what was printed.

        Raises:
            BlockError: with the block's place and what was seen.
        """
        if block.printed:
            self._compare(block)
        elif block.file:
            path = self._folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, encoding="utf-8")
        elif block.language == "bash":
            self.printed = self._bash(block)
        elif block.language == "python":
            self.printed = self._python(block)

    def _bash(self, block: Block) -> str:
        code = block.code
        if block.exit_code:
            code = f"set +e\n( set -e\n{code}\n)\n__rc=$?\nset -e\n[ $__rc -eq {block.exit_code} ]"
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{{\n{code}\n}} </dev/null\nprintf '\\n%s\\n' '{_END}'\n")
        self._shell.stdin.flush()
        lines = []
        for line in self._shell.stdout:
            if line.rstrip("\n") == _END:
                return "".join(lines)
            lines.append(line)
        raise BlockError(f"{block.where}: ended with exit code {self._shell.wait()} after printing\n{''.join(lines)}")

    def _python(self, block: Block) -> str:
        printed = io.StringIO()
        with contextlib.chdir(self._folder), contextlib.redirect_stdout(printed):
            exec(compile(block.code, block.where, "exec"), self._names)
        return printed.getvalue()

    def _compare(self, block: Block) -> None:
        for line in block.code.splitlines():
            if not any(is_printed(line, printed) for printed in self.printed.splitlines()):
                raise BlockError(
                    f"{block.where}: this line was not printed:\n{line}\n--- but\n{self.printed}\n"
                    f"--- If that is right now: python docs/tools/run.py --refresh {block.page}"
                )


def is_printed(shown: str, printed: str) -> bool:
    """Whether a line of a page is a line that was printed; … stands for anything, blanks count as one."""
    wanted = ".*".join(re.escape(part) for part in " ".join(shown.split()).split("…"))
    return re.fullmatch(wanted, " ".join(printed.split())) is not None


@contextlib.contextmanager
def warm_reportsup() -> Iterator[Path]:
    """A folder with a `reportsup` that answers from a process which has loaded everything; see warm.py."""
    warm = Path(__file__).with_name("warm.py")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        _program(Path(folder) / "reportsup", f"{sys.executable} -S -E {warm} {path}")
        _program(Path(folder) / "python", sys.executable)
        server = subprocess.Popen(
            [sys.executable, str(warm), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            if server.stdout.readline() != "ready\n":
                raise RuntimeError("The warm process did not start; see what it printed above.")
            yield Path(folder)
        finally:
            server.kill()
            server.communicate()


def _program(path: Path, command: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
