"""The exponential moving average of the weights, which validates, predicts and is kept as `best`."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def averaged(network: nn.Module, decay: float) -> AveragedModel:
    """A copy of the network whose weights follow it by x̄ ← d·x̄ + (1 − d)·x.

    The decay warms up as min(decay, (1 + t) / (10 + t)), so that a short run does not validate its random start.
    """

    def average(means: Tensor | Sequence[Tensor], values: Tensor | Sequence[Tensor], count: Tensor | int) -> None:
        t = int(count)
        keep = min(decay, (1 + t) / (10 + t))
        for mean, value in zip(means, values, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value.to(mean.dtype), 1 - keep)
            else:
                mean.copy_(value)

    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)
