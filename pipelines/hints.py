"""Commands that are named to the user: they run as printed, on the database that the user is at."""

import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from .commands.options import DEFAULT_DB

_WITH_DB = "extract|audit|show|timeline|compare|sql|correct|export|import|withdraw|index|check"
_HINT = re.compile(rf"`reportsup ((?:{_WITH_DB})\b[^`]*)`")


def hint(command: str, database: Path) -> str:
    """The command line, on this database.

    >>> hint("audit unsure", Path("my archive.duckdb"))
    "reportsup audit unsure --db 'my archive.duckdb'"
    """
    option = "" if Path(database) == DEFAULT_DB or "--db" in command else f" --db {shlex.quote(str(database))}"
    return f"reportsup {command}{option}"


def on_database(message: str, arguments: Sequence[str]) -> str:
    """A message whose commands in backticks run on the database that a command line named."""
    named = [a.removeprefix("--db=") for a in arguments if a.startswith("--db=")]
    named += [b for a, b in pairwise(arguments) if a == "--db"]
    if not named:
        return message
    return _HINT.sub(lambda match: f"`{hint(match.group(1), Path(named[-1]))}`", message)
