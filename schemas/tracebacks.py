"""Tracebacks without values: an exception's own words may hold report text or ids, its lines of code do not."""

import traceback

from .errors import ReportsupError


def where_raised(error: BaseException, *, words: bool = True) -> list[str]:
    """The lines of code that an exception came through, and its class, oldest cause first.

    Args:
        words: with the code itself, and with the message of errors of ours; it holds no report text, but may name a
            file or an id.

    >>> try:
    ...     int("a report's words")
    ... except ValueError as error:
    ...     where_raised(error)[-1]
    'ValueError'
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = where_raised(cause, words=words) if cause is not None else []
    for frame in traceback.extract_tb(error.__traceback__):
        code = f": {frame.line or ''}" if words else ""
        lines.append(f"{frame.filename}:{frame.lineno} in {frame.name}{code}")
    said = f": {error}" if words and isinstance(error, ReportsupError) else ""
    return [*lines, f"{type(error).__name__}{said}"]
