"""Findings to be scored, of a run or of any other tool, and what people should know of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...schemas import InputError
from .gold_set import GoldSet
from .records import GoldRecord, read_records
from .tally import ORGANS


@dataclass(frozen=True)
class Predictions:
    """What a run or a tool says of reports.

    Attributes:
        name: for people: the run's extractor, version and id, or the files.
        records: by report id.
        unanswered: reports that were read without an answer, by status (unreadable, rejected, error).
    """

    name: str
    records: dict[str, GoldRecord]
    unanswered: Counter[str] = field(default_factory=Counter)


def read_predictions(paths: Sequence[Path]) -> Predictions:
    """Predictions in gold format.

    Raises:
        InputError: a line is malformed, or two are of one report.
    """
    records: dict[str, GoldRecord] = {}
    for path in paths:
        for report_id, (number, record) in read_records(path).items():
            if report_id in records:
                raise InputError(
                    f"score: {path.name} line {number} is of a report that another file of predictions has vs one "
                    "prediction a report. Name each file once."
                )
            records[report_id] = record
    return Predictions(", ".join(path.name for path in paths), records)


def check_ids(gold: GoldSet, predictions: Predictions) -> None:
    """Refuse predictions that are of other reports altogether.

    Raises:
        InputError: none is of an annotated report.
    """
    if not predictions.records.keys() & gold.records.keys() and not predictions.unanswered:
        raise InputError(
            f"score: predictions of none of the {len(gold.records):,} annotated reports vs one of each. Nothing can be "
            "compared. Give the predictions the ids of the gold file."
        )


def notes(gold: GoldSet, predictions: Predictions) -> Iterator[str]:
    """What bears on the figures and cannot be seen in them; no report text and no id."""
    predicted = predictions.records.keys()
    if missing := len(gold.records.keys() - predicted):
        why = "".join(f", {status} {n}" for status, n in sorted(predictions.unanswered.items()))
        yield (
            f"{missing:,} of {len(gold.records):,} reports have no prediction{why}; they count as reports in which "
            "nothing was found. Those that were not read yet: extract them first"
        )
    if other := len(predicted - gold.records.keys()):
        yield f"{other:,} predictions are of reports that the gold files do not have; they are left out"
    scored = (record for report_id, record in predictions.records.items() if report_id in gold.records)
    if unknown := sum(finding.organ not in ORGANS for record in scored for finding in record.findings):
        yield f"{unknown:,} predicted findings name organs outside of schemas/anatomy.toml; they count as spurious"
    if len(gold.texts) < len(gold.records):
        yield "the reports' texts are not known; quotes were not checked"
