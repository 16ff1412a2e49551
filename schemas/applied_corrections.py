"""Applies the recorded corrections to the current readings: what `v_findings` shows beside what was extracted."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from .finding import Finding
from .finding_values import finding_from_values, loaded_value, what_is_wrong
from .lesion_matching import Lesion, Match, Outcome, match_lesion
from .stored_findings import Reading, current_readings

_REPORTS_AT_ONCE = 1000
_ACTIVE = """
SELECT correction_id, kind, report_id, finding_id, text_sha256, organ, laterality, location, quotes, sizes_mm,
       anchor_start, anchor_end, others, field, new_value, corrected_at
FROM v_active_corrections WHERE report_id IN (SELECT unnest(?)) ORDER BY seq"""


@dataclass(frozen=True)
class Active:
    """An edit, deletion or addition that is not withdrawn."""

    correction_id: str
    kind: str
    report_id: str
    finding_id: str
    text_sha256: str | None
    organ: str | None
    laterality: str | None
    location: list[str] | None
    quotes: list[str] | None
    sizes_mm: list[list[float]] | None
    anchor_start: int | None
    anchor_end: int | None
    others: str | None
    field: str | None
    new_value: str | None
    corrected_at: datetime

    @property
    def lesion(self) -> Lesion:
        """The lesion that it is tied to."""
        anchor = (self.anchor_start or 0, self.anchor_end or 0)
        return _lesion(self.organ or "", self.laterality, self.location, self.quotes, self.sizes_mm, anchor)

    @property
    def other_lesions(self) -> list[Lesion]:
        """The other lesions of the reading that was corrected."""
        return [_lesion(**other) for other in json.loads(self.others or "[]")]


@dataclass
class _Applied:
    """One report's findings after its corrections."""

    reading: Reading | None
    added: dict[str, Finding] = field(default_factory=dict)
    edited: dict[str, Finding] = field(default_factory=dict)
    edits: dict[str, dict[str, tuple[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    deleted: set[str] = field(default_factory=set)
    matches: list[tuple[str, str | None, Match, str | None]] = field(default_factory=list)


def apply_corrections(connection: duckdb.DuckDBPyConnection, report_ids: Iterable[str] | None = None) -> None:
    """Match the corrections of reports to their current readings anew and write what they make of the findings.

    To be called in the transaction that changes a report, its reading or its corrections.

    Args:
        report_ids: None = all reports with corrections.
    """
    sql = "SELECT DISTINCT report_id FROM corrections WHERE report_id IS NOT NULL"
    known = {row[0] for row in connection.execute(sql).fetchall()}
    wanted = sorted(known if report_ids is None else known.intersection(report_ids))
    for start in range(0, len(wanted), _REPORTS_AT_ONCE):
        chunk = wanted[start : start + _REPORTS_AT_ONCE]
        by_report: dict[str, list[Active]] = {report: [] for report in chunk}
        for row in connection.execute(_ACTIVE, [chunk]).fetchall():
            by_report[row[2]].append(Active(*row))
        readings = current_readings(connection, chunk)
        for table in ("correction_matches", "corrected_findings"):
            connection.execute(f"DELETE FROM {table} WHERE report_id IN (SELECT unnest(?))", [chunk])
        for report, corrections in by_report.items():
            _write(connection, report, apply_to_reading(readings.get(report), corrections))


def apply_to_reading(reading: Reading | None, corrections: Sequence[Active]) -> _Applied:
    """What corrections, in the order of their recording, make of a report's reading."""
    applied = _Applied(reading)
    standing = [c for c in corrections if not _superseded(c, reading)]
    for correction in corrections:
        if correction not in standing:
            applied.matches.append((correction.correction_id, None, Match(Outcome.SUPERSEDED), None))
    replaced: dict[str, str] = {}  # finding of the machine → the added finding that says the same
    for correction in (c for c in standing if c.kind == "add"):
        _add(applied, correction, replaced)
    for correction in (c for c in standing if c.kind != "add"):
        _change(applied, correction, replaced)
    _edit(applied)
    applied.deleted.update(replaced)
    return applied


def _superseded(correction: Active, reading: Reading | None) -> bool:
    """A reader who annotates a report has the last word on what was corrected in it before."""
    return reading is not None and reading.by_reader and correction.corrected_at < reading.read_at


def _add(applied: _Applied, correction: Active, replaced: dict[str, str]) -> None:
    reading = applied.reading
    values = json.loads(correction.new_value or "{}")
    spans, anchor = values.pop("spans", ()), values.pop("anchor", None)
    try:
        if reading is None:
            raise ValueError("the report has no reading")
        applied.added[correction.finding_id] = finding_from_values(values, reading.text, spans=spans, anchor=anchor)
    except ValueError as error:
        match, reason = Match(Outcome.UNMATCHED), what_is_wrong(error)
        applied.matches.append((correction.correction_id, None, match, reason))
        return
    applied.matches.append((correction.correction_id, correction.finding_id, Match(Outcome.MATCHED), None))
    # A later run may find by itself what a person had to add: then it must not be there twice.
    ids = [i for i in reading.findings if i not in replaced]
    lesion = Lesion.of(applied.added[correction.finding_id])
    twin = match_lesion(lesion, [Lesion.of(reading.findings[i]) for i in ids], correction.other_lesions)
    if twin.index is not None and not twin.changed:
        replaced[ids[twin.index]] = correction.finding_id


def _change(applied: _Applied, correction: Active, replaced: dict[str, str]) -> None:
    findings = applied.reading.findings if applied.reading else {}
    finding_id: str | None = correction.finding_id
    if finding_id in applied.added:
        match = Match(Outcome.MATCHED, 0)
    elif correction.organ is None:
        match, finding_id = Match(Outcome.UNMATCHED), None
    else:
        ids = list(findings)
        same_text = applied.reading is not None and applied.reading.text_sha256 == correction.text_sha256
        match = match_lesion(
            correction.lesion, [Lesion.of(findings[i]) for i in ids], correction.other_lesions, same_text=same_text
        )
        finding_id = None if match.index is None else ids[match.index]
    applied.matches.append((correction.correction_id, finding_id, match, None))
    if finding_id is None:
        return
    finding_id = replaced.get(finding_id, finding_id)
    if correction.kind == "delete":
        applied.deleted.add(finding_id)
    elif correction.field is not None:
        value = loaded_value(correction.field, correction.new_value)
        applied.edits[finding_id][correction.field] = (correction.correction_id, value)


def _edit(applied: _Applied) -> None:
    """Apply all edits of a finding together; if they break the contract, those of them that can be applied."""
    reading = applied.reading
    for finding_id, edits in applied.edits.items():
        if finding_id in applied.added:
            base, text = applied.added[finding_id], reading.text if reading else None
        else:
            assert reading is not None
            base, text = reading.findings[finding_id], reading.read_text
        values = {name: value for name, (_, value) in edits.items()}
        try:
            applied.edited[finding_id] = finding_from_values(values, text, base=base)
            continue
        except ValueError:
            kept: dict[str, Any] = {}
        for name, (correction_id, value) in edits.items():
            try:
                applied.edited[finding_id] = finding_from_values(kept | {name: value}, text, base=base)
                kept[name] = value
            except ValueError as error:
                _conflict(applied, correction_id, what_is_wrong(error))


def _conflict(applied: _Applied, correction_id: str, reason: str) -> None:
    applied.matches = [
        (c, None, Match(Outcome.CONFLICT), reason) if c == correction_id else (c, f, m, r)
        for c, f, m, r in applied.matches
    ]


def _write(connection: duckdb.DuckDBPyConnection, report_id: str, applied: _Applied) -> None:
    for correction_id, finding_id, match, reason in applied.matches:
        row = [correction_id, report_id, finding_id, str(match.outcome), list(match.changed), reason]
        connection.execute("INSERT INTO correction_matches VALUES (?, ?, ?, ?, ?, ?)", row)
    run_id = applied.reading.run_id if applied.reading else ""
    findings = applied.added | applied.edited
    for finding_id in sorted(applied.deleted | set(findings)):
        gone = finding_id in applied.deleted
        values = [None] * 17 if gone else _columns(findings[finding_id])
        marks = ", ".join("?" * 21)
        connection.execute(
            f"INSERT INTO corrected_findings VALUES ({marks})", [report_id, finding_id, run_id, gone, *values]
        )


def _columns(f: Finding) -> list[Any]:
    """A finding as the last columns of `corrected_findings`."""
    names = [None if v is None else str(v) for v in (f.size_bound, f.attenuation, f.image_reference, f.section)]
    bound, attenuation, image, section = names
    return [
        str(f.organ), None if f.laterality is None else str(f.laterality), list(f.location), str(f.lesion_type),
        f.type_text or None, str(f.certainty), f.count, f.count_min, [list(m.diameters_mm) for m in f.sizes], bound,
        [list(m.diameters_mm) for m in f.prior_sizes], attenuation, image, section,
        [e.model_dump() for e in f.evidence], f.anchor.start, f.anchor.end,
    ]  # fmt: skip


def _lesion(
    organ: str,
    laterality: str | None,
    location: Sequence[str] | None,
    quotes: Sequence[str] | None,
    sizes_mm: Sequence[Sequence[float]] | None,
    anchor: Sequence[int],
) -> Lesion:
    sizes = tuple(tuple(lesion) for lesion in sizes_mm or ())
    return Lesion(organ, laterality, frozenset(location or ()), tuple(quotes or ()), sizes, (anchor[0], anchor[1]))
