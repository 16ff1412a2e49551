"""Masks of a registered case, read when they are needed."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from ...schemas.anatomy import load_anatomy
from ..cases import IndexedCase
from ..cases.volumes import read_mask
from ..regions import resolve_region

Mask = npt.NDArray[np.bool_]


def organ_mask_reader(case: IndexedCase, organ: str) -> Callable[[], Mask] | None:
    """What reads the organ's mask on the CT's grid; None for a case that does not have all of the organ."""
    available = {name for name, mask in case.masks.items() if not mask.empty}
    region = resolve_region(load_anatomy(), organ, None, (), available)
    return mask_reader(case, region.masks) if region else None


def lesion_mask_reader(case: IndexedCase, organ: str) -> Callable[[], Mask] | None:
    """What reads the lesions drawn in the organ; None for a case without such a mask."""
    names = [name for name in load_anatomy().organ(organ).lesion_masks if name in case.masks]
    return mask_reader(case, names) if names else None


def mask_reader(case: IndexedCase, names: Iterable[str]) -> Callable[[], Mask]:
    """What reads the union of some masks of the case."""
    files = [case.masks[name] for name in names]
    return lambda: np.logical_or.reduce([read_mask(file.path, file.label) for file in files])
