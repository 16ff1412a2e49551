"""Do reports help every organ, and more than the published recipe? The arms of `arms.py`, three seeds each.

    python benchmarks/proof WORK             # hours on two cores; stop it and run it again to go on
    python benchmarks/proof WORK --smoke     # every arm tiny, in minutes: shows that all of it runs, nothing else
    python benchmarks/proof --tables         # tables, figures and docs/results.md from what is there

Everything goes through the product: reports are written as text, extracted and annotated, volumes indexed, runs trained
from the database. The arms train on the annotations, so that what is compared is the training; one arm trains on what
the product reads. Stage 1 (few masks) is trained once a seed; every arm goes on from it for the same number of steps.
With seed 0 each arm is trained with several settings and takes the one that validates best; the test cases are looked
at after that. A finished run is a JSON file in benchmarks/results/proof, so that WORK may be lost.
"""

import argparse
import json
import multiprocessing
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from arms import ARMS, BY_NAME, Arm, common_settings
from balls import judge_balls
from data import FULL, TINY, make_data
from report import write_report
from reportsup.schemas.atomic import write_text
from runs import Task, carry_out, choose, train_start

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "proof"
SMOKE_STEPS = {"mask_steps": 4, "report_steps": 4, "validate_every": 4, "log_every": 2}


def main() -> None:
    """Carry out what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, nargs="?", default=None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side, one thread each")
    parser.add_argument("--arm", action="append", choices=sorted(BY_NAME), help="only these arms; repeatable")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--tables", action="store_true")
    arguments = parser.parse_args()
    if arguments.tables:
        write_report(RESULTS, ROOT / "docs")
        return
    if arguments.work is None:
        parser.error("WORK, the folder for patients and runs, is needed")
    results = arguments.work / "results" if arguments.smoke else RESULTS
    common = common_settings(**(SMOKE_STEPS if arguments.smoke else {}))
    arguments.work.mkdir(parents=True, exist_ok=True)
    results.mkdir(parents=True, exist_ok=True)
    size = TINY if arguments.smoke else FULL
    lesions = make_data(arguments.work, size, workers=arguments.jobs)
    write_text(results / "data.json", json.dumps({"cases": asdict(size), "lesions": lesions}, indent=1) + "\n")
    arms = [BY_NAME[name] for name in arguments.arm] if arguments.arm else list(ARMS)
    seeds = range(min(arguments.seeds, 2) if arguments.smoke else arguments.seeds)
    for seed in seeds:
        run_seed(Task(arguments.work, results, "", None, seed, common, judge=False), arms, arguments.jobs)
    write_report(results, arguments.work / "docs" if arguments.smoke else ROOT / "docs")


def run_seed(seed: Task, arms: list[Arm], jobs: int) -> None:
    """All arms with one seed, the choices between settings made with seed 0."""
    chosen_from = [task for arm in ARMS for task in _candidates(replace(seed, seed=0), arm)]
    needed = {arm.like or arm.name for arm in arms}
    choosing = [task for task in chosen_from if task.arm in needed]
    if any(not task.record.exists() for task in choosing):
        in_turns([partial(train_start, seed.work, 0, seed.common)], 1)
        in_turns([partial(carry_out, task) for task in choosing], jobs)
    tasks = [replace(seed, arm=arm.name, candidate=choose(arm, choosing), judge=True) for arm in arms]
    missing = [task for task in tasks if not task.cases.exists()]
    if missing:
        in_turns([partial(train_start, seed.work, seed.seed, seed.common)], 1)
        in_turns([partial(judge_balls, seed.work, seed.results, seed.seed)], 1)
        in_turns([partial(carry_out, task) for task in missing], jobs)


def _candidates(seed: Task, arm: Arm) -> list[Task]:
    return [replace(seed, arm=arm.name, candidate=candidate) for candidate in arm.candidates]


def in_turns(jobs: Iterable[Callable[[], Any]], workers: int) -> None:
    """Call each, `workers` at a time in processes of their own, in the order given; say what each has done."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(job) for job in jobs]):
            print(done.result(), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
