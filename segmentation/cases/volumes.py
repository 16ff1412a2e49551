"""Reading NIfTI volumes with errors that name the file and say what to do.

A header may scale its voxels: value = slope × stored + intercept. Everything here speaks of the value, e.g. HU.
"""

import errno
import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError
from nibabel.imageglobals import logger as nibabel_log
from nibabel.openers import ImageOpener
from nibabel.spatialimages import HeaderDataError

from ...schemas import DataError
from .file_kinds import advice

_READ_ERRORS = (OSError, EOFError, zlib.error, ImageFileError, HeaderDataError, ValueError)
# A byte of deflate holds 1,032 at most.
_MOST_PER_GZIP_BYTE = 1032
_MOST_BEHIND = 2**20  # bytes that some programs leave behind the last voxel
# How far scaling and single precision may move a label from its whole number.
_LABEL_TOLERANCE = 1e-3


def open_volume(path: Path) -> nib.Nifti1Image:
    """An opened volume; its voxels are not read yet.

    Raises:
        DataError: the file is missing, may not be read, or is no volume that nibabel knows.
    """
    try:
        with _quiet_nibabel():
            image = nib.load(path)
    except FileNotFoundError as error:
        raise DataError(f"file: {path} does not exist vs a volume. Restore it or correct the path.") from error
    except _READ_ERRORS as error:
        raise DataError(
            f"file: {path} cannot be opened ({short_reason(error, path)}) vs a NIfTI volume. "
            f"What to do: {advice(path) or 'copy it again'}."
        ) from error
    if not isinstance(image, nib.Nifti1Image):
        raise DataError(f"file: {path} is {type(image).__name__} vs NIfTI. Convert it to .nii.gz.")
    return image


@contextmanager
def _quiet_nibabel() -> Iterator[None]:
    """What nibabel mends in a header, e.g. a spacing of 0, `check_grid` names; a line on stderr tells no case."""
    before, nibabel_log.disabled = nibabel_log.disabled, True
    try:
        yield
    finally:
        nibabel_log.disabled = before


def spatial_shape(image: nib.Nifti1Image) -> tuple[int, ...]:
    """Voxels per axis, without trailing axes of length 1 beyond the third: a 4D file of one volume is that volume."""
    shape = tuple(int(n) for n in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def stored_zooms(image: nib.Nifti1Image) -> npt.NDArray[np.float64]:
    """The header's spacing as it stands in the file; nibabel takes 1 for 0 without a word, and drops a sign."""
    filename = image.get_filename()
    if filename is None:
        return np.asarray(image.header.get_zooms()[:3], dtype=np.float64)
    with ImageOpener(filename) as stream:
        header = image.header_class.from_fileobj(stream, check=False)
    return np.asarray(header["pixdim"][1:4], dtype=np.float64)


def read_array(image: nib.Nifti1Image) -> npt.NDArray[Any]:
    """All voxels in file order, of `spatial_shape`, in the file's own dtype; scaled ones as float32.

    Raises:
        DataError: the file ends early or is damaged, or (`TooLargeError`) is larger than the memory.
    """
    path = Path(image.get_filename() or "")
    try:
        _check_length(image, path)
        if path.suffix == ".gz":
            with gzip.open(path) as stream, _quiet_nibabel():
                array = _voxels(type(image).from_stream(stream))
                # Behind the last voxel stands the checksum, which Python compares at the very end alone.
                if len(stream.read(_MOST_BEHIND + 1)) > _MOST_BEHIND:
                    raise ValueError("more data than its header promises")
        else:
            array = _voxels(image)
    except (MemoryError, *_READ_ERRORS) as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            raise TooLargeError(path, image) from error
        raise DataError(
            f"file: {path} ends early or is damaged ({short_reason(error, path)}) vs a complete volume. Copy it again."
        ) from error
    return array.reshape(spatial_shape(image))


class TooLargeError(DataError):
    """A volume that the memory does not hold."""

    def __init__(self, path: Path, image: nib.Nifti1Image) -> None:
        self.gigabytes = _promised_bytes(image) / 1e9
        super().__init__(
            f"file: {path} holds {self.gigabytes:.1f} GB of voxels vs less, which the memory takes. Use fewer workers "
            "(--workers 1) or a machine with more memory; if the size is not real, convert the series again."
        )


def _promised_bytes(image: nib.Nifti1Image) -> int:
    return math.prod(int(n) for n in image.shape) * int(image.get_data_dtype().itemsize)


def _check_length(image: nib.Nifti1Image, path: Path) -> None:
    """Nothing, if the file can hold what its header promises; before memory is taken for it.

    Raises:
        EOFError: it cannot.
    """
    if not path.is_file():
        return
    most = path.stat().st_size * (_MOST_PER_GZIP_BYTE if path.suffix == ".gz" else 1)
    if (promised := _promised_bytes(image)) > most:
        raise EOFError(f"its header promises {promised / 1e9:.2g} GB, it holds {most / 1e9:.2g} GB at most")


def _voxels(image: nib.Nifti1Image) -> npt.NDArray[Any]:
    proxy: Any = image.dataobj
    if (proxy.slope, proxy.inter) == (1, 0):
        return np.asarray(proxy.get_unscaled())
    with np.errstate(over="ignore"):  # an absurd slope gives infinities, which the checks name
        return np.asarray(image.get_fdata(dtype=np.float32, caching="unchanged"))


def read_labels(image: nib.Nifti1Image) -> npt.NDArray[Any]:
    """The voxels of a mask or label map: what scaling or storing as float blurred is whole again.

    Values that are no whole numbers even so come back as they are.

    Raises:
        DataError: the file ends early or is damaged.
    """
    array = read_array(image)
    if array.dtype.kind != "f":
        return array
    whole = np.rint(array)
    with np.errstate(invalid="ignore"):
        largest = float(np.abs(array).max(initial=0))
        blurred = bool((np.abs(array - whole) <= _LABEL_TOLERANCE).all())
    # Small values throughout are no blur around 0: they may be probabilities, and must not turn into an empty mask.
    return whole.astype(np.int32) if blurred and (largest == 0 or 0.5 <= largest < 2**31) else array


def read_mask(path: Path, label: int | None) -> npt.NDArray[np.bool_]:
    """One mask in file order; with a label, the voxels of the label map that carry it.

    Raises:
        DataError: the file cannot be read.
    """
    array = read_labels(open_volume(path))
    return np.asarray(array != 0 if label is None else array == label)


def short_reason(error: BaseException, path: Path) -> str:
    """First line of an error, with the file's name in place of its path."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.replace(str(path), path.name)[:120]
