"""Checks of a volume's grid: is it one that distances and volumes in mm can be trusted on."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import nibabel as nib
import numpy as np
import numpy.typing as npt

from .records import Problem
from .volumes import spatial_shape, stored_zooms

GRID_TOLERANCE_MM = 0.1
SHEAR_TOLERANCE = 1e-3
PLAUSIBLE_SPACING_MM = (0.1, 12.0)


@dataclass(frozen=True)
class Grid:
    """Shape, affine (voxel → RAS mm), spacing in file order and axis codes of a volume."""

    shape: tuple[int, ...]
    affine_ras: npt.NDArray[np.float64]
    spacing_mm: tuple[float, ...]
    orientation: str

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.affine_ras[:3, :3])))


def grid_of(image: nib.Nifti1Image) -> Grid:
    """The grid of an opened volume."""
    affine = np.asarray(image.affine, dtype=np.float64)
    codes = nib.aff2axcodes(affine) if np.all(np.isfinite(affine)) else (None,) * 3
    return Grid(
        shape=spatial_shape(image),
        affine_ras=affine,
        spacing_mm=tuple(float(s) for s in np.linalg.norm(affine[:3, :3], axis=0)),
        orientation="".join(code or "?" for code in codes),
    )


def largest_shift_mm(shape: tuple[int, ...], first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """How far apart two affines put the same voxel, at the worst corner of the volume."""
    corners = np.array([(*corner, 1) for corner in product(*((0, n - 1) for n in shape[:3]))], dtype=np.float64)
    return float(np.linalg.norm((corners @ (first - second).T)[:, :3], axis=1).max())


def check_grid(case_id: str, image: nib.Nifti1Image) -> Iterator[Problem]:
    """Problems of a CT's own grid: dimensions, spacing, sform against qform, shear, missing orientation."""
    grid = grid_of(image)
    if len(grid.shape) != 3 or min(grid.shape) < 2:
        yield Problem(
            case_id,
            "dimensions",
            _shape(grid.shape),
            "a 3D volume",
            "store the phase or channel to train on as a 3D volume of its own",
            True,
        )
        return
    if "?" in grid.orientation or not np.all(np.isfinite(grid.affine_ras)) or min(grid.spacing_mm) <= 0:
        yield Problem(
            case_id,
            "affine",
            f"not invertible, spacing {_mm(grid.spacing_mm)}",
            "a finite affine, spacing above 0",
            "convert the series from DICOM again",
            True,
        )
        return
    yield from _check_spacing(case_id, image, grid)
    yield from _check_forms(case_id, image, grid)
    directions = grid.affine_ras[:3, :3] / grid.spacing_mm
    shear = float(np.abs(directions.T @ directions - np.eye(3)).max())
    if shear > SHEAR_TOLERANCE:
        yield Problem(
            case_id,
            "sheared affine",
            f"axes {90 - np.degrees(np.arcsin(min(shear, 1.0))):.1f}° apart",
            "90°",
            "resample onto an orthogonal grid (a tilted gantry leaves such files), e.g. dcm2niix writes *_Tilt",
            True,
        )


def _check_spacing(case_id: str, image: nib.Nifti1Image, grid: Grid) -> Iterator[Problem]:
    stored = stored_zooms(image)
    if not stored.all():
        yield _zero_spacing(case_id, image, grid, stored)
        return
    low, high = PLAUSIBLE_SPACING_MM
    if not all(low <= s <= high for s in grid.spacing_mm):
        yield Problem(
            case_id,
            "spacing",
            f"{_mm(grid.spacing_mm)} mm",
            f"{low:g}–{high:g} mm",
            "check the unit of the header (metres, µm?) and convert the series again",
            True,
        )
        return
    zooms = np.asarray(image.header.get_zooms()[:3], dtype=np.float64)
    if np.abs(zooms - grid.spacing_mm).max() * (max(grid.shape) - 1) > GRID_TOLERANCE_MM:
        yield Problem(
            case_id,
            "spacing",
            f"pixdim {_mm(zooms)} mm",
            f"{_mm(grid.spacing_mm)} mm as the affine says",
            "find out which is right and write both alike (nibabel: image.header.set_zooms)",
            True,
        )


def _zero_spacing(case_id: str, image: nib.Nifti1Image, grid: Grid, stored: npt.NDArray[np.float64]) -> Problem:
    """Only an sform says how large the voxels are then; a qform takes their size from the header's spacing."""
    observed = f"pixdim {_mm(stored)} mm"
    if image.get_sform(coded=True)[1]:
        expected = f"{_mm(grid.spacing_mm)} mm as the affine says"
        next_step = (
            "if the affine is right, write its spacing into the header "
            "(nibabel: image.header.set_zooms(nibabel.affines.voxel_sizes(image.affine)), then save)"
        )
    else:
        expected = "above 0"
        next_step = "the file does not say how large its voxels are; convert the series from DICOM again"
    return Problem(case_id, "spacing", observed, expected, next_step, True)


def _check_forms(case_id: str, image: nib.Nifti1Image, grid: Grid) -> Iterator[Problem]:
    sform, sform_code = image.get_sform(coded=True)
    qform, qform_code = image.get_qform(coded=True)
    if not sform_code and not qform_code:
        yield Problem(
            case_id,
            "orientation",
            "no sform and no qform",
            "one of them",
            "left and right are a guess in this file; convert the series again",
            False,
        )
    if sform_code and qform_code:
        shift = largest_shift_mm(grid.shape, sform, qform)
        if shift > GRID_TOLERANCE_MM:
            yield Problem(
                case_id,
                "sform ≠ qform",
                f"{shift:.1f} mm apart",
                f"≤ {GRID_TOLERANCE_MM:g} mm",
                "find out which is right and write both alike (nibabel: image.set_qform(image.get_sform()))",
                True,
            )


def check_same_grid(case_id: str, mask: str, grid: Grid, ct: Grid) -> Iterator[Problem]:
    """Problems of a mask's grid against the CT's."""
    if grid.shape != ct.shape:
        yield Problem(
            case_id,
            "shape",
            f"{mask} {_shape(grid.shape)}",
            f"{_shape(ct.shape)} as the CT",
            "resample the mask onto the CT (nearest neighbour), or find the CT it was drawn on",
            True,
        )
        return
    shift = largest_shift_mm(ct.shape, grid.affine_ras, ct.affine_ras)
    if not shift <= GRID_TOLERANCE_MM:
        yield Problem(
            case_id,
            "affine",
            f"{mask} lies {shift:.1f} mm off, axes {grid.orientation}",
            f"≤ {GRID_TOLERANCE_MM:g} mm, axes {ct.orientation} as the CT",
            "resample the mask onto the CT, or copy the CT's affine if only the header is wrong",
            True,
        )


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(str(n) for n in shape)


def _mm(spacing: tuple[float, ...] | npt.NDArray[np.float64]) -> str:
    return "×".join(f"{s:.4g}" for s in spacing)
