"""A prediction held against its report: the arithmetic of the view `v_prediction_vs_report`, on results in memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .records import ChannelResult, ReportedVolume

SLACK_MM3 = math.pi / 6 * 10.0**3  # a ball of 10 mm, added to both sides of a ratio so that specks do not come first
AGREES = "agrees"


@dataclass(frozen=True)
class Disagreement:
    """How a prediction differs from its report.

    Attributes:
        verdict: "not predicted", "not reported", "larger", "smaller", "fewer", "more" or "agrees".
        times_beyond: how many times the volume lies beyond the reported interval; 1 = inside.
        count_gap: lesions by which the number lies beyond the reported one.
    """

    verdict: str
    times_beyond: float
    count_gap: int


def disagreement(predicted_mm3: float, n_predicted: int, reported: ReportedVolume) -> Disagreement:
    """How a predicted volume and number of lesions differ from the reported ones.

    >>> disagreement(0.0, 0, ReportedVolume(1000.0, 4000.0, n_lesions_min=1, n_lesions=1)).verdict
    'not predicted'
    """
    lo, hi = reported.lo_mm3, math.inf if reported.hi_mm3 is None else reported.hi_mm3
    most = math.inf if reported.n_lesions is None else reported.n_lesions
    beyond = 1.0
    if predicted_mm3 > hi:
        beyond = (predicted_mm3 + SLACK_MM3) / (hi + SLACK_MM3)
    elif predicted_mm3 < lo:
        beyond = (lo + SLACK_MM3) / (predicted_mm3 + SLACK_MM3)
    gap = max(reported.n_lesions_min - n_predicted, n_predicted - most if math.isfinite(most) else 0, 0)
    verdicts = (
        ("not predicted", predicted_mm3 == 0 and reported.n_lesions_min > 0),
        ("not reported", predicted_mm3 > 0 and reported.no_lesion),
        ("larger", predicted_mm3 > hi),
        ("smaller", predicted_mm3 < lo),
        ("fewer", n_predicted < reported.n_lesions_min),
        ("more", n_predicted > most),
    )
    return Disagreement(next((name for name, so in verdicts if so), AGREES), beyond, int(gap))


def against_reports(results: Sequence[ChannelResult]) -> list[tuple[ChannelResult, ReportedVolume, Disagreement]]:
    """The results whose reports say something of the organ, with what differs, worst first."""
    rows = [
        (r, r.reported, disagreement(r.predicted_volume_mm3, len(r.predicted_diameters_mm), r.reported))
        for r in results
        if r.reported is not None
    ]
    return sorted(rows, key=lambda row: (-row[2].times_beyond, -row[2].count_gap, row[0].case_id, row[0].organ))
