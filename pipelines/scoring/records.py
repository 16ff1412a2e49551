"""One report's findings in gold format, read leniently: predictions of other tools may lack fields."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError

from ...schemas import InputError
from ...schemas.json_text import parse_json


def _empty_if_none(value: Any) -> Any:
    return () if value is None else value


_Words = Annotated[tuple[str, ...], BeforeValidator(_empty_if_none)]
_Size = Annotated[tuple[FiniteFloat, ...], Field(min_length=1)]
_Sizes = Annotated[tuple[_Size, ...], BeforeValidator(_empty_if_none)]


class GoldFinding(BaseModel):
    """A finding as docs/reference/gold_format.md has it.

    What is not said is None or empty, and equals no annotated value.
    """

    model_config = ConfigDict(frozen=True)

    organ: str
    laterality: str | None = None
    location: _Words = ()
    type: str | None = None
    count: int | None = None
    count_min: int | None = None
    sizes_mm: _Sizes = ()
    size_bound: str | None = None
    prior_sizes_mm: _Sizes = ()
    certainty: str | None = None
    evidence: _Words = ()

    @property
    def largest_mm(self) -> float | None:
        """The largest current diameter; None without a size."""
        return max((max(size) for size in self.sizes_mm), default=None)


class GoldRecord(BaseModel):
    """What one report says, by an annotator or a program."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True)

    id: str
    findings: tuple[GoldFinding, ...]
    negative_organs: _Words = ()


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Line number and value of every line that is not empty.

    Raises:
        InputError: there is no such file, it is not UTF-8, or a line is no JSON.
    """
    if not path.is_file():
        raise InputError(f"gold: {path} is not there vs a file in gold format, one report a line. Check the path.")
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, parse_json(line)
    except json.JSONDecodeError as error:
        raise _malformed(path, number, f"is no JSON from character {error.pos + 1} on") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise _malformed(path, number + 1, f"cannot be read ({type(error).__name__})") from None


def read_records(path: Path) -> dict[str, tuple[int, GoldRecord]]:
    """Line number and record of every report of a file in gold format, by its id.

    Raises:
        InputError: the file is missing, a line is no record, or two lines are of one report.
    """
    records: dict[str, tuple[int, GoldRecord]] = {}
    for number, value in json_lines(path):
        try:
            record = GoldRecord.model_validate(value)
        except ValidationError as error:
            raise _malformed(path, number, _what_is_wrong(error)) from None
        if record.id in records:
            raise _malformed(path, number, f"has the id of line {records[record.id][0]}")
        records[record.id] = number, record
    return records


def _what_is_wrong(error: ValidationError) -> str:
    """The first fault, without the value: it may be of a report."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"has no {where}"
    expected = {"model_type": "an object is expected", "tuple_type": "a list is expected"}
    fault = expected.get(first["type"], first["msg"].lower())
    return f"cannot be meant{' at ' + where if where else ''} ({fault})"


def _malformed(path: Path, number: int, fault: str) -> InputError:
    return InputError(
        f"gold: {path.name} line {number} {fault} vs one report's "
        '{"id", "findings": [...], "negative_organs": [...]}. Nothing was done. '
        "Mend the line; the fields are in docs/reference/gold_format.md."
    )
