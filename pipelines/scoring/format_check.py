"""Whether an annotation keeps to the gold format: what an annotator runs before handing it in."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...schemas import Certainty, InputError, Laterality, LesionType, Organ, SizeBound, load_anatomy
from ...schemas.finding import MAX_DIAMETER_MM, MIN_DIAMETER_MM
from ..gold import KNOWN_FIELDS
from .gold_set import GoldSet
from .records import GoldFinding, json_lines

_REQUIRED = frozenset(GoldFinding.model_fields)
_CHOICES: dict[str, frozenset[str | None]] = {
    "organ": frozenset(Organ),
    "laterality": frozenset((*Laterality, None)),
    "type": frozenset(LesionType),
    "certainty": frozenset(Certainty),
    "size_bound": frozenset((*SizeBound, None)),
}


def check_files(gold: GoldSet) -> list[str]:
    """What is wrong with the files of a gold set: file, line, finding.

    Raises:
        InputError: the text of a report is not known, so that its quotes cannot be checked.
    """
    if missing := len(gold.records.keys() - gold.texts.keys()):
        raise InputError(
            f"score: the texts of {missing:,} annotated reports are not there vs all of them. Their quotes cannot be "
            "checked. Name the tables of the reports, too."
        )
    return [
        f"{path.name} line {number}: {problem}"
        for path in gold.files
        for number, record in json_lines(path)
        for problem in problems(record, gold.texts[str(record["id"])])
    ]


def problems(record: Mapping[str, Any], text: str) -> list[str]:
    """What is wrong with one annotated report, in words that hold nothing of its text.

    Args:
        record: a line of a gold file as it is written, already known to be readable (records.py).
        text: of the report.

    >>> problems({"id": "1", "findings": [], "negative_organs": ["hepar"]}, "Liver normal.")
    ['negative_organs: a name outside of the vocabulary']
    """
    found = list(_of_negatives(record))
    for k, finding in enumerate(record["findings"], start=1):
        wrong = sorted((_REQUIRED - set(finding)) | (set(finding) - KNOWN_FIELDS))
        if wrong:
            found.append(f"finding {k}: missing or unknown fields: {', '.join(wrong)}")
        else:
            found += [f"finding {k}: {problem}" for problem in _of_finding(finding, text)]
    return found


def _of_negatives(record: Mapping[str, Any]) -> Iterator[str]:
    negatives = record.get("negative_organs")
    if negatives is None:
        yield "negative_organs is missing"
        return
    if not set(negatives) <= _CHOICES["organ"]:
        yield "negative_organs: a name outside of the vocabulary"
    if len(set(negatives)) < len(negatives):
        yield "negative_organs: a name stands twice"
    if set(negatives) & {finding.get("organ") for finding in record["findings"]}:
        yield "negative_organs: an organ that has a finding"


def _of_finding(finding: Mapping[str, Any], text: str) -> Iterator[str]:
    for name, choices in _CHOICES.items():
        if finding[name] not in choices:
            yield f"{name} is outside of the vocabulary"
    if finding["organ"] in _CHOICES["organ"]:
        allowed = load_anatomy().organ(finding["organ"]).locations
        if allowed and not set(finding["location"]) <= allowed:
            yield "location is no part that the guideline lists for the organ"
    yield from _of_counts(finding)
    if (finding["size_bound"] is None) != (not finding["sizes_mm"]):
        yield "size_bound goes with a size, and only with one"
    for size in (*finding["sizes_mm"], *finding["prior_sizes_mm"]):
        if not 1 <= len(size) <= 3 or sorted(size, reverse=True) != list(size):
            yield "a size is not one to three diameters, largest first"
        elif not all(MIN_DIAMETER_MM <= diameter <= MAX_DIAMETER_MM for diameter in size):
            yield f"a diameter is outside {MIN_DIAMETER_MM:g} to {MAX_DIAMETER_MM:g} mm"
    if not finding["evidence"]:
        yield "evidence is empty"
    if not all(quote.strip() and quote in text for quote in finding["evidence"]):
        yield "evidence is not verbatim"


def _of_counts(finding: Mapping[str, Any]) -> Iterator[str]:
    count, count_min = finding["count"], finding["count_min"]
    if not isinstance(count_min, int) or count_min < 1:
        yield "count_min is no number from 1 on"
    elif count is not None and (not isinstance(count, int) or count < count_min):
        yield "count is below count_min"
