"""OMOP CDM 5.4: reports as NOTE, findings as NOTE_NLP, in a DuckDB file.

A note needs a person and a date: reports without a patient id, or whose date cannot be read, are left out and counted.
Concepts are 0 ("no matching concept") where no published table was at hand that tells them.
"""

import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from .records import Record, records

_NO_CONCEPT = 0
_ENGLISH = 4180186  # of the OMOP vocabulary, SNOMED CT's "English language"
_MAX_INTEGER = 2**31 - 1
# What of a finding stands in term_modifiers, most telling first: the last ones go where 2,000 characters do not do.
_MODIFIERS = (
    "organ", "laterality", "location", "lesion_type", "certainty", "count", "count_min", "sizes_mm", "size_bound",
    "prior_sizes_mm", "attenuation", "image_reference", "section", "type_text", "finding_id", "corrected", "confidence",
)  # fmt: skip
_NOTE = {
    "note_id": pa.int32(), "person_id": pa.int32(), "note_date": pa.date32(), "note_title": pa.string(),
    "note_text": pa.string(), "note_source_value": pa.string(), "report_id": pa.string(),
}  # fmt: skip
_NLP = {
    "note_nlp_id": pa.int32(), "note_id": pa.int32(), "snippet": pa.string(), "offset": pa.string(),
    "lexical_variant": pa.string(), "nlp_system": pa.string(), "nlp_datetime": pa.timestamp("us"),
    "term_modifiers": pa.string(),
}  # fmt: skip
_BATCH = 2000


def write_omop(connection: duckdb.DuckDBPyConnection, out: Path, raw: bool) -> list[str]:
    """Write the tables to a new DuckDB file; says how many reports are left out and why."""
    persons = _persons(connection)
    left_out = {"without a patient id": 0, "without a date that can be read": 0}
    out.unlink(missing_ok=True)  # the empty file that holds the place
    with duckdb.connect(str(out)) as target:
        target.execute((files(__package__) / "omop_cdm_5_4.sql").read_text(encoding="utf-8"))
        rows = ([i, patient] for patient, i in persons.items())
        _insert(target, "reportsup_person", {"person_id": pa.int32(), "patient_id": pa.string()}, rows, "*")
        notes, found, n_notes, n_found = [], [], 0, 0
        for record in records(connection):
            if record.patient_id is None:
                left_out["without a patient id"] += 1
                continue
            if record.study_date is None:
                left_out["without a date that can be read"] += 1
                continue
            n_notes += 1
            notes.append(_note(n_notes, persons[record.patient_id], record))
            for row in _terms(n_notes, record):
                n_found += 1
                found.append([n_found, *row])
            if len(notes) == _BATCH:
                _write(target, notes, found)
                notes, found = [], []
        _write(target, notes, found)
    return [f"{n:,} reports {why}: NOTE needs it" for why, n in left_out.items() if n]


def modifiers_text(finding: dict[str, Any]) -> str:
    """What a finding says as "name=value;…", values as JSON; whole entries of at most 2,000 characters together.

    >>> modifiers_text({"organ": "liver", "location": ["segment 4"], "laterality": None})
    'organ="liver";location=["segment 4"]'
    """
    text = ""
    for name in _MODIFIERS:
        value = finding.get(name)
        if value in (None, [], False):
            continue
        entry = f"{name}={json.dumps(value, ensure_ascii=False)}"
        if len(text) + len(entry) + 1 > 2000:
            break
        text += f";{entry}" if text else entry
    return text


def _persons(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Patient → person_id: their own numbers where all are whole ones that fit, else numbered by patient id."""
    patients = "SELECT DISTINCT patient_id FROM reports WHERE patient_id IS NOT NULL ORDER BY 1"
    ids = [row[0] for row in connection.execute(patients).fetchall()]
    plain = all(i.isdecimal() and str(int(i)) == i and 0 < int(i) <= _MAX_INTEGER for i in ids)
    return {i: int(i) if plain else n for n, i in enumerate(ids, start=1)}


def _note(note_id: int, person_id: int, record: Record) -> list[Any]:
    source = record.report_id if len(record.report_id) <= 50 else None
    title = (record.exam or record.modality or "")[:250] or None
    return [note_id, person_id, record.study_date, title, record.text, source, record.report_id]


def _terms(note_id: int, record: Record) -> Iterator[list[Any]]:
    for finding in record.findings:
        start, end = finding["anchor_start"], finding["anchor_end"]
        word = record.text[start:end] or finding["organ"]
        snippet = " … ".join(quote["text"] for quote in finding["quotes"])[:250]
        system = record.system if not record.by_reader else f"annotated by {record.reader}"
        told = modifiers_text(finding)
        yield [note_id, snippet or None, str(start), word[:250], system[:250], record.extracted_at, told]


def _write(target: duckdb.DuckDBPyConnection, notes: list[list[Any]], found: list[list[Any]]) -> None:
    concepts = f"{_NO_CONCEPT}, {_NO_CONCEPT}"
    _insert(
        target, "note", _NOTE, notes,
        f"note_id, person_id, note_date, NULL, {concepts}, note_title, note_text, {_NO_CONCEPT}, {_ENGLISH}, NULL, "
        "NULL, NULL, note_source_value, NULL, NULL",
    )  # fmt: skip
    _insert(target, "reportsup_note", _NOTE, notes, "note_id, report_id")
    _insert(
        target, "note_nlp", _NLP, found,
        f'note_nlp_id, note_id, {_NO_CONCEPT}, snippet, "offset", lexical_variant, {concepts}, nlp_system, '
        "nlp_datetime::DATE, nlp_datetime, 'Y', 'Present', term_modifiers",
    )  # fmt: skip


def _insert(
    target: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, pa.DataType],
    rows: Iterable[list[Any]],
    select: str,
) -> None:
    by_column = list(zip(*rows, strict=True))
    if not by_column:
        return
    arrays = [pa.array(values, type=kind) for values, kind in zip(by_column, columns.values(), strict=True)]
    target.register("_rows", pa.table(arrays, names=list(columns)))
    target.execute(f"INSERT INTO {table} SELECT {select} FROM _rows")
    target.unregister("_rows")
