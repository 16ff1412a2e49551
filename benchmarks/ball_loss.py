"""Ball Loss forward against a dense-convolution version of the same: time, centre, pseudo-mask.

    python benchmarks/ball_loss.py                    # 96³, one 21 mm lesion; dense by oneDNN where torch has it
    python benchmarks/ball_loss.py --without-onednn   # dense by torch's own convolution: minutes
    python benchmarks/ball_loss.py --size 48          # a quick look

The dense version is the same code with `ball_correlation` replaced; only the search differs.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from unittest.mock import patch

import torch
from dense_ball import dense_ball_correlation
from reportsup.segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget
from reportsup.segmentation.losses import BallLoss, ball_correlation, plateau_centre, slot_pseudo_mask
from torch import Tensor


def problem(size: int, diameter_mm: float, seed: int) -> tuple[Tensor, LesionTargets]:
    """Return noisy logits with one blurred lesion, and targets whose region is the crop less a border of 4 voxels."""
    generator = torch.Generator().manual_seed(seed)
    axis = torch.arange(size, dtype=torch.float32)
    centre = torch.tensor([0.45, 0.55, 0.5]) * size
    distance = torch.sqrt(
        (axis - centre[0])[:, None, None] ** 2 + (axis - centre[1])[None, :, None] ** 2 + (axis - centre[2]) ** 2
    )
    logits = 4 * torch.exp(-((distance / diameter_mm) ** 2)) - 3 + torch.randn(size, size, size, generator=generator)
    region = torch.zeros(size, size, size, dtype=torch.bool)
    region[4:-4, 4:-4, 4:-4] = True
    volume_mm3 = math.pi / 6 * diameter_mm**3
    target = RegionTarget(0, region, 0.5 * volume_mm3, 1.5 * volume_mm3, (Lesion(diameter_mm, volume_mm3),))
    return logits[None, None], LesionTargets.from_regions([[target]], torch.ones(1, 3), (size, size, size))


def timed_forward(logits: Tensor, targets: LesionTargets) -> tuple[float, float]:
    """Return seconds and loss of one Ball Loss forward."""
    start = time.perf_counter()
    loss = BallLoss()(logits, targets).item()
    return time.perf_counter() - start, loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--diameter-mm", type=float, default=21.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-onednn", action="store_true")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch._C._set_mkldnn_enabled(not args.without_onednn)
    logits, targets = problem(args.size, args.diameter_mm, args.seed)
    spacing = (1.0, 1.0, 1.0)
    whole = logits[0, 0]
    region = targets.region[0, 0]
    x0, x1, y0, y1, z0, z1 = targets.box[0, 0].tolist()
    boxed = whole[x0:x1, y0:y1, z0:z1]

    timed_forward(logits, targets)  # FFT plans and allocations
    fft_s, fft_loss = min(timed_forward(logits, targets) for _ in range(5))
    field = torch.sigmoid(whole) * region
    fft_centre = plateau_centre(ball_correlation(field, args.diameter_mm, spacing), region, spacing)
    fft_mask = slot_pseudo_mask(boxed, targets, 0, 0)

    scores: list[Tensor] = []

    def search(
        field: Tensor, diameter_mm: float, spacing_mm: tuple[float, float, float], *, flat: bool = False
    ) -> Tensor:
        if flat:  # the ring around the lesion: a small window, the same in both versions
            return ball_correlation(field, diameter_mm, spacing_mm, flat=True)
        full = torch.zeros_like(whole)
        full[x0:x1, y0:y1, z0:z1] = field  # the reference convolves the whole crop
        score = dense_ball_correlation(full, diameter_mm, spacing_mm)
        scores.append(score)
        return score[x0:x1, y0:y1, z0:z1]

    with patch("reportsup.segmentation.losses.pseudo_mask.ball_correlation", search):
        dense_total_s, dense_loss = timed_forward(logits, targets)
    with patch(
        "reportsup.segmentation.losses.pseudo_mask.ball_correlation",
        lambda f, d, s, *, flat=False: ball_correlation(f, d, s, flat=True) if flat else scores[0][x0:x1, y0:y1, z0:z1],
    ):
        dense_mask = slot_pseudo_mask(boxed, targets, 0, 0)
    dense_centre = plateau_centre(scores[0], region, spacing)
    print(
        json.dumps(
            {
                "size": args.size,
                "diameter_mm": args.diameter_mm,
                "threads": args.threads,
                "onednn": not args.without_onednn,
                "fft_forward_s": round(fft_s, 4),
                "dense_forward_s": round(dense_total_s, 2),
                "ratio": round(dense_total_s / fft_s),
                "same_centre": fft_centre.tolist() == dense_centre.tolist(),
                "centre": fft_centre.tolist(),
                "identical_pseudo_mask": bool(
                    torch.equal(fft_mask.foreground, dense_mask.foreground)
                    and torch.equal(fft_mask.ignored, dense_mask.ignored)
                ),
                "loss_difference": abs(fft_loss - dense_loss),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
