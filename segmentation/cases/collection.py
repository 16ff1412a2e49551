"""Checks that need more than one case: duplicates, patients across splits, reports that are not there."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from ...schemas import load_anatomy
from .records import CaseFiles, Problem

SPLITS = ("train", "validation", "test")
# Problems that depend on other cases or on the database; a re-index finds them anew even for unchanged files.
COLLECTION_PROBLEMS = ("duplicate case", "split", "patient in two splits", "missing report", "no supervision")


def check_collection(
    cases: Sequence[CaseFiles],
    *,
    reports: Collection[str] | None = None,
    others: Iterable[tuple[str, str | None, str | None]] = (),
) -> list[Problem]:
    """Problems between cases.

    Args:
        cases: as listed, duplicates included, splits assigned.
        reports: known report ids; None = no database yet, reports are not checked.
        others: (case_id, patient_id, split) of cases that are indexed already and not among `cases`.
    """
    problems = _duplicates(cases)
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


def _leaks(cases: Sequence[CaseFiles], others: Iterable[tuple[str, str | None, str | None]]) -> list[Problem]:
    """Patients are named by their cases only: a patient id never appears in a message."""
    by_patient: dict[str, dict[str, str | None]] = defaultdict(dict)
    for case_id, patient_id, split in [*others, *((c.case_id, c.patient_id, c.split) for c in cases)]:
        if patient_id:
            by_patient[patient_id][case_id] = split
    mine = {c.case_id for c in cases}
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
