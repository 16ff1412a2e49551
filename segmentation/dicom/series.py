"""A folder with the slices of one CT series, as a volume in Hounsfield units."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from ...schemas import ConfigError, DataError
from ...schemas.atomic import atomic, write_text

if TYPE_CHECKING:
    from pydicom import Dataset

_GAP_SHARE = 0.05  # of the slice distance, by which distances may differ
_TILT_MM = 0.1  # by which slices may be shifted against each other in their plane
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class DicomSeries:
    """The slices of a series, from the first to the last along their normal.

    Attributes:
        slices: data sets without their pixels.
        paths: of the slices, in the same order.
        affine_ras: voxel (column, row, slice) → mm, for arrays in the order of NIfTI files.
        shape: columns, rows, slices.
    """

    slices: "tuple[Dataset, ...]"
    paths: tuple[Path, ...]
    affine_ras: npt.NDArray[np.float64]
    shape: tuple[int, int, int]


def read_series(folder: Path) -> DicomSeries:
    """The one CT series of a folder and of the folders in it; scouts are left out.

    Raises:
        ConfigError: the extra `dicom` is not installed.
        DataError: no CT, several series, or slices that make no volume.
    """
    found = _slices_by_series(folder)
    if not found:
        raise DataError(
            f"{folder}: no CT slice vs the DICOM files of one series. There is nothing to predict. Name the folder "
            "that holds them."
        )
    if len(found) > 1:
        counts = ", ".join(str(len(slices)) for slices in sorted(found.values(), key=len, reverse=True))
        raise DataError(
            f"{folder}: {len(found)} CT series of {counts} slices vs one. Which of them is meant is not for us to "
            "guess. Move each into a folder of its own and name these."
        )
    ((slices, paths),) = (tuple(zip(*series, strict=True)) for series in found.values())
    return _volume_of(folder, slices, paths)


def _slices_by_series(folder: Path) -> "dict[str, list[tuple[Dataset, Path]]]":
    pydicom = _pydicom()
    found: dict[str, list[tuple[Dataset, Path]]] = defaultdict(list)
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except (pydicom.errors.InvalidDicomError, OSError, EOFError):
            continue
        kinds = [str(kind) for kind in header.get("ImageType", [])]
        _identify(header)
        if header.get("Modality") == "CT" and "LOCALIZER" not in kinds and "ImagePositionPatient" in header:
            found[str(header.get("SeriesInstanceUID", ""))].append((header, path))
    return found


def _identify(header: "Dataset") -> None:
    """Give a slice the identity that its file's own header tells, where anonymisation emptied it."""
    meta = getattr(header, "file_meta", None)
    for name in ("SOPClassUID", "SOPInstanceUID"):
        if not header.get(name) and meta is not None and meta.get(f"MediaStorage{name}"):
            setattr(header, name, meta.get(f"MediaStorage{name}"))


def _volume_of(folder: Path, slices: "Sequence[Dataset]", paths: Sequence[Path]) -> DicomSeries:
    same = ("Rows", "Columns", "PixelSpacing", "ImageOrientationPatient")
    for name in same:
        values = {str(header.get(name)) for header in slices}
        if len(values) > 1:
            raise DataError(
                f"{folder}: {len(values)} different values of {name} vs one. The slices make no volume. Take those of "
                "another orientation or size out."
            )
    across, down = np.array(slices[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    normal = np.cross(across, down)
    positions = np.array([header.ImagePositionPatient for header in slices], dtype=float)
    order = np.argsort(positions @ normal, kind="stable")
    positions = positions[order]
    step = _slice_step(folder, positions, normal)
    row_mm, column_mm = (float(value) for value in slices[0].PixelSpacing)  # between rows, between columns
    affine_lps = np.eye(4)
    affine_lps[:3, :4] = np.column_stack([across * column_mm, down * row_mm, step, positions[0]])
    shape = (int(slices[0].Columns), int(slices[0].Rows), len(slices))
    ordered = tuple(slices[i] for i in order)
    return DicomSeries(ordered, tuple(paths[i] for i in order), _LPS_TO_RAS @ affine_lps, shape)


def _slice_step(folder: Path, positions: npt.NDArray[np.float64], normal: npt.NDArray[np.float64]) -> Any:
    """The vector from one slice to the next, if it is the same throughout and along the normal."""
    if len(positions) < 2:
        raise DataError(f"{folder}: one slice vs a volume. It has no thickness. Name the folder of the whole series.")
    steps = np.diff(positions, axis=0)
    distances = steps @ normal
    usual = float(np.median(distances))
    if usual <= 0 or distances.min() < usual * (1 - _GAP_SHARE) - 1e-6:
        raise DataError(
            f"{folder}: slices {distances.min():.3g} mm apart beside others {usual:.3g} mm apart vs one distance. Two "
            "reconstructions or phases lie in one series. Separate them."
        )
    if distances.max() > usual * (1 + _GAP_SHARE):
        missing = int(np.round(distances / usual - 1).sum())
        raise DataError(
            f"{folder}: a gap of {distances.max():.4g} mm between slices {usual:.3g} mm apart vs none. About "
            f"{missing} slices are missing: lesions would be flattened. Export the series again, completely."
        )
    aside = float(np.linalg.norm(steps - np.outer(distances, normal), axis=1).max())
    if aside > _TILT_MM:
        raise DataError(
            f"{folder}: slices shifted by {aside:.3g} mm in their plane vs on top of each other. The gantry was "
            "tilted: the volume is sheared. Correct it first (dcm2niix writes *_Tilt files) and name that file."
        )
    return (positions[-1] - positions[0]) / (len(positions) - 1)


def read_voxels(series: DicomSeries) -> npt.NDArray[np.float32]:
    """Hounsfield units (column, row, slice).

    Raises:
        DataError: pixels that cannot be decoded.
    """
    pydicom = _pydicom()
    volume = np.empty(series.shape, dtype=np.float32)
    for k, path in enumerate(series.paths):
        try:
            header = pydicom.dcmread(path)
            stored = header.pixel_array
        except Exception as error:  # decoders raise whatever they like
            raise DataError(
                f"{path}: pixels cannot be decoded ({type(error).__name__}) vs a slice. Copy it again; compressed ones "
                "need a decoder: pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg."
            ) from error
        slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
        volume[:, :, k] = stored.T * slope + intercept
    return volume


def convert_series(folder: Path, out: Path) -> DicomSeries:
    """Write the series of a folder as NIfTI, without anything of the patient, unless `out` holds it already.

    Raises:
        DataError: the folder holds no CT, several, or one that makes no volume.
    """
    series = read_series(folder)
    record = json.dumps(_identity(series.paths))
    beside = out.with_name(f"{out.name}.source.json")
    if not (out.exists() and beside.exists() and beside.read_text(encoding="utf-8") == record):
        voxels = read_voxels(series)
        whole = bool((voxels == np.rint(voxels)).all()) and float(np.abs(voxels).max()) < 2**15
        image = nib.Nifti1Image(voxels.astype(np.int16) if whole else voxels, series.affine_ras)
        image.header.set_xyzt_units("mm")
        with atomic(out) as temporary:
            temporary.write_bytes(_gzipped(image))
        write_text(beside, record)
    return series


def _gzipped(image: nib.Nifti1Image) -> bytes:
    import gzip

    return gzip.compress(image.to_bytes(), compresslevel=1, mtime=0)


def _identity(paths: Iterable[Path]) -> list[list[object]]:
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in paths]


def _pydicom() -> Any:
    try:
        import pydicom
    except ImportError as error:
        raise ConfigError(
            "DICOM: pydicom is not installed vs the extra `dicom`. Series cannot be read. "
            "Install it: pip install 'reportsup[dicom]'."
        ) from error
    return pydicom
