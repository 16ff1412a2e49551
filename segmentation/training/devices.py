"""What suits the machine and changes no result: crop workers, memory layout, compilation, times of checkpoints."""

import os
import time

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import nn

from .config import TrainingConfig

MAX_WORKERS = 8  # for each process; crops then come faster than an H100 takes them (docs/explanation/100000_cts.md)


def crop_workers(config: TrainingConfig, accelerator: Accelerator) -> int:
    """Processes that make crops for one device: as set; by default none on the CPU, whose cores are all in use."""
    if config.workers is not None:
        return config.workers
    if accelerator.device.type != "cuda":
        return 0
    on_node = int(os.environ.get("LOCAL_WORLD_SIZE", accelerator.num_processes))
    return max(1, min(MAX_WORKERS, len(os.sched_getaffinity(0)) // max(1, on_node) - 1))


def memory_format(device: torch.device) -> torch.memory_format:
    """Channels last on a GPU, whose tensor cores read it without copies; as it comes elsewhere."""
    return torch.channels_last_3d if device.type == "cuda" else torch.contiguous_format


def suited(network: nn.Module, config: TrainingConfig, device: torch.device) -> nn.Module:
    """The network in the device's memory layout, compiled if asked for; names and values of its weights stay."""
    if device.type == "cuda":
        network = network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    if config.compile:
        network.compile()
    return network


class CheckpointClock:
    """Whether `checkpoint_minutes` have passed since the last checkpoint, the same answer on every rank."""

    def __init__(self, minutes: float, accelerator: Accelerator) -> None:
        self._minutes, self._accelerator, self._since = minutes, accelerator, time.monotonic()

    def is_due(self) -> bool:
        """Ask the first rank; all ranks must ask at the same step."""
        due = torch.tensor(time.monotonic() - self._since >= 60 * self._minutes, device=self._accelerator.device)
        return bool(broadcast(due.float()))

    def reset(self) -> None:
        """A checkpoint was written."""
        self._since = time.monotonic()
