"""What an error of the operating system means for the user."""

import errno

_FULL = {errno.ENOSPC, errno.EDQUOT}


def full_disk_behind(error: BaseException | None) -> OSError | None:
    """The full disk or quota behind an error; torch, for one, tells only of an unexpected position."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return error
        error = error.__cause__ or error.__context__
    return None


def system_error(error: OSError) -> str:
    """The sentence for the user.

    >>> system_error(OSError(errno.ENOSPC, "No space left on device"))[:25]
    'a file: the disk is full '
    """
    where = error.filename or "a file"
    if error.errno in _FULL:
        return (
            f"{where}: the disk is full vs room for what is written. What was finished before is kept, and nothing "
            "half-written stands in its place. Make room, then run the same command again: it goes on from there."
        )
    what = f"{where}: {error.strerror or type(error).__name__} vs a place that can be read and written"
    return f"{what}. Nothing was written there. Make it so, or name another."
