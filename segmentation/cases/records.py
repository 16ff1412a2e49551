"""The records that indexing passes around: files of a case, what was seen in them, what is wrong."""

from dataclasses import dataclass
from pathlib import Path

from ...schemas import Anatomy


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a case, worded for the table that the user sees.

    Attributes:
        fatal: the case is set aside; otherwise it is used and the user is warned.
    """

    case_id: str
    problem: str
    observed: str
    expected: str
    next_step: str
    fatal: bool


@dataclass(frozen=True)
class MaskFile:
    """Where one mask lies.

    Attributes:
        name: canonical name of the anatomy table.
        label: its value inside a label map; None = a file of its own, every voxel that is not 0 is inside.
        fallback: made by a segmenter, for organs that the data set itself has no mask of, or an empty one.
    """

    name: str
    path: Path
    label: int | None = None
    fallback: bool = False


@dataclass(frozen=True)
class LabelMap:
    """What the description of a label map says of its values.

    Attributes:
        declared: every value with a name, 0 included, whether or not its mask is used.
        ignore: value of voxels that nobody annotated (nnU-Net's "ignore").
    """

    path: Path
    declared: tuple[int, ...]
    ignore: int | None = None


@dataclass(frozen=True)
class CaseFiles:
    """The files of one case as a layout lists them; nothing has been opened yet.

    Attributes:
        label_map: of a case whose masks are values of one file; None where each mask is a file of its own.
        problems: what the listing itself found, e.g. two files for one mask.
        ignored_masks: names that the anatomy table does not know; they are not read.
    """

    case_id: str
    ct: Path
    masks: tuple[MaskFile, ...] = ()
    label_map: LabelMap | None = None
    mask_folder: Path | None = None
    report_id: str | None = None
    patient_id: str | None = None
    split: str | None = None
    site: str | None = None
    problems: tuple[Problem, ...] = ()
    ignored_masks: tuple[str, ...] = ()


@dataclass(frozen=True)
class MaskSummary:
    """What was seen in one mask. `empty`: an organ counts as missing, a lesion mask as known absence."""

    name: str
    path: Path
    label: int | None
    empty: bool
    volume_mm3: float


@dataclass(frozen=True)
class CheckedCase:
    """A case after its files were read.

    Attributes:
        shape, spacing_mm, orientation: of the CT, in file order, e.g. (512, 512, 90), (0.7, 0.7, 5.0), "LPS"; None when
            the CT cannot be read.
        fingerprint: changes when any file of the case changes; "" when an unforeseen error cut the check short, so that
            the next one reads the case again.
        traceback: of that error.
    """

    files: CaseFiles
    shape: tuple[int, ...] | None
    spacing_mm: tuple[float, ...] | None
    orientation: str | None
    masks: tuple[MaskSummary, ...]
    problems: tuple[Problem, ...]
    fingerprint: str
    traceback: str = ""

    @property
    def set_aside(self) -> bool:
        """Whether a problem keeps the case from being used."""
        return any(problem.fatal for problem in self.problems)


@dataclass(frozen=True)
class IndexedCase:
    """A case as the database knows it.

    Attributes:
        masks: by canonical name, only those that could be read.
        usable: not set aside.
    """

    case_id: str
    ct: Path
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    orientation: str
    split: str | None
    site: str | None
    report_id: str | None
    patient_id: str | None
    fingerprint: str
    usable: bool
    masks: dict[str, MaskSummary]
    problems: tuple[Problem, ...] = ()


def organ_masks(anatomy: Anatomy, organ: str) -> frozenset[str]:
    """Names of every mask that shows an organ, a side or a part of it; lesion masks are not among them."""
    entry = anatomy.organ(organ)
    parts = {m.format(side=side) for masks in entry.parts.values() for m in masks for side in ("left", "right")}
    sides = {m for masks in entry.sides.values() for m in masks}
    return frozenset({entry.name, *entry.masks, *sides, *parts}) if entry.masks else frozenset()


def known_masks(anatomy: Anatomy) -> frozenset[str]:
    """Names of every mask that the anatomy table speaks of."""
    lesions = {name for entry in anatomy.organs.values() for name in entry.lesion_masks}
    return frozenset(lesions.union(*(organ_masks(anatomy, organ) for organ in anatomy.organs)))
