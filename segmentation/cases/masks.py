"""From mask files and label maps to canonical mask names; a name that could hide a lesion is never dropped unsaid."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...schemas import Anatomy, ConfigError
from .records import LabelMap, MaskFile, Problem, known_masks

VOLUME_ENDINGS = (".nii.gz", ".nii")
_OTHER_VOLUMES = (".nrrd", ".mha", ".mhd", ".img", ".dcm", ".npy", ".npz")
LEFT_OUT = "ignore"  # --rename NAME=ignore
_LESION_SUFFIX = re.compile(r"(?P<organ>.+?)_?(lesion|tumou?r|cancer)s?")
_LESION_WORD = re.compile(
    r"lesion|tumou?r|cancer|carcinom|metasta|neoplas|nodule|(?:^|_)(?:cysts?|mass|masses|mets?|hcc|pdac|rcc)(?:_|\d|$)"
)
_NEAR = 0.85  # similarity from which an unknown name is taken for a slip of the pen


class MaskNames:
    """Folds a data set's spelling of masks into the anatomy table's.

    Args:
        rename: the data set's name → a name of the table, or "ignore"; looked up before the table's own aliases.

    Raises:
        ConfigError: a new name that the table does not know.
    """

    def __init__(self, anatomy: Anatomy, rename: Mapping[str, str]) -> None:
        self._anatomy = anatomy
        self._known = known_masks(anatomy)
        self._rename = {anatomy.canonical_mask(old): self._target(old, new) for old, new in rename.items()}
        self._unused = {anatomy.canonical_mask(old): old for old in rename}
        self._seen: set[str] = set()

    def canonical(self, name: str) -> str | None:
        """Canonical name, None for one that the table does not know or that the user leaves out."""
        folded = self._anatomy.canonical_mask(name)
        self._seen.add(name)
        if folded in self._rename:
            self._unused.pop(folded, None)
            folded = self._rename[folded]
        return self._fold(folded)

    def problem(self, case_id: str, name: str) -> Problem | None:
        """What is wrong with a name that has no canonical one; None for a structure of no interest."""
        folded = self._anatomy.canonical_mask(name)
        if folded in self._rename or folded in ("ignore", "background"):
            return None
        near = difflib.get_close_matches(folded, self._known, n=1, cutoff=_NEAR)
        if _LESION_WORD.search(folded):
            what = near[0] if near and self.shows_lesions(near[0]) else "kidney_lesion"
            next_step = f"say which: --rename {name}={what}, or --rename {name}={LEFT_OUT} to do without"
            return Problem(case_id, "lesions of no known organ", name, "e.g. kidney_lesion", next_step, True)
        if near:
            next_step = f"--rename {name}={near[0]} if that is meant; it is left out now"
            return Problem(case_id, "mask name", name, f"{near[0]}?", next_step, False)
        return None

    def shows_lesions(self, canonical: str) -> bool:
        """Whether a canonical name is that of a lesion mask."""
        return self._anatomy.lesion_organ(canonical) is not None

    def check_used(self) -> None:
        """Nothing, if every renamed mask is there.

        Raises:
            ConfigError: one is not.
        """
        if self._unused:
            found = ", ".join(sorted(self._seen)[:8]) or "none"
            raise ConfigError(
                f"--rename: no mask is called {', '.join(map(repr, self._unused.values()))} vs those of the data set "
                f"({found}). What is meant would be left out. Correct the name."
            )

    def _target(self, old: str, new: str) -> str:
        folded = self._anatomy.canonical_mask(new)
        found = LEFT_OUT if folded == LEFT_OUT else self._fold(folded)
        if found is None:
            near = difflib.get_close_matches(folded, self._known, n=3, cutoff=0.5)
            raise ConfigError(
                f"--rename {old}: '{new}' vs a mask of the anatomy table{_nearest(near)}, or {LEFT_OUT}. The mask "
                "would be left out. Correct the name."
            )
        return found

    def _fold(self, folded: str) -> str | None:
        """The table's name; `liver_tumours` and `hepatic_cancer` are the liver's lesions too."""
        if folded in self._known:
            return folded
        match = _LESION_SUFFIX.fullmatch(folded)
        spellings = [f"{match['organ']}_{word}" for word in ("lesion", "tumor")] if match else []
        found = (self._anatomy.canonical_mask(spelling) for spelling in spellings)
        return next((name for name in found if name in self._known), None)


@dataclass(frozen=True)
class FoundMasks:
    """Masks of one case, what is wrong with their listing, and names that the table does not know."""

    masks: tuple[MaskFile, ...]
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()
    label_map: LabelMap | None = None


def masks_of_folder(case_id: str, folder: Path, names: MaskNames) -> FoundMasks:
    """One mask per file of a folder, named by the file."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        next_step = f"give your user the right to read {folder}"
        return FoundMasks((), (Problem(case_id, "unreadable folder", str(error.strerror), "masks", next_step, True),))
    entries: list[tuple[str, Path, int | None]] = []
    problems = []
    for path in paths:
        name = without_ending(path, VOLUME_ENDINGS)
        if name and not path.name.startswith("."):
            entries.append((name, path, None))
        elif without_ending(path, _OTHER_VOLUMES):
            next_step = "convert it to .nii.gz; it is left out now"
            problems.append(Problem(case_id, "mask format", path.name[:80], ".nii.gz or .nii", next_step, False))
    found = _collect(case_id, entries, names)
    return FoundMasks(found.masks, (*problems, *found.problems), found.ignored)


def without_ending(path: Path, endings: Iterable[str]) -> str | None:
    """File name without its ending, in whatever case that is written; None for a file of another kind.

    >>> without_ending(Path("Liver.NII.GZ"), VOLUME_ENDINGS)
    'Liver'
    """
    ending = next((e for e in endings if path.name.lower().endswith(e)), None)
    return path.name[: -len(ending)] if ending else None


def stem(path: Path) -> str:
    """File name without its volume ending.

    >>> stem(Path("a/liver_12.nii.gz"))
    'liver_12'
    """
    return without_ending(path, VOLUME_ENDINGS) or path.stem


def masks_of_label_map(case_id: str, path: Path, labels: Mapping[str, Any], names: MaskNames) -> FoundMasks:
    """One mask per label of a label map.

    Args:
        labels: name → number (nnU-Net) or number → name (Decathlon); 0 is background.
    """
    entries: list[tuple[str, Path, int | None]] = []
    problems: list[Problem] = []
    declared, ignore = {0}, None
    for key, value in labels.items():
        name, number = (str(value), key) if str(key).isdigit() else (str(key), value)
        numbers = [int(n) for n in (number if isinstance(number, list) else [number]) if str(n).isdigit()]
        declared.update(numbers)
        if names.canonical(name) is None and name.lower() in ("ignore", "background"):
            ignore = numbers[0] if name.lower() == "ignore" and numbers else ignore
        elif isinstance(number, list) or len(numbers) != 1 or numbers == [0]:
            problems += _unusable_label(case_id, name, number, names)
        else:
            entries.append((name, path, numbers[0]))
    problems += _shared_labels(case_id, entries, names)
    found = _collect(case_id, entries, names)
    label_map = LabelMap(path, tuple(sorted(declared)), ignore)
    return FoundMasks(found.masks, (*problems, *found.problems), found.ignored, label_map)


def _unusable_label(case_id: str, name: str, number: object, names: MaskNames) -> list[Problem]:
    """A region that unites labels, a name for the background, something that is no number."""
    canonical = names.canonical(name)
    if canonical is None:
        unknown = names.problem(case_id, name)
        return [unknown] if unknown else []
    fatal = names.shows_lesions(canonical)
    if isinstance(number, list) and number:
        next_step = (
            f"regions of several values are not read: write {name} as a mask of its own, or --rename "
            f"{name}={LEFT_OUT} to do without"
        )
    else:
        next_step = f'write "{name}": 1 (its value in the label map), or --rename {name}={LEFT_OUT} to do without'
    next_step += "" if fatal else "; it is left out now"
    return [Problem(case_id, "label", f"{name}: {number}"[:80], "one number above 0 per name", next_step, fatal)]


def _shared_labels(case_id: str, entries: list[tuple[str, Path, int | None]], names: MaskNames) -> list[Problem]:
    by_label: dict[int | None, list[str]] = {}
    for name, _, label in entries:
        if names.canonical(name):
            by_label.setdefault(label, []).append(name)
    next_step = "give every structure a value of its own"
    return [
        Problem(case_id, "label", f"{label} is {' and '.join(shared)}", "one name per number", next_step, True)
        for label, shared in by_label.items()
        if len(shared) > 1
    ]


def _collect(case_id: str, entries: list[tuple[str, Path, int | None]], names: MaskNames) -> FoundMasks:
    masks: dict[str, MaskFile] = {}
    spelled: dict[str, str] = {}
    problems, ignored = [], []
    for name, path, label in entries:
        canonical = names.canonical(name)
        if canonical is None:
            ignored.append(name)
            unknown = names.problem(case_id, name)
            problems += [unknown] if unknown else []
        elif canonical in masks:
            problems.append(_named_twice(case_id, canonical, spelled[canonical], _spelling(name, path, label)))
        else:
            masks[canonical] = MaskFile(canonical, path, label)
            spelled[canonical] = _spelling(name, path, label)
    return FoundMasks(tuple(masks.values()), tuple(problems), tuple(ignored))


def _spelling(name: str, path: Path, label: int | None) -> str:
    return path.name if label is None else f"{name} ({label})"


def _named_twice(case_id: str, canonical: str, first: str, second: str) -> Problem:
    """Fatal, because one may be empty: taking the other alone would make its lesions known absent."""
    observed = f"{canonical}: {first} and {second}"
    next_step = f"unite them in one mask, or leave one out (remove it, or --rename NAME={LEFT_OUT})"
    return Problem(case_id, "mask named twice", observed, "one", next_step, True)


def _nearest(names: list[str]) -> str:
    return f" (nearest: {', '.join(names)})" if names else ""
