"""One synthetic patient: volume, masks and the truth about the lesions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...schemas import ConfigError
from .anatomy import ORGAN_MASKS, lay_out, sample_body
from .lesions import DIAMETERS_MM, LESION_ORGANS, LesionRecord, measure, place_lesions
from .scanner import SCANNERS, Scanner, acquire
from .shapes import Field, Mask

MAX_LESIONS = 4


@dataclass(frozen=True)
class SyntheticCase:
    """A CT with everything that is known about it.

    Attributes:
        ct: Hounsfield units, float32 (x, y, z).
        organ_masks: organs, liver segments and pancreas parts by their names in the anatomy table.
        lesion_masks: `liver_lesion`, `kidney_lesion`, `pancreas_lesion`, also where empty.
        lesions: one record per lesion, in no particular order.
        affine_ras: voxel index → RAS+ millimetres.
    """

    ct: Field
    organ_masks: dict[str, Mask]
    lesion_masks: dict[str, Mask]
    lesions: tuple[LesionRecord, ...]
    affine_ras: npt.NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    scanner: Scanner


def make_case(
    seed: int,
    scanner: str = "A",
    *,
    lesion_count: int | None = None,
    organs: Sequence[str] = LESION_ORGANS,
    smallest_mm: float | None = None,
) -> SyntheticCase:
    """A synthetic patient, the same for the same arguments.

    Args:
        scanner: name in `SCANNERS`.
        lesion_count: lesions to place, 0 to 4 (fewer where there is no room); None = none in half of the patients.
        organs: organs that may have lesions.
        smallest_mm: see `place_lesions`.

    Raises:
        ConfigError: an unknown scanner or organ, or a count or diameter out of range.

    Example:
        >>> case = make_case(3, "A", lesion_count=2)
        >>> case.ct.shape, len(case.lesions)
        ((64, 48, 40), 2)
    """
    _check(scanner, lesion_count, organs, smallest_mm)
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, MAX_LESIONS + 1) * (rng.random() < 0.5)) if lesion_count is None else lesion_count
    device = SCANNERS[scanner]
    grid = device.grid()
    regions = lay_out(sample_body(rng), grid)
    lesions = place_lesions(rng, regions, grid, count=count, organs=organs, smallest_mm=smallest_mm)
    ct, contrasts_hu = acquire(rng, regions, lesions, grid, device)
    lesion_masks = {f"{organ}_lesion": np.zeros(grid.shape, bool) for organ in organs}
    for lesion in lesions:
        lesion_masks[f"{lesion.kind.organ}_lesion"] |= lesion.mask
    return SyntheticCase(
        ct=ct,
        organ_masks={name: regions.masks[name] for name in ORGAN_MASKS} | regions.parts,
        lesion_masks=lesion_masks,
        lesions=tuple(measure(*pair, regions, grid) for pair in zip(lesions, contrasts_hu, strict=True)),
        affine_ras=grid.affine_ras,
        spacing_mm=grid.spacing_mm,
        scanner=device,
    )


def _check(scanner: str, lesion_count: int | None, organs: Sequence[str], smallest_mm: float | None) -> None:
    if scanner not in SCANNERS:
        raise ConfigError(
            f"scanner: {scanner!r} vs one of {', '.join(SCANNERS)}. "
            "Its spacing and noise are needed to make a volume. Choose one of them."
        )
    unknown = set(organs) - set(LESION_ORGANS)
    if unknown or not organs:
        raise ConfigError(
            f"organs: {sorted(organs)} vs some of {', '.join(LESION_ORGANS)}. "
            "Lesions can be made in these organs only. Leave the others out."
        )
    if lesion_count is not None and not 0 <= lesion_count <= MAX_LESIONS:
        raise ConfigError(
            f"lesion_count: {lesion_count} vs 0 to {MAX_LESIONS}. More lesions find no room. Lower the count."
        )
    largest_mm = min(DIAMETERS_MM[organ][1] for organ in organs)
    if smallest_mm is not None and not 1 <= smallest_mm < largest_mm:
        raise ConfigError(
            f"smallest_mm: {smallest_mm} vs 1 to {largest_mm:g}, the largest. No diameter can be drawn. Change it."
        )
