"""What a report says about one crop, as plain tensors: the contract between the data loader and the losses.

A loader describes every sample as a list of `RegionTarget`s ("this part of this lesion channel holds these lesions,
together between lo and hi mm³") and `LesionTargets.from_regions` turns the lists of a batch into tensors:

    field                shape            dtype    meaning
    region               (B, R, X, Y, Z)  bool     where the lesions of a slot may lie, the safety margin included
    centres              (B, R, X, Y, Z)  bool     the part of `region` where the lesions' centres may lie
    box                  (B, R, 6)        int64    bounding box of `region`: x0, x1, y0, y1, z0, z1, half open
    channel              (B, R)           int64    the lesion channel of the logits it supervises; -1 = empty slot
    volume_lo_mm3        (B, R)           float32  the lesions of the slot together hold at least this much …
    volume_hi_mm3        (B, R)           float32  … and at most this much; inf = open end (presence, lower bound)
    lesion_diameter_mm   (B, R, L)        float32  largest diameter of each lesion; 0 = padding
    lesion_volume_mm3    (B, R, L)        float32  its reported volume; 0 = padding
    background_known     (B, R)           bool     false: there may be more lesions than listed, so what is left of the
                                                   region is neither lesion nor background
    weight               (B, R)           float32  certainty of the report, 0–1
    spacing_mm           (B, 3)           float32  voxel size

Rules. `region` and `centres` may sit on any device; every other field stays on the host (`to` leaves it there), which
is why no loss has to wait for the device. Volumes and lesions describe what is inside the crop: whoever cuts a region
scales or widens its target. The channel's voxels inside a region are unknown to the segmentation loss; elsewhere the
loader's `known` decides. An organ called free of lesions needs no slot: its voxels are known background.

Slots of one channel in one sample may overlap (neighbouring segments do, by their margins). Each keeps its own search
region, interval and lesions, and what a neighbour may hold is decided voxel by voxel: a voxel shared with a slot whose
background is not known is background to nobody, and the lesions of a neighbour do not count against a slot's upper
bound (`VolumeLoss`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor

from ..schemas.errors import DataError

_VOXELS = ("region", "centres")
UNSIZED_DIAMETER_MM = 6.0  # the ball that stands for a lesion without a size: small, so that it is rarely wrong


def ball_volume_mm3(diameter_mm: float) -> float:
    """Return the volume of a ball, π/6·d³, in mm³."""
    return math.pi / 6 * diameter_mm**3


@dataclass(frozen=True)
class Lesion:
    """One reported lesion: its largest diameter and its volume (an ellipsoid's, hence at most the ball's).

    Example:
        >>> Lesion(diameter_mm=20.0, volume_mm3=1570.8)
        Lesion(diameter_mm=20.0, volume_mm3=1570.8)
        >>> round(Lesion.unsized().volume_mm3)
        113
    """

    diameter_mm: float
    volume_mm3: float

    def __post_init__(self) -> None:
        for name, value in (("diameter_mm", self.diameter_mm), ("volume_mm3", self.volume_mm3)):
            if not (math.isfinite(value) and value > 0):
                raise DataError(
                    f"lesion {name}: {value} vs a finite value above 0. The Ball Loss cannot place it. "
                    "Use Lesion.unsized() for a lesion without a size."
                )

    @classmethod
    def unsized(cls) -> Self:
        """Return the small ball that stands for a lesion without a size; set `background_known=False` on its region."""
        return cls(UNSIZED_DIAMETER_MM, ball_volume_mm3(UNSIZED_DIAMETER_MM))


@dataclass(frozen=True)
class RegionTarget:
    """What a report says about one region of one lesion channel in one crop.

    Args:
        channel: index of the lesion channel in the logits, ≥ 0.
        region: bool (X, Y, Z), the part or organ that the report names, its margin included
            (`losses.dilate_region`).
        volume_lo_mm3: lower bound of the lesions' total volume, ≥ 0 and finite.
        volume_hi_mm3: upper bound, ≥ `volume_lo_mm3`; inf = open.
        lesions: the lesions to place; empty = volume only.
        background_known: false when the count is open or a lesion has no size.
        weight: certainty, 0–1.
        centres: bool (X, Y, Z), the part of `region` where the lesions' centres may lie; None = all of it.

    Raises:
        DataError: a value is out of its range.
    """

    channel: int
    region: Tensor
    volume_lo_mm3: float
    volume_hi_mm3: float = math.inf
    lesions: tuple[Lesion, ...] = ()
    background_known: bool = True
    weight: float = 1.0
    centres: Tensor | None = None

    def __post_init__(self) -> None:
        if self.channel < 0:
            raise DataError(f"region channel: {self.channel} vs an index from 0. Use the lesion channel's index.")
        if self.region.dtype != torch.bool or self.region.ndim != 3:
            raise DataError(
                f"region mask: {self.region.dtype} of shape {tuple(self.region.shape)} vs bool (X, Y, Z). Threshold it."
            )
        if not (0 <= self.volume_lo_mm3 <= self.volume_hi_mm3 and math.isfinite(self.volume_lo_mm3)):
            raise DataError(
                f"volume interval: [{self.volume_lo_mm3}, {self.volume_hi_mm3}] mm³ vs 0 ≤ lo ≤ hi, lo finite. "
                "The Volume Loss would pull in both directions. Correct the report's sizes."
            )
        if not 0 <= self.weight <= 1:
            raise DataError(f"target weight: {self.weight} vs 0–1. It is the report's certainty. Rescale it.")


@dataclass(frozen=True)
class LesionTargets:
    """The report targets of a batch; the module's docstring defines every field.

    Example:
        >>> region = torch.zeros(8, 8, 8, dtype=torch.bool)
        >>> region[2:6, 2:6, 2:6] = True
        >>> target = RegionTarget(0, region, 20.0, 60.0, (Lesion(4.0, 33.5),))
        >>> targets = LesionTargets.from_regions([[target], []], spacing_mm=torch.ones(2, 3), shape=(8, 8, 8))
        >>> targets
        LesionTargets(batch=2, slots=1, used=1, lesions=1, shape=(8, 8, 8), device=cpu)
    """

    region: Tensor
    centres: Tensor
    box: Tensor
    channel: Tensor
    volume_lo_mm3: Tensor
    volume_hi_mm3: Tensor
    lesion_diameter_mm: Tensor
    lesion_volume_mm3: Tensor
    background_known: Tensor
    weight: Tensor
    spacing_mm: Tensor

    def __repr__(self) -> str:
        batch, slots, *shape = self.region.shape
        used, lesions = int((self.channel >= 0).sum()), int((self.lesion_diameter_mm > 0).sum())
        return (
            f"LesionTargets(batch={batch}, slots={slots}, used={used}, lesions={lesions}, "
            f"shape={tuple(shape)}, device={self.region.device})"
        )

    @classmethod
    def from_regions(
        cls, samples: Sequence[Sequence[RegionTarget]], spacing_mm: Tensor, shape: tuple[int, int, int]
    ) -> Self:
        """Return the targets of a batch, one list of regions per sample; regions empty in the crop are dropped.

        Args:
            samples: for each sample its regions, masks on the CPU; an empty list = no report target.
            spacing_mm: (B, 3) voxel size.
            shape: (X, Y, Z) of the crop.

        Raises:
            DataError: a mask does not have the crop's shape, or `spacing_mm` does not fit the batch.
        """
        if tuple(spacing_mm.shape) != (len(samples), 3) or not bool((spacing_mm > 0).all()):
            raise DataError(
                f"spacing_mm: {spacing_mm.tolist()} vs {len(samples)} × 3 positive values. Volumes need it."
            )
        for target in (t for sample in samples for t in sample):
            if tuple(target.region.shape) != tuple(shape):
                raise DataError(f"region mask: {tuple(target.region.shape)} vs the crop's {shape}. Crop both alike.")
        seen = [[t for t in sample if bool(t.region.any())] for sample in samples]
        n_slots = max((len(sample) for sample in seen), default=0)
        n_lesions = max((len(t.lesions) for sample in seen for t in sample), default=0)
        targets = cls.empty(len(samples), shape, spacing_mm=spacing_mm, slots=n_slots, lesions=n_lesions)
        for b, sample in enumerate(seen):
            for r, target in enumerate(sample):
                targets._fill(b, r, target)
        return targets

    @classmethod
    def empty(
        cls,
        batch: int,
        shape: tuple[int, int, int],
        *,
        spacing_mm: Tensor | None = None,
        slots: int = 0,
        lesions: int = 0,
    ) -> Self:
        """Return targets with `slots` empty slots for each sample: a batch without report supervision."""
        return cls(
            region=torch.zeros(batch, slots, *shape, dtype=torch.bool),
            centres=torch.zeros(batch, slots, *shape, dtype=torch.bool),
            box=torch.zeros(batch, slots, 6, dtype=torch.int64),
            channel=torch.full((batch, slots), -1, dtype=torch.int64),
            volume_lo_mm3=torch.zeros(batch, slots),
            volume_hi_mm3=torch.full((batch, slots), math.inf),
            lesion_diameter_mm=torch.zeros(batch, slots, lesions),
            lesion_volume_mm3=torch.zeros(batch, slots, lesions),
            background_known=torch.zeros(batch, slots, dtype=torch.bool),
            weight=torch.zeros(batch, slots),
            spacing_mm=torch.ones(batch, 3) if spacing_mm is None else spacing_mm.detach().cpu().float(),
        )

    def _fill(self, b: int, r: int, target: RegionTarget) -> None:
        self.region[b, r] = target.region
        centres = target.region if target.centres is None else target.region & target.centres
        self.centres[b, r] = centres if bool(centres.any()) else target.region
        self.box[b, r] = bounding_box(target.region)
        self.channel[b, r] = target.channel
        self.volume_lo_mm3[b, r] = target.volume_lo_mm3
        self.volume_hi_mm3[b, r] = target.volume_hi_mm3
        self.background_known[b, r] = target.background_known
        self.weight[b, r] = target.weight
        for i, lesion in enumerate(sorted(target.lesions, key=lambda x: x.volume_mm3, reverse=True)):
            self.lesion_diameter_mm[b, r, i] = lesion.diameter_mm
            self.lesion_volume_mm3[b, r, i] = lesion.volume_mm3

    @classmethod
    def from_dict(cls, tensors: Mapping[str, Tensor]) -> Self:
        """Return targets from a mapping of their fields, e.g. after another library collated or moved them."""
        names = [f.name for f in fields(cls)]
        return cls(**{name: tensors[name] if name in _VOXELS else tensors[name].cpu() for name in names})

    def as_dict(self) -> dict[str, Tensor]:
        """Return the fields by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Self:
        """Return the targets with their voxels on `device`; the small fields stay on the host."""
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=non_blocking) for name in _VOXELS})

    def pin_memory(self) -> Self:
        """Return the targets with their voxels in pinned memory, for `DataLoader(pin_memory=True)`."""
        return replace(self, **{name: getattr(self, name).pin_memory() for name in _VOXELS})

    def neighbours(self, b: int, r: int) -> list[int]:
        """Return the other slots of a slot's sample and channel whose bounding boxes overlap its own."""
        first, last = self.box[b, :, 0::2], self.box[b, :, 1::2]
        apart = (torch.maximum(first, first[r]) >= torch.minimum(last, last[r])).any(1)
        near = (self.channel[b] == self.channel[b, r]) & ~apart
        return [i for i in near.nonzero().flatten().tolist() if i != r]

    def unknown(self, n_channels: int) -> Tensor:
        """Return bool (B, C, X, Y, Z) on the device of `region`: where a channel's voxels are left to the report."""
        batch, slots, *shape = self.region.shape
        mask = torch.zeros(batch, n_channels, *shape, dtype=torch.bool, device=self.region.device)
        for b in range(batch):
            for r in range(slots):
                channel = int(self.channel[b, r])
                if channel >= 0:
                    mask[b, channel] |= self.region[b, r]
        return mask


def bounding_box(region: Tensor) -> Tensor:
    """Return int64 (6,), the half-open bounding box x0, x1, y0, y1, z0, z1 of a mask; all 0 for an empty one."""
    if not bool(region.any()):
        return torch.zeros(6, dtype=torch.int64)
    box = []
    for axes in ((1, 2), (0, 2), (0, 1)):
        hit = region.any(dim=axes[1]).any(dim=axes[0]).nonzero()
        box += [int(hit[0]), int(hit[-1]) + 1]
    return torch.tensor(box, dtype=torch.int64)
