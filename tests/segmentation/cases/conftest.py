"""A good case in the native layout, to be broken by the tests."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

SHAPE = (16, 18, 12)
AFFINE = np.diag([-1.5, -1.5, 3.0, 1.0])


@pytest.fixture
def save() -> Callable[..., Path]:
    """Write an array as NIfTI; `affine` and `form` (called with the image) change the header."""

    def write(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE, form: Callable | None = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = nib.Nifti1Image(array, affine)
        image.set_sform(affine, 1)
        image.set_qform(affine, 1) if form is None else form(image)
        nib.save(image, path)
        return path

    return write


@pytest.fixture
def ct_array() -> np.ndarray:
    """A body of 40 HU in air, with noise."""
    array = np.random.default_rng(0).normal(40, 10, SHAPE).astype(np.int16)
    array[:2] = -1000
    return array


@pytest.fixture
def make_case(save: Callable[..., Path], ct_array: np.ndarray) -> Callable[..., Path]:
    """Write CASE/ct.nii.gz with liver (900 voxels) and liver_lesion (27 voxels, or none) and return the folder."""

    def make(root: Path, name: str = "A", lesion: bool = True) -> Path:
        liver = np.zeros(SHAPE, dtype=np.uint8)
        liver[3:13, 3:13, 2:11] = 1
        tumour = np.zeros(SHAPE, dtype=np.uint8)
        tumour[5:8, 5:8, 5:8] = lesion
        save(root / name / "ct.nii.gz", ct_array)
        save(root / name / "segmentations" / "liver.nii.gz", liver)
        save(root / name / "segmentations" / "liver_lesion.nii.gz", tumour)
        return root / name

    return make
