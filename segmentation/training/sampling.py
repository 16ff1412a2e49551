"""Which case each crop of each step comes from: a pure function of (seed, stage, step, slot).

Nothing is remembered between steps, so a resumed run, any number of workers and any number of devices draw the same
crops. A batch of B crops is B slots; of every n consecutive ones each of n devices takes one, in turns, so that every
device sees crops of every kind (`rank_slots`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ...schemas.errors import DataError


@dataclass(frozen=True)
class Pool:
    """The cases of one kind, those with lesions apart from those without.

    Attributes:
        positive: ids of cases that hold a lesion (by mask) or a target (by report).
        negative: ids of cases known to be free of lesions.
        by_organ: organ → the positive cases that show or describe lesions of it.
    """

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    by_organ: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.positive) + len(self.negative)


@dataclass(frozen=True)
class Draw:
    """One crop to make.

    Attributes:
        case_id: the case that it is cut from.
        seed: of everything random in it.
        of_report: made for what a report describes; else for what a mask shows, whatever a report says of other organs.
        organ: whose lesions it is made for, where the shares are given by organ; None = any.
    """

    case_id: str
    seed: tuple[int, ...]
    of_report: bool = False
    organ: str | None = None


@dataclass(frozen=True)
class Sampler:
    """Draws cases for one stage, every case of a pool once before any comes again.

    Args:
        masks, reports: the pools; an empty one is left to the other.
        batch_size: slots per step over all devices.
        report_share: share of the slots that draw from `reports`; by organ, the organs take turns, each with its own.
        positive_share: share of a pool's draws that go to its positive cases, if it has both.
        seed: of the run; `stage` separates the draws of the stages.

    Raises:
        DataError: both pools are empty.

    Example:
        >>> sampler = Sampler(Pool(("a", "b")), Pool(("r",)), batch_size=2, report_share=0.5)
        >>> [draw.case_id for draw in sampler.step(0)][0]
        'r'
    """

    masks: Pool
    reports: Pool
    batch_size: int
    report_share: float | Mapping[str, float] = 0.5
    positive_share: float = 0.5
    seed: int = 0
    stage: int = 1

    def __post_init__(self) -> None:
        if not len(self.masks) and not len(self.reports):
            raise DataError(
                "training cases: none vs at least one with a lesion mask or a usable report. There is nothing to learn "
                "from. See `reportsup index` for cases set aside and `reportsup train` for excluded targets."
            )

    def step(self, step: int, rank: int = 0, world_size: int = 1) -> list[Draw]:
        """The draws of one device in one step of the stage."""
        return [self.slot(index) for index in rank_slots(step, self.batch_size, rank, world_size)]

    def slot(self, index: int) -> Draw:
        """The draw of a slot, counted from the start of the stage."""
        organ, ordinal, wanted = None, index, self.report_share
        if isinstance(wanted, Mapping):
            organ, ordinal = self.organs[index % len(wanted)], index // len(wanted)
            wanted = wanted[organ]
        share = 0.0 if not len(self.reports) else 1.0 if not len(self.masks) else wanted
        from_reports, ordinal = _split(ordinal, share)
        pool = self.reports if from_reports else self.masks
        share = 0.0 if not pool.positive else 1.0 if not pool.negative else self.positive_share
        from_positive, ordinal = _split(ordinal, share)
        ids = pool.positive if from_positive else pool.negative
        if from_positive and organ is not None:
            ids = pool.by_organ.get(organ) or ids
        group = (2 * int(from_reports) + int(from_positive), *([] if organ is None else [self.organs.index(organ)]))
        cycle, place = divmod(ordinal, len(ids))
        order = _permutation(len(ids), (self.seed, self.stage, *group, cycle))
        return Draw(ids[order[place]], (self.seed, self.stage, index), from_reports, organ if from_positive else None)

    @property
    def organs(self) -> tuple[str, ...]:
        """The organs that take turns; none where the share is one for all."""
        return tuple(self.report_share) if isinstance(self.report_share, Mapping) else ()


def rank_slots(step: int, batch_size: int, rank: int = 0, world_size: int = 1) -> list[int]:
    """The slots of one device in one step, counted from the start of the stage.

    Dealt by turns: with reports in the even slots, two devices that kept to their places would see reports alone and
    masks alone.

    >>> rank_slots(0, 4, 0, 2), rank_slots(0, 4, 1, 2)
    ([0, 3], [1, 2])
    """
    rounds = batch_size // world_size
    return [turn * world_size + (rank + turn) % world_size for turn in range(step * rounds, (step + 1) * rounds)]


def _split(index: int, share: float) -> tuple[bool, int]:
    """Whether `index` belongs to an evenly spread `share` of all indices, and its ordinal among its own kind."""
    before, after = math.ceil(index * share - 1e-9), math.ceil((index + 1) * share - 1e-9)
    return (True, before) if after > before else (False, index - before)


@lru_cache(maxsize=64)
def _permutation(n: int, seed: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.random.default_rng(seed).permutation(n))
