"""Data set layouts: from a folder or a manifest to the files of each case. Nothing is opened but the index files.

AbdomenAtlas        DATA/CASE/ct.nii.gz, DATA/CASE/segmentations/<mask>.nii.gz
nnU-Net, MSD, MONAI DATA/dataset.json, or a data list of another name (see `dataset_json.py`)
manifest            a CSV, TSV or Parquet table, one row per case (see `manifest.py`)
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ...schemas import InputError, load_anatomy
from .dataset_json import read_dataset_json
from .manifest import read_manifest
from .masks import VOLUME_ENDINGS, MaskNames, masks_of_folder, without_ending
from .records import CaseFiles, Problem

_TABLE_ENDINGS = (".csv", ".tsv", ".parquet")


def read_layout(data: Path, *, rename: Mapping[str, str] | None = None) -> list[CaseFiles]:
    """The cases of a data set, in a stable order.

    Args:
        data: a data set folder, a `dataset.json` or data list, or a manifest.
        rename: the data set's mask or label name → a name of the anatomy table, e.g. {"tumor": "kidney_lesion"}.

    Raises:
        InputError: `data` is none of the layouts, or its index file cannot be read.
    """
    data = Path(data)
    names = MaskNames(load_anatomy(), rename or {})
    if data.is_file() and data.suffix in _TABLE_ENDINGS:
        cases = read_manifest(data, names)
    elif data.is_file() and data.suffix == ".json":
        cases = read_dataset_json(data, names)
    elif (data / "dataset.json").is_file():
        cases = read_dataset_json(data / "dataset.json", names)
    elif data.is_dir():
        cases = _read_folders(data, names)
    else:
        raise InputError(f"data: {data} does not exist vs a folder or a manifest. Correct the path.")
    if not cases:
        raise InputError(
            f"data: {data} holds no case vs folders CASE/ct.nii.gz, a dataset.json or a manifest "
            f"({', '.join(_TABLE_ENDINGS)}). Name the folder that holds the cases, or write a manifest with the "
            "columns case_id, ct, masks."
        )
    names.check_used()
    return cases


def _read_folders(data: Path, names: MaskNames) -> list[CaseFiles]:
    folders = sorted(p for p in data.iterdir() if p.is_dir() and not p.name.startswith("."))
    return [case for folder in folders if (case := _read_folder(folder, names))]


def _read_folder(folder: Path, names: MaskNames) -> CaseFiles | None:
    """The case of a folder, whatever the case of its file names; None for a folder that is none."""
    readable = os.access(folder, os.R_OK | os.X_OK)
    inside = sorted(folder.iterdir()) if readable else []
    cts = [path for path in inside if (without_ending(path, VOLUME_ENDINGS) or "").lower() == "ct"]
    segmentations = [path for path in inside if path.name.lower() == "segmentations" and os.path.isdir(path)]
    if readable and not cts and not segmentations:
        return None
    problems = [
        Problem(folder.name, f"two {what}", " and ".join(path.name for path in found), "one", "remove one", True)
        for what, found in (("CTs", cts), ("mask folders", segmentations))
        if len(found) > 1
    ]
    masks = masks_of_folder(folder.name, segmentations[0], names) if segmentations else None
    return CaseFiles(
        case_id=folder.name,
        ct=cts[0] if cts else folder / "ct.nii.gz",
        masks=masks.masks if masks else (),
        mask_folder=segmentations[0] if masks else None,
        problems=(*problems, *(masks.problems if masks else ())),
        ignored_masks=masks.ignored if masks else (),
    )
