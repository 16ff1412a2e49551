"""One rank of `test_ranks.py`: loss and gradient of one step on its share of a batch, with 1, 2 and 4 ranks in turn.

python ranks_script.py FOLDER RANK
"""

import sys
from pathlib import Path

import torch
from reportsup.segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget
from reportsup.segmentation.losses import ReportSupervisionLoss
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

SHAPE = (12, 12, 12)
BATCH = 4


class TinyNetwork(nn.Module):
    """Two heads, instance norm."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv3d(1, 4, 3, padding=1), nn.InstanceNorm3d(4, affine=True), nn.ReLU())
        self.fine, self.coarse = nn.Conv3d(4, 2, 1), nn.Conv3d(4, 2, 1)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        body = self.body(image)
        return [self.fine(body), self.coarse(nn.functional.avg_pool3d(body, 2))]


def half(start: int, stop: int) -> torch.Tensor:
    region = torch.zeros(SHAPE, dtype=torch.bool)
    region[start:stop] = True
    return region


def samples() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[list[RegionTarget]]]:
    """Image, label, known and regions of four crops: two of reports, one of a mask, one of which nothing is known."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(BATCH, 1, *SHAPE, generator=generator)
    label = torch.zeros(BATCH, 2, *SHAPE, dtype=torch.bool)
    label[2, 0, 2:6, 2:6, 2:6] = True
    known = torch.ones_like(label)
    known[3] = False
    known[0, 1] = False
    left = RegionTarget(0, half(0, 8), 40.0, 90.0, (Lesion(5.0, 65.0),))
    cut = RegionTarget(0, half(6, 12), 0.0, 60.0, (), background_known=False)
    other = RegionTarget(1, half(4, 12), 20.0, 30.0, (Lesion(4.0, 30.0), Lesion(3.0, 14.0)), weight=0.5)
    return image, label, known, [[left, cut], [other], [], []]


def step(rank: int, world_size: int, preset: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    network: nn.Module = TinyNetwork()
    if world_size > 1:
        network = DistributedDataParallel(network)
    image, label, known, regions = samples()
    mine = slice(rank * BATCH // world_size, (rank + 1) * BATCH // world_size)
    targets = LesionTargets.from_regions(regions[mine], torch.ones(BATCH, 3)[mine], SHAPE)
    loss = ReportSupervisionLoss(preset, volume_weight=1.0, ball_weight=1.0, over_ranks=world_size > 1)
    parts = loss(network(image[mine]), label[mine], known[mine], targets)
    parts["loss"].backward()
    gradient = torch.cat([p.grad.flatten() for p in network.parameters()])
    return {**{name: value.detach() for name, value in parts.items()}, "gradient": gradient}


def main() -> None:
    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    for world_size in (1, 2, 4):
        if rank >= world_size:
            continue
        if world_size > 1:
            store = f"file://{folder}/store{world_size}"
            distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=world_size)
        results = {preset: step(rank, world_size, preset) for preset in ("interval", "reference")}
        torch.save(results, folder / f"{world_size}_{rank}.pt")
        if world_size > 1:
            distributed.barrier()
            distributed.destroy_process_group()


if __name__ == "__main__":
    main()
