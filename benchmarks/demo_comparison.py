"""Do reports help? Arms of equal length on the synthetic dataset, several seeds, judged on both scanners.

    python benchmarks/demo_comparison.py WORK            # hours on two cores; run it again to go on
    python benchmarks/demo_comparison.py WORK --seeds 1 --mask-steps 300 --report-steps 300

Everything goes through the product: reports are written as text and extracted, volumes indexed, runs trained from the
database. Stage 1 (few masks) is trained once per seed; every arm but `all masked` goes on from it for the same number
of steps. `all masked` trains the same total number of steps with the lesion mask of every training case.
"""

import argparse
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from reportsup.pipelines.commands.evaluate import evaluate_run
from reportsup.pipelines.demo.commands import MIN_COMPONENT_MM3
from reportsup.pipelines.demo.reports import write_reports
from reportsup.schemas.database import open_database
from reportsup.schemas.errors import InputError
from reportsup.segmentation.evaluation import Evaluation, EvaluationSettings
from reportsup.segmentation.synthetic import DatasetSize, write_dataset
from reportsup.segmentation.training.config import TrainingConfig, load_config
from reportsup.segmentation.training.prepare import case_targets, prepare
from reportsup.segmentation.training.run_folder import RunFolder
from reportsup.segmentation.training.trainer import train

SETTINGS = Path(__file__).with_name("demo_settings.toml")
ORGANS = ("liver", "kidney")
METRICS = ("f1", "auc", "dsc", "froc")


@dataclass(frozen=True)
class Arm:
    """One way to train: on which database, with which settings; `from_stage_1` = starts from the few masks."""

    name: str
    database: str
    settings: tuple[str, ...] = ()
    from_stage_1: bool = True


ARMS = (
    Arm("all masked", "full", ("use_reports=false",), from_stage_1=False),
    Arm("few masks", "sized", ("use_reports=false",)),
    Arm("few masks + reports", "sized"),
    *(
        Arm(f"{unsized} unsized, {use}", database, settings)
        for unsized, database in (
            ("half", "half"),
            ("half by scanner", "half_by_scanner"),
            ("three quarters", "three_quarters_unsized"),
            ("all", "all_unsized"),
            ("kidneys", "kidneys_unsized"),
        )
        for use, settings in (("presence targets", ()), ("dropped", ("presence_targets=false",)))
    ),
)
# Database → which of its reports give no sizes: a share of them, at random; half, because one hospital measures most
# lesions and the other, which writes a third of the reports, none; or those with a kidney lesion. 75 of the 150 reports
# describe lesions at all: "all_unsized" is half of all reports.
UNSIZED: dict[str, dict[str, Any]] = {
    "sized": {},
    "half": {"unsized_share": {"A": 0.5, "B": 0.5}},
    "half_by_scanner": {"unsized_share": {"A": 0.25, "B": 1.0}},
    "three_quarters_unsized": {"unsized_share": {"A": 0.75, "B": 0.75}},
    "all_unsized": {"unsized_share": {"A": 1.0, "B": 1.0}},
    "kidneys_unsized": {"unsized_organs": ("kidney",)},
    "full": {},
}


def main() -> None:
    """Make what is missing in the work folder and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--mask-steps", type=int, default=None)
    parser.add_argument("--report-steps", type=int, default=None)
    parser.add_argument("--reported", type=int, default=DatasetSize().reported)
    parser.add_argument("--set", action="append", default=[], help="key=value over the settings; repeatable")
    parser.add_argument("--arm", action="append", help="only these arms")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    make_databases(arguments.work, arguments.reported)
    arms = [arm for arm in ARMS if not arguments.arm or arm.name in arguments.arm]
    rows: dict[str, list[Evaluation]] = {arm.name: [] for arm in arms}
    for seed in range(arguments.seeds):
        base = load_config(
            SETTINGS,
            arguments.set,
            seed=seed,
            mask_steps=arguments.mask_steps,
            report_steps=arguments.report_steps,
        )
        for arm in arms:
            run = train_arm(arguments.work, arm, base)
            rows[arm.name].append(evaluate_once(run, arguments.work / "full.duckdb"))
            print_table({name: found for name, found in rows.items() if found})


def make_databases(work: Path, reported: int) -> None:
    """The databases of `UNSIZED` that are missing; in `full.duckdb` every case has its lesion masks."""
    data = work / "dataset"
    missing = [name for name in UNSIZED if not done_mark(work, name).exists()]
    if not missing:
        return
    cases = write_dataset(data, size=DatasetSize(reported=reported), seed=0, organs=ORGANS)
    show_hidden_masks(data)
    for name in missing:
        folder = work / f"reports_{name}"
        folder.mkdir(exist_ok=True)
        reports = write_reports(folder, cases, seed=1, **UNSIZED[name])
        database = work / f"{name}.duckdb"
        call("extract", reports, "--db", database)
        call("index", data / ("manifest_full.csv" if name == "full" else "manifest.csv"), "--db", database)
        done_mark(work, name).touch()


def done_mark(work: Path, name: str) -> Path:
    """The empty file that says that a database is complete."""
    return work / f"{name}.duckdb.done"


def show_hidden_masks(data: Path) -> None:
    """A manifest of the same cases whose mask folders also hold the lesion masks kept from the report cases."""
    lines = (data / "manifest.csv").read_text(encoding="utf-8").splitlines()
    for case in sorted((data / "cases").iterdir()):
        folder = data / "full" / case.name
        folder.mkdir(parents=True, exist_ok=True)
        for source in (case / "segmentations", data / "hidden" / case.name / "segmentations"):
            for mask in source.glob("*.nii.gz"):
                link = folder / mask.name
                if not link.exists():
                    link.symlink_to(os.path.relpath(mask, folder))
    shown = [lines[0]]
    for line in lines[1:]:
        case_id = line.split(",")[0]
        shown.append(line.replace(f"cases/{case_id}/segmentations", f"full/{case_id}"))
    (data / "manifest_full.csv").write_text("\n".join(shown) + "\n", encoding="utf-8")


def train_arm(work: Path, arm: Arm, base: TrainingConfig) -> Path:
    """The run folder of an arm, trained to its end."""
    config = base
    if arm.from_stage_1:
        start = work / "runs" / f"stage 1, seed {base.seed}"
        _train(start, replace(base, report_steps=0, use_reports=False), work / "sized.duckdb")
        config = replace(base, mask_steps=0, initial_run=str(start))
    config = load_config_over(config, arm.settings)
    run = work / "runs" / f"{arm.name}, seed {base.seed}"
    _train(run, config, work / f"{arm.database}.duckdb")
    return run


def load_config_over(config: TrainingConfig, settings: tuple[str, ...]) -> TrainingConfig:
    """The configuration with an arm's own `key=value` settings."""
    given = load_config(overrides=settings)
    changed = {setting.partition("=")[0] for setting in settings}
    return replace(config, **{key: getattr(given, key) for key in changed})


def evaluate_once(run: Path, database: Path) -> Evaluation:
    """The evaluation of a run on cases with every mask; read again if it is newer than the weights."""
    path, margin_mm = run / "evaluation.json", RunFolder(run).read_config().margin_mm
    settings = EvaluationSettings(min_component_mm3=MIN_COMPONENT_MM3, organ_margin_mm=margin_mm)
    if path.exists() and path.stat().st_mtime > (run / "last.pt").stat().st_mtime:
        with suppress(InputError):  # written by an older version
            known = Evaluation.from_json(path)
            if known.settings == settings:
                return known
    return evaluate_run(run, database, settings)


def print_table(rows: dict[str, list[Evaluation]]) -> None:
    """Mean and standard deviation over seeds: both organs on each scanner, and each organ on both."""
    summaries = next(iter(rows.values()))[0].summaries
    places = [(s.organ, s.site) for s in summaries if "all" in (s.organ, s.site)]
    names = [site if organ == "all" else organ for organ, site in places]
    print("\n| arm | seeds |" + "".join(f" {name}: {' / '.join(METRICS)} |" for name in names))
    print("|---|---|" + "---|" * len(places))
    for arm, evaluations in rows.items():
        cells = [" / ".join(_mean(evaluations, *place, metric) for metric in METRICS) for place in places]
        print(f"| {arm} | {len(evaluations)} | " + " | ".join(cells) + " |", flush=True)


def call(*arguments: object) -> None:
    """One `reportsup` command."""
    subprocess.run([sys.executable, "-m", "reportsup.pipelines.cli", *map(str, arguments)], check=True)


def _train(run: Path, config: TrainingConfig, database: Path) -> None:
    with open_database(database, read_only=True) as connection:
        prepared = prepare(case_targets(connection, config), config, database.with_suffix(".cache"))
    train(run, config, prepared.data, report=lambda record: print(run.name, json.dumps(record), file=sys.stderr))


def _mean(evaluations: list[Evaluation], organ: str, site: str, metric: str) -> str:
    values = [value for e in evaluations if (value := e.summary(organ, site).metrics[metric].value) is not None]
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}" if values else "–"


if __name__ == "__main__":
    main()
