"""Volumes and masks: where they lie, whether they fit, and their registration in the database."""

from .checks import check_case, check_cases
from .collection import check_collection
from .layouts import read_layout
from .records import (
    CaseFiles,
    CheckedCase,
    IndexedCase,
    LabelMap,
    MaskFile,
    MaskSummary,
    Problem,
    known_masks,
    organ_masks,
)
from .register import IndexResult, examine, read_cases, write_index
from .splits import assign_splits

__all__ = [
    "CaseFiles",
    "CheckedCase",
    "IndexResult",
    "IndexedCase",
    "LabelMap",
    "MaskFile",
    "MaskSummary",
    "Problem",
    "assign_splits",
    "check_case",
    "check_cases",
    "check_collection",
    "examine",
    "known_masks",
    "organ_masks",
    "read_cases",
    "read_layout",
    "write_index",
]
