"""Evaluation: detection per patient and lesion, overlap, agreement with reported volumes, comparison of two runs."""

from .comparison import ComparedStratum, Comparison, compare
from .components import ComponentMap, LesionComponent, lesion_components
from .evaluate import Evaluation, evaluate
from .gallery import Gallery
from .lesions import Localisation
from .patients import OperatingPoint, patient_score
from .records import ChannelResult, EvaluationCase, EvaluationSettings, ReportedPlace, ReportedVolume
from .report_page import ReportFiles, write_report
from .statistics import Difference, Estimate
from .summary import METRICS, Summary
from .volume_agreement import VolumeAgreement, volume_agreement

__all__ = [
    "METRICS",
    "ChannelResult",
    "ComparedStratum",
    "Comparison",
    "ComponentMap",
    "Difference",
    "Estimate",
    "Evaluation",
    "EvaluationCase",
    "EvaluationSettings",
    "Gallery",
    "LesionComponent",
    "Localisation",
    "OperatingPoint",
    "ReportFiles",
    "ReportedPlace",
    "ReportedVolume",
    "Summary",
    "VolumeAgreement",
    "compare",
    "evaluate",
    "lesion_components",
    "patient_score",
    "volume_agreement",
    "write_report",
]
