"""One optimiser step over a batch that does not fit the device at once.

The losses are functions of sums over the whole batch (a Dice over all its lesions, a mean over all its slots), so the
sum of the parts' losses is another loss than the batch's. Here the parts go through the network twice: once to collect
the logits, on which the loss of the whole batch is taken; once more to carry its gradient back, part by part. The
gradient is that of the whole batch; the price is one more forward pass, a third of the time.
"""

import contextlib

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from .dataset import Batch
from .networks import heads


def backward(
    accelerator: Accelerator, network: nn.Module, loss: nn.Module, batch: Batch, seed: int, parts: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """Gradients of a batch into the network's parameters, and (logits of the final head, the loss's terms).

    Args:
        seed: of what the network draws (dropout).
        parts: passes that the batch is split into; at most one for each crop.
    """
    parts = min(parts, len(batch.image))
    if parts == 1:
        torch.manual_seed(seed)
        with accelerator.autocast():
            outputs = heads(network(batch.image))
        terms = loss(outputs, batch.label, batch.known, batch.targets)
        accelerator.backward(terms["loss"])
        return outputs[0], terms
    images = batch.image.tensor_split(parts)
    with torch.no_grad():
        collected = [_forward(accelerator, network, image, seed + i) for i, image in enumerate(images)]
    logits = [torch.cat(level).requires_grad_() for level in zip(*collected, strict=True)]
    terms = loss(logits, batch.label, batch.known, batch.targets)
    gradients = [g.tensor_split(parts) for g in torch.autograd.grad(terms["loss"], logits)]
    for i, image in enumerate(images):
        # Ranks add up their gradients once, with the last part.
        alone = contextlib.nullcontext() if i == parts - 1 else accelerator.no_sync(network)
        with alone:
            outputs = _forward(accelerator, network, image, seed + i)
            pulled = [(out * level[i]).sum() for out, level in zip(outputs, gradients, strict=True)]
            accelerator.backward(torch.stack(pulled).sum())
    return logits[0].detach(), terms


def _forward(accelerator: Accelerator, network: nn.Module, image: Tensor, seed: int) -> list[Tensor]:
    """Float32 logits of one part; the same seed draws the same dropout again."""
    torch.manual_seed(seed)
    with accelerator.autocast():
        return [head.float() for head in heads(network(image))]
