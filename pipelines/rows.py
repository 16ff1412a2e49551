"""From an extraction to plain database rows: what workers send back, since tuples pickle much faster than models."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..schemas import Extraction, Finding, Measurement

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ReportRows:
    """Rows of one extracted report, by table, without the columns that the writer knows (run, text hash, time)."""

    report_id: str
    status: str
    reason: str | None = None
    review_reasons: list[str] = field(default_factory=list)
    seconds: float = 0.0
    details: str | None = None
    confidence: float | None = None
    findings: list[Row] = field(default_factory=list)
    measurements: list[Row] = field(default_factory=list)
    evidence: list[Row] = field(default_factory=list)
    organ_status: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)


def error_rows(report_id: str, reason: str, seconds: float = 0.0, where: Iterable[str] = ()) -> ReportRows:
    """Rows of a report that could not be extracted; the next run tries it again.

    Args:
        where: lines of code that an exception came through; no values.
    """
    details = json.dumps({"traceback": list(where)}) if where else None
    return ReportRows(report_id, "error", reason, seconds=seconds, details=details)


def extraction_rows(extraction: Extraction, ids: Sequence[str] | None = None) -> ReportRows:
    """Rows of an extraction; `ids` are those of its findings where they have some already."""
    report_id = extraction.report_id
    rows = ReportRows(
        report_id,
        str(extraction.status),
        extraction.reason,
        list(extraction.review_reasons),
        extraction.seconds,
        None if extraction.details_json == "{}" else extraction.details_json,
        extraction.confidence,
        quarantine=[
            (report_id, i, q.reason, _valid_json(q.finding_json)) for i, q in enumerate(extraction.quarantined)
        ],
    )
    ids = ids or finding_ids(report_id, extraction.findings)
    for finding_id, finding in zip(ids, extraction.findings, strict=True):
        rows.findings.append(_finding_row(finding_id, report_id, finding))
        rows.evidence.extend((finding_id, i, e.start, e.end, e.text) for i, e in enumerate(finding.evidence))
        rows.measurements.extend(_measurement_rows(finding_id, finding))
    rows.organ_status.extend((report_id, *row) for row in _organ_status(extraction))
    return rows


def _organ_status(extraction: Extraction) -> list[Row]:
    """Organ, status and confidence; of several findings, that of the surest.

    An organ can be both: the report contradicts itself, and the negative row is what the audit looks for.
    """
    status: dict[str, tuple[str, float | None]] = {}
    for finding in extraction.findings:
        sure = [c for c in (finding.confidence, status.get(str(finding.organ), ("", None))[1]) if c is not None]
        status[str(finding.organ)] = ("lesion", max(sure, default=None))
    confidences = extraction.negative_confidence or (None,) * len(extraction.negative_organs)
    for organ, confidence in zip(extraction.negative_organs, confidences, strict=True):
        status[str(organ)] = ("negative", confidence)
    return [(organ, *told) for organ, told in status.items()]


def finding_ids(report_id: str, findings: Iterable[Finding]) -> list[str]:
    """Stable identities of a report's findings: equal for equal anchors whatever extractor found them.

    Hash of report, offset of the anchor, organ, and the ordinal among findings that share those.
    """
    seen: Counter[tuple[int, str]] = Counter()
    ids = []
    for finding in findings:
        key = (finding.anchor.start, str(finding.organ))
        identity = f"{report_id}\x1f{key[0]}\x1f{key[1]}\x1f{seen[key]}"
        seen[key] += 1
        ids.append(hashlib.sha256(identity.encode()).hexdigest()[:16])
    return ids


def _finding_row(finding_id: str, report_id: str, finding: Finding) -> Row:
    return (
        finding_id,
        report_id,
        str(finding.organ),
        _name(finding.laterality),
        list(finding.location),
        str(finding.lesion_type),
        finding.type_text or None,
        str(finding.certainty),
        finding.count,
        finding.count_min,
        _name(finding.size_bound),
        _name(finding.attenuation),
        finding.image_reference,
        str(finding.section),
        finding.anchor.start,
        finding.anchor.end,
        finding.corrected,
        finding.confidence,
        finding.decided_by,
    )


def _measurement_rows(finding_id: str, finding: Finding) -> list[Row]:
    both: list[tuple[str, Measurement]] = [("current", m) for m in finding.sizes]
    both += [("prior", m) for m in finding.prior_sizes]
    return [
        (finding_id, i, exam, list(m.diameters_mm), m.source.start, m.source.end, m.source.text)
        for i, (exam, m) in enumerate(both)
    ]


def _name(value: Any) -> str | None:
    return None if value is None else str(value)


def _valid_json(text: str) -> str:
    """A model's answer may be broken JSON; it is kept all the same, as a JSON string."""
    try:
        json.loads(text)
    except ValueError:
        return json.dumps(text, ensure_ascii=False)
    return text
