"""What goes into an evaluation, and what comes out of one case."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...schemas.errors import ConfigError, DataError
from .components import spacing_from_affine
from .froc import Detections
from .lesions import LesionOutcome, Localisation

Array = NDArray[Any]


@dataclass(frozen=True)
class ReportedPlace:
    """Lesions that a report tells of one place of an organ.

    Attributes:
        n_lesions_min: lesions at least; n_lesions: exact number, None = there may be more.
        sizes_mm: one to three diameters of each measured one.
        possible: the report is not sure of all of them.
    """

    laterality: str | None
    location: tuple[str, ...]
    n_lesions_min: int
    n_lesions: int | None
    sizes_mm: tuple[tuple[float, ...], ...] = ()
    possible: bool = False

    def __str__(self) -> str:
        number = f"{self.n_lesions_min}" if self.n_lesions == self.n_lesions_min else f"≥{self.n_lesions_min}"
        where = " ".join(filter(None, (self.laterality, ", ".join(self.location))))
        sizes = ", ".join("×".join(f"{d:g}" for d in size) for size in self.sizes_mm)
        parts = (where, f"{sizes} mm" if sizes else "no size", "possible" if self.possible else "")
        return f"{number} × " + ", ".join(filter(None, parts))


@dataclass(frozen=True)
class ReportedVolume:
    """What a report says of the lesions of one organ; None = it does not say.

    Attributes:
        lo_mm3, hi_mm3: interval of the total volume; `hi_mm3` None = open, 0 = the organ is free of lesions.
        estimate_mm3: best estimate from the diameters.
        largest_diameter_mm: of the largest lesion.
        n_lesions_min: lesions at least; n_lesions: exact number, None = there may be more.
    """

    lo_mm3: float
    hi_mm3: float | None = None
    estimate_mm3: float | None = None
    largest_diameter_mm: float | None = None
    n_lesions_min: int = 0
    n_lesions: int | None = None
    places: tuple[ReportedPlace, ...] = ()

    @property
    def no_lesion(self) -> bool:
        """Whether the report calls the organ free of lesions."""
        return self.hi_mm3 == 0

    def __str__(self) -> str:
        return "no lesion" if self.no_lesion else "; ".join(map(str, self.places)) or "a lesion"


@dataclass(frozen=True)
class EvaluationCase:
    """One CT with its prediction and what is known of it, all on one grid (x, y, z).

    Attributes:
        affine_ras: 4×4, voxel → mm.
        probabilities: organ → probability of its lesions, 0..1.
        lesion_masks: organ → true lesion mask. All zero = known absent; an organ left out = no mask.
        present: organ → whether it has a lesion, from a report; the mask wins where both are given.
        reported: organ → reported volume.
        organ_masks: organ → organ mask, drawn in the example pictures.
        image_hu: CT in Hounsfield units, for the example pictures.
        patient_id: unit of resampling, None = the case is its own patient. It is not kept in any result.
    """

    case_id: str
    affine_ras: NDArray[np.float64]
    probabilities: Mapping[str, Array]
    lesion_masks: Mapping[str, Array] = field(default_factory=dict)
    present: Mapping[str, bool] = field(default_factory=dict)
    reported: Mapping[str, ReportedVolume] = field(default_factory=dict)
    organ_masks: Mapping[str, Array] = field(default_factory=dict)
    image_hu: Array | None = None
    patient_id: str | None = None
    split: str = "test"
    site: str | None = None

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size per array axis."""
        return spacing_from_affine(self.affine_ras)

    def check(self) -> None:
        """Nothing, if all volumes share one 3D grid and the probabilities are probabilities.

        Raises:
            DataError: they do not.
        """
        shapes = {name: p.shape for name, p in self.probabilities.items()}
        expected = next(iter(shapes.values()), ())
        shapes |= {f"{organ} lesion mask": mask.shape for organ, mask in self.lesion_masks.items()}
        shapes |= {f"{organ} mask": mask.shape for organ, mask in self.organ_masks.items()}
        shapes |= {} if self.image_hu is None else {"ct": self.image_hu.shape}
        wrong = {name: shape for name, shape in shapes.items() if shape != expected or len(shape) != 3}
        if wrong or not shapes:
            raise DataError(
                f"case {self.case_id}: shapes {wrong or 'none'} vs {expected or 'at least one probability map'}. "
                "Prediction and truth must share one grid. Predict again on this CT's own grid."
            )
        for organ, probability in self.probabilities.items():
            low, high = float(np.min(probability)), float(np.max(probability))
            if not (low >= -1e-3 and high <= 1.001):  # blended windows may round past 1; NaN fails
                raise DataError(
                    f"case {self.case_id}, {organ}: probabilities from {low:g} to {high:g} vs 0 to 1. "
                    "Thresholds mean nothing on logits or NaN. Apply the sigmoid, or check the prediction."
                )


@dataclass(frozen=True)
class EvaluationSettings:
    """How a run is judged; two runs are comparable only with equal settings.

    Attributes:
        threshold: probability from which a voxel belongs to the predicted mask.
        min_component_mm3: smaller predicted components are ignored (30 mm³ = a ball of 4 mm).
        min_lesion_mm3: smaller true components are annotation noise, not lesions of their own.
        tolerance_mm: of the surface Dice.
        localisation: when a lesion counts as found.
        criterion: how the operating point is chosen on `validation_split`: "youden", "f1" or "fixed" (= `threshold`).
        organ_margin_mm: how far from their organ's mask the caller let lesions lie, where a case has one; None =
            anywhere. A record: `evaluate` takes probabilities as they are given.
        score: what a patient is ranked by: "probability" (see `patients.patient_score`) or predicted "volume" in mm³.
        n_resamples, level, seed: of the bootstrap intervals.
    """

    threshold: float = 0.5
    min_component_mm3: float = 30.0
    min_lesion_mm3: float = 0.0
    tolerance_mm: float = 2.0
    localisation: Localisation = field(default_factory=Localisation)
    organ_margin_mm: float | None = None
    criterion: Literal["youden", "f1", "fixed"] = "youden"
    score: Literal["probability", "volume"] = "probability"
    validation_split: str = "validation"
    test_split: str = "test"
    n_resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, ok, expected in (
            ("threshold", self.threshold, 0 < self.threshold < 1, "between 0 and 1"),
            ("min_component_mm3", self.min_component_mm3, self.min_component_mm3 >= 0, "0 or more"),
            ("organ_margin_mm", self.organ_margin_mm, 0 <= (self.organ_margin_mm or 0) < math.inf, "0 or more"),
            ("tolerance_mm", self.tolerance_mm, self.tolerance_mm >= 0, "0 or more"),
            ("criterion", self.criterion, self.criterion in ("youden", "f1", "fixed"), "youden, f1 or fixed"),
            ("score", self.score, self.score in ("probability", "volume"), "probability or volume"),
            ("n_resamples", self.n_resamples, self.n_resamples >= 1, "1 or more"),
            ("level", self.level, 0 < self.level < 1, "between 0 and 1"),
        ):
            if not ok:
                raise ConfigError(f"evaluation.{name}: {value} vs {expected}. No metric follows from it. Change it.")


@dataclass(frozen=True)
class ChannelResult:
    """Everything measured on the lesions of one organ in one case.

    Attributes:
        patient: number of the patient within the run; cases of one patient share it.
        present: whether the organ has a lesion; None = unknown, then no patient-level metric counts it.
        score: what the patient is ranked by.
        predicted_diameters_mm: longest axial diameter of each predicted lesion, largest first.
        dsc, nsd, hd95_mm: None without a lesion mask or without a lesion in it.
        lesions: true lesions and whether they were found; empty without a mask.
        false_positive_diameters_mm: predicted components that are not there; None when the truth has no places.
        largest_diameter_mm: of the largest true lesion, from the mask, else from the report.
        detections: lesions found and false positives at every threshold; None when the truth has no places.
    """

    case_id: str
    patient: int
    organ: str
    split: str
    site: str | None
    present: bool | None
    score: float
    predicted_volume_mm3: float
    predicted_diameters_mm: tuple[float, ...]
    truth_volume_mm3: float | None
    dsc: float | None
    nsd: float | None
    hd95_mm: float | None
    lesions: tuple[LesionOutcome, ...]
    false_positive_diameters_mm: tuple[float, ...] | None
    largest_diameter_mm: float | None
    reported: ReportedVolume | None
    detections: Detections | None
