"""A run against the truth of its cases: the public entry of the evaluation."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ...schemas.errors import DataError, InputError
from ...schemas.failures import Failure
from .channels import measure_case
from .gallery import Gallery
from .patients import OperatingPoint, choose_operating_point
from .records import ChannelResult, EvaluationCase, EvaluationSettings
from .summary import Summary, summarise

LAYOUT_VERSION: Final = 5  # of the JSON; raise it with any change of what a stored figure means
Record = TypeVar("Record")


@dataclass(frozen=True)
class Evaluation:
    """Everything measured on one run.

    Attributes:
        name: of the run, for tables and pages.
        operating_points: organ → score from which a patient is positive.
        summaries: figures on the test cases, per organ and site, pooled ones first.
        results: one row per case × organ, validation and test.
        failures: case_id → why a case that should have been judged is in no figure.
    """

    name: str
    settings: EvaluationSettings
    operating_points: dict[str, OperatingPoint]
    summaries: tuple[Summary, ...]
    results: tuple[ChannelResult, ...]
    version: Literal[5] = LAYOUT_VERSION
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def test_results(self) -> tuple[ChannelResult, ...]:
        """Rows that the summaries are made of."""
        return tuple(r for r in self.results if r.split == self.settings.test_split)

    def summary(self, organ: str | None = None, site: str = "all") -> Summary:
        """Figures of one organ and site; the first summary (everything pooled) by default.

        Raises:
            KeyError: there is no such organ or site in the test cases.
        """
        for summary in self.summaries:
            if summary.site == site and organ in (None, summary.organ):
                return summary
        raise KeyError(f"no summary of organ {organ} at site {site}")

    def to_json(self) -> str:
        """The evaluation as JSON text; figures that are not defined are null."""
        return TypeAdapter(Evaluation).dump_json(self, indent=1).decode()

    @classmethod
    def from_json(cls, path: Path) -> "Evaluation":
        """An evaluation as written by `to_json`.

        Raises:
            InputError: the file is missing or not an evaluation.
        """
        return read_json(cls, path)


def evaluate(
    cases: Iterable[EvaluationCase],
    *,
    name: str = "run",
    settings: EvaluationSettings | None = None,
    operating_points: Mapping[str, OperatingPoint] | None = None,
    gallery: Gallery | None = None,
    failed: Callable[[str, Failure], None] | None = None,
) -> Evaluation:
    """Metrics of one run, case by case: only one case is in memory at a time when `cases` is a generator.

    Args:
        cases: predictions with truth; those of `settings.validation_split` choose the operating points, those of
            `settings.test_split` make the figures, others are ignored.
        operating_points: organ → point chosen earlier; organs left out are chosen here.
        gallery: collects example pictures of the test cases for the report page.
        failed: called with each case that cannot be measured, so that the others go on; None = its error is raised.

    Raises:
        DataError: volumes of a case do not share a grid, a case comes twice, or there is no test case.

    >>> truth = np.zeros((8, 8, 8), dtype=bool); truth[2:6, 2:6, 2:6] = True
    >>> healthy = np.zeros((8, 8, 8), dtype=bool)
    >>> masks = {"sick": truth, "well": healthy}
    >>> cases = [EvaluationCase(name, np.eye(4), {"liver": 0.9 * m}, {"liver": m}) for name, m in masks.items()]
    >>> evaluation = evaluate(cases, settings=EvaluationSettings(n_resamples=10))
    >>> evaluation.summary("liver").metrics["dsc"].value
    1.0
    """
    settings = settings or EvaluationSettings()
    results: list[ChannelResult] = []
    patients: dict[str, int] = {}
    seen: set[str] = set()
    for case in cases:
        if case.split not in (settings.validation_split, settings.test_split):
            continue
        if case.case_id in seen:
            raise DataError(
                f"case {case.case_id}: given twice vs once. It would count double. Remove the duplicate from the index."
            )
        seen.add(case.case_id)
        patient = patients.setdefault(case.patient_id or f"case {case.case_id}", len(patients))
        try:
            measured = tuple(measure_case(case, settings, patient))
            if gallery is not None and case.split == settings.test_split:
                gallery.add(case, measured, settings)
        except Exception as error:
            if failed is None:
                raise
            failed(case.case_id, Failure.of(error))
            continue
        results.extend(measured)
    return _evaluation(name, results, settings, operating_points or {})


def _evaluation(
    name: str, results: list[ChannelResult], settings: EvaluationSettings, given: Mapping[str, OperatingPoint]
) -> Evaluation:
    test = [r for r in results if r.split == settings.test_split]
    if not test:
        raise DataError(
            f"evaluation of {name}: no case in split '{settings.test_split}' vs at least one. "
            "Figures on the cases that chose the operating point would flatter. Give some a test split."
        )
    organs = sorted({r.organ for r in results})
    points = {organ: given[organ] if organ in given else _choose(organ, results, settings) for organ in organs}
    return Evaluation(name, settings, points, summarise(test, points, settings), tuple(results))


def _choose(organ: str, results: list[ChannelResult], settings: EvaluationSettings) -> OperatingPoint:
    rows = [r for r in results if r.organ == organ and r.split == settings.validation_split and r.present is not None]
    return choose_operating_point(
        np.array([bool(r.present) for r in rows], dtype=bool),
        np.array([r.score for r in rows], dtype=float),
        criterion=settings.criterion,
        # With the score "volume", any component that survives the minimum volume makes a patient positive.
        scale="logit" if settings.score == "probability" else "log",
        default=settings.threshold if settings.score == "probability" else max(settings.min_component_mm3, 1e-9),
    )


def read_json(kind: type[Record], path: Path) -> Record:
    """A dataclass read from its JSON file.

    Raises:
        InputError: the file is missing or holds something else.
    """
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error} vs a readable file. "
            "There is nothing to compare or show. Run `reportsup evaluate` first."
        ) from error
    except ValidationError as error:
        raise InputError(
            f"{path}: {error.error_count()} fields that do not fit vs the JSON of a {kind.__name__}. "
            "It was written by another program or version. Run `reportsup evaluate` again."
        ) from error
