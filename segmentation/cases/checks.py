"""Checks of one case: every file is opened and read, everything wrong with it is collected."""

import hashlib
import re
from collections.abc import Callable, Sequence

from ...schemas import Failure
from .ct_checks import check_ct
from .mask_checks import check_masks
from .parallel import map_in_processes
from .records import CaseFiles, CheckedCase, MaskSummary, Problem

CHECKS_VERSION = 3
_CASE_ID = re.compile(r"[\w][\w.\-]*")


def check_cases(
    cases: Sequence[CaseFiles], *, workers: int = 1, progress: Callable[[int, int], None] | None = None
) -> list[CheckedCase]:
    """Every case checked, in the order given.

    Args:
        workers: processes; 1 = in this one.
        progress: called with (done, total) after each case.
    """
    done: list[CheckedCase] = []
    for files, checked in zip(cases, map_in_processes(check_case, cases, workers), strict=True):
        done.append(_unforeseen(files, checked) if isinstance(checked, Failure) else checked)
        if progress:
            progress(len(done), len(cases))
    return done


def check_case(files: CaseFiles) -> CheckedCase:
    """One case after all of its files were read; nothing raises for what is wrong with them."""
    problems = list(files.problems)
    summaries: list[MaskSummary] = []
    if not _CASE_ID.fullmatch(files.case_id):
        problems.append(
            Problem(
                files.case_id,
                "case id",
                repr(files.case_id),
                "letters, digits, '_', '-', '.'",
                f"rename the case, {_usable_name(files.case_id)}its name becomes a folder of the cache; if its report "
                "is found by that name, rename it there too",
                True,
            )
        )
    grid, of_ct = check_ct(files.case_id, files.ct)
    problems.extend(of_ct)
    if grid and not any(problem.fatal for problem in of_ct):
        summaries = check_masks(files, grid, problems)
    return CheckedCase(
        files=files,
        shape=grid.shape if grid else None,
        spacing_mm=tuple(round(s, 6) for s in grid.spacing_mm) if grid else None,
        orientation=grid.orientation if grid else None,
        masks=tuple(summaries),
        problems=tuple(problems),
        fingerprint=fingerprint(files),
    )


def _usable_name(case_id: str) -> str:
    usable = re.sub(r"[^\w.\-]+", "_", case_id.strip()).strip("_.-")
    return f"e.g. to {usable}: " if usable else ""


def _unforeseen(files: CaseFiles, failure: Failure) -> CheckedCase:
    next_step = "run `reportsup check --debug` on this case to see where, and tell us"
    problem = Problem(files.case_id, "unforeseen error", failure.message, "a case that can be checked", next_step, True)
    return CheckedCase(files, None, None, None, (), (*files.problems, problem), "", failure.traceback)


def fingerprint(files: CaseFiles) -> str:
    """Hash over the paths, sizes and times of a case's files, over what they are taken for, and what was listed."""
    labels = (files.label_map.declared, files.label_map.ignore) if files.label_map else None
    digest = hashlib.sha256(f"{CHECKS_VERSION}|{labels}|{files.problems}\n".encode())
    for name, path, label in [("ct", files.ct, None), *((m.name, m.path, m.label) for m in files.masks)]:
        try:
            status = path.stat()
            digest.update(f"{name}|{path.absolute()}|{label}|{status.st_size}|{status.st_mtime_ns}\n".encode())
        except (OSError, ValueError):
            digest.update(f"{name}|{path.absolute()}|{label}|missing\n".encode())
    return digest.hexdigest()[:16]
