"""Data set layouts: from a folder or a manifest to the files of each case. Nothing is opened but the index files.

AbdomenAtlas   DATA/CASE/ct.nii.gz, DATA/CASE/segmentations/<mask>.nii.gz
nnU-Net raw    DATA/dataset.json (labels: name → number), imagesTr/CASE_0000.nii.gz, labelsTr/CASE.nii.gz, imagesTs
MSD            DATA/dataset.json (training: [{image, label}], labels: number → name)
manifest       a CSV, TSV or Parquet table, one row per case (see `manifest.py`)
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...schemas import InputError, load_anatomy
from .manifest import read_manifest
from .masks import VOLUME_ENDINGS, MaskNames, masks_of_folder, masks_of_label_map, without_ending
from .records import CaseFiles, Problem

_TABLE_ENDINGS = (".csv", ".tsv", ".parquet")


def read_layout(data: Path, *, rename: Mapping[str, str] | None = None) -> list[CaseFiles]:
    """The cases of a data set, in a stable order.

    Args:
        data: a data set folder, a `dataset.json`, or a manifest.
        rename: the data set's mask or label name → a name of the anatomy table, e.g. {"tumor": "kidney_lesion"}.

    Raises:
        InputError: `data` is none of the layouts, or its index file cannot be read.
    """
    data = Path(data)
    names = MaskNames(load_anatomy(), rename or {})
    if data.is_file() and data.suffix in _TABLE_ENDINGS:
        cases = read_manifest(data, names)
    elif data.is_file() and data.name == "dataset.json":
        cases = _read_dataset_json(data, names)
    elif (data / "dataset.json").is_file():
        cases = _read_dataset_json(data / "dataset.json", names)
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


def _read_dataset_json(path: Path, names: MaskNames) -> list[CaseFiles]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        labels: dict[str, Any] = dict(description["labels"])
        training = description.get("training")
        if isinstance(training, list):
            return _read_decathlon(path.parent, training, description.get("test") or [], labels, names)
        return _read_nnunet(path.parent, description, labels, names)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f"dataset.json: {path} has no readable 'labels', cases or channels ({type(error).__name__}) vs a "
            "description of nnU-Net or of the Medical Segmentation Decathlon. Correct the file, or write a manifest."
        ) from error


def _read_decathlon(
    root: Path, training: list[Any], test: list[Any], labels: Mapping[str, Any], names: MaskNames
) -> list[CaseFiles]:
    cases = []
    for entry, split in [*((e, None) for e in training), *((e, "test") for e in test)]:
        row = entry if isinstance(entry, dict) else {"image": entry}
        image = row.get("image")
        ct = root / str(image[0] if isinstance(image, list) else image)
        label = row.get("label")
        cases.append(_labelled_case(stem(ct), ct, root / str(label) if label else None, labels, names, split))
    return cases


def _read_nnunet(
    root: Path, description: Mapping[str, Any], labels: Mapping[str, Any], names: MaskNames
) -> list[CaseFiles]:
    ending = str(description.get("file_ending", ".nii.gz"))
    channels = description.get("channel_names") or description.get("modality") or {"0": "CT"}
    channel = next((int(k) for k, v in channels.items() if str(v).lower().startswith("ct")), 0)
    suffix = f"_{channel:04d}{ending}"
    cases = []
    for images, label_folder, split in (("imagesTr", "labelsTr", None), ("imagesTs", "labelsTs", "test")):
        for ct in sorted((root / images).glob(f"*{suffix}")):
            case_id = ct.name.removesuffix(suffix)
            label = root / label_folder / f"{case_id}{ending}"
            has_label = label.exists() or split is None
            cases.append(_labelled_case(case_id, ct, label if has_label else None, labels, names, split))
    return cases


def _labelled_case(
    case_id: str, ct: Path, label: Path | None, labels: Mapping[str, Any], names: MaskNames, split: str | None
) -> CaseFiles:
    found = masks_of_label_map(case_id, label, labels, names) if label else None
    return CaseFiles(
        case_id=case_id,
        ct=ct,
        masks=found.masks if found else (),
        label_map=found.label_map if found else None,
        mask_folder=label.parent if label else None,
        split=split,
        problems=found.problems if found else (),
        ignored_masks=found.ignored if found else (),
    )


def stem(path: Path) -> str:
    """File name without its volume ending.

    >>> stem(Path("a/liver_12.nii.gz"))
    'liver_12'
    """
    return without_ending(path, VOLUME_ENDINGS) or path.stem
