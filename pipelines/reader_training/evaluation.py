"""How well a reader reads institutions that its weights did not see, and whether its confidence can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..scoring import Figure, GoldSet, Score, score
from .annotated import AnnotatedSet
from .outcomes import Outcomes, outcomes
from .predictions import Predicted
from .reliability import Estimate, bins, reliability

# Figure of `score`, and what people call it.
SHOWN = (
    ("target.f1", "target F1"), ("target.precision", "  precision"), ("target.recall", "  recall"),
    ("joint.f1", "joint F1"), ("rows_right", "report × organ rows right"),
    ("presence.sensitivity", "presence: sensitivity"), ("presence.precision", "  precision"),
    ("presence.specificity_negated", "  specificity where negated"),
    ("sizes.wrong", "sizes of no lesion"), ("sizes.prior_as_current", "sizes of an earlier exam"),
    ("negatives.precision", "negative organs: precision"), ("negatives.recall", "  recall"),
)  # fmt: skip
RELIABILITY = {
    "calibration_error": "calibration error",
    "auroc_right": "AUROC of a finding right in all",
    "auroc_matched": "AUROC of an annotated lesion",
    "surest_70_right": "surest 70 % of findings: right in all",
    "surest_70_matched": "  an annotated lesion",
    "surest_70_reports_f1": "surest 70 % of reports: target F1",
    "surest_70_reports_joint_f1": "  joint F1",
}


@dataclass(frozen=True)
class Evaluation:
    """Figures over all sets, each read by weights of the others; `score.by_source` has each set apart."""

    score: Score
    outcomes: Outcomes
    reliability: Mapping[str, Estimate]

    @property
    def bins(self) -> list[tuple[float, float, int]]:
        """(mean confidence, share right, findings) of ten bins of equally many findings."""
        return bins(self.outcomes.confidence, self.outcomes.right)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, without anything of a report."""
        return {
            "reports": self.score.reports,
            "pooled": {name: self.score.figures[name].as_dict() for name, _ in SHOWN},
            "fields": {name: figure.as_dict() for name, figure in self.score.by_field.items()},
            "by_set": {
                source: {name: figures[name].as_dict() for name, _ in SHOWN}
                for source, figures in self.score.by_source.items()
            },
            "confidence": {name: estimate.as_dict() for name, estimate in self.reliability.items()},
            "confidence_bins": [dict(zip(("confidence", "right", "findings"), row, strict=True)) for row in self.bins],
        }

    def figures(self) -> list[tuple[str, dict[str, Figure]]]:
        """Name and figures of all sets together, then of each."""
        return [("all", dict(self.score.figures)), *self.score.by_source.items()]


def evaluate(sets: Sequence[AnnotatedSet], predicted: Mapping[str, Predicted]) -> Evaluation:
    """The figures of left-out predictions.

    Args:
        predicted: by report id; every report of the sets is there.
    """
    found = outcomes(sets, predicted)
    records = {report_id: one.record for report_id, one in predicted.items()}
    return Evaluation(score(gold_set(sets), records), found, reliability(found))


def gold_set(sets: Sequence[AnnotatedSet]) -> GoldSet:
    """The annotations as `score` takes them; each set is a source."""
    known = GoldSet()
    for part in sets:
        for report in part.reports:
            known.records[report.record.id] = report.record
            known.texts[report.record.id] = report.text
            known.sources[report.record.id] = part.name
    return known
