"""One item that failed while the others go on: what the user is told of it, and its traceback for `--debug`."""

import traceback as tracebacks
from dataclasses import dataclass
from typing import Self

from .errors import ReportsupError

_LONGEST = 200


@dataclass(frozen=True)
class Failure:
    """Why one case could not be done; plain text, so that it travels between processes.

    Attributes:
        kind: class of the exception.
        message: a reportsup error's own words; of any other exception its class and first line.
        traceback: what `--debug` shows.
    """

    kind: str
    message: str
    traceback: str = ""

    @classmethod
    def of(cls, error: Exception) -> Self:
        """The failure that an exception stands for.

        >>> Failure.of(ZeroDivisionError("division by zero")).message
        'ZeroDivisionError: division by zero'
        """
        kind = type(error).__name__
        words = str(error).strip().partition("\n")[0][:_LONGEST]
        message = str(error) if isinstance(error, ReportsupError) else f"{kind}: {words}" if words else kind
        return cls(kind, message, "".join(tracebacks.format_exception(error)))

    def __str__(self) -> str:
        return self.message
