"""The fingerprint of a data set, taken once: the first process reads the volumes, the others wait and read its file."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from ...schemas import Failure
from ...schemas.atomic import write_text
from ..cases import IndexedCase
from .plan import Fingerprint
from .planner import MAX_SAMPLED_CASES, VOXELS_PER_CASE, take_fingerprint

FOLDER = "fingerprints"


def stored_fingerprint(
    cases: Sequence[IndexedCase],
    masks: Sequence[str],
    root: Path,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    failed: Callable[[str, Failure], None] = lambda case_id, failure: None,
) -> Fingerprint:
    """What `take_fingerprint` gives, kept below a cache's root for the same files.

    One that some case could not be read for is not kept: its failures are to be told each time.
    """
    payload = [MAX_SAMPLED_CASES, VOXELS_PER_CASE, list(masks), [(case.case_id, case.fingerprint) for case in cases]]
    key = hashlib.sha256(json.dumps(payload).encode()).hexdigest()[:16]
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    failures: dict[str, Failure] = {}
    with FileLock(folder / f"{key}.lock"):
        kept = _read(folder / f"{key}.json")
        if kept is not None:
            return kept
        found = take_fingerprint(cases, masks, workers=workers, progress=progress, failed=failures.__setitem__)
        if not failures:
            write_text(folder / f"{key}.json", json.dumps(asdict(found), indent=1) + "\n")
    for case_id, failure in failures.items():
        failed(case_id, failure)
    return found


def _read(path: Path) -> Fingerprint | None:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
        return Fingerprint(**values)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
