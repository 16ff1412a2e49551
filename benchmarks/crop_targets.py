"""What a report's crops claim: background knowledge, bounds, exposure, over the draws of a stage-2 run.

    python benchmarks/crop_targets.py WORK                 # makes the demo's data in WORK, then looks at 1,500 draws
    python benchmarks/crop_targets.py WORK --set report_share=0.33 --draws 500

Of every slot that lists lesions, by organ: the share with known background; the share of its region's voxels whose
background is known (no neighbour that the crop cuts reaches them); its upper bound over the volume that its lesions are
reported with.
"""

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from reportsup.pipelines.demo import SHORT, DemoFolder, call, make_dataset, reading_commands, write_settings
from reportsup.schemas.database import open_database
from reportsup.segmentation.training.config import load_config
from reportsup.segmentation.training.crops import Sample
from reportsup.segmentation.training.dataset import (
    CropDataset,
    collate,
    crop_rules,
    make_samplers,
    seen_at_scale,
    sort_cases,
)
from reportsup.segmentation.training.prepare import case_targets, prepare

SETTINGS = Path(__file__).with_name("demo_settings.toml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--draws", type=int, default=1500)
    parser.add_argument("--set", action="append", default=[], help="key=value over the demo's settings; repeatable")
    args = parser.parse_args()
    folder = demo_data(args.work)
    rows: dict[str, list[tuple[bool, float, float]]] = defaultdict(list)
    shown: dict[str, int] = defaultdict(int)
    for organs, sample in draws(folder, args.draws, args.set):
        shown["with a report's slot" if sample.regions else "by masks and absence alone"] += 1
        for organ, row in slot_rows(organs, sample):
            rows[organ].append(row)
    print(f"{args.draws} draws: " + ", ".join(f"{count} {kind}" for kind, count in sorted(shown.items())))
    print("organ    slots  background known  of the region's voxels  upper bound / reported: median  p90")
    for organ, found in sorted(rows.items()):
        known, voxels, ratio = (np.array(column, float) for column in zip(*found, strict=True))
        median, p90 = np.percentile(ratio[np.isfinite(ratio)], (50, 90))
        print(f"{organ:8}{len(found):6}{known.mean():18.1%}{voxels.mean():24.1%}{median:32.2f}{p90:6.2f}")


def demo_data(work: Path) -> DemoFolder:
    """Patients like the demo's with their reports and database; what is there is not made again."""
    folder = DemoFolder(work)
    make_dataset(folder, replace(SHORT, reported=150, validation=40, test=48), seed=0, workers=1)
    write_settings(folder, SETTINGS.read_text(encoding="utf-8"))
    if not folder.database.exists():
        for command in reading_commands(folder):
            call(command, print)
    return folder


def draws(folder: DemoFolder, n: int, changes: list[str]):
    """The first crops of stage 2, each with the organ of every channel."""
    config = load_config(folder.settings, changes)
    with open_database(folder.database, read_only=True) as connection:
        data = prepare(case_targets(connection, config), config, folder.path / "cache").data
    rules = crop_rules(config, data.plan)
    pools = sort_cases(data.train, data.plan, rules, use_reports=True)
    rules = seen_at_scale(rules, pools.smallest_scale)
    sampler = make_samplers(pools, config)[2]
    crops = CropDataset(data.train, data.plan, rules, sampler, range(-(-n // config.batch_size)))
    for index in range(n):
        yield [channel.organ for channel in data.plan.channels], crops[index]


def slot_rows(organs: list[str], sample: Sample):
    """(organ, (background known, share of voxels with known background, upper bound / reported volume)) of a crop."""
    targets = collate([sample]).targets
    for r in range(targets.channel.shape[1]):
        reported_mm3 = float(targets.lesion_volume_mm3[0, r].sum())
        if targets.channel[0, r] < 0 or not reported_mm3:
            continue
        region, known = targets.region[0, r], bool(targets.background_known[0, r])
        open_ = (targets.channel[0] == targets.channel[0, r]) & ~targets.background_known[0]
        doubtful = targets.region[0, open_].any(0)
        share = float((region & ~doubtful).sum() / region.sum()) if known else 0.0
        yield organs[int(targets.channel[0, r])], (known, share, float(targets.volume_hi_mm3[0, r]) / reported_mm3)


if __name__ == "__main__":
    main()
