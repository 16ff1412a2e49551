"""Which column of the user's table is what: ids, report text and the optional fields, by their usual names."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..schemas import ConfigError

ROW_NUMBER = "row"
_MAX_NAME_CHARS = 60

_ID_NAMES = (
    "report_id", "accession_number", "accession", "accession_no", "encrypted_accession_number", "anon_acc", "acc",
    "study_id", "note_id", "exam_id", "study_instance_uid", "study_uid", "volume_name", "bdmap_id", "case_id", "uid",
    "id",
)  # fmt: skip
_TEXT_NAMES = (
    "report", "report_text", "anon_report_text", "full_report", "full_text", "radiology_report", "narrative", "note",
    "note_text", "text", "reporttext", "full_result", "free_text", "body",
)  # fmt: skip
# Heading → names of the columns that hold this part of a report, in a report's usual order.
_SECTION_NAMES = {
    "INDICATION": ("indication", "clinical_indication", "history", "clinical_history", "clinical_information"),
    "TECHNIQUE": ("technique",),
    "COMPARISON": ("comparison",),
    "FINDINGS": ("findings", "finding"),
    "IMPRESSION": ("impression", "impressions", "conclusion", "conclusions", "opinion"),
    "ADDENDUM": ("addendum",),
}
_OPTIONAL_NAMES = {
    "modality": ("modality", "modality_code"),
    "exam": ("exam", "exam_description", "study_description", "procedure", "exam_type", "protocol"),
    "study_date": ("study_date", "exam_date", "exam_completed_date", "date", "report_date", "note_date"),
    "sex": ("sex", "gender", "patient_sex"),
    "age": ("age", "patient_age"),
    "patient_id": ("patient_id", "patientid", "subject_id", "person_id", "mrn", "encrypted_patient_mrn", "patient"),
}


@dataclass(frozen=True)
class Columns:
    """The recognised columns of one table.

    Attributes:
        id: column that names the report, or None when row numbers are used.
        text: (heading, column) in reading order; a heading of "" adds none.
        optional: field of `Report` → column.
    """

    id: str | None
    text: tuple[tuple[str, str], ...]
    optional: dict[str, str]

    def describe(self) -> str:
        """One line for the user: which columns were taken for what."""
        parts = [f"id = {self.id or 'row number'}", "text = " + " + ".join(column for _, column in self.text)]
        return ", ".join(parts + [f"{field} = {column}" for field, column in self.optional.items()])


def recognise(
    names: Sequence[str], *, id_column: str | None = None, text_columns: Sequence[str] = (), source: str = "the table"
) -> Columns:
    """The columns to read from a table with these column names.

    Args:
        names: column names as they stand in the table.
        id_column: the user's choice; "row" numbers the rows when there is no column of that name.
        text_columns: the user's choice; several are joined under their names as headings.
        source: file name for the messages.

    Raises:
        ConfigError: no id or text column is recognised, or a chosen one is not there; names the columns seen.

    Example:
        >>> recognise(["Accession Number", "Findings", "Impression", "Sex"]).text
        (('FINDINGS', 'Findings'), ('IMPRESSION', 'Impression'))
    """
    by_key: dict[str, str] = {}
    for name in names:
        by_key.setdefault(_key(name), name)
    seen = _shown(names)
    report_id = _id_column(by_key, id_column, source, seen)
    text = _text_columns(by_key, text_columns, source, seen)
    taken = {report_id, *(column for _, column in text)}
    optional = {}
    for field, aliases in _OPTIONAL_NAMES.items():
        column = next((by_key[a] for a in aliases if a in by_key and by_key[a] not in taken), None)
        if column is not None:
            optional[field] = column
    return Columns(report_id, text, optional)


def _shown(names: Sequence[str]) -> str:
    """Column names for a message. Without one that is known, the first row may be a report: then only their number."""
    known = {*_ID_NAMES, *_TEXT_NAMES, *itertools.chain(*_SECTION_NAMES.values(), *_OPTIONAL_NAMES.values())}
    if not any(_key(name) in known for name in names):
        return f"{len(names)} without any name that is known, not shown since a file without a header has reports there"
    return ", ".join(name if _is_name(name) else f"one of {len(name):,} characters" for name in names)


def _is_name(name: str) -> bool:
    return len(name) <= _MAX_NAME_CHARS and not re.search(r"\d{2}", name)


def _id_column(by_key: dict[str, str], wanted: str | None, source: str, seen: str) -> str | None:
    if wanted is not None:
        if _key(wanted) in by_key:
            return by_key[_key(wanted)]
        if wanted == ROW_NUMBER:
            return None
        raise ConfigError(f"id column: '{wanted}' vs the columns of {source}: {seen}. Name one of them.")
    found = next((by_key[alias] for alias in _ID_NAMES if alias in by_key), None)
    if found is None:
        raise ConfigError(
            f"id column: none recognised in {source} vs the columns seen: {seen}. A report needs a stable id, so that "
            "re-running does only what is new. Name it with --id-column NAME, or number the rows with --id-column row."
        )
    return found


def _text_columns(by_key: dict[str, str], wanted: Sequence[str], source: str, seen: str) -> tuple[tuple[str, str], ...]:
    if wanted:
        missing = [name for name in wanted if _key(name) not in by_key]
        if missing:
            raise ConfigError(f"text column: '{missing[0]}' vs the columns of {source}: {seen}. Name one of them.")
        chosen = [by_key[_key(name)] for name in wanted]
        return tuple((_heading(name) if len(chosen) > 1 else "", name) for name in chosen)
    whole = next((by_key[alias] for alias in _TEXT_NAMES if alias in by_key), None)
    if whole is not None:
        return (("", whole),)
    sections = [
        (heading, column)
        for heading, aliases in _SECTION_NAMES.items()
        if (column := next((by_key[a] for a in aliases if a in by_key), None)) is not None
    ]
    if not any(heading in ("FINDINGS", "IMPRESSION") for heading, _ in sections):
        raise ConfigError(
            f"text column: none recognised in {source} vs the columns seen: {seen}. "
            "Nothing can be extracted. Name it with --text-column NAME (twice or more to join several)."
        )
    return tuple(sections)


def _heading(name: str) -> str:
    return next((h for h, aliases in _SECTION_NAMES.items() if _key(name) in aliases), name.strip().upper())


def _key(name: str) -> str:
    """Column name without case, spaces and punctuation: "Encrypted Accession-Number" → "encrypted_accession_number"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
