"""One case against its truth, organ by organ."""

from collections.abc import Iterator

import numpy as np

from .components import MAX_COMPONENTS, ComponentMap, Mask, lesion_components
from .froc import Detections, detections
from .lesions import LesionMatch, match_lesions
from .overlap import dice, hausdorff_mm, surface_dice, surface_distances
from .patients import patient_score
from .records import ChannelResult, EvaluationCase, EvaluationSettings


def predicted_components(case: EvaluationCase, organ: str, settings: EvaluationSettings) -> ComponentMap:
    """Lesions that the run predicts in one organ, without small components and those beyond `MAX_COMPONENTS`."""
    probability = np.asarray(case.probabilities[organ])
    return lesion_components(
        probability >= settings.threshold,
        case.affine_ras,
        organ=organ,
        probability=probability,
        min_volume_mm3=settings.min_component_mm3,
        max_components=MAX_COMPONENTS,
    )


def measure_case(case: EvaluationCase, settings: EvaluationSettings, patient: int) -> Iterator[ChannelResult]:
    """One result per organ of the case's probabilities.

    Raises:
        DataError: the case's volumes do not share a grid, or its probabilities are none.
    """
    case.check()
    for organ in case.probabilities:
        yield _measure(case, organ, settings, patient)


def _measure(case: EvaluationCase, organ: str, settings: EvaluationSettings, patient: int) -> ChannelResult:
    predicted = predicted_components(case, organ, settings)
    mask = case.lesion_masks.get(organ)
    truth = None
    if mask is not None:
        truth = lesion_components(
            np.asarray(mask), case.affine_ras, organ=organ, min_volume_mm3=settings.min_lesion_mm3
        )
    present = case.present.get(organ) if truth is None else bool(truth.components)
    match = _match(truth, predicted, present, settings)
    reported = case.reported.get(organ)
    dsc, nsd, hd95_mm = _overlap(truth, predicted, case.spacing_mm, settings.tolerance_mm)
    return ChannelResult(
        case_id=case.case_id,
        patient=patient,
        organ=organ,
        split=case.split,
        site=case.site,
        present=present,
        score=_score(case, organ, settings, predicted),
        predicted_volume_mm3=predicted.volume_mm3,
        predicted_diameters_mm=tuple(sorted((c.axial_long_mm for c in predicted.components), reverse=True)),
        truth_volume_mm3=None if truth is None else truth.volume_mm3,
        dsc=dsc,
        nsd=nsd,
        hd95_mm=hd95_mm,
        lesions=match.lesions if match else (),
        false_positive_diameters_mm=match.false_positive_diameters_mm if match else None,
        largest_diameter_mm=max(
            (c.axial_long_mm for c in truth.components) if truth else (),
            default=reported.largest_diameter_mm if reported else None,
        ),
        reported=reported,
        detections=_detections(case, organ, settings, truth) if match else None,
    )


def _match(
    truth: ComponentMap | None, predicted: ComponentMap, present: bool | None, settings: EvaluationSettings
) -> LesionMatch | None:
    """Match against the mask; a healthy organ without a mask has only false positives; otherwise nothing is known."""
    if truth is not None:
        return match_lesions(truth, predicted, settings.localisation)
    if present is False:
        return LesionMatch((), tuple(c.axial_long_mm for c in predicted.components))
    return None


def _detections(
    case: EvaluationCase, organ: str, settings: EvaluationSettings, truth: ComponentMap | None
) -> Detections:
    return detections(
        np.asarray(case.probabilities[organ]), case.affine_ras, truth, settings.localisation, settings.min_component_mm3
    )


def _overlap(
    truth: ComponentMap | None, predicted: ComponentMap, spacing_mm: tuple[float, float, float], tolerance_mm: float
) -> tuple[float | None, float | None, float | None]:
    if truth is None or not truth.components:
        return None, None, None
    a: Mask = truth.labels > 0
    b: Mask = predicted.labels > 0
    distances = surface_distances(a, b, spacing_mm)
    return dice(a, b), surface_dice(distances, tolerance_mm), hausdorff_mm(distances)


def _score(case: EvaluationCase, organ: str, settings: EvaluationSettings, predicted: ComponentMap) -> float:
    if settings.score == "volume":
        return predicted.volume_mm3
    return patient_score(case.probabilities[organ], float(np.prod(case.spacing_mm)), settings.min_component_mm3)
