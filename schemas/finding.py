"""What an extractor returns: findings whose every word and number can be found in the report."""

import re
from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from .anatomy import load_anatomy
from .vocabulary import (
    Attenuation,
    Certainty,
    ExtractionStatus,
    Laterality,
    LesionType,
    Organ,
    Section,
    SizeBound,
)

MIN_DIAMETER_MM = 0.5
MAX_DIAMETER_MM = 500.0


class StrictModel(BaseModel):
    """Base of the contract's models: frozen, no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(StrictModel):
    """A verbatim quote: `text` equals `report[start:end]`, offsets in Unicode code points.

    Raises:
        ValidationError: when validated with `context={"text": report}` and the quote does not stand there.
    """

    start: int = Field(ge=0)
    end: int
    text: str = Field(min_length=1)

    @model_validator(mode="after")
    def _stands_in_report(self, info: ValidationInfo) -> Self:
        if self.end - self.start != len(self.text):
            raise ValueError(f"span {self.start}:{self.end} does not fit a quote of {len(self.text)} characters")
        report = (info.context or {}).get("text")
        if report is not None and report[self.start : self.end] != self.text:
            raise ValueError(f"the quote at {self.start}:{self.end} is not what the report says there")
        return self


class Measurement(StrictModel):
    """Size of one lesion: one to three diameters in mm, largest first, and where the report says it."""

    diameters_mm: tuple[float, ...] = Field(min_length=1, max_length=3)
    source: Span

    @field_validator("diameters_mm")
    @classmethod
    def _plausible(cls, diameters: tuple[float, ...]) -> tuple[float, ...]:
        for diameter in diameters:
            if not MIN_DIAMETER_MM <= diameter <= MAX_DIAMETER_MM:
                raise ValueError(f"a diameter of {diameter:g} mm is outside {MIN_DIAMETER_MM:g}–{MAX_DIAMETER_MM:g} mm")
        return tuple(sorted(diameters, reverse=True))

    @model_validator(mode="after")
    def _has_a_number(self, info: ValidationInfo) -> Self:
        # A person may know a size that the report lacks or has wrong; a machine may not.
        by_person = (info.context or {}).get("by_person", False)
        if not by_person and not re.search(
            r"\d|centimet|\b(?:one|two|three|four|five|six|seven|eight|nine|ten)\b", self.source.text, re.I
        ):
            raise ValueError("a size must quote the number it was read from")
        return self


class Finding(StrictModel):
    """One focal lesion, or one group of lesions that the report describes only as a group.

    Attributes:
        anchor: the word that names the lesion ("nodule"); identifies the finding within its report.
        count: exact number when the report gives one, else None. count_min: lower bound, at least 1.
        sizes: measured lesions of this finding at the time of this exam; prior_sizes: at earlier exams.
        size_bound: what the sizes say; None exactly when there are none.
        image_reference: series/image as written, e.g. "series 4, image 51".
        evidence: the quotes that carry the finding, in reading order.
        corrected: a person changed or added the finding; with `context={"by_person": True}` its sizes need not stand
            in its quotes.
        confidence: the extractor's probability that organ, side, sizes and count are right; None = it does not say.
        decided_by: JSON of what the extractor's decisions rest on (docs/explanation/reader.md), without report text.

    Raises:
        ValidationError: when a value is outside the vocabulary, a location is foreign to the organ, counts contradict
            each other, or (with `context={"text": report}`) a quote is not in the report.
    """

    organ: Organ
    laterality: Laterality | None = None
    location: tuple[str, ...] = ()
    lesion_type: LesionType = LesionType.UNSPECIFIED
    type_text: str = ""
    certainty: Certainty = Certainty.PRESENT
    count: int | None = Field(default=None, ge=1)
    count_min: int = Field(default=1, ge=1)
    sizes: tuple[Measurement, ...] = ()
    size_bound: SizeBound | None = None
    prior_sizes: tuple[Measurement, ...] = ()
    attenuation: Attenuation | None = None
    image_reference: str | None = None
    section: Section = Section.BODY
    anchor: Span
    evidence: tuple[Span, ...] = Field(min_length=1)
    corrected: bool = False
    confidence: float | None = Field(default=None, ge=0, le=1)
    decided_by: str | None = None

    @model_validator(mode="after")
    def _counts_agree(self) -> Self:
        if self.count is not None and self.count < self.count_min:
            raise ValueError(f"count {self.count} is below count_min {self.count_min}")
        return self

    @model_validator(mode="after")
    def _bound_goes_with_sizes(self) -> Self:
        if bool(self.sizes) != (self.size_bound is not None):
            raise ValueError(f"size_bound {self.size_bound} does not go with {len(self.sizes)} sizes")
        return self

    @model_validator(mode="after")
    def _organ_allows_location(self) -> Self:
        allowed = load_anatomy().organ(self.organ).locations
        for place in self.location:
            if allowed and place not in allowed:
                raise ValueError(f"'{place}' is no part of {self.organ}; expected one of {', '.join(sorted(allowed))}")
        return self

    @model_validator(mode="after")
    def _sizes_stand_in_evidence(self) -> Self:
        for size in self.sizes + self.prior_sizes:
            if not any(e.start <= size.source.start and size.source.end <= e.end for e in self.evidence):
                raise ValueError(f"the size at {size.source.start}:{size.source.end} is outside the finding's evidence")
        return self


class Quarantined(StrictModel):
    """A finding that failed validation: kept for the audit, never trained on."""

    reason: str
    finding_json: str


class Extraction(StrictModel):
    """All that was read from one report.

    Attributes:
        review_reasons: what made the extractor unsure (codes, no text); empty = confident.
        negative_confidence: probability of each of `negative_organs`; empty = the extractor does not say.
        confidence: expected share of the report's findings that are found and right; None = the extractor does not say.
        reason: why the status is `rejected`, `unreadable` or `error`; no report text.
        details_json: the extractor's own account (tokens, agreement, choice), a JSON object without report text.
    """

    report_id: str
    status: ExtractionStatus
    findings: tuple[Finding, ...] = ()
    negative_organs: tuple[Organ, ...] = ()
    negative_confidence: tuple[float, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    review_reasons: tuple[str, ...] = ()
    confidence: float | None = Field(default=None, ge=0, le=1)
    reason: str | None = None
    seconds: float = 0.0
    details_json: str = "{}"

    @classmethod
    def answered(
        cls, report_id: str, findings: Iterable[Finding], quarantined: Iterable[Quarantined], **others: Any
    ) -> Self:
        """The extraction of a report that was read; its status follows from what was found and what was not valid."""
        findings, quarantined = tuple(findings), tuple(quarantined)
        status, reason = ExtractionStatus.NO_LESION, None
        if findings:
            status = ExtractionStatus.OK
        elif quarantined:
            status, reason = ExtractionStatus.REJECTED, "every finding was quarantined"
        return cls(
            report_id=report_id, status=status, reason=reason, findings=findings, quarantined=quarantined, **others
        )


class Report(StrictModel):
    """One report as read from the user's table; `extra_json` holds the columns that we do not interpret."""

    report_id: str = Field(min_length=1)
    text: str
    modality: str | None = None
    exam: str | None = None
    study_date: str | None = None
    sex: str | None = None
    age: str | None = None
    patient_id: str | None = None
    source_file: str = ""
    source_row: int = 0
    extra_json: str = "{}"
