"""Masks that a segmenter made earlier, found by the names of cases and organs.

FOLDER/<case>/<mask>.nii.gz                   one file per mask, also below FOLDER/<case>/segmentations
FOLDER/<case>.nii.gz                          a label map, with the table of the segmenter that made it
FOLDER/<case>/<any name>.nii.gz               the same, alone in its folder
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..cases import IndexedCase
from ..cases.masks import VOLUME_ENDINGS, without_ending
from .masks import OrganMasks, organ_mask_files


def find_masks(
    folder: Path, cases: Sequence[IndexedCase], made_by: str, labels: Mapping[str, int] | None = None
) -> dict[str, OrganMasks]:
    """case_id → the masks of the folder, for the cases that it holds any organ of.

    Args:
        made_by: what is recorded as their source.
        labels: name → value; the files are label maps then.
    """
    files = {without_ending(path, VOLUME_ENDINGS): path for path in sorted(folder.iterdir()) if path.is_file()}
    found = {}
    for case in cases:
        inside = folder / case.case_id
        if labels is not None:
            alone = [p for p in sorted(inside.iterdir()) if _is_volume(p)] if inside.is_dir() else []
            path = files.get(case.case_id) or (alone[0] if len(alone) == 1 else None)
            masks = OrganMasks(case.case_id, path, made_by, labels) if path else None
        else:
            folders = [f for f in (inside / "segmentations", inside) if f.is_dir()]
            masks = OrganMasks(case.case_id, folders[0], made_by) if folders else None
        if masks and organ_mask_files(masks):
            found[case.case_id] = masks
    return found


def _is_volume(path: Path) -> bool:
    return without_ending(path, VOLUME_ENDINGS) is not None and not path.name.startswith(".")
