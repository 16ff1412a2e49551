"""What a reader finds in annotated reports, each set read by weights that did not see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...nlp.compose import Draft
from ...nlp.decide.model import Weights
from ...nlp.reader import Reader, Reading
from ...nlp.rule_files import RuleSet
from ...schemas import ConfigError
from ...schemas.atomic import atomic
from ..scoring import GoldFinding, GoldRecord
from .annotated import AnnotatedReport, AnnotatedSet
from .training import fit


@dataclass(frozen=True)
class Predicted:
    """What was found in one report, and how surely.

    Attributes:
        confidences: one a finding of the record, in its order.
        confidence: of the whole report.
    """

    record: GoldRecord
    confidences: tuple[float, ...]
    confidence: float


def predict(reader: Reader, report: AnnotatedReport) -> Predicted:
    """What a reader finds in one report."""
    return predicted_of(reader.read(report.text), report)


def predicted_of(reading: Reading, report: AnnotatedReport) -> Predicted:
    """A reading in the gold format's terms."""
    findings = tuple(_finding(draft, report.text) for draft in reading.drafts)
    record = GoldRecord(id=report.record.id, findings=findings, negative_organs=tuple(sorted(reading.negatives)))
    return Predicted(record, tuple(draft.confidence for draft in reading.drafts), reading.confidence)


def _finding(draft: Draft, text: str) -> GoldFinding:
    return GoldFinding(
        organ=draft.organ,
        laterality=draft.side,
        location=draft.location,
        type=draft.lesion_type,
        count=draft.count,
        count_min=draft.count_min,
        sizes_mm=tuple(diameters for diameters, _, _ in draft.sizes),
        size_bound=draft.bound,
        prior_sizes_mm=tuple(diameters for diameters, _, _ in draft.prior),
        certainty="possible" if draft.possible else "present",
        evidence=tuple(text[start:end] for start, end in draft.evidence),
    )


def left_out_together(sets: Sequence[AnnotatedSet], parts: int | None) -> dict[str, list[AnnotatedSet]]:
    """The sets that are left out of one training, by a name for them: each alone, or dealt into a number of parts.

    Raises:
        ConfigError: there are not two parts at least.
    """
    if len(sets) < 2 or (parts is not None and not 2 <= parts <= len(sets)):
        seen = f"{len(sets)} set{'s' * (len(sets) != 1)} of annotated reports"
        seen += "" if parts is None else f" in {parts} parts"
        raise ConfigError(
            f"train-reader: {seen} vs two parts at least, none of them empty. Each is read by weights of the others. "
            "Name the gold files of another institution, too, or another number of parts."
        )
    if parts is None:
        return {part.name: [part] for part in sets}
    return {f"part_{number + 1}_of_{parts}": list(sets[number::parts]) for number in range(parts)}


def left_out_weights(
    sets: Sequence[AnnotatedSet],
    rules: RuleSet,
    *,
    parts: int | None = None,
    kept_in: Path | None = None,
    progress: Callable[[str, str], None] = lambda *_: None,
) -> dict[str, Weights]:
    """For each set the weights of a training that did not see it.

    Args:
        parts: into how many parts the sets are dealt, each left out of one training; by default each set is one.
        kept_in: a folder of such weights; what is there is used, what is not is trained and written there. Weights of
            other sets, rules or code must not be there.
        progress: told what is left out and each decision as it is fitted.

    Raises:
        ConfigError: there are not two parts at least.
    """
    found: dict[str, Weights] = {}
    for name, left_out in left_out_together(sets, parts).items():
        path = kept_in / f"without_{name}.json" if kept_in is not None else None
        if path is not None and path.is_file():
            weights = Weights.read(path)
        else:
            weights = fit([other for other in sets if other not in left_out], rules, partial(progress, name))
            if path is not None:
                with atomic(path) as temporary:
                    weights.write(temporary)
        found |= {part.name: weights for part in left_out}
    return found


def left_out_predictions(
    sets: Sequence[AnnotatedSet], rules: RuleSet, weights: dict[str, Weights]
) -> dict[str, Predicted]:
    """By report id what weights of the other sets find in each report."""
    found: dict[str, Predicted] = {}
    for part in sets:
        reader = Reader(rules, weights[part.name])
        found |= {report.record.id: predict(reader, report) for report in part.reports}
    return found
