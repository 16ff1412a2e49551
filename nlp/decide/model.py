"""A choice among candidates by named features: score = sum of weights, probability = softmax over the candidates."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ...schemas.atomic import write_text

Features = Sequence[str]


@dataclass(frozen=True)
class Chooser:
    """One decision: feature name → weight. A feature that was not seen in training weighs nothing."""

    weights: dict[str, float]

    def scores(self, candidates: Sequence[Features]) -> list[float]:
        """One score a candidate."""
        get = self.weights.get
        return [sum([get(name, 0.0) for name in features]) for features in candidates]

    def probabilities(self, candidates: Sequence[Features]) -> list[float]:
        """Softmax of the scores; sums to 1."""
        return softmax(self.scores(candidates))

    @cached_property
    def _columns(self) -> dict[tuple[str, ...], dict[str, tuple[float, ...]]]:
        """Per tuple of parts that was asked for: feature → its weight in each part."""
        return {}

    def _weights_in(self, parts: tuple[str, ...]) -> dict[str, tuple[float, ...]]:
        if parts not in self._columns:
            names = {rest for part, _, rest in (name.partition("|") for name in self.weights) if part in parts}
            get = self.weights.get
            self._columns[parts] = {name: tuple(get(f"{part}|{name}", 0.0) for part in parts) for name in names}
        return self._columns[parts]

    def part_scores(self, parts: tuple[str, ...], features: Features) -> list[float]:
        """Per part the score of features that are named "part|feature" in the weights: each is looked up once."""
        known = [weights for weights in map(self._weights_in(parts).get, features) if weights]
        return [sum(column) for column in zip(*known, strict=True)] if known else [0.0] * len(parts)

    def part_probabilities(self, parts: tuple[str, ...], features: Features) -> list[float]:
        """As `probabilities` of one candidate a part, each with the same features."""
        return softmax(self.part_scores(parts, features))

    def probability(self, features: Features) -> float:
        """Of a yes against a no without features."""
        score = self.scores([features])[0]
        return 1.0 / (1.0 + math.exp(-score)) if score > -700 else 0.0


def crossed(parts: Sequence[str], features: Features) -> list[list[str]]:
    """One candidate a part, each with the same features, by their names in the weights."""
    return [[f"{part}|{name}" for name in features] for part in parts]


def softmax(scores: Sequence[float]) -> list[float]:
    """Probabilities that sum to 1."""
    top = max(scores)
    exponentials = [math.exp(s - top) for s in scores]
    total = sum(exponentials)
    return [e / total for e in exponentials]


DECISIONS = (
    "size_role",
    "size_list",
    "organ",
    "side",
    "place",
    "resolve",
    "group",
    "lesion_type",
    "certainty",
    "negative",
    "confidence",
)


@dataclass(frozen=True)
class Weights:
    """The weights of every decision, as one readable JSON file."""

    choosers: dict[str, Chooser]

    def __getitem__(self, decision: str) -> Chooser:
        return self.choosers[decision]

    @classmethod
    def read(cls, path: Path) -> "Weights":
        """Weights from a file that `write` made."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls({name: Chooser(data["weights"].get(name, {})) for name in DECISIONS})

    def write(self, path: Path) -> None:
        """One line a feature, sorted, so that two trainings can be compared, and the digest that tells damage."""
        weights = {
            name: {k: round(v, 3) for k, v in sorted(c.weights.items()) if abs(v) >= 5e-3}
            for name, c in self.choosers.items()
        }
        data = {"sha256": weights_digest(weights), "weights": weights}
        write_text(path, json.dumps(data, indent=0, ensure_ascii=True) + "\n")


def weights_digest(weights: Mapping[str, Mapping[str, float]]) -> str:
    """SHA-256 of the weights of all decisions: one digit that a disk has changed would be read in silence."""
    return hashlib.sha256(json.dumps(weights, sort_keys=True).encode()).hexdigest()
