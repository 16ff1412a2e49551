"""Opening and reading a case's files, with what goes wrong as problems."""

import os
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy.typing as npt

from ...schemas import DataError
from .file_kinds import advice
from .records import Problem
from .volumes import TooLargeError, open_volume, read_array, read_labels, short_reason


def open_or_say_why(case_id: str, what: str, path: Path, problems: list[Problem]) -> nib.Nifti1Image | None:
    """An opened volume; None, and a problem more, for a file that cannot be opened."""
    try:
        return open_volume(path)
    except DataError as error:
        missing = _is_missing(path)
        observed = f"{what}: {path.name[:80]} {'is missing' if missing else 'cannot be opened'}"
        if missing:
            next_step = f"restore {path} or correct its path"
        elif not os.access(path, os.R_OK):
            next_step = f"give your user the right to read {path}"
        else:
            next_step = _what_to_do(path, error)
        problems.append(
            Problem(case_id, "missing file" if missing else "unreadable file", observed, "a volume", next_step, True)
        )
        return None


def read_or_say_why(
    case_id: str, what: str, image: nib.Nifti1Image, problems: list[Problem], *, labels: bool = False
) -> npt.NDArray[Any] | None:
    """All voxels; None, and a problem more, for a damaged file.

    Args:
        labels: the values are labels, see `read_labels`.
    """
    try:
        return read_labels(image) if labels else read_array(image)
    except TooLargeError as error:
        observed = f"{what}: {Path(image.get_filename() or '').name} holds {error.gigabytes:.1f} GB of voxels"
        next_step = "use --workers 1 or more memory; if the size is not real, convert the series again"
        problems.append(Problem(case_id, "too large", observed, "less than the memory takes", next_step, True))
        return None
    except DataError as error:
        path = Path(image.get_filename() or "")
        observed = f"{what}: {path.name} ends early or is damaged"
        next_step = _what_to_do(path, error)
        problems.append(Problem(case_id, "damaged file", observed, "a complete volume", next_step, True))
        return None


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError:
        return False
    except (OSError, ValueError):
        return True
    return False


def _what_to_do(path: Path, error: DataError) -> str:
    if error.__cause__ is None:  # nibabel opened it, as something else
        return "convert it to .nii.gz"
    return advice(path) or f"copy the file again ({short_reason(error.__cause__, path)})"
