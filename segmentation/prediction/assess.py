"""Registered cases as the evaluation takes them: predicted now, with the masks and reports that are known of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...schemas.anatomy import load_anatomy
from ..cases import IndexedCase
from ..cases.volumes import open_volume, read_array, read_mask
from ..evaluation import EvaluationCase, ReportedVolume
from ..regions import resolve_region
from ..targets import CaseTargets, ChannelStatus, ChannelTarget
from .model import Model, limit_to_organs, predict_ct

Array = npt.NDArray[Any]


def evaluation_cases(
    model: Model,
    cases: Sequence[IndexedCase],
    targets: Mapping[str, CaseTargets],
    *,
    overlap: float = 0.5,
    organ_margin_mm: float | None = None,
    pictures: bool = False,
) -> Iterator[EvaluationCase]:
    """Each case of which something is known, predicted on its own grid, one in memory at a time.

    Args:
        organ_margin_mm: lesions count up to here from their organ's mask, where the case has one; None = anywhere.
        pictures: also read the CT and the organ masks, for the report page.
    """
    for case in cases:
        known = targets[case.case_id].channels
        if not any(channel.organ in known for channel in model.plan.channels):
            continue  # nothing to compare a prediction with
        probabilities, affine = predict_ct(model, case.ct, overlap=overlap)
        probabilities = {organ: p for organ, p in probabilities.items() if organ in known}
        organs = list(probabilities)
        masks: dict[str, Array] = {}
        if pictures or organ_margin_mm is not None:
            masks = {organ: mask for organ in organs if (mask := _organ(case, organ)) is not None}
        probabilities = limit_to_organs(probabilities, masks, affine, organ_margin_mm)
        yield EvaluationCase(
            case_id=case.case_id,
            affine_ras=affine,
            probabilities=probabilities,
            lesion_masks={organ: mask for organ in organs if (mask := _lesions(case, organ)) is not None},
            present={
                organ: known[organ].status is not ChannelStatus.KNOWN_ABSENT
                for organ in organs
                if known[organ].status is not ChannelStatus.UNKNOWN
            },
            reported={organ: reported_volume(known[organ]) for organ in organs if known[organ].regions},
            organ_masks=masks if pictures else {},
            image_hu=read_array(open_volume(case.ct)) if pictures else None,
            patient_id=case.patient_id,
            split=case.split or "train",
            site=case.site,
        )


def reported_volume(channel: ChannelTarget) -> ReportedVolume:
    """The report's regions of one organ added up; what one of them leaves open stays open."""
    lesions = [lesion for region in channel.regions for lesion in region.lesions]
    upper = [region.volume_hi_mm3 for region in channel.regions]
    estimates = [lesion.volume_mm3 for lesion in lesions]
    diameters = [max(lesion.diameters_mm) for lesion in lesions if lesion.diameters_mm]
    return ReportedVolume(
        lo_mm3=sum(region.volume_lo_mm3 for region in channel.regions),
        hi_mm3=None if None in upper else sum(value for value in upper if value is not None),
        estimate_mm3=None if None in estimates else sum(value for value in estimates if value is not None),
        largest_diameter_mm=max(diameters, default=None),
    )


def _lesions(case: IndexedCase, organ: str) -> Array | None:
    names = [name for name in load_anatomy().organ(organ).lesion_masks if name in case.masks]
    return _union(case, names) if names else None


def _organ(case: IndexedCase, organ: str) -> Array | None:
    available = {name for name, mask in case.masks.items() if not mask.empty}
    region = resolve_region(load_anatomy(), organ, None, (), available)
    return _union(case, sorted(region.masks)) if region else None


def _union(case: IndexedCase, names: Sequence[str]) -> Array:
    files = [case.masks[name] for name in names]
    return np.logical_or.reduce([read_mask(file.path, file.label) for file in files])
