"""Scores findings against annotations in gold format (docs/how-to/scoring.md)."""

from .figures import Figure, Score, score
from .format_check import check_files, problems
from .gold_set import GoldSet, read_gold_set
from .predictions import Predictions, check_ids, notes, read_predictions
from .records import GoldFinding, GoldRecord
from .run_predictions import run_predictions
from .tally import Difference

__all__ = [
    "Difference",
    "Figure",
    "GoldFinding",
    "GoldRecord",
    "GoldSet",
    "Predictions",
    "Score",
    "check_files",
    "check_ids",
    "notes",
    "problems",
    "read_gold_set",
    "read_predictions",
    "run_predictions",
    "score",
]
