"""From regions to Hounsfield units: contrast phase, parenchymal texture, look-alikes, blur and noise of a scanner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .anatomy import Regions
from .lesions import Lesion
from .shapes import Field, Grid, Mask, ellipsoid

FIELD_OF_VIEW_MM = (256.0, 192.0, 160.0)


@dataclass(frozen=True)
class Scanner:
    """A scanner and its protocol.

    Attributes:
        spacing_mm: voxel edges.
        flips: directions of the array's axes in RAS+; (-1, -1, 1) is the LPS order of most converted DICOM series.
        blur_mm: standard deviation of the point spread.
        noise_hu: standard deviation of the noise.
        noise_grain_mm: correlation length of the noise.
        gain: factor on every contrast to water.
        offset_hu: calibration error.
    """

    name: str
    spacing_mm: tuple[float, float, float]
    flips: tuple[int, int, int]
    blur_mm: tuple[float, float, float]
    noise_hu: float
    noise_grain_mm: float
    gain: float
    offset_hu: float

    def grid(self) -> Grid:
        """Its voxel grid, centred on the field of view."""
        x, y, z = (round(field / spacing) for field, spacing in zip(FIELD_OF_VIEW_MM, self.spacing_mm, strict=True))
        affine = np.diag([*np.multiply(self.spacing_mm, self.flips), 1.0])
        affine[:3, 3] = -affine[:3, :3] @ ((np.array([x, y, z]) - 1) / 2)
        return Grid((x, y, z), affine)


SCANNERS: Mapping[str, Scanner] = {
    "A": Scanner("A", (4.0, 4.0, 4.0), (1, 1, 1), (1.6, 1.6, 1.8), 8.0, 2.4, 1.0, 0.0),
    "B": Scanner("B", (3.4, 3.4, 5.0), (-1, -1, 1), (1.9, 1.9, 2.4), 12.0, 3.2, 0.9, 4.0),
}

# Hounsfield units (mean, spread between patients) by contrast phase.
PHASES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "portal venous": {
        "liver": (108, 8), "spleen": (120, 8), "pancreas": (95, 8), "kidney": (165, 12), "cortex": (15, 6),
        "aorta": (150, 12), "inferior_vena_cava": (140, 12), "vessels": (38, 8),
    },
    "late arterial": {
        "liver": (80, 6), "spleen": (125, 10), "pancreas": (108, 8), "kidney": (120, 10), "cortex": (70, 12),
        "aorta": (270, 25), "inferior_vena_cava": (85, 10), "vessels": (-24, 8),
    },
}  # fmt: skip
_TISSUE_HU: Mapping[str, float] = {
    "skin": 20, "fat": -100, "muscle": 58, "ribs": 320, "bowel": 35, "nodes": 65, "stomach": 20, "duodenum": 40,
    "gallbladder": 10, "psoas": 60, "spine": 260,
}  # fmt: skip
_TEXTURE_HU: Mapping[str, float] = {"liver": 4, "spleen": 4, "pancreas": 7, "kidney_left": 5, "kidney_right": 5}


def acquire(
    rng: np.random.Generator, regions: Regions, lesions: Sequence[Lesion], grid: Grid, scanner: Scanner
) -> tuple[Field, list[float]]:
    """The CT in HU, float32 (x, y, z), and the contrast of each lesion to its organ before blur and noise."""
    phase = PHASES[str(rng.choice(list(PHASES)))]
    values = {name: rng.normal(mean, spread) for name, (mean, spread) in phase.items()}
    image = _tissues(rng, regions, values, grid.shape)
    for mask, weight, contrast_hu in _look_alikes(rng, regions, grid):
        image += np.where(mask, weight * np.float32(contrast_hu), 0)
    contrasts = [_add_lesion(image, lesion, values[lesion.kind.organ]) for lesion in lesions]
    for name, amount_hu in _TEXTURE_HU.items():
        image += regions.masks[name] * _grain(rng, grid, 7.0, amount_hu)
    blurred = ndimage.gaussian_filter(image, np.divide(scanner.blur_mm, grid.spacing_mm), mode="nearest")
    noisy = scanner.gain * blurred + scanner.offset_hu + _grain(rng, grid, scanner.noise_grain_mm, scanner.noise_hu)
    return np.clip(noisy, -1024, 1500).astype(np.float32), contrasts


def _tissues(
    rng: np.random.Generator, regions: Regions, values: Mapping[str, float], shape: tuple[int, int, int]
) -> Field:
    image = np.full(shape, -1000, np.float32)
    for name, mask in regions.masks.items():
        organ = "kidney" if name.startswith("kidney") else name
        image[mask] = values[organ] if organ in values else _TISSUE_HU[name] + rng.normal(0, 6)
    labels, loops = ndimage.label(regions.masks["bowel"])
    contents = np.append(0, rng.choice([-40, -20, 0, 15, 60, 180], loops, p=[0.1, 0.2, 0.25, 0.2, 0.15, 0.1]))
    image += contents[labels].astype(np.float32)
    image[regions.cortex] += values["cortex"]
    image[regions.vessels] += values["vessels"]
    image[regions.renal_sinus] = rng.choice([-90, -60, 8], p=[0.5, 0.4, 0.1])
    image[regions.gas] = -850
    return image


def _look_alikes(rng: np.random.Generator, regions: Regions, grid: Grid) -> list[tuple[Mask, Field, float]]:
    """Harmless things inside organs as (where, weight, contrast in HU)."""
    points, found = regions.points_mm, []
    liver = regions.masks["liver"]
    if rng.random() < 0.45:  # focal fat beside the falciform ligament, at the front of the liver
        centre = (rng.normal(8, 4), rng.normal(54, 4), rng.normal(30, 10))
        field = ellipsoid(points, centre, list(rng.uniform(7, 14, 3)))
        found.append((liver, np.clip(0.5 - field / 8, 0, 1), rng.uniform(-40, -22)))
    if rng.random() < 0.35:  # wedge of altered perfusion under the capsule
        centre = (rng.uniform(85, 105), rng.uniform(-30, 40), rng.uniform(-10, 50))
        field = ellipsoid(points, centre, list(rng.uniform(9, 18, 3)))
        found.append((liver, np.clip(0.5 - field / 8, 0, 1), rng.uniform(15, 30)))
    calcified = [organ for organ in _TEXTURE_HU if rng.random() < 0.2]
    found.extend((*_speck(rng, regions.masks[organ], grid), rng.uniform(150, 400)) for organ in calcified)
    if rng.random() < 0.4:  # fat between the lobules of the pancreas
        field = _grain(rng, grid, 5.0, 1.0)
        found.append((regions.masks["pancreas"], np.clip(field - 0.8, 0, 1.5), rng.uniform(-60, -30)))
    return found


def _speck(rng: np.random.Generator, organ: Mask, grid: Grid) -> tuple[Mask, Field]:
    places = np.argwhere(organ)
    centre = places[rng.integers(len(places))]
    offsets = (np.indices(grid.shape) - centre.reshape(3, 1, 1, 1)) * np.reshape(grid.spacing_mm, (3, 1, 1, 1))
    return organ, np.clip(1.2 - np.linalg.norm(offsets, axis=0) / rng.uniform(2.5, 5), 0, 1).astype(np.float32)


def _add_lesion(image: Field, lesion: Lesion, organ_hu: float) -> float:
    """Paint a lesion into the image; its mean contrast to the organ."""
    value_hu = lesion.value_hu if lesion.kind.absolute else organ_hu + lesion.value_hu
    target = value_hu + lesion.core * np.float32(lesion.kind.core_hu)
    image += lesion.weight * (target - image)
    return float(target[lesion.mask].mean() - organ_hu)


def _grain(rng: np.random.Generator, grid: Grid, length_mm: float, amount_hu: float) -> Field:
    """Correlated noise with a given standard deviation."""
    sigma = np.divide(length_mm / 2, grid.spacing_mm)
    noise = ndimage.gaussian_filter(rng.standard_normal(grid.shape, np.float32), sigma)
    return noise * np.float32(amount_hu / noise.std())
