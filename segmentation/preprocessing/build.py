"""Building the cache: each case once, in parallel, resumable, never half.

Any number of processes, on any number of nodes, may build one cache: who holds a case's lock builds it, the others go
on with the next case and come back for what was locked.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ...schemas import DataError, Failure
from ...schemas.atomic import write_text
from ..cases import IndexedCase
from ..cases.parallel import map_in_processes
from .cache import CASE_FILE, CachedCase, is_complete, open_case, read_description
from .case_files import complete, write_image
from .checksums import sealed, sizes_fit, sums_of
from .plan import Plan

LOCKS = ".locks"


@dataclass(frozen=True)
class CacheResult:
    """The cases of a cache and those that could not be made.

    Attributes:
        cases: case_id → cached case, in the order asked for.
        failures: case_id → what went wrong.
        n_built: cases made in this call; the others were there.
    """

    cases: dict[str, CachedCase]
    failures: dict[str, Failure]
    n_built: int

    @property
    def n_tiny(self) -> dict[str, int]:
        """Lesion mask → lesions too small for the grid, each kept as one voxel; only masks that have any."""
        counts: Counter[str] = Counter()
        for case in self.cases.values():
            counts.update({name: info.n_tiny for name, info in case.masks.items()})
        return {name: n for name, n in counts.items() if n}


def build_cache(
    cases: Sequence[IndexedCase],
    plan: Plan,
    root: Path,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> CacheResult:
    """Every case in the cache of a plan; only what is missing, or made from other files, is computed.

    Args:
        root: holds one folder for each grid.
        workers: processes that resample.
        progress: called with (done, total) for the cases to build.
    """
    folder = root / plan.cache_key
    folder.mkdir(parents=True, exist_ok=True)
    (root / LOCKS / plan.cache_key).mkdir(parents=True, exist_ok=True)
    missing = [case for case in cases if not _is_there(folder, case, plan)]
    failures: dict[str, Failure] = {}
    n_built, done = 0, 0
    waiting = missing
    for wait in (False, True):
        build = partial(build_case, plan=plan, folder=folder, wait=wait)
        locked: list[IndexedCase] = []
        for case, result in zip(waiting, map_in_processes(build, waiting, workers), strict=True):
            if isinstance(result, Failure):
                failures[case.case_id] = result
            elif result is Built.LOCKED:
                locked.append(case)
            else:
                n_built += result is Built.HERE
            done += result is not Built.LOCKED
            if progress:
                progress(done, len(missing))
        waiting = locked
    ready: dict[str, CachedCase] = {}
    for case in cases:
        if case.case_id not in failures:
            try:
                ready[case.case_id] = open_case(folder / case.case_id, plan)
            except DataError as error:
                failures[case.case_id] = Failure.of(error)
    return CacheResult(ready, failures, n_built)


class Built(Enum):
    """What `build_case` did: built it, found it there, or left it to the process that holds its lock."""

    HERE = 1
    BEFORE = 2
    LOCKED = 3


def cached_case(case: IndexedCase, plan: Plan, root: Path) -> CachedCase | None:
    """The case of a cache if it is there and complete."""
    folder = root / plan.cache_key
    return open_case(folder / case.case_id, plan) if _is_there(folder, case, plan) else None


def _is_there(folder: Path, case: IndexedCase, plan: Plan) -> bool:
    try:
        description = read_description(folder / case.case_id)
        whole = sizes_fit(folder / case.case_id, description["sums"])
        return whole and is_complete(description, plan, case.fingerprint)
    except DataError:
        return False


def build_case(case: IndexedCase, plan: Plan, folder: Path, wait: bool = True) -> Built:
    """Write one case below `folder`, or what it lacks of the plan's masks and margins, or nothing at all.

    Args:
        wait: for another process that builds the case.

    Raises:
        DataError: a file of the case cannot be read any more.
    """
    lock = FileLock(folder.parent / LOCKS / folder.name / f"{case.case_id}.lock")
    try:
        held = lock.acquire(blocking=wait)
    except Timeout:
        return Built.LOCKED
    with held:
        if _is_there(folder, case, plan):
            return Built.BEFORE
        for left in folder.glob(f".{case.case_id}.*.tmp"):  # of a killed build: nobody else holds the lock
            shutil.rmtree(left, ignore_errors=True)
        final = folder / case.case_id
        try:
            description = read_description(final)
        except DataError:
            description = {}
        if description.get("fingerprint") == case.fingerprint and sizes_fit(final, description["sums"]):
            _describe(final, complete(case, plan, final, description))
        else:
            _build_whole(case, plan, final)
    return Built.HERE


def _build_whole(case: IndexedCase, plan: Plan, final: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=f".{case.case_id}.", suffix=".tmp", dir=final.parent))
    try:
        description = complete(case, plan, unfinished, write_image(case, plan, unfinished))
        _describe(unfinished, description)
        if final.exists():  # of other files: moved away first, so that no reader sees half of it
            final.rename(unfinished / "before")
        unfinished.rename(final)
        shutil.rmtree(final / "before", ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _describe(folder: Path, description: dict[str, Any]) -> None:
    """Write `case.json`, when the arrays are there."""
    sums = sums_of(folder, description.get("sums", {}))
    write_text(folder / CASE_FILE, sealed({**description, "sums": sums}))
