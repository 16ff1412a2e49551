"""Scores findings against annotations in gold format (docs/scoring.md)."""

from .figures import Figure, Score, score
from .format_check import check_files, problems
from .gold_set import GoldSet, read_gold_set, read_predictions
from .records import GoldFinding, GoldRecord
from .run_predictions import Predictions, run_predictions
from .tally import UNKNOWN_ORGAN

__all__ = [
    "UNKNOWN_ORGAN",
    "Figure",
    "GoldFinding",
    "GoldRecord",
    "GoldSet",
    "Predictions",
    "Score",
    "check_files",
    "problems",
    "read_gold_set",
    "read_predictions",
    "run_predictions",
    "score",
]
