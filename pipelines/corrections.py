"""A reader's correction of a finding: recorded beside it, never over it."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ..schemas import Certainty, ConfigError, InputError, Laterality, LesionType, Organ, SizeBound, load_anatomy
from ..schemas.database import open_database
from ..schemas.finding import MAX_DIAMETER_MM, MIN_DIAMETER_MM

_ENUMS = {
    "organ": Organ,
    "laterality": Laterality,
    "lesion_type": LesionType,
    "certainty": Certainty,
    "size_bound": SizeBound,
}
_NULLABLE = frozenset({"laterality", "count", "size_bound"})
FIELDS = (*_ENUMS, "location", "count", "count_min", "sizes_mm", "excluded")


def record_correction(
    database: Path, finding_id: str, field: str, value: str, by: str, reason: str | None
) -> str | None:
    """Record a correction; returns the value that stood there before, as text.

    Args:
        finding_id: as `v_findings` shows it.
        field: one of `FIELDS`; "excluded" with "true" takes the finding out, with "false" back in.
        value: text; lists as JSON, e.g. "[[23, 14]]"; "null" empties laterality, count or size_bound.
        by: who corrects.

    Raises:
        ConfigError: the field or value is outside the vocabulary.
        InputError: there is no such finding.
    """
    with open_database(database, create=False) as connection:
        row = connection.execute("SELECT organ, count FROM findings WHERE finding_id = ?", [finding_id]).fetchone()
        if row is None:
            raise InputError(
                f"correct: finding '{finding_id}' vs an id of v_findings. Look it up with `reportsup sql`."
            )
        old = _current(connection, finding_id, field) if field in FIELDS else None
        organ = _current(connection, finding_id, "organ") or row[0]
        new = validated(field, value, organ)
        connection.execute(
            "INSERT INTO corrections VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [uuid.uuid4().hex, finding_id, field, old, new, by, datetime.now(UTC).replace(tzinfo=None), reason],
        )
    return old


def validated(field: str, value: str, organ: str) -> str | None:
    """The value as it is stored: checked against the vocabulary, lists as JSON, None for "null".

    >>> validated("sizes_mm", "[[14, 23]]", "liver")
    '[[23.0, 14.0]]'
    """
    if field not in FIELDS:
        raise ConfigError(f"correct: field '{field}' vs one of {', '.join(FIELDS)}. Name one of them.")
    if value == "null":
        if field not in _NULLABLE:
            raise ConfigError(f"correct: {field} 'null' vs a value. Only {', '.join(sorted(_NULLABLE))} can be empty.")
        return None
    if field in _ENUMS:
        return _one_of(field, value, [str(member) for member in _ENUMS[field]])
    if field == "excluded":
        return _one_of(field, value, ["true", "false"])
    if field in ("count", "count_min"):
        if not (value.isdecimal() and int(value) >= 1):
            raise ConfigError(f"correct: {field} '{value}' vs a whole number of at least 1. Name one.")
        return str(int(value))
    return _sizes(value) if field == "sizes_mm" else _location(value, organ)


def _one_of(field: str, value: str, known: list[str]) -> str:
    if value not in known:
        raise ConfigError(f"correct: {field} '{value}' vs one of {', '.join(known)}. Name one of them.")
    return value


def _sizes(value: str) -> str:
    try:
        sizes = [sorted((float(d) for d in lesion), reverse=True) for lesion in json.loads(value)]
    except (ValueError, TypeError):
        sizes = [[]]
    if not all(
        1 <= len(lesion) <= 3 and all(MIN_DIAMETER_MM <= d <= MAX_DIAMETER_MM for d in lesion) for lesion in sizes
    ):
        raise ConfigError(
            f"correct: sizes_mm '{value}' vs a JSON list of lesions with 1 to 3 diameters of {MIN_DIAMETER_MM:g} to "
            f"{MAX_DIAMETER_MM:g} mm. Write [[23, 14]], or [] for no size."
        )
    return json.dumps(sizes)


def _location(value: str, organ: str) -> str:
    try:
        places: Any = json.loads(value)
    except ValueError:
        places = [value]
    allowed = load_anatomy().organ(organ).locations
    if not isinstance(places, list) or not all(isinstance(p, str) and (not allowed or p in allowed) for p in places):
        raise ConfigError(
            f"correct: location '{value}' vs a JSON list of parts of {organ}: "
            f"{', '.join(sorted(allowed)) or 'any text'}."
        )
    return json.dumps(places, ensure_ascii=False)


def _current(connection: duckdb.DuckDBPyConnection, finding_id: str, field: str) -> str | None:
    if field == "excluded":
        row = connection.execute(
            "SELECT new_value FROM v_latest_corrections WHERE finding_id = ? AND field = 'excluded'", [finding_id]
        ).fetchone()
        return row[0] if row else "false"
    row = connection.execute(f'SELECT "{field}" FROM v_findings WHERE finding_id = ?', [finding_id]).fetchone()
    if row is None or row[0] is None:
        return None
    return json.dumps(row[0], ensure_ascii=False) if isinstance(row[0], list) else str(row[0])
