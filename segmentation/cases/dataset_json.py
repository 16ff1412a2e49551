"""Data sets that a JSON file describes, in the dialects that are met.

nnU-Net v2        labels: name → number, channel_names, file_ending; imagesTr/CASE_0000.nii.gz, or dataset: case → files
nnU-Net v1, MSD   labels: number → name, modality; training: [{image, label}], the files with or without _0000
MONAI data lists  training, validation, testing: [{image, label}]; labels as in the others
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...schemas import InputError
from ...schemas.json_text import parse_json
from .masks import VOLUME_ENDINGS, MaskNames, masks_of_label_map, stem
from .records import CaseFiles
from .splits import canonical_split

_EXAMPLE = '"labels": {"background": 0, "liver": 1, "liver_lesion": 2}'
_CHANNEL = re.compile(r"_\d{4}$")
_SPLITS = ("train", "validation", "test")


def read_dataset_json(path: Path, names: MaskNames) -> list[CaseFiles]:
    """The cases of a `dataset.json` or data list, in its order.

    Raises:
        InputError: the file is no JSON, or says of its cases or labels what cannot be understood.
    """
    description = _load(path)
    sections: dict[str, list[Any]] = {}
    for split, entries in _sections(path, description):
        sections[split] = sections.get(split, []) + entries
    if sections or "dataset" in description:
        labels = _labels(path, description, needed=_has_labels(description, sections))
        listed = (
            _listed_nnunet(path, description)
            if not sections
            else _renamed(path, description, _listed(path, description, sections))
        )
    else:
        labels = _labels(path, description, needed=True)
        listed = _found_nnunet(path, description)
    return [_labelled_case(case_id, ct, label, labels, names, split) for case_id, ct, label, split in listed]


_Listed = tuple[str, Path, Path | None, str | None]  # case id, CT, label map, split


def _load(path: Path) -> dict[str, Any]:
    try:
        description = parse_json(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path.name}: {path} cannot be read ({type(error).__name__}) vs JSON in UTF-8. The cases are not known. "
            "Save it as UTF-8."
        ) from error
    except ValueError as error:
        raise InputError(
            f"{path.name}: {path} is no JSON ({error}) vs a description of nnU-Net, the Medical Segmentation Decathlon "
            "or a MONAI data list. Correct it at that place."
        ) from error
    if not isinstance(description, dict):
        raise InputError(
            f'{path.name}: {path} holds a {type(description).__name__} vs an object. Write {{"training": [...], '
            f"{_EXAMPLE}}}."
        )
    return description


def _sections(path: Path, description: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Split → its entries, of every list that holds cases."""
    for key, value in description.items():
        split = canonical_split(key)
        if isinstance(value, list) and split in _SPLITS:
            yield str(split), value
        elif isinstance(value, list) and any(map(_is_case, value)):
            raise InputError(
                f"{path.name}: '{key}' is a list of cases ({len(value)}) vs training, validation or test. They would "
                "be dropped. Rename the list, or take it out."
            )


def _is_case(entry: Any) -> bool:
    """Whether an entry of a list names a volume."""
    file = isinstance(entry, str) and entry.lower().endswith(VOLUME_ENDINGS)
    return file or (isinstance(entry, dict) and "image" in entry)


def _has_labels(description: Mapping[str, Any], sections: Mapping[str, list[Any]]) -> bool:
    entries = [entry for listed in sections.values() for entry in listed]
    entries += list(dict(description.get("dataset") or {}).values()) if not sections else []
    return any(isinstance(entry, dict) and entry.get("label") for entry in entries)


def _labels(path: Path, description: Mapping[str, Any], *, needed: bool) -> dict[str, Any]:
    labels = description.get("labels")
    if isinstance(labels, list) and all(isinstance(name, str) for name in labels):
        return {str(number): name for number, name in enumerate(labels)}
    if isinstance(labels, dict):
        return {str(key): _single(value) for key, value in labels.items()}
    if labels is None and not needed:
        return {}
    seen = f"no 'labels' among {', '.join(map(repr, list(description)[:6])) or 'nothing'}" if labels is None else (
        f"'labels' as {type(labels).__name__}"
    )  # fmt: skip
    raise InputError(
        f"{path.name}: {path} has {seen} vs names and numbers. What the values of its label maps mean is not known. "
        f"Write {_EXAMPLE}."
    )


def _single(value: Any) -> Any:
    """A region of one label is that label."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _listed(path: Path, description: Mapping[str, Any], sections: Mapping[str, list[Any]]) -> Iterator[_Listed]:
    channel = _channel(path, description)
    for split, entries in sections.items():
        for number, entry in enumerate(entries, start=1):
            row = entry if isinstance(entry, dict) else {"image": entry}
            image, label = _image(row.get("image"), channel), _label(row.get("label"))
            if image is None or (label is None and row.get("label")):
                raise InputError(
                    f"{path.name}: entry {number} of {split} has image {type(row.get('image')).__name__} and label "
                    f"{type(row.get('label')).__name__} vs one file each. It cannot be found. "
                    'Write {"image": "imagesTr/a.nii.gz", "label": "labelsTr/a.nii.gz"}.'
                )
            ct = _existing(path.parent / image, channel)
            own_split = None if split == "train" and "validation" not in sections else split
            yield stem(path.parent / image), ct, path.parent / label if label else None, own_split


def _renamed(path: Path, description: Mapping[str, Any], listed: Iterable[_Listed]) -> Iterator[_Listed]:
    """Cases without the channel's number in their ids; by their folders' names where all files are called alike."""
    cases = list(listed)
    suffix = f"_{_channel(path, description):04d}"
    numbered = any(label and f"{stem(label)}{suffix}" == case_id for case_id, _, label, _ in cases)
    ids = [case_id.removesuffix(suffix) if numbered else case_id for case_id, *_ in cases]
    folders = [ct.parent.name for _, ct, _, _ in cases]
    if len(cases) > 1 and len(set(ids)) == 1 and len(set(folders)) == len(cases):
        ids = folders
    for case_id, (_, ct, label, split) in zip(ids, cases, strict=True):
        yield case_id, ct, label, split


def _image(value: Any, channel: int) -> str | None:
    """The CT of one file, or of one file per channel."""
    if isinstance(value, list) and value:
        value = value[channel] if channel < len(value) else None
    return value if isinstance(value, str) and value else None


def _label(value: Any) -> str | None:
    """The one label map."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) and value else None


def _existing(ct: Path, channel: int) -> Path:
    """The file as it is listed; nnU-Net v1 lists CASE.nii.gz where CASE_0000.nii.gz lies."""
    ending = next((e for e in VOLUME_ENDINGS if ct.name.lower().endswith(e)), "")
    numbered = ct.with_name(f"{ct.name[: len(ct.name) - len(ending)]}_{channel:04d}{ending}")
    return numbered if not ct.exists() and numbered.exists() else ct


def _listed_nnunet(path: Path, description: Mapping[str, Any]) -> Iterator[_Listed]:
    """Cases of nnU-Net v2's `dataset`."""
    channel = _channel(path, description)
    for case_id, files in dict(description["dataset"]).items():
        images = files.get("images") if isinstance(files, dict) else None
        image = _image(images, channel)
        label = _label(files.get("label")) if isinstance(files, dict) else None
        if image is None:
            raise InputError(
                f"{path.name}: case {case_id} of 'dataset' names no image vs one per channel. It cannot be found. "
                'Write {"images": ["imagesTr/a_0000.nii.gz"], "label": "labelsTr/a.nii.gz"}.'
            )
        yield str(case_id), path.parent / image, path.parent / label if label else None, None


def _found_nnunet(path: Path, description: Mapping[str, Any]) -> Iterator[_Listed]:
    """Cases of nnU-Net by the names of their files."""
    ending = str(description.get("file_ending") or ".nii.gz")
    ending = ending if ending.startswith(".") else f".{ending}"
    if ending not in VOLUME_ENDINGS:
        raise InputError(
            f"{path.name}: 'file_ending' is {ending} vs {' or '.join(VOLUME_ENDINGS)}. Other files are not read. "
            'Convert them, and write "file_ending": ".nii.gz".'
        )
    suffix = f"_{_channel(path, description):04d}{ending}"
    case_ending = suffix
    for images, labels, split in (("imagesTr", "labelsTr", None), ("imagesTs", "labelsTs", "test")):
        files = sorted((path.parent / images).glob(f"*{ending}"))
        numbered = _are_numbered(files, path.parent / labels, suffix, ending)
        # Test cases have no labels to tell by; they are called as the training cases are.
        case_ending = suffix if (numbered and case_ending == suffix) or not files else ending
        for ct in files:
            if not ct.name.endswith(case_ending):
                continue
            case_id = ct.name.removesuffix(case_ending)
            label = path.parent / labels / f"{case_id}{ending}"
            yield case_id, ct, label if label.exists() or split is None else None, split


def _are_numbered(files: list[Path], labels: Path, suffix: str, ending: str) -> bool:
    """Whether the names carry the channel's number; without it (nnU-Net v1) a file is called as its label.

    The end of `case_0012.nii.gz` may be the number of the case.
    """
    with_number = [f for f in files if f.name.endswith(suffix)]
    if any((labels / f"{f.name.removesuffix(suffix)}{ending}").exists() for f in with_number):
        return True
    return not any((labels / f.name).exists() for f in files) and any(_CHANNEL.search(stem(f)) for f in files)


def _channel(path: Path, description: Mapping[str, Any]) -> int:
    """Number of the CT among the channels; 0 where none is called so."""
    channels = description.get("channel_names") or description.get("modality") or {}
    if isinstance(channels, str):
        channels = [channels]
    if isinstance(channels, list):
        channels = dict(enumerate(channels))
    if isinstance(channels, dict) and all(str(value).isdigit() for value in channels.values()):
        channels = {value: key for key, value in channels.items()}
    if not isinstance(channels, dict) or not all(str(key).isdigit() for key in channels):
        shown = json.dumps(channels)[:80]
        raise InputError(
            f"{path.name}: 'channel_names' is {shown} vs numbers and names. Which file is the CT is not known. "
            'Write "channel_names": {"0": "CT"}.'
        )
    return next((int(key) for key, name in channels.items() if str(name).lower().startswith("ct")), 0)


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
