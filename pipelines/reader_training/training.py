"""A reader's folder: the weights that annotated reports give, and a card of what they were trained on."""

import hashlib
import json
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from ...nlp.decide.model import Weights
from ...nlp.rule_files import RuleSet
from ...nlp.training import train
from ...schemas.atomic import atomic, write_text
from .annotated import AnnotatedSet

WEIGHTS, CARD = "weights.json", "card.json"
Progress = Callable[[str], None]


def fit(sets: Sequence[AnnotatedSet], rules: RuleSet, progress: Progress = lambda _: None) -> Weights:
    """The weights that all reports of these sets give; the same sets give the same weights.

    Args:
        progress: told the name of each decision as it is fitted.
    """
    return train(rules, [(report.text, report.gold) for part in sets for report in part.reports], progress)


def write_reader(folder: Path, weights: Weights, sets: Sequence[AnnotatedSet], rules: RuleSet) -> None:
    """Write weights and card; each appears whole or not at all."""
    with atomic(folder / WEIGHTS) as temporary:
        weights.write(temporary)
    card = {
        "reportsup": version("reportsup"),
        "rules_hash": rules.content_hash,
        "weights_sha256": hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
        "trained_on": [{"name": part.name, **part.counts} for part in sets],
        "features": {name: len(chooser.weights) for name, chooser in weights.choosers.items()},
    }
    write_text(folder / CARD, json.dumps(card, indent=2, ensure_ascii=False) + "\n")
