"""Synthetic abdominal CTs with lesions, for `reportsup demo` and for tests."""

from .case import MAX_LESIONS, SyntheticCase, make_case
from .dataset import CasePlan, DatasetCase, DatasetSize, plan_dataset, write_dataset
from .lesions import LESION_ORGANS, LesionRecord
from .scanner import SCANNERS, Scanner

__all__ = [
    "LESION_ORGANS",
    "MAX_LESIONS",
    "SCANNERS",
    "CasePlan",
    "DatasetCase",
    "DatasetSize",
    "LesionRecord",
    "Scanner",
    "SyntheticCase",
    "make_case",
    "plan_dataset",
    "write_dataset",
]
