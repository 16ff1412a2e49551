"""Whether a command line of the documentation is one: its command and options exist, its values are of their kind."""

import shlex
from functools import cache
from typing import Any

import typer
from reportsup.pipelines.cli import build_app


@cache
def application() -> Any:
    """The command line, as typer's group of commands."""
    return typer.main.get_command(build_app())


def problem(line: str, whole: bool = True) -> str | None:
    """What is wrong with a command line, or None; one that is not `whole` may leave arguments out.

    Example:
        >>> problem("reportsup audit size_outliers --rows 5")
        >>> problem("reportsup audit --colour red")
        'No such option: --colour'
    """
    try:
        words = shlex.split(line.replace("\\\n", " "), comments=True)[1:]
    except ValueError as error:
        return str(error)
    words = _without_options_of_all(words)
    if not words or words[0] == "--help":
        return None
    command = application().commands.get(words[0])
    if command is None:
        return f"no command {words[0]}"
    try:
        command.make_context(words[0], words[1:])
    except typer.Exit:
        return None
    except Exception as error:
        told = getattr(error, "message", None) or str(error) or type(error).__name__
        return None if not whole and told.startswith("Missing parameter") else told
    return None


def _without_options_of_all(words: list[str]) -> list[str]:
    """The words without options that stand anywhere on the line of any command, as `--debug`."""
    takes_value = {name: not p.is_flag for p in application().params for name in p.opts if name.startswith("-")}
    left, skip = [], False
    for word in words:
        if not skip and word not in takes_value:
            left.append(word)
        skip = not skip and takes_value.get(word, False)
    return left
