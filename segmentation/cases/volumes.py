"""Reading NIfTI volumes with errors that name the file and say what to do."""

import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from ...schemas import DataError

_READ_ERRORS = (OSError, EOFError, zlib.error, ImageFileError, HeaderDataError, ValueError)


def open_volume(path: Path) -> nib.Nifti1Image:
    """An opened volume; its voxels are not read yet.

    Raises:
        DataError: the file is missing, may not be read, or is no volume that nibabel knows.
    """
    try:
        image = nib.load(path)
    except FileNotFoundError as error:
        raise DataError(f"file: {path} does not exist vs a volume. Restore it or correct the path.") from error
    except _READ_ERRORS as error:
        raise DataError(
            f"file: {path} cannot be opened ({_short(error, path)}) vs a NIfTI volume. Copy it again."
        ) from error
    if not isinstance(image, nib.Nifti1Image):
        raise DataError(f"file: {path} is {type(image).__name__} vs NIfTI. Convert it to .nii.gz.")
    return image


def read_array(image: nib.Nifti1Image) -> npt.NDArray[Any]:
    """All voxels in file order and, unless the header scales them, in the file's own dtype; scaled ones as float32.

    Raises:
        DataError: the file ends early or is damaged.
    """
    proxy: Any = image.dataobj
    try:
        if proxy.slope == 1 and proxy.inter == 0:
            return np.asarray(proxy.get_unscaled())
        return np.asarray(proxy.get_scaled(np.float32))
    except _READ_ERRORS as error:
        path = Path(image.get_filename() or "")
        raise DataError(
            f"file: {path} ends early or is damaged ({_short(error, path)}) vs a complete volume. Copy it again."
        ) from error


def read_mask(path: Path, label: int | None) -> npt.NDArray[np.bool_]:
    """One mask in file order; with a label, the voxels of the label map that carry it.

    Raises:
        DataError: the file cannot be read.
    """
    array = read_array(open_volume(path))
    return np.asarray(array != 0 if label is None else array == label)


def _short(error: Exception, path: Path) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.replace(str(path), path.name)[:120]
