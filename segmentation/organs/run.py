"""One case through a segmenter: what it draws is checked, and kept whole or not at all.

OUT/<case>/<mask>.nii.gz   uint8, the CT's shape and affine, canonical names; a mask without a voxel is not written
OUT/<case>/made_by.json    the segmenter and the CT
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

from ..cases import IndexedCase
from ..cases.geometry import grid_of
from ..cases.volumes import open_volume
from .masks import OrganMasks
from .reading import check_drawn, drawn_organs
from .segmenters import Segmenter

_RECORD = "made_by.json"


def segment_case(segmenter: Segmenter, case: IndexedCase, out: Path) -> OrganMasks:
    """Masks of a case in `out`; those that the same segmenter made there of the same CT are taken as they are.

    Raises:
        BackendError: the segmenter failed.
        DataError: it drew nothing, drew on another grid, or drew left organs on the right.
    """
    kept = OrganMasks(case.case_id, out / case.case_id, segmenter.name)
    status = case.ct.stat()
    record = {"segmenter": segmenter.name, "ct_bytes": status.st_size, "ct_modified_ns": status.st_mtime_ns}
    if _read(kept.path / _RECORD) == record:
        return kept
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{case.case_id}.", suffix=".part", dir=out) as scratch:
        drawn = segmenter.segment(case.case_id, case.ct, Path(scratch))
        finished = Path(scratch) / "finished"
        finished.mkdir()
        affine, places = grid_of(open_volume(case.ct)).affine_ras, []
        for organ in drawn_organs(case.case_id, case.ct, drawn):
            image = nib.Nifti1Image(organ.voxels.astype(np.uint8), affine)
            nib.save(image, finished / f"{organ.file.name}.nii.gz")
            places.append(organ.place)
        check_drawn(case.case_id, segmenter.name, places)
        (finished / _RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(kept.path, ignore_errors=True)
        os.replace(finished, kept.path)
    return kept


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
