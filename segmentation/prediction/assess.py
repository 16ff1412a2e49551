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
    reported: Mapping[str, Mapping[str, ReportedVolume]],
    *,
    overlap: float = 0.5,
    organ_margin_mm: float | None = None,
    pictures: bool = False,
    failed: Callable[[str, Failure], None],
) -> Iterator[EvaluationCase]:
    """Each case of which something is known, predicted on its own grid, one in memory at a time.

    Args:
        reported: case_id → organ → what its report says (`read_reported`).
        organ_margin_mm: lesions count up to here from their organ's mask, where the case has one; None = anywhere.
        pictures: also read the CT and the organ masks, for the report page.
        failed: called with each case that cannot be predicted; the others go on.
    """
    for case in cases:
        known = targets[case.case_id].channels
        if not any(channel.organ in known for channel in model.plan.channels):
            continue  # nothing to compare a prediction with
        try:
            assessed = _assess(model, case, known, reported.get(case.case_id, {}), overlap, organ_margin_mm, pictures)
        except Exception as error:  # whatever it is, the other cases go on
            failed(case.case_id, Failure.of(error))
            continue
        yield assessed


def _assess(
    model: Model,
    case: IndexedCase,
    known: Mapping[str, ChannelTarget],
    reported: Mapping[str, ReportedVolume],
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
    present = {organ: _present(known[organ], reported.get(organ)) for organ in organs}
    return EvaluationCase(
        case_id=case.case_id,
        affine_ras=affine,
        probabilities=limit_to_organs(probabilities, masks, affine, organ_margin_mm),
        lesion_masks={organ: read() for organ in organs if (read := lesion_mask_reader(case, organ))},
        present={organ: there for organ, there in present.items() if there is not None},
        reported={organ: reported[organ] for organ in organs if organ in reported},
        organ_masks=masks if pictures else {},
        image_hu=read_array(open_volume(case.ct)) if pictures else None,
        patient_id=case.patient_id,
        split=case.split or "train",
        site=case.site,
    )


def _present(channel: ChannelTarget, reported: ReportedVolume | None) -> bool | None:
    """Whether the organ holds a lesion. A report knows it of a lesion that no mask can place, too."""
    if channel.status is not ChannelStatus.UNKNOWN:
        return channel.status is not ChannelStatus.KNOWN_ABSENT
    return None if reported is None else not reported.no_lesion
