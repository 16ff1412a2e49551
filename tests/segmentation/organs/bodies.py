"""Cases with a body and four organs."""

from pathlib import Path

import nibabel as nib
import numpy as np
from reportsup.schemas.database import open_database
from reportsup.segmentation.cases import examine, read_cases, read_layout, write_index

SHAPE = (40, 30, 20)
AFFINE = np.diag([-4.0, -4.0, 4.0, 1.0])  # LPS: a low first index is the patient's right


def box(start, size):
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[tuple(slice(s, s + n) for s, n in zip(start, size, strict=True))] = 1
    return mask


ORGANS = {
    "liver": box((4, 8, 6), (12, 12, 10)),
    "spleen": box((30, 8, 8), (6, 6, 6)),
    "kidney_left": box((26, 18, 4), (5, 5, 7)),
    "kidney_right": box((8, 22, 4), (5, 5, 7)),
}


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, AFFINE), path)


def write_case(folder: Path, masks=None) -> None:
    noise = np.random.default_rng(0).integers(-20, 20, SHAPE)
    hu = np.where(box((2, 3, 0), (36, 24, 20)) > 0, 40 + noise, -1000 + noise)
    save(folder / "ct.nii.gz", hu.astype(np.int16))
    for name, mask in (masks or {}).items():
        save(folder / "segmentations" / f"{name}.nii.gz", mask)


def index(data: Path, db: Path):
    """The registered cases of a data set."""
    with open_database(db) as connection:
        write_index(connection, examine(read_layout(data), connection))
        return read_cases(connection)


DRAW = """
masks = Path({source!r})
image = nib.load(arguments["-i"])
for path in masks.glob("*.nii.gz"):
    mask = nib.load(path)
    nib.save(nib.Nifti1Image(np.asarray(mask.dataobj), image.affine), Path(arguments["-o"]) / path.name)
"""
