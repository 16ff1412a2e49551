"""Lesion probabilities of a whole volume: overlapping windows, blended with a Gaussian weight."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..evaluation.components import bounding_box
from ..precision import inference_dtype
from ..training.networks import heads

# Windows up to this many voxels go through the network together: on a CPU, torch leaves a single small window to a
# convolution that is five times slower than oneDNN's.
TOGETHER_VOXELS = 2**17
WINDOWS_ON_GPU = 4  # at a time; without gradients they take less memory than one training crop
BLENDED_SHARE = 0.3  # of a GPU's free memory that the blended volume may take; else it is blended on the CPU
_COPIES = 3  # the sum, its weights, and what is in between


@torch.no_grad()
def predict_volume(
    network: nn.Module,
    image: npt.NDArray[Any],
    patch_size: tuple[int, int, int],
    *,
    background: float,
    overlap: float = 0.5,
    device: torch.device | str = "cpu",
    precision: str = "auto",
    n_channels: int = 1,
    body_only: bool = False,
) -> npt.NDArray[np.float32]:
    """Probabilities (C, X, Y, Z) of a normalised volume (X, Y, Z).

    Args:
        patch_size: window, as in training.
        background: intensity with which a volume smaller than the window is padded.
        overlap: share by which neighbouring windows overlap, 0 to below 1.
        device: where windows are computed, and blended if the volume fits beside the network.
        precision: of training; see `precision.inference_dtype`.
        n_channels: of the network, for the memory that blending takes.
        body_only: leave out the air around the body, where the probability is 0.
    """
    if body_only and (box := body_box(image, background)) is not None:
        inner = predict_volume(
            network,
            image[box],
            patch_size,
            background=background,
            overlap=overlap,
            device=device,
            precision=precision,
            n_channels=n_channels,
        )
        whole = np.zeros((len(inner), *image.shape), dtype=np.float32)
        whole[(slice(None), *box)] = inner
        return whole
    from monai.inferers import sliding_window_inference

    where = torch.device(device)
    dtype = inference_dtype(precision, where)

    def probabilities(window: Tensor) -> Tensor:
        with torch.autocast(where.type, dtype=dtype, enabled=dtype is not None):
            logits = heads(network(window))[0]
        return torch.sigmoid(logits.float())

    together = max(WINDOWS_ON_GPU if where.type == "cuda" else 1, TOGETHER_VOXELS // math.prod(patch_size))
    volume = torch.from_numpy(np.array(image, dtype=np.float32))[None, None]
    was_training = network.training
    network.eval()
    try:
        blended = sliding_window_inference(
            volume,
            patch_size,
            together,
            probabilities,
            overlap=overlap,
            mode="gaussian",
            cval=background,
            sw_device=where,
            device=blending_device(where, volume.numel() * n_channels),
        )
    finally:
        network.train(was_training)
    if not isinstance(blended, Tensor):
        raise TypeError(f"windows: {type(blended).__name__} vs one tensor of probabilities")
    return np.asarray(blended[0].cpu().numpy(), dtype=np.float32)


def body_box(image: npt.NDArray[Any], background: float) -> tuple[slice, slice, slice] | None:
    """The box of everything denser than what the plan's window cuts off as air; None for a volume of air alone."""
    return bounding_box(image > background + 1e-3)


def blending_device(device: torch.device, values: int, free_bytes: int | None = None) -> torch.device:
    """The device on which so many probabilities are added up: that of the windows if its memory allows, else the CPU.

    Args:
        free_bytes: of the device; None = asked for.
    """
    if device.type != "cuda":
        return torch.device("cpu")
    free = torch.cuda.mem_get_info(device)[0] if free_bytes is None else free_bytes
    return device if 4 * _COPIES * values <= BLENDED_SHARE * free else torch.device("cpu")
