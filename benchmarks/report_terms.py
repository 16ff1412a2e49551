"""What the report terms add to a training step: share of its time at 96³, peak memory at 128³.

    python benchmarks/report_terms.py             # both; on a CPU a few minutes, most of them in the network
    python benchmarks/report_terms.py --device cuda

Time: forward and backward of the default network (MONAI's SegResNetDS, three heads) with all losses, against the
report terms' own forward and backward on the same heads. Memory: the loss alone, forward and backward on 3 lesion
channels with and without targets, as the difference of peaks (torch's allocator on CUDA, its profiler on the CPU).
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable

import torch
from reportsup.segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget
from reportsup.segmentation.losses import ReportSupervisionLoss
from reportsup.segmentation.training.networks import build_network
from torch.profiler import ProfilerActivity, profile


def report_targets(size: int, channels: int) -> LesionTargets:
    """Return one sample's targets: for each channel an ellipsoidal region of a fifth of the crop and two lesions."""
    axis = torch.arange(size) - size / 2
    radii = torch.tensor([0.42, 0.36, 0.32]) * size
    squares = [(axis / radius) ** 2 for radius in radii]
    region = squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :] <= 1
    lesions = tuple(Lesion(d, math.pi / 6 * d**3) for d in (21.0, 12.0))
    total = sum(lesion.volume_mm3 for lesion in lesions)
    slots = [RegionTarget(channel, region, 0.5 * total, 1.6 * total, lesions) for channel in range(channels)]
    return LesionTargets.from_regions([slots], torch.ones(1, 3), (size, size, size))


def seconds(step: Callable[[], object], repeats: int, device: torch.device) -> float:
    """Return the median time of `step` after one warm-up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def time_share(size: int, channels: int, repeats: int, device: torch.device) -> dict[str, float]:
    """Return seconds of a whole training step and of the report terms in it."""
    torch.manual_seed(0)
    network = build_network("SegResNetDS", channels).to(device).train()
    image = torch.randn(1, 1, size, size, size, device=device)
    labels = torch.zeros(1, channels, size, size, size, device=device)
    targets = report_targets(size, channels).to(device)
    loss = ReportSupervisionLoss()
    heads = [head.detach().requires_grad_() for head in network(image)]

    def report_terms() -> None:
        volume, ball = loss.report_terms(heads, targets)
        (loss.options.volume_weight * volume + loss.options.ball_weight * ball).backward()

    def step() -> None:
        loss(network(image), labels, None, targets)["loss"].backward()

    terms_s = seconds(report_terms, max(repeats, 5), device)
    step_s = seconds(step, repeats, device)
    return {"step_s": round(step_s, 4), "report_terms_s": round(terms_s, 4), "share": round(terms_s / step_s, 4)}


def peak_bytes(run: Callable[[], object], device: torch.device) -> int:
    """Return the highest number of bytes that tensors held above the start of `run`."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        run()
    held = highest = 0
    allocations = [e for e in recorded.profiler.kineto_results.events() if e.name() == "[memory]"]
    for event in sorted(allocations, key=lambda e: e.start_ns()):
        held += event.nbytes()
        highest = max(highest, held)
    return highest


def extra_memory(size: int, channels: int, device: torch.device) -> dict[str, float]:
    """Return peak MB of the losses with targets, without them, and of the report terms alone."""
    labels = torch.zeros(1, channels, size, size, size, device=device)
    targets = report_targets(size, channels).to(device)
    loss = ReportSupervisionLoss()
    shapes = [size, size // 2, size // 4]
    heads = [torch.randn(1, channels, n, n, n, device=device, requires_grad=True) for n in shapes]

    def all_terms(given: LesionTargets | None) -> Callable[[], None]:
        def run() -> None:
            for head in heads:
                head.grad = torch.zeros_like(head)
            known = torch.ones_like(labels, dtype=torch.bool)
            loss(heads, labels, known, given)["loss"].backward()

        return run

    def terms_alone() -> None:
        volume, ball = loss.report_terms(heads, targets)
        (volume + ball).backward()

    with_terms, without = peak_bytes(all_terms(targets), device), peak_bytes(all_terms(None), device)
    for head in heads:
        head.grad = torch.zeros_like(head)
    alone = peak_bytes(terms_alone, device)
    return {
        "with_report_terms_mb": round(with_terms / 1e6),
        "without_mb": round(without / 1e6),
        "extra_mb": round((with_terms - without) / 1e6),
        "report_terms_alone_mb": round(alone / 1e6),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--memory-size", type=int, default=128)
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    device = torch.device(args.device)
    result: dict[str, object] = {"device": args.device, "threads": torch.get_num_threads(), "channels": args.channels}
    result |= {"size": args.size} | time_share(args.size, args.channels, args.repeats, device)
    result |= {"memory_size": args.memory_size} | extra_memory(args.memory_size, args.channels, device)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
