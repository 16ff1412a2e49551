"""Validation on whole cases: overlap where masks are, detection where masks or reports are."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import torch
from torch import nn

from ..prediction.windows import predict_volume
from ..preprocessing.plan import Plan
from ..targets import ChannelStatus
from .crops import TrainingCase

THRESHOLD = 0.5


@dataclass(frozen=True)
class CaseResult:
    """One channel of one case: highest probability, whether a lesion is there, DSC (None without a lesion mask)."""

    channel: str
    score: float
    positive: bool
    dsc: float | None


def validate_case(
    network: nn.Module,
    case: TrainingCase,
    plan: Plan,
    *,
    overlap: float,
    device: torch.device | str,
    precision: str = "auto",
) -> list[CaseResult]:
    """The results of every channel of which something is known."""
    probabilities = predict_volume(
        network,
        case.cached.image(),
        plan.patch_size,
        background=plan.background,
        overlap=overlap,
        device=device,
        precision=precision,
        n_channels=len(plan.channels),
    )
    results = []
    for index, channel in enumerate(plan.channels):
        target = case.targets.channels.get(channel.organ)
        if target is None or target.status is ChannelStatus.UNKNOWN:
            continue
        positive = target.status is not ChannelStatus.KNOWN_ABSENT
        dsc = None
        if target.status is ChannelStatus.MASKED:
            dsc = _dice(probabilities[index] > THRESHOLD, case.cached.mask(channel.name))
        results.append(CaseResult(channel.name, float(probabilities[index].max()), positive, dsc))
    return results


def summarise(results: Sequence[CaseResult]) -> dict[str, float]:
    """Mean DSC of cases with a lesion mask, patient-level AUC, and `score`, their mean, which chooses the best weights.

    Means over channels; what no case can tell is left out.
    """
    summary: dict[str, float] = {}
    for name in dict.fromkeys(result.channel for result in results):
        mine = [result for result in results if result.channel == name]
        overlaps = [result.dsc for result in mine if result.dsc is not None]
        if overlaps:
            summary[f"dsc/{name}"] = float(np.mean(overlaps))
        positive = [result.score for result in mine if result.positive]
        negative = [result.score for result in mine if not result.positive]
        if positive and negative:
            summary[f"auc/{name}"] = rank_auc(positive, negative)
    for kind in ("dsc", "auc"):
        values = [value for key, value in summary.items() if key.startswith(f"{kind}/")]
        if values:
            summary[kind] = float(np.mean(values))
    parts = [summary[kind] for kind in ("dsc", "auc") if kind in summary]
    if parts:
        summary["score"] = float(np.mean(parts))
    return summary


def rank_auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Chance that a positive scores above a negative, ties counted half (Mann–Whitney).

    >>> rank_auc([0.9, 0.4], [0.4, 0.1])
    0.875
    """
    difference = np.asarray(positive, float)[:, None] - np.asarray(negative, float)[None, :]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def fixed_subset(cases: Mapping[str, TrainingCase], at_most: int) -> dict[str, TrainingCase]:
    """The cases that every validation of a run looks at: all, or so many, the same ones each time.

    Cases of each kind (what is known of which organ) take turns, in an order that follows from their ids alone, so that
    rare kinds stay and a case that is added moves few others.
    """
    if len(cases) <= at_most:
        return dict(cases)
    kinds: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for case_id in sorted(cases, key=lambda name: hashlib.sha256(name.encode()).digest()):
        channels = cases[case_id].targets.channels
        kinds.setdefault(tuple(sorted((o, c.status.value) for o, c in channels.items())), []).append(case_id)
    turns = zip_longest(*(kinds[kind] for kind in sorted(kinds)))
    chosen = [case_id for turn in turns for case_id in turn if case_id is not None][:at_most]
    return {case_id: cases[case_id] for case_id in sorted(chosen)}


def validation_cases(cases: Mapping[str, TrainingCase], rank: int = 0, world_size: int = 1) -> list[TrainingCase]:
    """The share of the validation cases that one device computes."""
    return [cases[case_id] for case_id in sorted(cases)][rank::world_size]


def _dice(prediction: np.ndarray, truth: np.ndarray) -> float:
    total = int(prediction.sum()) + int(truth.sum())
    return 2 * int((prediction & truth).sum()) / total if total else 1.0
