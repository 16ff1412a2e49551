"""Registered cases as the evaluation takes them: predicted now, with the masks and reports that are known of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ...schemas.failures import Failure
from ..cases import IndexedCase
from ..cases.volumes import open_volume, read_array
from ..evaluation import EvaluationCase, ReportedVolume
from ..targets import CaseTargets, ChannelStatus, ChannelTarget
from .model import Model, limit_to_organs, predict_ct
from .organ_masks import Mask, lesion_mask_reader, organ_mask_reader


def evaluation_cases(
    model: Model,
    cases: Sequence[IndexedCase],
    targets: Mapping[str, CaseTargets],
    *,
    overlap: float = 0.5,
    organ_margin_mm: float | None = None,
    pictures: bool = False,
    failed: Callable[[str, Failure], None],
) -> Iterator[EvaluationCase]:
    """Each case of which something is known, predicted on its own grid, one in memory at a time.

    Args:
        organ_margin_mm: lesions count up to here from their organ's mask, where the case has one; None = anywhere.
        pictures: also read the CT and the organ masks, for the report page.
        failed: called with each case that cannot be predicted; the others go on.
    """
    for case in cases:
        known = targets[case.case_id].channels
        if not any(channel.organ in known for channel in model.plan.channels):
            continue  # nothing to compare a prediction with
        try:
            assessed = _assess(model, case, known, overlap, organ_margin_mm, pictures)
        except Exception as error:  # whatever it is, the other cases go on
            failed(case.case_id, Failure.of(error))
            continue
        yield assessed


def _assess(
    model: Model,
    case: IndexedCase,
    known: Mapping[str, ChannelTarget],
    overlap: float,
    organ_margin_mm: float | None,
    pictures: bool,
) -> EvaluationCase:
    probabilities, affine = predict_ct(model, case.ct, overlap=overlap)
    probabilities = {organ: p for organ, p in probabilities.items() if organ in known}
    organs = list(probabilities)
    masks: dict[str, Mask] = {}
    if pictures or organ_margin_mm is not None:
        masks = {organ: read() for organ in organs if (read := organ_mask_reader(case, organ))}
    return EvaluationCase(
        case_id=case.case_id,
        affine_ras=affine,
        probabilities=limit_to_organs(probabilities, masks, affine, organ_margin_mm),
        lesion_masks={organ: read() for organ in organs if (read := lesion_mask_reader(case, organ))},
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
