"""`reportsup train` killed (SIGKILL) at random moments and started again, against a run that was left alone.

    python benchmarks/kill_and_resume.py WORK --kills 5

Prints how far each killed process came and whether every tensor of the final checkpoints is equal, bit by bit.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from reportsup.pipelines.demo.reports import write_reports
from reportsup.segmentation.synthetic import DatasetSize, write_dataset
from reportsup.segmentation.training.checkpoint import load_checkpoint

SETTINGS = {
    "network": "UNet",
    "network_args.channels": "[4, 8]",
    "network_args.strides": "[2]",
    "network_args.dropout": "0.1",
    "patch_size": "[32, 32, 32]",
    "validation_overlap": "0",
    "log_every": "5",
    "checkpoint_every": "10",
    "validate_every": "25",
}


def main() -> None:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60, help="of each stage")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    db = arguments.work / "r.duckdb"
    if not db.exists():
        make_database(arguments.work, db)
    straight, killed = arguments.work / "straight", arguments.work / "killed"
    subprocess.run(command(db, straight, arguments.steps), check=True, stdout=subprocess.DEVNULL)
    for kill in range(arguments.kills):
        process = subprocess.Popen(command(db, killed, arguments.steps), stdout=subprocess.DEVNULL)
        wait_for_progress(process, killed, records(killed) + 1)
        time.sleep(float(rng.uniform(0, 3)))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        print(f"kill {kill + 1}: exit {process.returncode}, {last_step(killed)} steps recorded", flush=True)
    subprocess.run(command(db, killed, arguments.steps), check=True, stdout=subprocess.DEVNULL)
    for name in ("last.pt", "best.pt"):
        same = equal(load_checkpoint(straight / name), load_checkpoint(killed / name))
        print(f"{name}: {'equal bit by bit' if same else 'DIFFERENT'}", flush=True)


def make_database(work: Path, db: Path) -> None:
    """A few synthetic cases, their reports extracted, their volumes registered."""
    size = DatasetSize(masked=4, reported=6, validation=2, test=1, external=1)
    cases = write_dataset(work / "data", size=size, seed=0)
    reports = write_reports(work, cases, seed=0)
    for words in (("extract", reports), ("index", work / "data" / "manifest.csv")):
        subprocess.run([*reportsup(), *map(str, words), "--db", str(db)], check=True, stdout=subprocess.DEVNULL)


def reportsup() -> list[str]:
    """The command line program."""
    return [sys.executable, "-m", "reportsup.pipelines.cli"]


def command(db: Path, run: Path, steps: int) -> list[str]:
    """`reportsup train` into a run folder."""
    settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    return [*reportsup(), "train", "--db", str(db), "--run", str(run), "--steps", str(steps), *settings]


def wait_for_progress(process: subprocess.Popen[bytes], run: Path, wanted: int) -> None:
    """Until the process has recorded something new, or ended."""
    while process.poll() is None and records(run) < wanted:
        time.sleep(0.05)


def records(run: Path) -> int:
    """Lines of the run's metrics."""
    path = run / "metrics.jsonl"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def last_step(run: Path) -> int:
    """Step of the last complete record."""
    steps = [0]
    for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            steps.append(json.loads(line)["step"])
        except json.JSONDecodeError:
            break
    return steps[-1]


def equal(first: object, second: object) -> bool:
    """Whether two nested states hold the same values."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(equal(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(equal, first, second))
    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return torch.equal(first, second)
    return first == second


if __name__ == "__main__":
    main()
