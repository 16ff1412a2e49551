"""A process that has loaded reportsup and forks for every command: each then takes a fraction of a second.

python docs/tools/warm.py SOCKET           serves until its standard input ends
python docs/tools/warm.py SOCKET ARG ...   runs `reportsup ARG ...` there: same folder, files, output and exit code
"""

import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress

_MOST_BYTES = 1 << 20
_LOADED = (
    "duckdb",
    "monai.networks.nets",
    "pyarrow.parquet",
    "reportsup.nlp.pipeline",
    "reportsup.pipelines.extraction",
    "reportsup.segmentation.evaluation",
    "reportsup.segmentation.training.trainer",
    "rich.table",
)


def serve(path: str) -> None:
    """Answer one command at a time."""
    from importlib import import_module

    from reportsup.pipelines.cli import build_app, main

    build_app()
    for name in _LOADED:
        import_module(name)
    import_module("reportsup.nlp.reader_files").load_reader(None, None)  # kept for those who ask in these words
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(16)
        print("ready", flush=True)
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                _answer(connection, main)
            connection.close()
            with suppress(
                ChildProcessError
            ):  # those that have ended, so that their time is known to whoever measures it
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def _answer(connection: socket.socket, main) -> None:
    """Run one command in a process of its own; a child of it, so that its exit code is known."""
    told, files, _, _ = socket.recv_fds(connection, _MOST_BYTES, 3)
    command = json.loads(told)
    child = os.fork()
    if child == 0:
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.chdir(command["folder"])
        os.environ.clear()
        os.environ.update(command["environment"])
        sys.path[:0] = [folder for folder in os.environ.get("PYTHONPATH", "").split(":") if folder]
        sys.argv = ["reportsup", *command["arguments"]]
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(i, mode) for i, mode in enumerate("rww"))
        code = _code_of(main)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _code_of(main) -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def ask(path: str, arguments: list[str]) -> int:
    """Run a command there; returns its exit code."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        told = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
        socket.send_fds(connection, [json.dumps(told).encode()], [0, 1, 2])
        return int(connection.recv(16) or 1)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        serve(sys.argv[1])
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
