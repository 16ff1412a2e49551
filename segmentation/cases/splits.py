"""Train, validation and test by patient."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from .records import CaseFiles

_SPELLINGS = {"training": "train", "tr": "train", "val": "validation", "valid": "validation", "dev": "validation",
              "testing": "test", "ts": "test"}  # fmt: skip


def canonical_split(name: str | None) -> str | None:
    """`train`, `validation` or `test` for its usual spellings; other words come back as they are, "" as None.

    >>> canonical_split("Val")
    'validation'
    """
    word = (name or "").strip().lower()
    return _SPELLINGS.get(word, word) or None


def assign_splits(cases: Sequence[CaseFiles], *, seed: int = 0) -> list[CaseFiles]:
    """Cases with the splits that were left open filled in: 70 % train, 10 % validation, 20 % test, by patient.

    A patient's split follows from a hash of the patient alone (the case id where no patient is known), so it stays the
    same whatever else is added to the data set. A patient with a given split keeps it for all of his cases.
    """
    given = {c.patient_id: c.split for c in cases if c.split and c.patient_id}
    return [
        case if case.split else replace(case, split=given.get(case.patient_id or "") or _hashed(case, seed))
        for case in cases
    ]


def _hashed(case: CaseFiles, seed: int) -> str:
    key = hashlib.sha256(f"{seed}|{case.patient_id or case.case_id}".encode()).digest()
    position = int.from_bytes(key[:8], "big") / 2**64
    return "train" if position < 0.7 else "validation" if position < 0.8 else "test"
