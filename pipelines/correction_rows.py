"""Rows of the table `corrections`: what they are tied to, and writing them."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from ..schemas import ConfigError, Finding
from ..schemas.finding_values import finding_from_values
from ..schemas.lesion_matching import Lesion, Outcome, match_lesion
from ..schemas.stored_findings import Reading


@dataclass(frozen=True)
class Signed:
    """Who corrects, why, and in which saved review."""

    by: str
    reason: str | None = None
    review_id: str | None = None


@dataclass(frozen=True)
class CorrectionRow:
    """One row of `corrections`, without its number, author and time."""

    kind: str
    report_id: str
    finding_id: str
    text_sha256: str | None = None
    organ: str | None = None
    laterality: str | None = None
    location: Sequence[str] | None = None
    quotes: Sequence[str] | None = None
    sizes_mm: Sequence[Sequence[float]] | None = None
    anchor_start: int | None = None
    anchor_end: int | None = None
    others: str | None = None
    field: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    withdraws: str | None = None

    @property
    def lesion(self) -> Lesion:
        """The lesion that the row is tied to."""
        sizes = tuple(tuple(diameters) for diameters in self.sizes_mm or ())
        place, quotes = frozenset(self.location or ()), tuple(self.quotes or ())
        anchor = (self.anchor_start or 0, self.anchor_end or 0)
        return Lesion(self.organ or "", self.laterality, place, quotes, sizes, anchor)


def record(connection: duckdb.DuckDBPyConnection, row: CorrectionRow, signed: Signed) -> str:
    """Append a row, in the caller's transaction; returns its id."""
    correction_id = uuid.uuid4().hex
    ((seq,),) = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM corrections").fetchall()
    values = {"correction_id": correction_id, "seq": seq, **asdict(row)}
    values |= {"corrected_by": signed.by, "corrected_at": datetime.now(UTC).replace(tzinfo=None)}
    values |= {"reason": signed.reason, "review_id": signed.review_id}
    names, marks = ", ".join(f'"{n}"' for n in values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO corrections ({names}) VALUES ({marks})", list(values.values()))
    return correction_id


def addition(
    reading: Reading, finding_id: str, values: Mapping[str, Any], spans: Sequence[Sequence[int]] = ()
) -> CorrectionRow:
    """The row that adds a finding to a report.

    Args:
        values: by field, parsed; `organ` and `evidence` are needed. spans: where the quotes are expected.

    Raises:
        ConfigError: organ or evidence is missing.
        ValueError: the values are no finding of this report.
    """
    missing = [field for field in ("organ", "evidence") if field not in values]
    if missing:
        raise ConfigError(
            f"correct: a new finding without {' and '.join(missing)} vs one with both. "
            f"Add --field {missing[0]} --value …"
        )
    finding = finding_from_values(values, reading.text, spans=spans)
    places = [[e.start, e.end] for e in finding.evidence]
    written = {**values, "evidence": [e.text for e in finding.evidence], "spans": places}
    key = lesion_key(reading, finding, list(reading.findings.values()))
    new_value = json.dumps(written, ensure_ascii=False)
    return CorrectionRow("add", reading.report_id, finding_id, **key, new_value=new_value)


def twin(reading: Reading, row: CorrectionRow, shown: Iterable[str]) -> str | None:
    """The finding, of those shown, that the report has already and that is no other than the added one, by its id."""
    ids = [name for name in shown if name in reading.findings]
    match = match_lesion(row.lesion, [Lesion.of(reading.findings[i]) for i in ids])
    return None if match.index is None or match.changed else ids[match.index]


def refusal(connection: duckdb.DuckDBPyConnection, correction_ids: Sequence[str]) -> dict[str, str]:
    """Why corrections that were recorded in this transaction must not stay, by id; empty when all can be applied.

    What is accepted changes nothing, so it may stay however its finding is matched.
    """
    sql = (
        "SELECT correction_id, field, outcome, why FROM v_corrections "
        "WHERE outcome <> 'matched' AND kind <> 'accept' AND correction_id IN (SELECT unnest(?)) ORDER BY seq"
    )
    reasons = {}
    for correction_id, field, outcome, why in connection.execute(sql, [list(correction_ids)]).fetchall():
        if outcome == str(Outcome.CONFLICT):
            reasons[correction_id] = (
                f"{field} does not go with the rest of the finding. {why}. Nothing was recorded. "
                "Give the other field as well."
            )
        else:
            reasons[correction_id] = (
                "the finding cannot be told from another one of the report vs a lesion of its own. "
                "Nothing was recorded. Annotate the report instead: docs/reference/gold_format.md."
            )
    return reasons


def lesion_of(reading: Reading, finding_id: str) -> dict[str, Any]:
    """The lesion of a finding as columns of a correction; an added finding is known by its id alone."""
    finding = reading.findings.get(finding_id)
    if finding is None:
        return {}
    return lesion_key(reading, finding, [f for i, f in reading.findings.items() if i != finding_id])


def lesion_key(reading: Reading, finding: Finding, others: Sequence[Finding]) -> dict[str, Any]:
    """What a lesion is known by among the others of its report, as columns of a correction."""

    def plain(lesion: Lesion) -> dict[str, Any]:
        values = asdict(lesion)
        return values | {"location": sorted(lesion.location)}

    own = plain(Lesion.of(finding))
    start, end = own.pop("anchor")
    key = {**own, "text_sha256": reading.text_sha256, "anchor_start": start, "anchor_end": end}
    return key | {"others": json.dumps([plain(Lesion.of(f)) for f in others], ensure_ascii=False)}
