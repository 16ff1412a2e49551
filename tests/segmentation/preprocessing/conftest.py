"""Indexed cases on a small anisotropic grid in file orientation LPS."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from reportsup.segmentation.cases import IndexedCase, MaskSummary

SHAPE = (24, 20, 10)
AFFINE = np.diag([-1.5, -1.5, 3.0, 1.0])


@pytest.fixture
def make_case(tmp_path):
    """Write a CT with liver, two kidneys in a label map, and a liver lesion (None = no file, False = empty file)."""

    def make(case_id: str, lesion: bool | None = True, fingerprint: str = "1") -> IndexedCase:
        rng = np.random.default_rng(len(case_id) + ord(case_id[-1]))
        ct = rng.normal(40, 10, SHAPE).astype(np.int16)
        ct[:3] = -1000
        liver = np.zeros(SHAPE, dtype=np.uint8)
        liver[4:14, 5:16, 2:9] = 1
        kidneys = np.zeros(SHAPE, dtype=np.uint8)
        kidneys[17:20, 3:6, 3:6] = 1
        kidneys[17:20, 13:17, 3:7] = 2
        tumour = np.zeros(SHAPE, dtype=np.uint8)
        tumour[6:10, 7:11, 4:7] = bool(lesion)
        folder = tmp_path / "data" / case_id
        masks = {}
        for name, array, label in [
            ("liver", liver, None),
            ("kidney_left", kidneys, 1),
            ("kidney_right", kidneys, 2),
            *([("liver_lesion", tumour, None)] if lesion is not None else []),
        ]:
            path = _save(folder / f"{name if label is None else 'kidneys'}.nii.gz", array)
            n = np.count_nonzero(array if label is None else array == label)
            masks[name] = MaskSummary(name, path, label, n == 0, float(n) * 6.75)
        return IndexedCase(
            case_id=case_id, ct=_save(folder / "ct.nii.gz", ct), shape=SHAPE, spacing_mm=(1.5, 1.5, 3.0),
            orientation="LPS", split="train", site=None, report_id=None, patient_id=None, fingerprint=fingerprint,
            usable=True, masks=masks,
        )  # fmt: skip

    return make


def _save(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(array, AFFINE)
    nib.save(image, path)
    return path
