"""Masks that a segmenter drew, read and held against the CT before anything believes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...schemas import DataError
from ..cases.geometry import Grid, check_same_grid, grid_of
from ..cases.place_checks import MaskPlace, check_sides, place_of
from ..cases.records import MaskFile
from ..cases.volumes import open_volume, read_labels
from .masks import OrganMasks, organ_mask_files


@dataclass(frozen=True)
class DrawnOrgan:
    """One organ mask that holds a voxel."""

    file: MaskFile
    voxels: npt.NDArray[np.bool_]
    place: MaskPlace


def drawn_organs(case_id: str, ct: Path, masks: OrganMasks) -> Iterator[DrawnOrgan]:
    """The organs of a case, one file in memory at a time; a mask without a voxel is missing, not absent.

    Raises:
        DataError: a mask is on another grid than the CT, or cannot be read.
    """
    grid = grid_of(open_volume(ct))
    path, array = None, None
    for file in organ_mask_files(masks):
        if array is None or file.path != path:
            path, array = file.path, _read_on_grid(file.path, case_id, grid)
        voxels = array != 0 if file.label is None else array == file.label
        volume_mm3 = float(np.count_nonzero(voxels)) * grid.voxel_mm3
        if volume_mm3:
            yield DrawnOrgan(file, voxels, place_of(file.name, voxels, volume_mm3, grid))


def check_drawn(case_id: str, made_by: str, places: Sequence[MaskPlace]) -> None:
    """Nothing, if there is an organ and left is left of right, and of the liver.

    Raises:
        DataError: it is not so.
    """
    if not places:
        raise DataError(
            f"{made_by}: no organ in {case_id} vs at least one. The CT may show another part of the body, or be "
            "flipped. Look at it."
        )
    for problem in check_sides(case_id, places):
        raise DataError(
            f"{made_by}: {problem.observed} vs {problem.expected}. Left and right are exchanged. Look where the CT's "
            "liver lies: its affine may be mirrored."
        )


def _read_on_grid(path: Path, case_id: str, grid: Grid) -> npt.NDArray[Any]:
    image = open_volume(path)
    for problem in check_same_grid(case_id, path.name, grid_of(image), grid):
        raise DataError(
            f"{problem.problem}: {problem.observed} vs {problem.expected}. The masks do not lie on the CT. "
            "Segment the CT itself, or resample the masks onto it (nearest neighbour)."
        )
    return read_labels(image)
