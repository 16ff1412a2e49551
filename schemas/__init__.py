"""The contract between the stages: findings, anatomy, database, errors."""

from .anatomy import Anatomy, OrganEntry, load_anatomy
from .errors import (
    BackendError,
    ConfigError,
    DatabaseBusyError,
    DatabaseError,
    DataError,
    InputError,
    ReportsupError,
    TrainingError,
)
from .failures import Failure
from .finding import Extraction, Finding, Measurement, Quarantined, Report, Span
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

__all__ = [
    "Anatomy",
    "Attenuation",
    "BackendError",
    "Certainty",
    "ConfigError",
    "DataError",
    "DatabaseBusyError",
    "DatabaseError",
    "Extraction",
    "ExtractionStatus",
    "Failure",
    "Finding",
    "InputError",
    "Laterality",
    "LesionType",
    "Measurement",
    "Organ",
    "OrganEntry",
    "Quarantined",
    "Report",
    "ReportsupError",
    "Section",
    "SizeBound",
    "Span",
    "TrainingError",
    "load_anatomy",
]
