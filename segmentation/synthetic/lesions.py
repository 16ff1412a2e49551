"""Lesions: their kinds, where they are put, their masks, and what is recorded about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .anatomy import LIVER_SEGMENTS, PANCREAS_PARTS, Regions
from .shapes import Field, Grid, Mask, Point, random_warp

LESION_ORGANS: tuple[str, ...] = ("liver", "kidney", "pancreas")


@dataclass(frozen=True)
class LesionKind:
    """How one kind of lesion looks.

    Attributes:
        weight: relative frequency in its organ.
        contrast_hu: range of lesion minus parenchyma, or of the lesion itself where `absolute`.
        edge_mm: range of the width over which the lesion fades into the organ.
        irregularity: displacement of the surface as a share of the radius.
        core_hu: a second value in the inner part, relative to the lesion (necrosis; 0 = none).
    """

    organ: str
    name: str
    weight: float
    contrast_hu: tuple[float, float]
    absolute: bool = False
    edge_mm: tuple[float, float] = (1.0, 3.0)
    irregularity: float = 0.09
    core_hu: float = 0.0


KINDS: tuple[LesionKind, ...] = (
    LesionKind("liver", "metastasis", 0.45, (-90, -60)),
    LesionKind("liver", "necrotic metastasis", 0.15, (-30, -10), core_hu=-60),
    LesionKind("liver", "cyst", 0.22, (0, 15), absolute=True, edge_mm=(0.5, 1.0), irregularity=0.03),
    LesionKind("liver", "hypervascular lesion", 0.18, (75, 110)),
    LesionKind("kidney", "solid mass", 0.5, (-110, -75)),
    LesionKind("kidney", "cyst", 0.32, (0, 15), absolute=True, edge_mm=(0.5, 1.0), irregularity=0.03),
    LesionKind("kidney", "angiomyolipoma", 0.18, (-70, -30), absolute=True),
    LesionKind("pancreas", "adenocarcinoma", 0.5, (-75, -50)),
    LesionKind("pancreas", "cystic lesion", 0.3, (2, 18), absolute=True, edge_mm=(0.5, 1.0), irregularity=0.06),
    LesionKind("pancreas", "neuroendocrine tumour", 0.2, (60, 90)),
)
DIAMETERS_MM: Mapping[str, tuple[float, float]] = {"liver": (18, 42), "kidney": (20, 42), "pancreas": (13, 34)}
SMALL_DIAMETERS_MM = (6.0, 10.0)
GAP_MM = 5.0
TRIES = 6
MIN_VOLUME_SHARE = 0.75


@dataclass(frozen=True)
class LesionRecord:
    """What is true of one lesion, measured on its mask.

    Attributes:
        organ: `liver`, `kidney` or `pancreas`.
        kind: name of the `LesionKind`.
        side: `left` or `right` for kidneys, else None.
        location: `segment 1` … `segment 8`; `head`, `body`, `tail`; `upper pole`, `interpolar`, `lower pole`.
        diameters_mm: axes of the ellipsoid with the mask's second moments, largest first.
        volume_mm3: voxels of the mask times a voxel's volume.
        contrast_hu: lesion minus parenchyma in the image without noise.
        centre_mm: centre of mass, RAS+.
    """

    organ: str
    kind: str
    side: str | None
    location: str
    diameters_mm: tuple[float, float, float]
    volume_mm3: float
    contrast_hu: float
    centre_mm: Point


@dataclass(frozen=True)
class Lesion:
    """A lesion on a grid.

    Attributes:
        weight: 1 inside, 0 outside, a ramp at the edge.
        core: the same for its inner part.
        value_hu: contrast to the organ, or the lesion's own value where `kind.absolute`.
        mask: voxels of the lesion.
    """

    kind: LesionKind
    side: str | None
    weight: Field
    core: Field
    value_hu: float
    mask: Mask


def place_lesions(
    rng: np.random.Generator,
    regions: Regions,
    grid: Grid,
    *,
    count: int,
    organs: Sequence[str],
    smallest_mm: float | None = None,
) -> list[Lesion]:
    """Up to `count` lesions that do not touch each other; most patients have theirs in one organ.

    Changes `regions` so that a lesion that bulges out of its organ belongs to it.

    Args:
        smallest_mm: diameters are even in their logarithm from here to the organ's largest; None = a first lesion is
            large enough to be seen (`DIAMETERS_MM`), a fifth of the others in its organ are small.
    """
    home = str(rng.choice(list(organs)))
    taken = np.zeros(grid.shape, bool)
    lesions: list[Lesion] = []
    for number in range(count):
        organ = home if number == 0 or rng.random() < 0.7 else str(rng.choice(list(organs)))
        small = number > 0 and organ == home and rng.random() < 0.2  # scattered around the large first one
        low, high = SMALL_DIAMETERS_MM if small and smallest_mm is None else DIAMETERS_MM[organ]
        low = low if smallest_mm is None else smallest_mm
        diameter_mm = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        lesion = _place(rng, regions, grid, taken, organ, diameter_mm)
        if lesion is not None:
            _adopt(regions, lesion)
            taken |= lesion.mask
            lesions.append(lesion)
    return lesions


def measure(lesion: Lesion, contrast_hu: float, regions: Regions, grid: Grid) -> LesionRecord:
    """The record of a lesion, from its mask alone."""
    diameters, centre = ellipsoid_of(lesion.mask, grid)
    organ = lesion.kind.organ
    return LesionRecord(
        organ, lesion.kind.name, lesion.side, _location(lesion, regions), diameters,
        float(lesion.mask.sum() * grid.voxel_volume_mm3), float(contrast_hu), centre,
    )  # fmt: skip


def ellipsoid_of(mask: Mask, grid: Grid) -> tuple[tuple[float, float, float], Point]:
    """Diameters (mm, largest first) and centre (RAS+, mm) of the ellipsoid with the mask's second moments.

    A solid ellipsoid with semi-axis a has the variance a²/5 along it; each voxel adds its own variance, spacing²/12.
    """
    points = np.argwhere(mask) @ grid.affine_ras[:3, :3].T + grid.affine_ras[:3, 3]
    centre = points.mean(0)
    offsets = points - centre
    covariance = offsets.T @ offsets / len(points) + np.diag(np.square(grid.spacing_mm) / 12)
    first, second, third = 2 * np.sqrt(5 * np.linalg.eigvalsh(covariance)[::-1])
    x, y, z = centre
    return (float(first), float(second), float(third)), (float(x), float(y), float(z))


def _place(
    rng: np.random.Generator, regions: Regions, grid: Grid, taken: Mask, organ: str, diameter_mm: float
) -> Lesion | None:
    """A lesion in the organ, or None where there is no room."""
    side = str(rng.choice(["left", "right"])) if organ == "kidney" else None
    name = f"kidney_{side}" if side else organ
    depth_mm = 0.55 * diameter_mm if organ == "liver" else min(4.0, 0.3 * diameter_mm)
    inside = ndimage.distance_transform_edt(regions.masks[name], sampling=grid.spacing_mm)
    candidates = inside >= min(depth_mm, 0.8 * float(inside.max()))
    if taken.any():
        candidates &= ndimage.distance_transform_edt(~taken, sampling=grid.spacing_mm) > diameter_mm / 2 + GAP_MM
    places = np.argwhere(candidates)
    if not len(places):
        return None
    kinds = [kind for kind in KINDS if kind.organ == organ]
    weights = np.array([kind.weight for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    allowed = ~taken & _allowed(regions, name)
    drawn: list[Lesion] = []
    while len(drawn) < TRIES and not (drawn and _volume_share(drawn[-1], grid, diameter_mm) > MIN_VOLUME_SHARE):
        place = places[rng.integers(len(places))] + rng.uniform(-0.5, 0.5, 3)
        centre_mm = grid.affine_ras[:3, :3] @ place + grid.affine_ras[:3, 3]
        drawn.append(_draw(rng, regions, grid, kind, side, centre_mm, diameter_mm, allowed))
    return max(drawn, key=lambda lesion: int(lesion.mask.sum()))


def _volume_share(lesion: Lesion, grid: Grid, diameter_mm: float) -> float:
    """Share of the ball that found room: neighbours cut lesions into shapes that no reader would call round."""
    return float(lesion.mask.sum() * grid.voxel_volume_mm3 / (np.pi / 6 * diameter_mm**3))


def _draw(
    rng: np.random.Generator, regions: Regions, grid: Grid, kind: LesionKind, side: str | None,
    centre_mm: np.ndarray, diameter_mm: float, allowed: Mask,
) -> Lesion:  # fmt: skip
    """An irregular ellipsoid around a centre."""
    warp = random_warp(rng, waves=4, wavelength_mm=(0.8 * diameter_mm, 2 * diameter_mm),
                       amplitude_mm=kind.irregularity * diameter_mm / 2)  # fmt: skip
    stretch = np.exp(rng.normal(0, 0.07, 3))
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0] / (stretch / np.prod(stretch) ** (1 / 3))[:, None]
    offsets = warp(grid.points_mm() - centre_mm.reshape(3, 1, 1, 1).astype(np.float32))
    distance = np.linalg.norm(np.tensordot(axes, offsets, 1), axis=0) - diameter_mm / 2
    mask = (distance < 0) & allowed
    if not mask.any():
        mask = allowed & (distance == distance[allowed].min())
    edge_mm = rng.uniform(*kind.edge_mm)
    weight = np.where(allowed, np.clip(0.5 - distance / (2 * edge_mm), 0, 1), 0)
    weight = np.maximum(weight, 0.6 * mask)
    core = np.clip(0.5 - (distance + 0.15 * diameter_mm) / 3, 0, 1) * (kind.core_hu != 0)
    return Lesion(kind, side, weight.astype(np.float32), core.astype(np.float32), rng.uniform(*kind.contrast_hu), mask)


def _allowed(regions: Regions, name: str) -> Mask:
    """Where a lesion of this organ may lie: the organ itself; the fat around it too unless it is the liver."""
    organ = regions.masks[name]
    return organ if name == "liver" else organ | regions.masks["fat"] | regions.masks["bowel"]


def _adopt(regions: Regions, lesion: Lesion) -> None:
    """Make the lesion's voxels its organ's."""
    organ = lesion.kind.organ
    name = f"kidney_{lesion.side}" if lesion.side else organ
    parts = [part for part in regions.parts if part.startswith(organ)]
    outside = lesion.mask & ~regions.masks[name]
    if parts and outside.any():
        labels = np.sum([(number + 1) * regions.parts[part] for number, part in enumerate(parts)], axis=0)
        nearest = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
        for number, part in enumerate(parts):
            regions.parts[part] |= outside & (labels[tuple(nearest)] == number + 1)
    for mask in regions.masks.values():
        mask &= ~lesion.mask
    regions.masks[name] |= lesion.mask
    for structure in (regions.vessels, regions.renal_sinus, regions.cortex, regions.gas):
        structure &= ~lesion.mask


def _location(lesion: Lesion, regions: Regions) -> str:
    """The part of the organ that holds most of the lesion."""
    if lesion.kind.organ == "kidney":
        kidney_z = regions.points_mm[2][regions.masks[f"kidney_{lesion.side}"]]
        low, high = np.quantile(kidney_z, (0.33, 0.67))
        middle = float(regions.points_mm[2][lesion.mask].mean())
        return "lower pole" if middle < low else "upper pole" if middle > high else "interpolar"
    parts = LIVER_SEGMENTS if lesion.kind.organ == "liver" else PANCREAS_PARTS
    largest = max(parts, key=lambda part: int((regions.parts[part] & lesion.mask).sum()))
    return f"segment {largest[-1]}" if lesion.kind.organ == "liver" else largest.removeprefix("pancreas_")
