"""The file that the audit page saves: what a reader says of reports and their findings."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...schemas import InputError
from ...schemas.finding_values import FIELDS
from ...schemas.json_text import parse_json

FORMAT = "reportsup review"
VERSION = 1
MAX_PROBLEMS_SHOWN = 20

_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
_Text = Annotated[str, Field(max_length=2000)]
_Value = str | int | list[str] | list[list[float]] | None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_fields(values: dict[str, _Value]) -> dict[str, _Value]:
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise ValueError(f"unknown field {', '.join(unknown)}; known are {', '.join(FIELDS)}")
    return values


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


_Values = Annotated[dict[str, _Value], AfterValidator(_known_fields)]
_Moment = Annotated[datetime, AfterValidator(_utc)]


class Verdict(_Strict):
    """What is said of one finding.

    Attributes:
        seen: fingerprint of the values that the reader saw.
        values: of an edit, the fields that change.
    """

    finding_id: _Id
    verdict: Literal["accept", "reject", "edit"]
    seen: _Id
    values: _Values = {}
    reason: _Text | None = None

    @model_validator(mode="after")
    def _values_go_with_an_edit(self) -> Self:
        if (self.verdict == "edit") != bool(self.values):
            raise ValueError("an edit needs values, and only an edit has some")
        return self


class Added(_Strict):
    """A finding that was missing; `id` is the one it will have."""

    id: _Id
    values: _Values
    spans: list[tuple[int, int]] = []
    reason: _Text | None = None

    @model_validator(mode="after")
    def _has_organ_and_quote(self) -> Self:
        missing = [field for field in ("organ", "evidence") if not self.values.get(field)]
        if missing:
            raise ValueError(f"a new finding needs {' and '.join(missing)}")
        return self


class ReviewedReport(_Strict):
    """What is said of one report; `complete`: every finding is decided on and every missing one added."""

    report_id: str = Field(min_length=1)
    run_id: str | None
    text_sha256: _Id
    complete: bool = False
    findings: list[Verdict] = []
    added: list[Added] = []


class SampledReport(_Strict):
    """A report of a sample, and the number of reports that its stratum held."""

    report_id: str
    stratum: str
    stratum_size: int = Field(ge=1)


class Sample(_Strict):
    """How the reports of a page were drawn."""

    sample_id: _Id
    seed: int
    stratified_by: list[str]
    view: str | None
    drawn_at: _Moment
    reports: list[SampledReport]


class Review(_Strict):
    """A whole saved review; saved again later, it replaces what it said before."""

    format: Literal["reportsup review"]
    version: Literal[1]
    review_id: _Id
    database: _Id
    reviewer: _Text | None = None
    saved_at: _Moment
    samples: list[Sample] = []
    reports: list[ReviewedReport]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for name, ids in (
            ("report", [r.report_id for r in self.reports]),
            ("finding", [v.finding_id for r in self.reports for v in r.findings]),
            ("added finding", [a.id for r in self.reports for a in r.added]),
            ("sample", [s.sample_id for s in self.samples]),
        ):
            if len(set(ids)) < len(ids):
                raise ValueError(f"a {name} stands twice in the file")
        return self


def load_review(path: Path) -> Review:
    """The review in a file.

    Raises:
        InputError: the file is missing, no JSON, or not of this form; the message names the entries.
    """
    try:
        written = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"The review {path} cannot be read ({error.strerror}). Nothing was recorded. Check the path."
        ) from error
    except ValueError as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"The review {path} is no JSON{where}. Nothing was recorded. Save it from the audit page again."
        ) from error
    if not isinstance(written, dict) or written.get("format") != FORMAT:
        raise InputError(
            f'{path} is no review of an audit page: its "format" is not "{FORMAT}". Nothing was recorded. '
            "Give the file that the page's Save button wrote."
        )
    try:
        return Review.model_validate(written)
    except ValidationError as error:
        raise InputError(problems_in(path, _problems(error))) from error


def problems_in(path: Path, problems: list[str]) -> str:
    """The message that lists what is wrong with entries of a file."""
    shown = problems[:MAX_PROBLEMS_SHOWN]
    more = [f"… and {len(problems) - len(shown)} more"] if len(problems) > len(shown) else []
    noun = "entry" if len(problems) == 1 else "entries"
    head = f"The review {path} cannot be recorded: {len(problems)} {noun} cannot be applied. Nothing was recorded."
    return "\n  ".join([head, *shown, *more])


def _problems(error: ValidationError) -> list[str]:
    return [f"{_place(e['loc'])}: {_said(e)}" for e in error.errors(include_url=False)]


def _said(error: Any) -> str:
    """What pydantic says, without the value, which may be of a report."""
    said = str(error["msg"]).removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def _place(loc: tuple[int | str, ...]) -> str:
    """Where in the file: reports[3].findings[0].verdict."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return place.removeprefix(".") or "the file"
