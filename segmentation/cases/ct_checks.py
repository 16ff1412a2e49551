"""Checks of a CT alone: its grid and whether its values are Hounsfield units. `index` and `predict` share them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .file_checks import open_or_say_why, read_or_say_why
from .geometry import Grid, check_grid, grid_of
from .records import Problem

_HU = "HU: air -1000, bone up to 3000"
_SAMPLED_VOXELS = 100_000
_FEWEST_VALUES = 16  # a CT has hundreds of different values
_PICTURE_VALUES = 256
# The air around a patient: so many voxels so near (in parts of the range) to the 5th percentile. Inside a body no value
# is that common.
_AIR_SHARE, _AIR_RANGE = 0.1, 0.02


def check_ct(case_id: str, path: Path) -> tuple[Grid | None, list[Problem]]:
    """The grid of a CT (None for a file that cannot be opened) and everything that is wrong with it."""
    problems: list[Problem] = []
    image = open_or_say_why(case_id, "CT", path, problems)
    if image is None:
        return None, problems
    problems.extend(check_grid(case_id, image))
    if not any(problem.fatal for problem in problems):
        array = read_or_say_why(case_id, "CT", image, problems)
        if array is not None:
            problems.extend(_check_intensities(case_id, array))
    return grid_of(image), problems


def _check_intensities(case_id: str, array: npt.NDArray[Any]) -> Iterator[Problem]:
    if array.dtype.kind not in "iuf":
        yield Problem(case_id, "intensities", f"dtype {array.dtype}", "numbers", "store the CT as int16 HU", True)
        return
    if array.dtype.kind == "f":
        bad = array.size - int(np.count_nonzero(np.isfinite(array)))
        if bad:
            next_step = "find out what they stand for; air is -1000 HU"
            yield Problem(case_id, "NaN or infinity", f"{bad} voxels", "finite HU", next_step, True)
            return
    low, high = float(array.min()), float(array.max())
    if low == high:
        yield Problem(case_id, "constant image", f"every voxel is {low:g}", "a CT", "convert the series again", True)
    elif high - low < 50:
        next_step = "the volume looks normalised, or is a mask; give the one in HU"
        yield Problem(case_id, "intensities", f"{low:g} to {high:g}", _HU, next_step, True)
    elif few := _few_values(array, low, high):
        next_step = "this is a mask, a label map or an 8-bit picture; give the CT in HU"
        yield Problem(case_id, "intensities", few, _HU, next_step, True)
    else:
        yield from _check_range(case_id, array, low, high)


def _few_values(array: npt.NDArray[Any], low: float, high: float) -> str:
    """What is seen in a volume of fewer values than any CT has, "" otherwise."""
    flat = array.reshape(-1)
    limit = _PICTURE_VALUES if low >= 0 and high < _PICTURE_VALUES else _FEWEST_VALUES
    if len(np.unique(flat[:: max(flat.size // _SAMPLED_VOXELS, 1)])) > limit:
        return ""
    values = np.unique(flat)
    shown = ", ".join(f"{value:g}" for value in values[:5]) + (" …" if len(values) > 5 else "")
    return f"{len(values)} different values: {shown}" if len(values) <= limit else ""


def _check_range(case_id: str, array: npt.NDArray[Any], low: float, high: float) -> Iterator[Problem]:
    observed = f"{low:g} to {high:g}"
    if low > -200:
        sample = array.reshape(-1)[:: max(array.size // _SAMPLED_VOXELS, 1)].astype(np.float64)
        air, bright = np.percentile(sample, (5, 99))
        share = float(np.mean(np.abs(sample - air) <= _AIR_RANGE * (bright - air)))
        if share >= _AIR_SHARE:
            next_step = "add -1024 if this is CT without its offset; MR and other modalities cannot be used"
            yield Problem(case_id, "intensities", f"{observed}, {share:.0%} air at {air:.0f}", _HU, next_step, True)
        else:
            next_step = "ignore this if it is cropped inside the body; add -1024 if it is CT without its offset"
            yield Problem(case_id, "intensities", observed, _HU, next_step, False)
    elif low < -32000 or high > 32000:
        next_step = "set the padding outside of the scanner's field of view to -1024"
        yield Problem(case_id, "intensities", observed, _HU, next_step, False)
