"""Lesion probabilities of a whole volume: overlapping windows, blended with a Gaussian weight."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..training.networks import heads

# Windows up to this many voxels go through the network together: on a CPU, torch leaves a single small window to a
# convolution that is five times slower than oneDNN's.
TOGETHER_VOXELS = 2**17


@torch.no_grad()
def predict_volume(
    network: nn.Module,
    image: npt.NDArray[Any],
    patch_size: tuple[int, int, int],
    *,
    background: float,
    overlap: float = 0.5,
    device: torch.device | str = "cpu",
) -> npt.NDArray[np.float32]:
    """Probabilities (C, X, Y, Z) of a normalised volume (X, Y, Z).

    Args:
        patch_size: window, as in training.
        background: intensity with which a volume smaller than the window is padded.
        overlap: share by which neighbouring windows overlap, 0 to below 1.
        device: where windows are computed; the volume stays on the CPU.
    """
    from monai.inferers import sliding_window_inference

    def probabilities(window: Tensor) -> Tensor:
        with torch.autocast("cuda", enabled=window.is_cuda):
            logits = heads(network(window))[0]
        return torch.sigmoid(logits.float())

    together = max(1, TOGETHER_VOXELS // math.prod(patch_size))
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
            sw_device=device,
            device="cpu",
        )
    finally:
        network.train(was_training)
    if not isinstance(blended, Tensor):
        raise TypeError(f"windows: {type(blended).__name__} vs one tensor of probabilities")
    return np.asarray(blended[0].numpy(), dtype=np.float32)
