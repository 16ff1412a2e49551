"""What is predicted: CT files or registered cases, named and checked before a network is loaded."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...schemas.errors import ConfigError, DataError
from ...schemas.failures import Failure
from ..cases import IndexedCase, Problem
from ..cases.ct_checks import check_ct
from ..cases.masks import stem
from ..cases.parallel import map_in_processes
from ..evaluation.records import ReportedVolume
from .organ_masks import organ_mask_reader


@dataclass(frozen=True)
class PredictionInput:
    """A CT to predict.

    Attributes:
        organ_masks: that limit its lesions: organ → reader of a mask on the CT's grid.
        series: folder of the DICOM series that `ct` is made of when the input is checked; None = `ct` is there.
        reported: organ → what its report says, for the picture.
    """

    case_id: str
    ct: Path
    organ_masks: Mapping[str, Callable[[], npt.NDArray[np.bool_]]] = field(default_factory=dict)
    series: Path | None = None
    reported: Mapping[str, ReportedVolume] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckedInputs:
    """Inputs after their CTs were read.

    Attributes:
        good: to predict.
        failures: case_id → why it is not, in the words of `reportsup check`.
        warnings: problems of those to predict.
    """

    good: tuple[PredictionInput, ...]
    failures: dict[str, Failure]
    warnings: tuple[Problem, ...]


def inputs_of(
    cases: Sequence[IndexedCase],
    organs: Sequence[str],
    reported: Mapping[str, Mapping[str, ReportedVolume]] | None = None,
) -> list[PredictionInput]:
    """Registered cases as inputs, with the organ masks that they have and what their reports say."""
    return [
        PredictionInput(
            case.case_id,
            case.ct,
            {organ: read for organ in organs if (read := organ_mask_reader(case, organ))},
            reported=(reported or {}).get(case.case_id, {}),
        )
        for case in cases
    ]


def shard(inputs: Sequence[PredictionInput], part: str) -> list[PredictionInput]:
    """The inputs of one process of several: every n-th, from the i-th on, by case id.

    Args:
        part: "i/n", i from 1 to n.

    Raises:
        ConfigError: anything else.

    >>> [item.case_id for item in shard([PredictionInput(name, Path()) for name in "cabd"], "2/3")]
    ['b']
    """
    number, _, total = part.partition("/")
    if not (number.isdecimal() and total.isdecimal() and 1 <= int(number) <= int(total)):
        raise ConfigError(
            f"--shard: {part} vs i/n with i from 1 to n. No case would be predicted, or some twice. Give 1/8 to 8/8."
        )
    return sorted(inputs, key=lambda item: item.case_id)[int(number) - 1 :: int(total)]


def files_as_inputs(paths: Sequence[Path], converted: Path = Path()) -> list[PredictionInput]:
    """CT files and folders of DICOM series as inputs, named by the file, or by the folder when it is called `ct`.

    Args:
        converted: folder for the volumes that are made of DICOM series.

    Files of one name are told apart by their folders; a file given twice is one.

    Raises:
        DataError: even with all of their folders two files have one name.
    """
    files = list(dict.fromkeys(path.resolve() for path in paths))
    depth = dict.fromkeys(files, 0)
    names = {file: _name(file, 0) for file in files}
    while twice := {name for name, n in Counter(names.values()).items() if n > 1}:
        alike = [file for file in files if names[file] in twice]
        for file in alike:
            depth[file] += 1
        longer = {file: _name(file, depth[file]) for file in alike}
        if all(longer[file] == names[file] for file in alike):
            raise DataError(
                f"predict: {', '.join(sorted(twice))} named by several files vs one each. One would overwrite the "
                "other. Rename the files, or predict them into different folders."
            )
        names.update(longer)
    return [
        PredictionInput(names[path], converted / f"{names[path]}.nii.gz", series=path)
        if path.is_dir()
        else PredictionInput(names[path], path)
        for path in files
    ]


def _name(file: Path, n_folders: int) -> str:
    """The file's name without its ending, behind so many of its folders.

    >>> _name(Path("/data/p1/scan.nii.gz"), 1)
    'p1_scan'
    """
    name = file.name if file.is_dir() else stem(file)
    parts = [part for part in file.parent.parts if part != file.anchor]
    if name.lower() == "ct" and parts:
        name = parts.pop()
    return "_".join([*parts[len(parts) - min(n_folders, len(parts)) :], name])


def check_inputs(
    inputs: Sequence[PredictionInput], *, workers: int = 1, progress: Callable[[], None] = lambda: None
) -> CheckedInputs:
    """The inputs whose CT `reportsup check` would accept, and what it says of the others.

    Args:
        workers: processes that read volumes.
        progress: called after each.
    """
    good, failures, warnings = [], {}, []
    found = map_in_processes(_check, [replace(item, organ_masks={}) for item in inputs], workers)
    for item, problems in zip(inputs, found, strict=True):
        progress()
        if isinstance(problems, Failure):
            failures[item.case_id] = problems
        elif fatal := [problem for problem in problems if problem.fatal]:
            failures[item.case_id] = Failure.of(DataError("; ".join(map(_in_words, fatal))))
        else:
            good.append(item)
            warnings += problems
    return CheckedInputs(tuple(good), failures, tuple(warnings))


def _check(item: PredictionInput) -> list[Problem]:
    if item.series is not None:
        from ..dicom import convert_series

        convert_series(item.series, item.ct)
    return check_ct(item.case_id, item.ct)[1]


def _in_words(problem: Problem) -> str:
    return f"{problem.problem}: {problem.observed} vs {problem.expected}. Next: {problem.next_step}"


def warning_in_words(problem: Problem) -> str:
    """A warning as a line of text."""
    return f"{problem.case_id}: warning: {_in_words(problem)}"
