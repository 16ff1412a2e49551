"""Which lesions of a case were found, and which predicted ones are not there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...schemas.errors import ConfigError
from .components import ComponentMap, LesionComponent

# Edges in mm of the size strata: ≤1, 1–2, 2–4, >4 cm of the longest axial diameter.
SIZE_EDGES_MM = (10.0, 20.0, 40.0)
SIZE_LABELS = ("≤1 cm", "1–2 cm", "2–4 cm", ">4 cm")

Criterion = Literal["overlap", "iou", "centroid"]


@dataclass(frozen=True)
class Localisation:
    """When a predicted component counts as having found a lesion.

    Attributes:
        criterion: "overlap" = they share a voxel; "iou" = intersection over union reaches `min_iou`;
            "centroid" = their centres of mass are at most `max_distance_mm` apart.
    """

    criterion: Criterion = "iou"
    min_iou: float = 0.1
    max_distance_mm: float = 10.0

    def __post_init__(self) -> None:
        if self.criterion not in ("overlap", "iou", "centroid"):
            raise ConfigError(
                f"localisation criterion: '{self.criterion}' vs overlap, iou or centroid. "
                "Lesions cannot be matched otherwise. Choose one of the three."
            )
        if not 0 < self.min_iou <= 1 or self.max_distance_mm <= 0:
            raise ConfigError(
                f"localisation: min_iou {self.min_iou}, max_distance_mm {self.max_distance_mm} vs (0, 1] and "
                "a positive distance. Every or no lesion would be found. Change the value."
            )


@dataclass(frozen=True)
class LesionOutcome:
    """One true lesion and whether it was found.

    Attributes:
        diameter_mm: longest axial diameter.
        iou: best intersection over union with a predicted component, 0..1.
    """

    diameter_mm: float
    volume_mm3: float
    detected: bool
    iou: float


@dataclass(frozen=True)
class LesionMatch:
    """Outcome of every true lesion, largest first, and the diameters of predicted components that are not there."""

    lesions: tuple[LesionOutcome, ...]
    false_positive_diameters_mm: tuple[float, ...]


def match_lesions(truth: ComponentMap, prediction: ComponentMap, rule: Localisation | None = None) -> LesionMatch:
    """Outcome of every true lesion of one channel, and the false positives.

    A lesion is found when any predicted component meets the criterion; one component may find several lesions that
    it spans. A component is a false positive when it finds none, unless more than half of it lies inside lesions: a
    fragment of a found or missed lesion is not a second, wrong lesion.

    Args:
        truth, prediction: components on the same grid.
        rule: localisation criterion; None = IoU ≥ 0.1.
    """
    rule = rule or Localisation()
    truth_voxels, truth_mm = sizes_and_centroids(truth.components)
    predicted_voxels, predicted_mm = sizes_and_centroids(prediction.components)
    shared = shared_voxels(truth.labels, prediction.labels, len(truth_voxels), len(predicted_voxels))
    overlap = Overlap(shared, truth_voxels, predicted_voxels)
    hits = overlap.hits(rule, truth_mm, predicted_mm)
    best = overlap.iou.max(axis=1, initial=0.0)
    lesions = tuple(
        LesionOutcome(c.axial_long_mm, c.volume_mm3, bool(found.any()), float(iou))
        for c, found, iou in zip(truth.components, hits, best, strict=True)
    )
    wrong = overlap.wrong(hits)
    diameters = tuple(c.axial_long_mm for c, is_wrong in zip(prediction.components, wrong, strict=True) if is_wrong)
    return LesionMatch(lesions, diameters)


def size_stratum(diameter_mm: float) -> int:
    """Index into `SIZE_LABELS`; an edge belongs to the smaller stratum.

    >>> [SIZE_LABELS[size_stratum(d)] for d in (10.0, 10.1, 40.0, 41.0)]
    ['≤1 cm', '1–2 cm', '2–4 cm', '>4 cm']
    """
    return int(np.searchsorted(SIZE_EDGES_MM, diameter_mm, side="left"))


def shared_voxels(
    truth: NDArray[np.integer], prediction: NDArray[np.integer], n_truth: int, n_prediction: int
) -> NDArray[np.float64]:
    """Voxels that label i of the one and label j of the other map have in common, (n_truth, n_prediction)."""
    both = (truth > 0) & (prediction > 0)
    pairs = (truth[both].astype(np.int64) - 1) * max(n_prediction, 1) + prediction[both] - 1
    counted = np.bincount(pairs, minlength=n_truth * n_prediction)[: n_truth * n_prediction]
    return counted.reshape(n_truth, n_prediction).astype(float)


@dataclass(frozen=True)
class Overlap:
    """How true lesions and predicted components lie over each other.

    Attributes:
        shared: voxels in common, (n_truth, n_prediction).
        truth_voxels, predicted_voxels: (n_truth,), (n_prediction,).
    """

    shared: NDArray[np.float64]
    truth_voxels: NDArray[np.float64]
    predicted_voxels: NDArray[np.float64]

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of every pair."""
        union = self.truth_voxels[:, None] + self.predicted_voxels[None] - self.shared
        return np.asarray(self.shared / np.maximum(union, 1.0))

    def hits(
        self, rule: Localisation, truth_mm: NDArray[np.float64], prediction_mm: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Which component finds which lesion.

        Args:
            truth_mm, prediction_mm: centroids, (n, 3); used by the criterion "centroid" alone.
        """
        if rule.criterion == "overlap":
            return self.shared > 0
        if rule.criterion == "iou":
            return self.iou >= rule.min_iou
        distance_mm = np.linalg.norm(truth_mm[:, None] - prediction_mm[None], axis=-1)
        return np.asarray(distance_mm <= rule.max_distance_mm)

    def wrong(self, hits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which components are false positives."""
        return ~hits.any(axis=0) & (self.shared.sum(axis=0) <= self.predicted_voxels / 2)


def sizes_and_centroids(components: Sequence[LesionComponent]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Voxels (n,) and centroids in mm (n, 3) of the components."""
    voxels = np.array([c.n_voxels for c in components], dtype=float)
    return voxels, np.array([c.centroid_ras_mm for c in components], dtype=float).reshape(-1, 3)
