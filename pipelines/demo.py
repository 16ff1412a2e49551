"""The demo: synthetic patients and their reports, then every command on them, as a user would type it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ..schemas.errors import ReportsupError

LESION_ORGANS = ("liver", "kidney")
MIN_COMPONENT_MM3 = 300.0  # five voxels of the demo's 4 mm grid; the smallest lesion that makes a patient ill has 3000
SETTINGS_FILE = "demo_settings.toml"


class DemoError(ReportsupError):
    """A command of the demo failed; its own message is on the screen."""


@dataclass(frozen=True)
class DemoFolder:
    """Where the demo keeps what it makes; what is there is not made again."""

    path: Path

    @property
    def data(self) -> Path:
        """The synthetic dataset: volumes, masks, manifest.csv, reports.csv."""
        return self.path / "dataset"

    @property
    def database(self) -> Path:
        """Findings and cases."""
        return self.path / "demo.duckdb"

    @property
    def settings(self) -> Path:
        """The training configuration, a copy to play with."""
        return self.path / "reportsup.toml"

    def run(self, name: str) -> Path:
        """A training run."""
        return self.path / "runs" / name


def make_dataset(folder: DemoFolder, *, masked: int, reported: int, seed: int, workers: int = 2) -> bool:
    """Write volumes, masks and reports, unless they are there; returns whether anything was made.

    Args:
        masked: training cases with lesion masks.
        reported: training cases with a report only.
    """
    from ..segmentation.synthetic import DatasetSize, write_dataset
    from .demo_reports import write_reports

    done = folder.data / "reports.csv"
    if done.exists():
        return False
    folder.data.mkdir(parents=True, exist_ok=True)
    size = DatasetSize(masked=masked, reported=reported)
    cases = write_dataset(folder.data, size=size, seed=seed, organs=LESION_ORGANS, workers=workers)
    write_reports(folder.data, cases, seed=seed)  # last: its file says that all the rest is there
    return True


def write_settings(folder: DemoFolder) -> None:
    """Copy the demo's training configuration into its folder, unless one is there."""
    if not folder.settings.exists():
        text = resources.files(__package__).joinpath(SETTINGS_FILE).read_text(encoding="utf-8")
        folder.settings.write_text(text, encoding="utf-8")


def reading_commands(folder: DemoFolder) -> list[list[str]]:
    """From reports and volumes to a database that can be trained on."""
    db = ["--db", str(folder.database)]
    return [
        ["extract", str(folder.data / "reports.csv"), *db],
        ["audit", *db],
        ["audit", "--sample", "3", *db],
        ["index", str(folder.data / "manifest.csv"), *db],
    ]


def training_commands(folder: DemoFolder, seed: int, changes: Sequence[str] = ()) -> list[list[list[str]]]:
    """Groups of training commands; those of one group may run side by side.

    The masks are learned once. Both arms go on from there for the same number of steps, one with reports.

    Args:
        changes: `key=value` over the settings of the demo, for every run.
    """
    start, masks, reports = (folder.run(name) for name in ("start", "masks", "reports"))
    common = ["--config", str(folder.settings), "--db", str(folder.database), "--set", f"seed={seed}"]
    common += [word for change in changes for word in ("--set", change)]
    arm = [*common, "--set", "mask_steps=0", "--set", f"initial_run={start}"]
    return [
        [["train", "--run", str(start), *common, "--set", "report_steps=0", "--no-reports"]],
        [
            ["train", "--run", str(masks), *arm, "--no-reports"],
            ["train", "--run", str(reports), *arm],
        ],
    ]


def judging_commands(folder: DemoFolder) -> list[list[str]]:
    """Both arms measured on the test cases, predictions at the operating point, and these held against the reports.

    Lesions count near their organ.
    """
    from ..segmentation.training.config import load_config

    margin_mm = load_config(folder.settings).margin_mm
    limits = ["--organ-margin-mm", f"{margin_mm:g}", "--min-component-mm3", f"{MIN_COMPONENT_MM3:g}"]
    db = ["--db", str(folder.database), *limits]
    masks, reports = str(folder.run("masks")), str(folder.run("reports"))
    return [
        ["evaluate", reports, "--compare", masks, *db],
        ["predict", reports, "--out", str(folder.path / "predictions"), "--pictures", *db],
        ["audit", "prediction_vs_report", "--rows", "10", "--db", str(folder.database)],
    ]


def call(commands: list[list[str]], show: Callable[[str], Any], *, accepted: Sequence[int] = (0,)) -> None:
    """Run `reportsup` commands side by side, one thread each when there are several.

    Args:
        show: called with each command line as it starts.
        accepted: exit codes to go on after.

    Raises:
        DemoError: one of them failed.
    """
    environment = dict(os.environ)
    if len(commands) > 1:
        environment |= {"OMP_NUM_THREADS": "1"}
    running = []
    for command in commands:
        show("reportsup " + " ".join(command))
        program = [sys.executable, "-m", "reportsup.pipelines.cli", *command]
        running.append(subprocess.Popen(program, env=environment))
    try:
        codes = [process.wait() for process in running]
    except BaseException:
        for process in running:
            process.terminate()
        raise
    for command, code in zip(commands, codes, strict=True):
        if code not in accepted:
            raise DemoError(
                f"reportsup {command[0]}: exit code {code} vs 0. Nothing can go on without it. "
                "Read its message above, and run the same again to go on from here."
            )
