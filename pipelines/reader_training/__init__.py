"""Trains the reader on annotated reports, and shows how well it reads institutions that it did not learn from."""

from .ablation import Ablated, ablate
from .annotated import AnnotatedReport, AnnotatedSet, annotated_sets
from .evaluation import Evaluation, evaluate
from .predictions import Predicted, left_out_predictions, left_out_together, left_out_weights, predict
from .reviewed import Reviewed, reviewed_reports
from .training import fit, write_reader

__all__ = [
    "Ablated",
    "AnnotatedReport",
    "AnnotatedSet",
    "Evaluation",
    "Predicted",
    "Reviewed",
    "ablate",
    "annotated_sets",
    "evaluate",
    "fit",
    "left_out_predictions",
    "left_out_together",
    "left_out_weights",
    "predict",
    "reviewed_reports",
    "write_reader",
]
