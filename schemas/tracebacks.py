"""Tracebacks without values: an exception's own words may hold report text or ids, its lines of code do not."""

import traceback

from .errors import ReportsupError


def where_raised(error: BaseException) -> list[str]:
    """The lines of code that an exception came through, and its class, oldest cause first.

    >>> try:
    ...     int("a report's words")
    ... except ValueError as error:
    ...     where_raised(error)[-1]
    'ValueError'
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = where_raised(cause) if cause is not None else []
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line or ''}")
    words = f": {error}" if isinstance(error, ReportsupError) else ""
    return [*lines, f"{type(error).__name__}{words}"]
