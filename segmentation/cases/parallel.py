"""One function over many cases, in processes; a case that fails, or that kills its process, costs itself alone."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import wait
from typing import TypeVar

from ...schemas import DataError, Failure

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[Result | Failure]:
    """Results in the order of the items, each as soon as it and those before it are done.

    An item whose function raises, or whose process is killed, gives a `Failure` in its place.

    Args:
        function: importable from a module, so that a process can find it.
        workers: processes; 1 = in this one.
    """
    if workers <= 1 or len(items) < 2:
        yield from (_attempt(function, item) for item in items)
        return
    pending = list(items)
    while pending:
        done = 0
        for result in _pooled(function, pending, workers):
            done += 1
            yield result
        if done < len(pending):
            # A process died and took the pool with it. The first item without a result may be the one: it runs alone.
            alone = list(_pooled(function, pending[done : done + 1], 1))
            yield alone[0] if alone else _killed()
            done += 1
        pending = pending[done:]


def _pooled(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result | Failure]:
    """Results up to the first one that a dead process keeps from coming."""
    # A forked process would inherit the threads' locks of torch and DuckDB.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            for future in [pool.submit(partial(_attempt, function, item)) for item in items]:
                try:
                    result = future.result()
                except BrokenProcessPool:
                    raise
                except Exception as error:  # a result that cannot be sent
                    result = Failure.of(error)
                yield result
        except BrokenProcessPool:
            return


def _attempt(function: Callable[[Item], Result], item: Item) -> Result | Failure:
    try:
        return function(item)
    except Exception as error:  # whatever it is, the other items go on
        return Failure.of(error)


def _end_with_parent() -> None:
    """Let this process end when its parent is killed; the pool alone would keep it, and its memory, for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _killed() -> Failure:
    return Failure.of(
        DataError("process: killed vs alive to the end. Most often memory ran out. Use fewer workers (--workers 1).")
    )
