"""The organ masks of one case that a segmenter made, by their canonical names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...schemas import Anatomy, load_anatomy
from ..cases.masks import VOLUME_ENDINGS, without_ending
from ..cases.records import MaskFile, known_masks


@dataclass(frozen=True)
class OrganMasks:
    """Where the masks of one case lie.

    Attributes:
        path: a folder with one file per mask, or a label map.
        labels: of a label map: name → value.
        made_by: the segmenter.
    """

    case_id: str
    path: Path
    made_by: str
    labels: Mapping[str, int] | None = None


def organ_mask_files(masks: OrganMasks) -> tuple[MaskFile, ...]:
    """The masks of organs and their parts; lesions that a program drew are nobody's truth and are left out."""
    anatomy = load_anatomy()
    named: list[tuple[str, Path, int | None]] = []
    if masks.labels is not None:
        named = [(name, masks.path, value) for name, value in masks.labels.items()]
    elif masks.path.is_dir():
        volumes = ((without_ending(path, VOLUME_ENDINGS), path) for path in sorted(masks.path.iterdir()))
        named = [(name, path, None) for name, path in volumes if name]
    found: dict[str, MaskFile] = {}
    for name, path, value in named:
        canonical = organ_name(anatomy, name)
        if canonical and not path.name.startswith("."):
            found.setdefault(canonical, MaskFile(canonical, path, value, fallback=True))
    return tuple(found.values())


def organ_name(anatomy: Anatomy, name: str) -> str | None:
    """Canonical name of an organ mask; None for lesions and for structures of no interest.

    >>> organ_name(load_anatomy(), "left kidney"), organ_name(load_anatomy(), "hepatic tumor")
    ('kidney_left', None)
    """
    canonical = anatomy.canonical_mask(name)
    return canonical if canonical in known_masks(anatomy) and anatomy.lesion_organ(canonical) is None else None
