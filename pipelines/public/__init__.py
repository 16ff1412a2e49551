"""Radiology reports as supervision: what scripts and notebooks import. The names are loaded when they are used.

read_report, read_frame, extract      text, a DataFrame, files → findings
open_database                         the DuckDB file, for SQL
Finding, Extraction, …                what findings are made of
ReportSupervisionLoss, VolumeLoss, …  losses for any training loop, and the targets they take
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .pipelines.api import extract, read_frame, read_report
    from .schemas import Extraction, Finding, LesionType, Measurement, Organ, ReportsupError, Span
    from .schemas.database import open_database
    from .segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget
    from .segmentation.losses import (
        BallLoss,
        MaskedSegmentationLoss,
        ReportSupervisionLoss,
        VolumeLoss,
        dilate_region,
    )

    __version__: str

_MODULES = {
    "pipelines.api": ("extract", "read_frame", "read_report"),
    "schemas": ("Extraction", "Finding", "LesionType", "Measurement", "Organ", "ReportsupError", "Span"),
    "schemas.database": ("open_database",),
    "segmentation.lesion_targets": ("Lesion", "LesionTargets", "RegionTarget"),
    "segmentation.losses": (
        "BallLoss",
        "MaskedSegmentationLoss",
        "ReportSupervisionLoss",
        "VolumeLoss",
        "dilate_region",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BallLoss",
    "Extraction",
    "Finding",
    "Lesion",
    "LesionTargets",
    "LesionType",
    "MaskedSegmentationLoss",
    "Measurement",
    "Organ",
    "RegionTarget",
    "ReportSupervisionLoss",
    "ReportsupError",
    "Span",
    "VolumeLoss",
    "__version__",
    "dilate_region",
    "extract",
    "open_database",
    "read_frame",
    "read_report",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("reportsup")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'reportsup' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
