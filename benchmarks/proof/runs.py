"""One run of the proof: trained, judged, and written down as JSON. What is there is not made again."""

import json
import platform
import subprocess
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from arms import BY_NAME, Arm, configuration
from data import AS_READ, database
from records import write_cases
from reportsup.pipelines.commands.evaluate import evaluate_run
from reportsup.schemas.atomic import write_text
from reportsup.schemas.database import open_database
from reportsup.segmentation.evaluation import EvaluationSettings
from reportsup.segmentation.training.config import TrainingConfig
from reportsup.segmentation.training.prepare import prepare
from reportsup.segmentation.training.run_folder import RunFolder
from reportsup.segmentation.training.trainer import train

# A predicted lesion counts from the volume of a 6 mm ball, two voxels of the grid, and near its organ.
JUDGED = EvaluationSettings(min_component_mm3=113.0, organ_margin_mm=8.0, n_resamples=1)


@dataclass(frozen=True)
class Task:
    """One run to make: an arm with one of its candidates and a seed; `judge` = on the test cases too."""

    work: Path
    results: Path
    arm: str
    candidate: str | None
    seed: int
    common: dict[str, Any]
    judge: bool

    @property
    def name(self) -> str:
        """Of the run folder and the JSON files."""
        candidate = f", {self.candidate}" if self.candidate else ""
        return f"{self.arm}{candidate}, seed {self.seed}"

    @property
    def record(self) -> Path:
        """Configuration, seed, hours and figures of validation."""
        return self.results / f"{self.name}.json"

    @property
    def cases(self) -> Path:
        """What was found in each test case."""
        return self.results / "cases" / f"{self.name}.json"


def carry_out(task: Task) -> str:
    """Make what is missing of a run; a line that says what was done."""
    torch.set_num_threads(1)
    commit, done = _commit(), []
    start = task.work / "runs" / f"stage 1, seed {task.seed}"
    arm = BY_NAME[task.arm]
    config = replace(configuration(arm, task.candidate, {**task.common, "seed": task.seed}), initial_run=str(start))
    run = task.work / "runs" / task.name
    if not task.record.exists():
        _train(run, config, task.work, arm)
        write_text(task.record, json.dumps(_describe(task, run, config, commit), indent=1) + "\n")
        done.append("trained")
    if task.judge and not task.cases.exists():
        _train(run, config, task.work, arm)  # nothing to do where the run folder is still there
        evaluation = evaluate_run(run, database(task.work, AS_READ), JUDGED)
        task.cases.parent.mkdir(parents=True, exist_ok=True)
        write_cases(task.cases, evaluation)
        done.append("judged")
    return f"{task.name}: {' and '.join(done) or 'was there'}"


def train_start(work: Path, seed: int, common: dict[str, Any]) -> str:
    """Stage 1 of a seed: the few masks, from which every arm goes on."""
    torch.set_num_threads(1)
    config = configuration(Arm("stage 1", {"use_reports": False}), None, {**common, "seed": seed})
    config = replace(config, mask_steps=common["mask_steps"], report_steps=0)
    name = f"stage 1, seed {seed}"
    _train(work / "runs" / name, config, work, Arm(name))
    return f"{name}: trained"


def choose(arm: Arm, tasks: list[Task]) -> str | None:
    """The candidate of an arm that validated best with the seed of `tasks`."""
    mine = [task for task in tasks if task.arm == (arm.like or arm.name)]
    scores = {task.candidate: json.loads(task.record.read_text(encoding="utf-8"))["validation"] for task in mine}
    return max(scores, key=lambda candidate: scores[candidate]["score"]) if scores else None


def _train(run: Path, config: TrainingConfig, work: Path, arm: Arm) -> None:
    path = database(work, arm.database)
    with open_database(path, read_only=True) as connection:
        prepared = prepare(connection, config, work / "cache")
    train(run, config, prepared.data)


def _describe(task: Task, run: Path, config: TrainingConfig, commit: str | None) -> dict[str, Any]:
    records = [json.loads(line) for line in RunFolder(run).metrics.read_text(encoding="utf-8").splitlines()]
    trained = [record for record in records if record["kind"] == "train"]
    before = [0, *(record["step"] for record in trained)]
    seconds = sum(r["seconds_per_step"] * (r["step"] - step) for r, step in zip(trained, before, strict=False))
    validated = [record for record in records if record["kind"] == "validation"]
    best = max(validated, key=lambda record: record["score"])
    return {
        "arm": task.arm,
        "candidate": task.candidate,
        "seed": task.seed,
        "steps": config.report_steps,
        "mask_crops": sum(record["mask_crops"] for record in trained),
        "report_crops": sum(record["report_crops"] for record in trained),
        "hours": round(seconds / 3600, 4),
        "finished": time.strftime("%Y-%m-%d"),
        "commit": commit,
        "machine": f"{platform.machine()}, torch {torch.__version__}, one thread",
        "validation": {key: value for key, value in best.items() if key not in ("kind", "stage")},
        "last": {key: value for key, value in trained[-1].items() if "/" in key or key in ("loss", "ball", "volume")},
        "config": {key: value for key, value in asdict(config).items() if key != "initial_run"},
    }


def _commit() -> str | None:
    """Of the code that ran, where it lies in a git checkout; "+" where files differ from it."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return told.stdout.strip() or None
