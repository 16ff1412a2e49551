"""One function over many cases, in processes."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from ...schemas import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    """Results in the order of the items, each as soon as it and those before it are done.

    Args:
        function: importable from a module, so that a process can find it.
        workers: processes; 1 = in this one.

    Raises:
        DataError: a process was killed, most often because memory ran out.
    """
    if workers <= 1 or len(items) < 2:
        yield from map(function, items)
        return
    # A forked process would inherit the threads' locks of torch and DuckDB.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(function, items)
        except BrokenProcessPool as error:
            raise DataError(
                f"workers: one of {workers} was killed vs all alive. Most often memory ran out. Use fewer workers."
            ) from error
