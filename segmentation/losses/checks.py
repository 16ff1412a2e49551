"""What the public losses check of their arguments: shapes and types only, so that nothing waits for the device."""

from __future__ import annotations

from torch import Tensor

from ...schemas.errors import ConfigError, DataError
from ..lesion_targets import LesionTargets


def check_options(**bounds: tuple[float, float, float]) -> None:
    """Raise ConfigError for a named option whose (value, lowest, highest) do not fit."""
    for name, (value, lowest, highest) in bounds.items():
        if not lowest <= value <= highest:
            raise ConfigError(f"{name}: {value} vs {lowest} to {highest}. The loss is not defined there. Correct it.")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ConfigError for an unknown choice."""
    if value not in choices:
        raise ConfigError(f"{name}: {value!r} vs one of {', '.join(choices)}. There is no such loss. Pick one of them.")


def check_logits(logits: Tensor) -> None:
    """Raise DataError unless `logits` are float (B, C, X, Y, Z)."""
    if logits.ndim != 5 or not logits.is_floating_point():
        raise DataError(
            f"logits: {logits.dtype} of shape {tuple(logits.shape)} vs float (B, C, X, Y, Z). "
            "The losses are three-dimensional. Pass the network's raw output."
        )


def check_targets(logits: Tensor, targets: LesionTargets, *, same_grid: bool) -> None:
    """Raise DataError unless the targets belong to the batch, channels, device (and, if asked, grid) of the logits."""
    check_logits(logits)
    if targets.region.ndim != 5 or targets.region.shape[0] != logits.shape[0]:
        raise DataError(
            f"targets: regions of shape {tuple(targets.region.shape)} vs ({logits.shape[0]}, R, X, Y, Z). "
            "They are not of this batch. Build them with LesionTargets.from_regions."
        )
    highest = int(targets.channel.max()) if targets.channel.numel() else -1
    if highest >= logits.shape[1]:
        raise DataError(
            f"target channel: {highest} vs {logits.shape[1]} channels of the logits. "
            "The report would supervise a channel that the network lacks. Check the label map."
        )
    if targets.region.device != logits.device:
        raise DataError(
            f"targets on {targets.region.device} vs logits on {logits.device}. Use targets.to({str(logits.device)!r})."
        )
    fine, coarse = tuple(targets.region.shape[2:]), tuple(logits.shape[2:])
    if same_grid and fine != coarse:
        raise DataError(
            f"regions: {fine} vs {coarse} voxels of the logits. Lesions are placed on the finest head only."
        )
    if any(n < m for n, m in zip(fine, coarse, strict=True)):
        raise DataError(f"regions: {fine} vs {coarse} voxels of the logits. A head finer than the crop has no targets.")


def check_labels(logits: Tensor, labels: Tensor, known: Tensor | None) -> None:
    """Raise DataError unless labels and known voxels are (B, C, X, Y, Z) on a grid at least as fine as the logits'."""
    check_logits(logits)
    for name, mask in (("labels", labels), ("known", known)):
        if mask is None:
            continue
        if mask.shape[:2] != logits.shape[:2] or mask.ndim != 5 or mask.shape != labels.shape:
            raise DataError(
                f"{name}: shape {tuple(mask.shape)} vs ({logits.shape[0]}, {logits.shape[1]}, X, Y, Z), "
                "labels and known alike. One binary mask for each channel is needed. Stack them so."
            )
