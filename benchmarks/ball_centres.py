"""Does the ball lie on the lesion that the report describes? For a run, over stage-2 draws of the demo's data.

    python benchmarks/crop_targets.py WORK                        # makes the data
    python benchmarks/ball_centres.py WORK WORK/runs/start        # a run folder; crops are neither turned nor scaled

Of every slot's largest lesion: where the ball's centre falls, and whether that is inside the described lesion, which
the dataset knows and training does not: the one of the region's records with the nearest diameter. To half a voxel.
"""

import argparse
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import torch
from crop_targets import demo_data
from reportsup.pipelines.demo import DemoFolder
from reportsup.schemas.database import open_database
from reportsup.segmentation.lesion_targets import LesionTargets
from reportsup.segmentation.losses import ball_correlation, plateau_centre
from reportsup.segmentation.losses.ball_loss import place_slots, region_box
from reportsup.segmentation.prediction.model import load_model
from reportsup.segmentation.training.config import load_config
from reportsup.segmentation.training.dataset import CropDataset, collate, crop_rules, make_samplers, sort_cases
from reportsup.segmentation.training.networks import heads
from reportsup.segmentation.training.prepare import case_targets, prepare
from scipy.ndimage import label

SMALL_MM = 15.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--set", action="append", default=[], help="key=value over the demo's settings; repeatable")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = list(placed_lesions(demo_data(args.work), args.run, args.draws, args.set))
    print("ball centre inside the described lesion")
    for organ in sorted({row[0] for row in rows}):
        for name, low, high in ((f">= {SMALL_MM:g} mm", SMALL_MM, np.inf), (f"< {SMALL_MM:g} mm", 0.0, SMALL_MM)):
            inside = [hit for o, diameter, hit in rows if o == organ and low <= diameter < high]
            print(f"  {organ:8} {name:8} {np.mean(inside) if inside else np.nan:.2f} of {len(inside)}")


def placed_lesions(folder: DemoFolder, run: Path, n: int, changes: list[str]) -> Iterator[tuple[str, float, bool]]:
    """(organ, reported diameter in mm, whether the ball's centre hits) of each slot's largest lesion."""
    config = load_config(folder.settings, ["augment=false", *changes])
    with open_database(folder.database, read_only=True) as connection:
        data = prepare(case_targets(connection, config), config, folder.path / "cache").data
    rules = crop_rules(config, data.plan)
    sampler = make_samplers(sort_cases(data.train, data.plan, rules, use_reports=True), config)[2]
    crops = CropDataset(data.train, data.plan, rules, sampler, range(-(-n // config.batch_size)))
    network = load_model(run, device="cpu").network
    records = json.loads((folder.data / "lesions.json").read_text(encoding="utf-8"))
    for sample in (crops[i] for i in range(n)):
        if not any(region.lesions for region in sample.regions):
            continue
        case, batch = data.train[sample.case_id], collate([sample])
        with torch.no_grad():
            logits = heads(network(batch.image))[0].float()
        reported = [  # in the order of the slots: a crop keeps the order of the regions that it sees
            (channel.organ, region)
            for channel in data.plan.channels
            for region in case.targets.channels[channel.organ].regions
        ]
        affine = np.asarray(case.cached.affine_ras)
        for slot, centre in centres(logits, batch.targets).items():
            hi_mm3 = float(batch.targets.volume_hi_mm3[0, slot])
            organ = data.plan.channels[int(batch.targets.channel[0, slot])].organ
            found = [r for o, r in reported if o == organ and abs((r.volume_hi_mm3 or 0) - hi_mm3) < 1e-3 * hi_mm3]
            mine = [r for r in records[sample.case_id] if found and in_region(r, organ, found[0].masks)]
            if mine:
                diameter_mm = float(batch.targets.lesion_diameter_mm[0, slot, 0])
                record = min(mine, key=lambda r: abs(r["diameters_mm"][0] - diameter_mm))
                point_mm = affine[:3, :3] @ sample.placement.to_case(centre[None])[0] + affine[:3, 3]
                near_mm = np.linalg.norm(case.cached.spacing_mm) / 2
                yield organ, diameter_mm, distance_mm(folder, sample.case_id, organ, record, point_mm) <= near_mm


def centres(logits: torch.Tensor, targets: LesionTargets) -> dict[int, npt.NDArray[np.float64]]:
    """Slot → centre of the ball of its largest lesion in crop voxels, placed as the Ball Loss places it."""
    found: dict[int, npt.NDArray[np.float64]] = {}
    taken: dict[int, torch.Tensor] = {}
    x_mm, y_mm, z_mm = targets.spacing_mm[0].tolist()
    for slot in place_slots(logits, targets):
        channel = int(targets.channel[0, slot.slot])
        gone = taken.setdefault(channel, torch.zeros_like(targets.region[0, 0]))
        _, region = region_box(targets, 0, slot.slot)
        mass = torch.sigmoid(logits[0, channel][slot.box]) * (region & ~gone[slot.box])
        score = ball_correlation(mass, float(targets.lesion_diameter_mm[0, slot.slot, 0]), (x_mm, y_mm, z_mm))
        centre = plateau_centre(score, targets.centres[0, slot.slot][slot.box], (x_mm, y_mm, z_mm))
        found[slot.slot] = centre.numpy().astype(float) + [axis.start for axis in slot.box]
        gone[slot.box] |= slot.mask.lesion
    return found


def in_region(record: dict, organ: str, masks: tuple[str, ...]) -> bool:
    """Whether a lesion of the dataset lies in a region that the report names."""
    place = f"kidney_{record['side']}" if organ == "kidney" else f"{organ}_{record['location'].replace(' ', '_')}"
    return record["organ"] == organ and (organ in masks or place in masks)


def distance_mm(folder: DemoFolder, case_id: str, organ: str, record: dict, point_mm: npt.NDArray) -> float:
    """Distance of a point from the voxels of one lesion."""
    labels, places_mm = lesion_voxels(folder.data, case_id, organ)
    mine = labels[np.linalg.norm(places_mm - np.asarray(record["centre_mm"]), axis=1).argmin()]
    return float(np.linalg.norm(places_mm[labels == mine] - point_mm, axis=1).min())


@lru_cache(maxsize=64)
def lesion_voxels(data: Path, case_id: str, organ: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Of every voxel of the hidden lesion mask: the lesion that it belongs to, and its place in mm."""
    image = nib.load(data / "hidden" / case_id / "segmentations" / f"{organ}_lesion.nii.gz")
    labels, _ = label(np.asarray(image.dataobj) > 0)
    voxels = np.argwhere(labels > 0)
    return labels[tuple(voxels.T)], voxels @ image.affine[:3, :3].T + image.affine[:3, 3]


if __name__ == "__main__":
    main()
