"""Example pictures, collected while cases pass by: one small axial cut-out per case and organ, never a volume."""

from collections.abc import Sequence
from dataclasses import dataclass

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from .channels import predicted_components
from .components import Mask, spacing_from_affine
from .records import Array, ChannelResult, EvaluationCase, EvaluationSettings, ReportedVolume

_WINDOW_HU = (-160.0, 240.0)


@dataclass(frozen=True)
class Example:
    """An axial cut-out as a radiologist looks at it: rows run back to front, columns right to left of the patient.

    Attributes:
        grey: uint8 (rows, columns), soft-tissue window.
        truth, prediction, organ_mask: bool, same shape.
        pixel_mm: (row, column) size.
        dsc: None where the case holds no lesion, or no mask of it.
        predicted_diameters_mm: of each predicted lesion of the organ, also those outside of the cut-out.
        reported: what the report says of the organ; None = nothing.
    """

    case_id: str
    organ: str
    dsc: float | None
    predicted_volume_mm3: float
    predicted_diameters_mm: tuple[float, ...]
    reported: ReportedVolume | None
    grey: NDArray[np.uint8]
    truth: Mask
    prediction: Mask
    organ_mask: Mask
    pixel_mm: tuple[float, float]


class Gallery:
    """Collects examples of an evaluation; hand it to `evaluate` and then to the report page."""

    def __init__(self, *, width_mm: float = 140.0, n_false_alarms: int = 4) -> None:
        self._width_mm = width_mm
        self._n_false_alarms = n_false_alarms
        self._lesions: list[Example] = []
        self._false_alarms: list[Example] = []

    def add(self, case: EvaluationCase, results: Sequence[ChannelResult], settings: EvaluationSettings) -> None:
        """Keep a cut-out of each organ with a lesion in its mask, and of the largest false alarms."""
        if case.image_hu is None:
            return
        for result in results:
            false_alarm = result.present is False and result.predicted_volume_mm3 > 0
            if result.dsc is None and not false_alarm:
                continue
            example = _example(case, result, settings, self._width_mm)
            if result.dsc is not None:
                self._lesions.append(example)
            else:
                self._false_alarms.append(example)
                self._false_alarms.sort(key=lambda e: -e.predicted_volume_mm3)
                del self._false_alarms[self._n_false_alarms :]

    def chosen(self, n: int = 6) -> tuple[Example, ...]:
        """At most n examples: from the best to the worst DSC in equal steps, the largest false alarm last.

        The whole range is shown rather than what went well.
        """
        false_alarms = self._false_alarms[:1]
        ranked = sorted(self._lesions, key=lambda e: -(e.dsc or 0.0))
        n_lesions = min(n - len(false_alarms), len(ranked))
        picks = np.unique(np.linspace(0, len(ranked) - 1, n_lesions).round().astype(int)) if n_lesions > 0 else []
        return (*(ranked[i] for i in picks), *false_alarms)


def _example(case: EvaluationCase, result: ChannelResult, settings: EvaluationSettings, width_mm: float) -> Example:
    organ = result.organ
    to_ras = nib.orientations.io_orientation(case.affine_ras)
    spacing_mm = np.array(spacing_from_affine(case.affine_ras))[np.argsort(to_ras[:, 0])]

    def ras(volume: Array) -> Array:
        return np.asarray(nib.orientations.apply_orientation(volume, to_ras))

    prediction = ras(predicted_components(case, organ, settings).labels) > 0  # what was judged, small specks removed
    nothing = np.zeros(prediction.shape, dtype=bool)
    truth = ras(case.lesion_masks[organ]) != 0 if organ in case.lesion_masks else nothing
    organ_mask = ras(case.organ_masks[organ]) != 0 if organ in case.organ_masks else nothing
    shown = truth if truth.any() else prediction
    k = int(np.argmax(shown.sum(axis=(0, 1))))
    window = tuple(
        slice(max(0, round(centre - half)), round(centre + half) + 1)
        for centre, half in zip(np.argwhere(shown[:, :, k]).mean(axis=0), width_mm / 2 / spacing_mm[:2], strict=True)
    )

    def cut(volume: Array) -> Array:
        return np.ascontiguousarray(volume[window[0], window[1], k][::-1].T)  # RAS → patient's right on the left

    low, high = _WINDOW_HU
    grey = (np.clip((cut(ras(np.asarray(case.image_hu))).astype(np.float32) - low) / (high - low), 0, 1) * 255).astype(
        np.uint8
    )
    return Example(
        case_id=case.case_id,
        organ=organ,
        dsc=result.dsc,
        predicted_volume_mm3=result.predicted_volume_mm3,
        predicted_diameters_mm=result.predicted_diameters_mm,
        reported=result.reported,
        grey=grey,
        truth=cut(truth).astype(bool),
        prediction=cut(prediction).astype(bool),
        organ_mask=cut(organ_mask).astype(bool),
        pixel_mm=(float(spacing_mm[1]), float(spacing_mm[0])),
    )
