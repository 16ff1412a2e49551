"""The folder of a demo: its patients, reports and settings; what is there is not made again."""

import json
from dataclasses import dataclass
from pathlib import Path

from ...schemas.atomic import write_text
from ...schemas.errors import ConfigError
from .plans import DemoPlan


@dataclass(frozen=True)
class DemoFolder:
    """Where the demo keeps what it makes."""

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

    def log(self, name: str) -> Path:
        """What a command printed that is not shown."""
        return self.path / "logs" / f"{name}.log"


def make_dataset(folder: DemoFolder, plan: DemoPlan, *, seed: int, workers: int = 2) -> bool:
    """Write volumes, masks and reports, unless they are there; returns whether anything was made.

    Raises:
        ConfigError: other patients than those asked for are there.
    """
    from ...segmentation.synthetic import DatasetSize, write_dataset
    from .reports import write_reports

    done, asked = folder.data / "demo.json", json.dumps({**plan.patients(), "seed": seed}, indent=1)
    if done.exists():
        if done.read_text(encoding="utf-8") != asked:
            raise ConfigError(
                f"demo: {folder.path} holds the patients of another demo vs the ones asked for. They would be mixed. "
                "Name another folder with --out, or remove this one."
            )
        return False
    folder.data.mkdir(parents=True, exist_ok=True)
    size = DatasetSize(plan.masked, plan.reported, plan.validation, plan.test, plan.test)
    cases = write_dataset(
        folder.data, size=size, seed=seed, organs=plan.organs, smallest_mm=plan.smallest_mm, workers=workers
    )
    write_reports(folder.data, cases, seed=seed)
    write_text(done, asked)  # last: it says that all the rest is there
    return True


def write_settings(folder: DemoFolder, text: str) -> None:
    """Write a training configuration into the demo's folder, unless one is there."""
    if not folder.settings.exists():
        folder.settings.write_text(text, encoding="utf-8")
