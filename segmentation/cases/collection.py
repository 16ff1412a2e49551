"""Checks that need more than one case: duplicates, patients across splits, reports that are not there."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from ...schemas import load_anatomy
from .records import CaseFiles, Problem

SPLITS = ("train", "validation", "test")
# Problems that depend on other cases or on the database; a re-index finds them anew even for unchanged files.
TAKEN = "case id taken"
COLLECTION_PROBLEMS = (
    "duplicate case", TAKEN, "split", "patient in two splits", "missing report", "no supervision"
)  # fmt: skip


def check_collection(
    cases: Sequence[CaseFiles],
    *,
    reports: Collection[str] | None = None,
    others: Sequence[tuple[str, str | None, str | None, str]] = (),
) -> list[Problem]:
    """Problems between cases.

    Args:
        cases: as listed, duplicates included, splits assigned.
        reports: known report ids; None = no database yet, reports are not checked.
        others: (case_id, patient_id, split, ct_path) of the cases that the database holds.
    """
    problems = _duplicates(cases) + _taken(cases, {case_id: path for case_id, _, _, path in others})
    problems += [
        Problem(c.case_id, "split", repr(c.split), " | ".join(SPLITS), "correct the manifest's split column", True)
        for c in cases
        if c.split not in SPLITS
    ]
    problems += _leaks(cases, others)
    if reports is not None:
        problems += [p for c in cases for p in _report_problem(c, reports)]
    return problems


def _duplicates(cases: Sequence[CaseFiles]) -> list[Problem]:
    counts = Counter(c.case_id for c in cases)
    return [
        Problem(case_id, "duplicate case", f"{n} entries", "one", "give every volume a case id of its own", True)
        for case_id, n in counts.items()
        if n > 1
    ]


def _taken(cases: Sequence[CaseFiles], paths: Mapping[str, str]) -> list[Problem]:
    """A volume that moved is the same case; two volumes under one id in two data sets are not."""
    next_step = "rename the case here or in the other data set"
    return [
        Problem(c.case_id, TAKEN, f"indexed from {paths[c.case_id]}", "a case id of its own", next_step, True)
        for c in cases
        if c.case_id in paths and Path(paths[c.case_id]) != c.ct.absolute() and Path(paths[c.case_id]).exists()
    ]


def _leaks(cases: Sequence[CaseFiles], others: Iterable[tuple[str, str | None, str | None, str]]) -> list[Problem]:
    """Patients are named by their cases only: a patient id never appears in a message."""
    mine = {c.case_id for c in cases}
    members_of: list[tuple[str, str | None, str | None]] = [(c, p, s) for c, p, s, _ in others if c not in mine]
    members_of += [(c.case_id, c.patient_id, c.split) for c in cases]
    by_patient: dict[str, dict[str, str | None]] = defaultdict(dict)
    for case_id, patient_id, split in members_of:
        if patient_id:
            by_patient[patient_id][case_id] = split
    problems = []
    for members in by_patient.values():
        if len(set(members.values())) < 2:
            continue
        observed = ", ".join(f"{case_id}: {split}" for case_id, split in sorted(members.items())[:4])
        next_step = "put all cases of a patient into one split, or leave the split column empty"
        problems += [
            Problem(case_id, "patient in two splits", observed, "one split per patient", next_step, True)
            for case_id in members
            if case_id in mine
        ]
    return problems


def _report_problem(case: CaseFiles, reports: Collection[str]) -> list[Problem]:
    if case.report_id and case.report_id not in reports:
        next_step = "run `reportsup extract` on its report, or correct report_id"
        return [Problem(case.case_id, "missing report", case.report_id, "a report of that id", next_step, False)]
    anatomy = load_anatomy()
    if not case.report_id and not any(anatomy.lesion_organ(m.name) for m in case.masks):
        next_step = "name its report (report_id, --reports-link) or add a lesion mask; it can only be predicted on"
        return [Problem(case.case_id, "no supervision", "no report, no lesion mask", "one of them", next_step, False)]
    return []
