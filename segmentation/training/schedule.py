"""Learning rate as a pure function of the step, so that resuming needs no scheduler state."""

import math

from .config import TrainingConfig


def stage_of(step: int, config: TrainingConfig) -> tuple[int, int, int]:
    """(stage, step within it, its number of steps): stage 1 on masks alone, stage 2 on masks and reports."""
    if step < config.mask_steps:
        return 1, step, config.mask_steps
    return 2, step - config.mask_steps, config.report_steps


def learning_rate(step: int, config: TrainingConfig) -> float:
    """The rate of an optimiser step: each stage warms up linearly, then decays to 0.

    `poly` is peak·(1 − t)^0.9, `cosine` is peak·(1 + cos πt) / 2, with t the share of the stage after the warm-up.

    Example:
        >>> config = TrainingConfig(mask_steps=100, warmup_steps=10, learning_rate=1e-3)
        >>> learning_rate(9, config)
        0.001
    """
    stage, at, length = stage_of(step, config)
    peak = config.learning_rate if stage == 1 else config.report_learning_rate
    warmup = min(config.warmup_steps, length // 2)
    if at < warmup:
        return peak * (at + 1) / warmup
    t = (at - warmup) / max(1, length - warmup)
    if config.schedule == "poly":
        return peak * (1 - t) ** 0.9
    if config.schedule == "cosine":
        return peak * (1 + math.cos(math.pi * t)) / 2
    return peak
