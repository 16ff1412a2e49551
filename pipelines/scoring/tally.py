"""One report's annotation against its prediction, as counts by organ. Every figure is a ratio of sums of these."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...schemas import Organ
from .matching import jointly_right, match, same_diameter, same_place, same_sizes, whole_mm
from .records import GoldFinding, GoldRecord

FIELDS = (
    "laterality", "location", "type", "certainty", "count", "count_min", "has_size", "largest_size", "all_sizes",
    "size_bound",
)  # fmt: skip
COUNTS = (
    "gold", "predicted", "matched",
    "joint_hits", "rows", "rows_right",
    "present_both", "present_gold", "present_predicted", "absent_gold", "absent_both", "negated", "negated_absent",
    "sizes", "sizes_current", "sizes_prior", "sizes_neither",
    "quotes", "quotes_verbatim",
    "negative_both", "negative_gold", "negative_predicted", "negative_contradicted",
    "reports", "reports_right",
    *(name for field in FIELDS for name in (f"{field}_compared", f"{field}_right")),
)  # fmt: skip
ORGANS = tuple(str(organ) for organ in Organ)
UNKNOWN_ORGAN, WHOLE_REPORT = "(unknown organ)", "(report)"
SLOTS = (*ORGANS, UNKNOWN_ORGAN, WHOLE_REPORT)

Tally = defaultdict[str, Counter[str]]


@dataclass(frozen=True)
class Difference:
    """Where a prediction differs from the annotation: `kind` is missed, spurious or wrong FIELD."""

    report_id: str
    kind: str
    gold: GoldFinding | None = None
    predicted: GoldFinding | None = None


def tally(
    gold: GoldRecord, predicted: GoldRecord, text: str | None, target_organs: frozenset[str]
) -> tuple[Tally, list[Difference]]:
    """Counts by organ, and what differs.

    Args:
        text: of the report, for the quotes; None leaves them uncounted.
        target_organs: a whole report is right or wrong in these.
    """
    counts: Tally = defaultdict(Counter)
    pairs = match(gold.findings, predicted.findings)
    differences = list(_unmatched(gold, predicted, pairs))
    _count_findings(counts, gold, predicted, pairs)
    for i, j in pairs:
        wrong = _count_fields(counts, gold.findings[i], predicted.findings[j])
        differences += [
            Difference(gold.id, f"wrong {field}", gold.findings[i], predicted.findings[j]) for field in wrong
        ]
    _count_organs(counts, gold, predicted)
    _count_sizes(counts, gold, predicted)
    _count_negatives(counts, gold, predicted)
    _count_report(counts, gold, predicted, target_organs)
    if text is not None:
        for finding in predicted.findings:
            verbatim = bool(finding.evidence) and all(quote in text for quote in finding.evidence)
            counts[_slot(finding)].update(quotes=1, quotes_verbatim=verbatim)
    return counts, differences


def _unmatched(gold: GoldRecord, predicted: GoldRecord, pairs: Sequence[tuple[int, int]]) -> Iterator[Difference]:
    matched_gold, matched_predicted = {i for i, _ in pairs}, {j for _, j in pairs}
    for i, finding in enumerate(gold.findings):
        if i not in matched_gold:
            yield Difference(gold.id, "missed", gold=finding)
    for j, finding in enumerate(predicted.findings):
        if j not in matched_predicted:
            yield Difference(gold.id, "spurious", predicted=finding)


def _count_findings(counts: Tally, gold: GoldRecord, predicted: GoldRecord, pairs: Sequence[tuple[int, int]]) -> None:
    for finding in gold.findings:
        counts[finding.organ]["gold"] += 1
    for finding in predicted.findings:
        counts[_slot(finding)]["predicted"] += 1
    for i, _ in pairs:
        counts[gold.findings[i].organ]["matched"] += 1


def _count_fields(counts: Tally, gold: GoldFinding, found: GoldFinding) -> list[str]:
    """Counts the fields of a matched pair; returns those that differ."""
    right = {
        "laterality": gold.laterality == found.laterality,
        "location": same_place(gold, found),
        "type": gold.type == found.type,
        "certainty": gold.certainty == found.certainty,
        "count": gold.count == found.count,
        "count_min": gold.count_min == found.count_min,
        "has_size": bool(gold.sizes_mm) == bool(found.sizes_mm),
    }
    if gold.sizes_mm:
        right["largest_size"] = same_diameter(gold.largest_mm, found.largest_mm)
        right["all_sizes"] = _ordered_mm(gold) == _ordered_mm(found)
        right["size_bound"] = gold.size_bound == found.size_bound
    for field, ok in right.items():
        counts[gold.organ].update({f"{field}_compared": 1, f"{field}_right": ok})
    return [field for field, ok in right.items() if not ok]


def _ordered_mm(finding: GoldFinding) -> list[tuple[int, ...]]:
    return sorted(tuple(sorted(size, reverse=True)) for size in whole_mm(finding))


def _count_organs(counts: Tally, gold: GoldRecord, predicted: GoldRecord) -> None:
    """Rows of report × organ: presence for every organ, numbers and sizes for those that either has."""
    for organ in ORGANS:
        golds = [finding for finding in gold.findings if finding.organ == organ]
        found = [finding for finding in predicted.findings if finding.organ == organ]
        counts[organ].update(
            present_both=bool(golds and found), present_gold=bool(golds), present_predicted=bool(found),
            absent_gold=not golds, absent_both=not golds and not found,
        )  # fmt: skip
        if organ in gold.negative_organs:
            counts[organ].update(negated=1, negated_absent=not found)
        if golds or found:
            equally_many = sum(f.count_min or 1 for f in golds) == sum(f.count_min or 1 for f in found)
            right = equally_many and same_sizes(_all_sizes(golds), _all_sizes(found))
            counts[organ].update(rows=1, rows_right=right, joint_hits=_joint_hits(golds, found))


def _all_sizes(findings: Sequence[GoldFinding]) -> list[tuple[int, ...]]:
    return sorted((size for finding in findings for size in whole_mm(finding)), reverse=True)


def _joint_hits(golds: Sequence[GoldFinding], predicted: Sequence[GoldFinding]) -> int:
    left = list(predicted)
    hits = 0
    for gold in golds:
        hit = next((k for k, found in enumerate(left) if jointly_right(gold, found)), None)
        if hit is not None:
            del left[hit]
            hits += 1
    return hits


def _count_sizes(counts: Tally, gold: GoldRecord, predicted: GoldRecord) -> None:
    """Every predicted size: that of a lesion today, of an earlier exam, or of neither."""
    current = [max(size) for finding in gold.findings for size in finding.sizes_mm]
    prior = [max(size) for finding in gold.findings for size in finding.prior_sizes_mm]
    for finding in predicted.findings:
        for size in finding.sizes_mm:
            is_current = any(same_diameter(max(size), other) for other in current)
            is_prior = not is_current and any(same_diameter(max(size), other) for other in prior)
            counts[_slot(finding)].update(
                sizes=1, sizes_current=is_current, sizes_prior=is_prior, sizes_neither=not (is_current or is_prior)
            )


def _count_negatives(counts: Tally, gold: GoldRecord, predicted: GoldRecord) -> None:
    with_findings = {finding.organ for finding in gold.findings}
    for organ in ORGANS:
        said, found = organ in gold.negative_organs, organ in predicted.negative_organs
        counts[organ].update(
            negative_gold=said, negative_predicted=found, negative_both=said and found,
            negative_contradicted=found and organ in with_findings,
        )  # fmt: skip


def _count_report(counts: Tally, gold: GoldRecord, predicted: GoldRecord, target_organs: frozenset[str]) -> None:
    """A report is right when its findings are the same in organ, side and largest diameters."""

    def summary(record: GoldRecord) -> list[tuple[str, str, tuple[int, ...]]]:
        chosen = (finding for finding in record.findings if finding.organ in target_organs)
        return sorted((f.organ, f.laterality or "", tuple(max(size) for size in whole_mm(f))) for f in chosen)

    counts[WHOLE_REPORT].update(reports=1, reports_right=summary(gold) == summary(predicted))


def _slot(finding: GoldFinding) -> str:
    return finding.organ if finding.organ in ORGANS else UNKNOWN_ORGAN
