"""`pseudo_masks.png`: where the Ball Loss puts reported lesions, beside the CT, in the same crops every time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ...schemas.atomic import atomic
from ..losses import BallOptions
from ..losses.ball_loss import PlacedSlot, place_slots
from ..losses.volume_loss import predicted_volumes_mm3
from ..preprocessing.plan import Plan
from .crops import CropRules, Sample, TrainingCase, make_sample
from .dataset import collate
from .networks import heads
from .run_folder import RunFolder
from .sampling import Sampler

N_CROPS = 8
_DRAWS = 200  # looked through for crops with reported lesions
_WINDOW_HU = (-160.0, 240.0)
_COLOURS = {"region": "#4c9be8", "ignored": "#ffd24d", "lesion": "#e8413c"}


@dataclass(frozen=True)
class Picture:
    """One slot in the axial slice that shows most of its pseudo-mask, the patient's right on the left.

    Attributes:
        hu, probability: (rows, columns); region, ignored, lesion: bool, same shape.
    """

    title: str
    hu: npt.NDArray[np.float32]
    probability: npt.NDArray[np.float32]
    region: npt.NDArray[np.bool_]
    ignored: npt.NDArray[np.bool_]
    lesion: npt.NDArray[np.bool_]


def crops_to_show(
    cases: Mapping[str, TrainingCase], plan: Plan, rules: CropRules, sampler: Sampler, n: int = N_CROPS
) -> list[Sample]:
    """The first report crops of a stage that list lesions, not augmented."""
    plain = replace(rules, spatial=None, intensity=False)

    def drawn() -> Iterator[Sample]:
        for draw in (sampler.slot(index) for index in range(_DRAWS)):
            if draw.of_report:
                yield make_sample(cases[draw.case_id], plan, plain, seed=draw.seed, with_reports=True, organ=draw.organ)

    return list(islice((sample for sample in drawn() if any(r.lesions for r in sample.regions)), n))


def draw_pseudo_masks(
    run: RunFolder,
    network: nn.Module,
    samples: Sequence[Sample],
    plan: Plan,
    options: BallOptions,
    device: torch.device,
) -> None:
    """Draw the largest reported lesions of some crops as the network places them now; nothing without crops."""
    if not samples:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    network.eval()
    pictures = [_picture(network, sample, plan, options, device) for sample in samples]
    figure = Figure(figsize=(7.5, 2.6 * len(pictures)), layout="constrained")
    FigureCanvasAgg(figure)
    for row, picture in zip(figure.subplots(len(pictures), 3, squeeze=False), pictures, strict=True):
        _draw_row(row, picture)
    figure.suptitle("CT; region searched (blue), pseudo-mask (red), ignored (yellow); probability", fontsize="small")
    with atomic(run.path / "pseudo_masks.png") as temporary:
        figure.savefig(temporary, format="png", dpi=80)


@torch.no_grad()
def _picture(network: nn.Module, sample: Sample, plan: Plan, options: BallOptions, device: torch.device) -> Picture:
    batch = collate([sample]).to(device)
    logits = heads(network(batch.image))[0].float()
    slot = max(place_slots(logits, batch.targets, options), key=lambda slot: int(slot.mask.lesion.sum()))
    reported_mm3 = float(batch.targets.lesion_volume_mm3[0, slot.slot].sum())
    predicted_mm3 = float(predicted_volumes_mm3(logits, batch.targets, [(0, slot.slot)])[0])
    channel = int(batch.targets.channel[0, slot.slot])
    title = (
        f"{plan.channels[channel].organ}: {float(batch.targets.lesion_diameter_mm[0, slot.slot].max()):.0f} mm; "
        f"confidence {float(slot.mask.confidence):.2f}; predicted / reported {predicted_mm3 / reported_mm3:.2f}"
    )
    region, ignored, lesion = _in_crop(slot, batch.targets.region[0, slot.slot])
    k = int(lesion.sum((0, 1)).argmax())

    def axial(volume: torch.Tensor) -> npt.NDArray[Any]:
        return np.ascontiguousarray(volume[:, :, k].cpu().numpy()[::-1].T)

    hu = sample.image * plan.std_hu + plan.mean_hu
    return Picture(
        title, axial(hu), axial(torch.sigmoid(logits[0, channel])), axial(region), axial(ignored), axial(lesion)
    )


def _in_crop(slot: PlacedSlot, region: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The region, what is ignored and the pseudo-mask of a slot, each bool (X, Y, Z) of the crop."""
    ignored, lesion = torch.zeros_like(region), torch.zeros_like(region)
    ignored[slot.box] = slot.mask.ignored
    lesion[slot.box] = slot.mask.foreground > 0
    return region, ignored, lesion


def _draw_row(axes: Sequence[Any], picture: Picture) -> None:
    low, high = _WINDOW_HU
    for axis in axes[:2]:
        axis.imshow(picture.hu, cmap="gray", vmin=low, vmax=high, origin="lower")
    for name, colour in _COLOURS.items():
        mask = getattr(picture, name)
        if mask.any() and not mask.all():
            axes[1].contour(mask, levels=[0.5], colors=[colour], linewidths=1.2, origin="lower")
    axes[2].imshow(picture.probability, cmap="magma", vmin=0, vmax=1, origin="lower")
    axes[1].set_title(picture.title, fontsize="small")
    for axis in axes:
        axis.set_axis_off()
