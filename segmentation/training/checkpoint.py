"""Checkpoints: plain tensors and numbers, written so that a killed process leaves the old file or the new one."""

import zipfile
from pathlib import Path
from typing import Any

import torch

from ...schemas.atomic import atomic
from ...schemas.errors import TrainingError

FORMAT = 1


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole, or leave the one that is there.

    Args:
        path: destination.
        state: tensors, numbers, strings, lists and dicts only, so that `torch.load(..., weights_only=True)` reads it.
    """
    with atomic(path) as temporary, temporary.open("wb") as stream:  # a stream: a path would be named in the archive
        torch.save({"format": FORMAT, **state}, stream)


def load_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The state written by `save_checkpoint`; nothing in the file is executed.

    Raises:
        TrainingError: the file is missing, damaged, or of another format.
    """
    try:
        _check_sums(path)
        state = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise TrainingError(
            f"checkpoint {path}: no file vs one written by `reportsup train`. There are no weights to use. "
            "Check the run folder, or train first."
        ) from None
    except Exception as error:  # torch raises a different type for each way in which a file can be damaged
        raise TrainingError(
            f"checkpoint {path}: {type(error).__name__} vs a readable checkpoint. Its weights are lost. "
            "Use the other checkpoint of the run folder (best.pt or last.pt)."
        ) from error
    found = state.get("format") if isinstance(state, dict) else None
    if found != FORMAT:
        raise TrainingError(
            f"checkpoint {path}: format {found} vs {FORMAT}. This program would misread it. "
            "Use the version of reportsup named in the run folder's README.md."
        )
    return state


def _check_sums(path: Path) -> None:
    """Nothing, if every part of the archive has the checksum that it was written with: torch does not look.

    Raises:
        OSError, zipfile.BadZipFile: the file is missing or damaged.
    """
    with zipfile.ZipFile(path) as archive:
        if part := archive.testzip():
            raise zipfile.BadZipFile(part)
