"""One report with all that is known of it: text, sections, findings with what decided each, people's corrections."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from ..nlp.spans import Sentence
from ..schemas import InputError
from ..schemas.database import open_database
from .wording import finding_line

_REPORT = """
SELECT r.report_id, r.patient_id, r.study_date, r.study_date_text, r.modality, r.exam, r.text, e.status, e.reason,
       e.extractor, e.extractor_version, e.run_id, e.confidence, coalesce(e.review_reasons, []),
       coalesce(e.stale, false)
FROM v_reports r LEFT JOIN v_extractions e USING (report_id) WHERE r.report_id = ?"""
_OF_REPORT = (
    "report_id", "patient_id", "study_date", "study_date_text", "modality", "exam", "text", "status", "reason",
    "extractor", "extractor_version", "run_id", "confidence", "review_reasons", "stale",
)  # fmt: skip
_FINDINGS = """
SELECT f.* EXCLUDE (report_id, run_id, patient_id, study_date, study_date_text, evidence),
       (SELECT list({start: q.start, "end": q."end", text: q.text} ORDER BY q.idx) FROM v_evidence q
         WHERE q.report_id = f.report_id AND q.finding_id = f.finding_id) AS quotes
FROM v_findings f WHERE report_id = ? ORDER BY anchor_start, finding_id"""
_CORRECTIONS = """
SELECT finding_id, kind, field, old_value, new_value, corrected_by, corrected_at, reason FROM v_corrections
WHERE report_id = ? AND outcome = 'matched' ORDER BY seq"""
_FREE = """
SELECT s.organ, s.confidence FROM organ_status s JOIN v_extractions e USING (run_id, report_id)
WHERE s.status = 'negative' AND e.report_id = ? ORDER BY s.organ"""
_QUARANTINE = """
SELECT q.reason, q.finding FROM quarantine q JOIN v_extractions e USING (run_id, report_id) WHERE e.report_id = ?
ORDER BY q.idx"""
_NEAR = """
SELECT report_id FROM reports WHERE jaro_winkler_similarity(lower(report_id), lower(?)) > 0.7
ORDER BY jaro_winkler_similarity(lower(report_id), lower(?)) DESC, report_id LIMIT 3"""


@dataclass(frozen=True)
class Decision:
    """One decision about a finding: its probability, and the features that weighed most, named as in the weights."""

    decision: str
    probability: float
    features: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class ShownFinding:
    """A finding as `v_findings` has it.

    Attributes:
        values: its fields, by the columns' names.
        quotes: start, end, text.
        rule: category and literal of the rule that its word matched, where the built-in rules read it.
        corrections: what people changed in it.
    """

    values: dict[str, Any]
    quotes: tuple[dict[str, Any], ...]
    rule: str | None
    decisions: tuple[Decision, ...]
    corrections: tuple[dict[str, Any], ...]

    @property
    def line(self) -> str:
        """The finding in one line."""
        return finding_line(self.values)


@dataclass(frozen=True)
class ShownReport:
    """A report; `sections`: start, end, section of its text; `status` None = not read yet."""

    report_id: str
    patient_id: str | None
    study_date: date | None
    study_date_text: str | None
    modality: str | None
    exam: str | None
    text: str
    status: str | None
    reason: str | None
    extractor: str | None
    extractor_version: str | None
    run_id: str | None
    confidence: float | None
    review_reasons: tuple[str, ...]
    stale: bool
    sections: tuple[tuple[int, int, str], ...] = ()
    findings: tuple[ShownFinding, ...] = ()
    negative_organs: dict[str, float | None] = field(default_factory=dict)
    quarantined: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON; a finding's fields stand beside its quotes."""
        told = asdict(self)
        told["findings"] = [finding.pop("values") | finding for finding in told["findings"]]
        return told


def show(database: Path, report_id: str) -> ShownReport:
    """The report and what was read in it, corrections applied.

    Raises:
        InputError: it is not in the database; the message names ids that are like it.
    """
    with open_database(database, read_only=True) as connection:
        rows = connection.execute(_REPORT, [report_id]).fetchall()
        if not rows:
            raise InputError(_unknown(connection, report_id))
        told: dict[str, Any] = dict(zip(_OF_REPORT, rows[0], strict=True))
        sentences = _recognised(told["text"])
        by_rules = told["extractor"] in ("rules", "hybrid") and not told["stale"]
        findings = _findings(connection, report_id, sentences if by_rules else ())
        quarantined = connection.execute(_QUARANTINE, [report_id]).fetchall()
        return ShownReport(
            **told | {"review_reasons": tuple(told["review_reasons"])},
            sections=_sections(sentences, len(told["text"])),
            findings=findings,
            negative_organs=dict(connection.execute(_FREE, [report_id]).fetchall()),
            quarantined=tuple({"reason": reason, "finding": json.loads(found)} for reason, found in quarantined),
        )


def _recognised(text: str) -> list[Sentence]:
    """The report's sentences with what the built-in rules recognise in them."""
    from ..nlp.folding import fold
    from ..nlp.lexicon import Lexicon
    from ..nlp.recognise.sentence import recognise
    from ..nlp.rule_files import load_rules

    rules = load_rules()
    return recognise(text, fold(text), rules.headings, Lexicon(rules))


def _unknown(connection: duckdb.DuckDBPyConnection, report_id: str) -> str:
    near = [row[0] for row in connection.execute(_NEAR, [report_id, report_id]).fetchall()]
    hint = f"Ids like it: {', '.join(near)}." if near else "None is like it."
    hint += ' Ids: `reportsup sql "SELECT report_id FROM reports LIMIT 10"`.'
    return f"show: the database has no report '{report_id}'. {hint}"


def _findings(
    connection: duckdb.DuckDBPyConnection, report_id: str, sentences: Sequence[Sentence]
) -> tuple[ShownFinding, ...]:
    corrections: dict[str, list[dict[str, Any]]] = {}
    cursor = connection.execute(_CORRECTIONS, [report_id])
    fields = [column[0] for column in cursor.description or ()]
    for finding_id, *said in cursor.fetchall():
        corrections.setdefault(finding_id, []).append(dict(zip(fields[1:], said, strict=True)))
    cursor = connection.execute(_FINDINGS, [report_id])
    names = [column[0] for column in cursor.description or ()]
    found = []
    for row in cursor.fetchall():
        values: dict[str, Any] = dict(zip(names, row, strict=True))
        quotes, decided = values.pop("quotes") or (), values.pop("decided_by")
        anchor = (values["anchor_start"], values["anchor_end"])
        found.append(
            ShownFinding(
                values,
                tuple(quotes),
                _rule(sentences, *anchor) if not values["corrected"] else None,
                _decisions(decided),
                tuple(corrections.get(values["finding_id"], ())),
            )
        )
    return tuple(found)


def _decisions(decided_by: str | None) -> tuple[Decision, ...]:
    told = json.loads(decided_by or "{}")
    return tuple(Decision(name, p, tuple((f, w) for f, w in features)) for name, (p, features) in told.items())


def _sections(sentences: Sequence[Sentence], length: int) -> tuple[tuple[int, int, str], ...]:
    """Stretches of one section; a heading belongs to what follows it."""
    sections: list[tuple[int, int, str]] = []
    for sentence in sentences:
        name = str(sentence.section)
        start = sections[-1][1] if sections else 0
        if sections and sections[-1][2] == name:
            start = sections.pop()[0]
        sections.append((start, sentence.end, name))
    return (*sections[:-1], (sections[-1][0], length, sections[-1][2])) if sections else ()


def _rule(sentences: Sequence[Sentence], start: int, end: int) -> str | None:
    """The built-in rule that the finding's word matched; None where it stands for itself (a size)."""
    for sentence in sentences:
        for term in sentence.terms:
            if term.start < end and start < term.end:
                rule = next(iter(term.roles.values()))
                return f"{rule.category} “{rule.literal}”"
    return None
