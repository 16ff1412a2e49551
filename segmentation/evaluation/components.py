"""A lesion mask as a table in the words of a report: organ, volume, diameters, place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull

from ...schemas.errors import DataError

Mask = NDArray[np.bool_]
MAX_COMPONENTS = 300  # of a prediction: an untrained network, or a low threshold, gives tens of thousands
_CONNECTIVITY_26 = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class LesionComponent:
    """One connected component of a lesion mask.

    Attributes:
        label: its value in the label array.
        organ: the lesion channel it comes from.
        axial_long_mm: longest in-plane diameter over the axial slices (RECIST).
        axial_short_mm: longest diameter perpendicular to it in the same slice.
        craniocaudal_mm: extent across the axial slices.
        centroid_ras_mm: centre of mass in scanner coordinates (x = right, y = anterior, z = superior).
        mean_probability, max_probability: over its voxels; None without a probability map.
    """

    label: int
    organ: str
    n_voxels: int
    volume_mm3: float
    axial_long_mm: float
    axial_short_mm: float
    craniocaudal_mm: float
    centroid_ras_mm: tuple[float, float, float]
    mean_probability: float | None = None
    max_probability: float | None = None

    @property
    def diameters_mm(self) -> tuple[float, float, float]:
        """The three diameters, largest first, as reports list them."""
        a, b, c = sorted((self.axial_long_mm, self.axial_short_mm, self.craniocaudal_mm), reverse=True)
        return a, b, c


@dataclass(frozen=True)
class ComponentMap:
    """Components of one mask, largest first.

    Attributes:
        labels: int32 (x, y, z); 0 outside, i + 1 for `components[i]`. What is too small, or one too many, is 0.
        n_left_out: components beyond the number asked for, the smallest ones.
    """

    labels: NDArray[np.int32]
    components: tuple[LesionComponent, ...]
    n_left_out: int = 0

    @property
    def volume_mm3(self) -> float:
        """Total volume of the components."""
        return float(sum(component.volume_mm3 for component in self.components))


def spacing_from_affine(affine_ras: NDArray[np.float64]) -> tuple[float, float, float]:
    """Voxel size in mm along the three array axes.

    >>> spacing_from_affine(np.diag([-0.8, 0.8, 2.0, 1.0]))
    (0.8, 0.8, 2.0)
    """
    x, y, z = (float(size) for size in np.linalg.norm(np.asarray(affine_ras, dtype=float)[:3, :3], axis=0))
    return x, y, z


def axial_axis(affine_ras: NDArray[np.float64]) -> int:
    """Array axis that runs closest to feet–head, so that axial slices are perpendicular to it."""
    directions = np.asarray(affine_ras, dtype=float)[:3, :3] / spacing_from_affine(affine_ras)
    return int(np.argmax(np.abs(directions[2])))


def lesion_components(
    mask: NDArray[np.generic],
    affine_ras: NDArray[np.float64],
    *,
    organ: str,
    probability: NDArray[np.floating] | None = None,
    min_volume_mm3: float = 0.0,
    max_components: int | None = None,
) -> ComponentMap:
    """Connected components (26 neighbours) of a lesion mask, largest first.

    Args:
        mask: (x, y, z), non-zero = lesion.
        affine_ras: 4×4, voxel → mm of the same volume; spacing and the axial plane come from it.
        organ: name put into each row.
        probability: (x, y, z) in 0..1, for the mean and maximum of each component.
        min_volume_mm3: smaller components are dropped.
        max_components: only so many are kept, the largest ones; measuring one takes up to 50 ms.

    Raises:
        DataError: mask and probability differ in shape, or the mask is not 3D.

    >>> mask = np.zeros((8, 8, 8)); mask[2:6, 2:4, 2:4] = 1
    >>> table = lesion_components(mask, np.diag([1.0, 1.0, 3.0, 1.0]), organ="liver").components
    >>> table[0].volume_mm3, table[0].craniocaudal_mm
    (48.0, 6.0)
    """
    if mask.ndim != 3 or (probability is not None and probability.shape != mask.shape):
        shapes = f"{mask.shape}" if probability is None else f"{mask.shape} with probability {probability.shape}"
        raise DataError(f"lesion mask of {organ}: shape {shapes} vs one 3D grid. Components need matching voxels.")
    spacing_mm = spacing_from_affine(affine_ras)
    labels, _ = label_components(mask != 0, min_volume_mm3 / float(np.prod(spacing_mm)))
    n_found = int(labels.max(initial=0))
    n_kept = n_found if max_components is None else min(n_found, max_components)
    labels[labels > n_kept] = 0
    components = tuple(
        _describe(labels[box] == label, box, label, organ, affine_ras, probability)
        for label, box in enumerate(ndimage.find_objects(labels), start=1)
    )
    return ComponentMap(labels=labels, components=components, n_left_out=n_found - n_kept)


def label_components(mask: Mask, min_voxels: float) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Components (26 neighbours) numbered from 1 by falling size, and their voxels; those below `min_voxels` are 0."""
    labels = np.zeros(mask.shape, dtype=np.int32)
    box = bounding_box(mask)
    if box is None:
        return labels, np.zeros(0, dtype=np.intp)
    raw, n = ndimage.label(mask[box], structure=_CONNECTIVITY_26)
    sizes = np.bincount(raw.ravel(), minlength=n + 1)[1:]
    order = np.argsort(-sizes, kind="stable")
    # Relative slack: a component of exactly the minimum volume stays, whatever the rounding of the spacing.
    order = order[sizes[order] >= min_voxels * (1 - 1e-9)]
    renumber = np.zeros(n + 1, dtype=np.int32)
    renumber[order + 1] = np.arange(1, len(order) + 1)
    labels[box] = renumber[raw]
    return labels, sizes[order]


def bounding_box(mask: Mask, margin: int = 0) -> tuple[slice, slice, slice] | None:
    """Smallest box around the mask, grown by `margin` voxels inside the grid; None for an empty mask."""
    spans = []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if used.size == 0:
            return None
        spans.append(slice(max(int(used[0]) - margin, 0), min(int(used[-1]) + 1 + margin, mask.shape[axis])))
    return spans[0], spans[1], spans[2]


def _describe(
    voxels: Mask,
    box: tuple[slice, slice, slice],
    label: int,
    organ: str,
    affine_ras: NDArray[np.float64],
    probability: NDArray[np.floating] | None,
) -> LesionComponent:
    spacing_mm = spacing_from_affine(affine_ras)
    axis = axial_axis(affine_ras)
    long_mm, short_mm = axial_diameters(voxels, spacing_mm, axis)
    n_voxels = int(voxels.sum())
    centre = np.argwhere(voxels).mean(axis=0) + [span.start for span in box]
    x, y, z = (float(value) for value in (np.asarray(affine_ras, dtype=float) @ [*centre, 1.0])[:3])
    values = None if probability is None else probability[box][voxels]
    return LesionComponent(
        label=label,
        organ=organ,
        n_voxels=n_voxels,
        volume_mm3=n_voxels * float(np.prod(spacing_mm)),
        axial_long_mm=long_mm,
        axial_short_mm=short_mm,
        craniocaudal_mm=voxels.shape[axis] * spacing_mm[axis],
        centroid_ras_mm=(x, y, z),
        mean_probability=None if values is None else float(values.mean(dtype=np.float64)),
        max_probability=None if values is None else float(values.max()),
    )


def axial_diameters(voxels: Mask, spacing_mm: tuple[float, float, float], axis: int) -> tuple[float, float]:
    """Longest diameter (mm) inside one axial slice, and the longest perpendicular to it in that slice.

    The outline runs through the midpoints of voxel edges, so one voxel measures one spacing and n voxels in a row
    measure n. Parts of a component that are apart within a slice are measured apart.

    Args:
        voxels: (x, y, z) of one component.
        axis: array axis perpendicular to the axial plane.
    """
    in_plane_mm = np.array([size for i, size in enumerate(spacing_mm) if i != axis])
    best = (0.0, 0.0)
    for plane in np.moveaxis(voxels, axis, 0):
        outlines, n = ndimage.label(plane, structure=np.ones((3, 3)))
        for i in range(1, n + 1):
            pixels_mm = np.argwhere(outlines == i) * in_plane_mm
            reach_mm = float(np.linalg.norm(np.ptp(pixels_mm, axis=0) + in_plane_mm))
            if reach_mm > best[0]:  # no diameter exceeds the diagonal of the bounding box
                best = max(best, _long_and_short(pixels_mm, in_plane_mm))
    return best


def _long_and_short(pixels_mm: NDArray[np.float64], in_plane_mm: NDArray[np.float64]) -> tuple[float, float]:
    """Longest diameter of a planar region and the longest chord of its convex hull perpendicular to it."""
    half = np.concatenate([np.diag(in_plane_mm), -np.diag(in_plane_mm)]) / 2
    points = (pixels_mm[:, None] + half[None]).reshape(-1, 2)
    points = points[ConvexHull(points).vertices]
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    first, second = np.unravel_index(int(np.argmax(squared)), squared.shape)
    long_mm = float(np.sqrt(squared[first, second]))
    along = (points[second] - points[first]) / long_mm
    t = (points - points[first]) @ along
    across = (points - points[first]) @ np.array([-along[1], along[0]])
    # The long axis splits the hull into two chains between its ends; the width between them is concave along the
    # axis, so its maximum stands at a vertex.
    width = np.zeros(len(t))
    for side in (1.0, -1.0):
        chain = [i for i in np.argsort(t, kind="stable") if side * across[i] > 1e-9 and i not in (first, second)]
        width += np.interp(t, [0.0, *t[chain], long_mm], [0.0, *(side * across[chain]), 0.0])
    return long_mm, float(width.max())
