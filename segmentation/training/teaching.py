"""Which cases teach something: the others are neither read for the fingerprint nor resampled."""

from collections.abc import Sequence

from ...schemas.anatomy import load_anatomy
from ..cases import IndexedCase
from ..targets import CaseTargets, ChannelStatus

NOTHING_KNOWN = "nothing known"
REPORTS_OFF = "reports are off"


def has_lesion_mask(case: IndexedCase, organs: Sequence[str]) -> bool:
    """Whether a lesion mask of some organ is there; an empty one counts."""
    anatomy = load_anatomy()
    return any(name in case.masks for organ in organs for name in anatomy.organ(organ).lesion_masks)


def why_not(case: IndexedCase, targets: CaseTargets | None, organs: Sequence[str], use_reports: bool) -> str | None:
    """Why a training case teaches nothing, None for one that does.

    Args:
        organs: those with a lesion channel.
        use_reports: False: what only a report says is not taught.
    """
    if has_lesion_mask(case, organs):
        return None
    channels = [] if targets is None else [targets.channels[o] for o in organs if o in targets.channels]
    if all(channel.status is ChannelStatus.UNKNOWN for channel in channels):
        return NOTHING_KNOWN
    return None if use_reports else REPORTS_OFF
