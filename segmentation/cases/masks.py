"""From mask files and label maps to canonical mask names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...schemas import Anatomy
from .records import MaskFile, Problem, known_masks

_VOLUME_ENDINGS = (".nii.gz", ".nii")


class MaskNames:
    """Folds a data set's spelling of masks into the anatomy table's.

    Args:
        rename: the data set's name → a name of the table; looked up before the table's own aliases.
    """

    def __init__(self, anatomy: Anatomy, rename: Mapping[str, str]) -> None:
        self._anatomy = anatomy
        self._rename = {anatomy.canonical_mask(old): anatomy.canonical_mask(new) for old, new in rename.items()}
        self._known = known_masks(anatomy)

    def canonical(self, name: str) -> str | None:
        """Canonical name, None for one that the table does not know."""
        folded = self._anatomy.canonical_mask(name)
        folded = self._rename.get(folded, folded)
        return folded if folded in self._known else None


@dataclass(frozen=True)
class FoundMasks:
    """Masks of one case, what is wrong with their listing, and names that the table does not know."""

    masks: tuple[MaskFile, ...]
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()


def masks_of_folder(case_id: str, folder: Path, names: MaskNames) -> FoundMasks:
    """One mask per file of a folder, named by the file."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        next_step = f"give your user the right to read {folder}"
        return FoundMasks((), (Problem(case_id, "unreadable folder", str(error.strerror), "masks", next_step, True),))
    entries: list[tuple[str, Path, int | None]] = []
    for path in paths:
        ending = next((e for e in _VOLUME_ENDINGS if path.name.endswith(e)), None)
        if ending and not path.name.startswith("."):
            entries.append((path.name.removesuffix(ending), path, None))
    return _collect(case_id, entries, names)


def masks_of_label_map(case_id: str, path: Path, labels: Mapping[str, Any], names: MaskNames) -> FoundMasks:
    """One mask per label of a label map.

    Args:
        labels: name → number (nnU-Net) or number → name (Decathlon); 0 is background.
    """
    entries: list[tuple[str, Path, int | None]] = []
    problems = []
    for key, value in labels.items():
        name, number = (str(value), key) if str(key).isdigit() else (str(key), value)
        if str(number).isdigit():
            if int(number) != 0:
                entries.append((name, path, int(number)))
        elif name != "ignore":
            problems.append(
                Problem(
                    case_id,
                    "label",
                    f"{name}: {number}",
                    "one number per name",
                    "write regions that unite several labels as masks of their own",
                    False,
                )
            )
    found = _collect(case_id, entries, names)
    return FoundMasks(found.masks, (*problems, *found.problems), found.ignored)


def _collect(case_id: str, entries: list[tuple[str, Path, int | None]], names: MaskNames) -> FoundMasks:
    masks: dict[str, MaskFile] = {}
    problems, ignored = [], []
    for name, path, label in entries:
        canonical = names.canonical(name)
        if canonical is None:
            ignored.append(name)
        elif canonical in masks:
            problems.append(
                Problem(
                    case_id,
                    "mask named twice",
                    f"{name} is {canonical}, as {masks[canonical].path.name}",
                    "one file per mask",
                    "remove one of them; the first is used",
                    False,
                )
            )
        else:
            masks[canonical] = MaskFile(canonical, path, label)
    return FoundMasks(tuple(masks.values()), tuple(problems), tuple(ignored))
