"""The lesions of one patient through successive reports, as `v_lesion_timeline` links them."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ..schemas import InputError
from ..schemas.database import open_database
from .querying import Answer, answer
from .terminal import printable
from .wording import sizes_text

AN_AID = (
    "Lesions are linked by organ, side, place, size and the earlier sizes that reports tell, not by images: an aid. "
    "Look at the reports before it counts."
)
_ROWS = """
FROM lesion_timeline($patient)
ORDER BY n_reports > 1 DESC, organ, laterality, lesion_id, nth"""
_KNOWN = """
SELECT count(*), count(*) FILTER (study_date IS NULL) FROM v_reports WHERE patient_id = $patient"""


def timeline(database: Path, patient_id: str) -> Answer:
    """The rows of `v_lesion_timeline` of a patient, lesions of several reports first.

    Raises:
        InputError: no report names the patient, or none has a date that can be read.
    """
    with open_database(database, read_only=True) as connection:
        ((n, undated),) = connection.execute(_KNOWN, {"patient": patient_id}).fetchall()
        if not n:
            raise InputError(
                "timeline: no report of this patient is in the database. Patients with several reports: "
                '`reportsup sql "SELECT patient_id, count(*) AS n FROM reports GROUP BY 1 ORDER BY n DESC LIMIT 10"`.'
            )
        if n == undated:
            raise InputError(
                f"timeline: none of the {n} reports of this patient has a date that can be read. What they say: "
                '`reportsup sql "SELECT study_date FROM reports LIMIT 10"`.'
            )
        return answer(connection, _ROWS.replace("$patient", _quoted(patient_id)))


def print_timeline(found: Answer, console: Console) -> None:
    """Each lesion of several reports with its sizes by date, then the findings of one report alone."""
    rows = list(found.records())
    console.print(Text(AN_AID, style="dim"))
    for row in rows:
        if row["n_reports"] == 1:
            continue
        if row["nth"] == 1:
            console.print(Text(printable(f"\n{_place(row)} · {row['n_reports']} reports"), style="bold"))
        console.print(Text(printable("  " + _step(row))), soft_wrap=True)
    single = [row for row in rows if row["n_reports"] == 1]
    if single:
        console.print(Text("\nin one report alone", style="bold"))
    for row in sorted(single, key=lambda row: (row["study_date"], row["organ"])):
        console.print(Text(printable(f"  {_place(row)} · {_step(row)}")), soft_wrap=True)


def _place(row: dict[str, Any]) -> str:
    told = (row["laterality"], row["organ"].replace("_", " "), "/".join(row["location"]))
    return " · ".join(t for t in told if t)


def _step(row: dict[str, Any]) -> str:
    size = sizes_text(row["sizes_mm"]) or "no size"
    parts = [str(row["study_date"]), size]
    if row["change_mm"] is not None:
        parts.append(f"{row['change_mm']:+g} mm in {row['days']} days")
    if row["linked_by"]:
        parts.append(f"by {', '.join(row['linked_by'])}")
    if row["alternatives"]:
        parts.append(f"or one of {row['alternatives']} others")
    return " · ".join([*parts, f"report {row['report_id']}"])


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
