"""Segmenters that are installed beside reportsup, run as programs of their own that cannot reach the network.

A segmenter writes into a scratch folder and says where its masks are; `run.py` checks them before anything is kept.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import nibabel as nib

from ...schemas import BackendError, ConfigError, load_anatomy
from ..cases.volumes import open_volume
from .label_tables import label_table
from .masks import OrganMasks, organ_name

_NOWHERE = "http://127.0.0.1:9"  # a port that nothing listens on: programs that ask for a proxy get no further
_LAST_LINES = 5


class Segmenter(Protocol):
    """Something that draws organs."""

    @property
    def name(self) -> str:
        """What made the masks, with what changes them."""

    @property
    def organs(self) -> frozenset[str]:
        """Canonical names of the masks that it draws."""

    def segment(self, case_id: str, ct: Path, scratch: Path) -> OrganMasks:
        """Masks of a CT, on its own grid, inside of an empty folder.

        Raises:
            BackendError: the program failed or left nothing.
        """


@dataclass(frozen=True)
class TotalSegmentator:
    """TotalSegmentator 2, usage statistics off.

    Attributes:
        task: one that ships in `label_tables.toml`: "total" or "liver_segments".
        fast: its 3 mm model.
        device: "gpu", "gpu:1", "cpu".
    """

    task: str = "total"
    fast: bool = False
    device: str = "gpu"

    def __post_init__(self) -> None:
        if self.task not in ("total", "liver_segments"):
            raise ConfigError(f"--task: '{self.task}' vs total or liver_segments. No other one draws organs. Use one.")

    @property
    def name(self) -> str:
        """Program, task and model."""
        return f"TotalSegmentator {self.task}" + (" fast" if self.fast else "")

    @property
    def organs(self) -> frozenset[str]:
        """Canonical names of the task's classes."""
        return _canonical(
            label_table("totalsegmentator" if self.task == "total" else "totalsegmentator_liver_segments")
        )

    def segment(self, case_id: str, ct: Path, scratch: Path) -> OrganMasks:
        """One file per class, named as the class."""
        program = _program("TotalSegmentator", "totalsegmentator")
        out = scratch / "masks"
        out.mkdir()
        command = [program, "-i", str(ct.absolute()), "-o", str(out), "-ta", self.task, "-d", self.device, "-q"]
        with tempfile.TemporaryDirectory(prefix="totalsegmentator_") as home:
            _run([*command, *(["-f"] if self.fast else [])], _quiet_home(Path(home)))
        return OrganMasks(case_id, out, self.name)


def _quiet_home(home: Path) -> dict[str, str]:
    """Environment of a home folder whose settings send nothing; licence and weights are the user's own."""
    users = Path(os.environ.get("TOTALSEG_HOME_DIR") or Path.home() / ".totalsegmentator")
    try:
        settings = dict(json.loads((users / "config.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        settings = {}
    settings |= {"totalseg_id": "", "send_usage_stats": False, "statistics_disclaimer_shown": True}
    settings.setdefault("prediction_counter", 0)
    (home / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    weights = os.environ.get("TOTALSEG_WEIGHTS_PATH") or str(users / "nnunet" / "results")
    return {"TOTALSEG_HOME_DIR": str(home), "TOTALSEG_WEIGHTS_PATH": weights}


@dataclass(frozen=True)
class NnUNet:
    """A trained nnU-Net v2 model: the folder with dataset.json, plans.json and fold_*.

    Attributes:
        folds: of the model; empty = those that are there.
        device: "cuda", "cpu".
    """

    model: Path
    folds: tuple[str, ...] = ()
    device: str = "cuda"

    @property
    def name(self) -> str:
        """Program and model."""
        return f"nnU-Net {self.model.resolve().parent.name}/{self.model.resolve().name}"

    @property
    def organs(self) -> frozenset[str]:
        """Canonical names of the model's labels."""
        return _canonical(self._labels())

    def segment(self, case_id: str, ct: Path, scratch: Path) -> OrganMasks:
        """A label map with the labels of the model's dataset.json."""
        labels, ending = self._labels(), self._ending()
        program = _program("nnUNetv2_predict_from_modelfolder", "nnunet")
        given, out = scratch / "given", scratch / "predicted"
        given.mkdir()
        out.mkdir()
        # Always written anew: compression and extension are then those that the model was trained with.
        nib.save(open_volume(ct), given / f"{case_id}_0000{ending}")
        command = [program, "-i", str(given), "-o", str(out), "-m", str(self.model), "-device", self.device]
        _run([*command, "-f", *(self.folds or self._folds()), "--disable_progress_bar", "-npp", "1", "-nps", "1"], {})
        path = out / f"{case_id}{ending}"
        if not path.is_file():
            raise BackendError(
                f"{self.name}: wrote {_listing(out)} vs {path.name}. There is no mask to take. Run its program by hand "
                "to see why."
            )
        return OrganMasks(case_id, path, self.name, labels)

    def _description(self) -> dict[str, object]:
        try:
            description = json.loads((self.model / "dataset.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"--model: {self.model} has no readable dataset.json ({type(error).__name__}) vs a model folder of "
                "nnU-Net v2 (dataset.json, plans.json, fold_0 …). Name the folder trainer__plans__configuration."
            ) from error
        channels = description.get("channel_names") or {}
        if len(channels) > 1:
            raise ConfigError(
                f"--model: {self.model} wants {len(channels)} images ({', '.join(map(str, dict(channels).values()))}) "
                "vs a CT alone. It cannot be run here. Name another model."
            )
        return dict(description)

    def _labels(self) -> dict[str, int]:
        labels = dict(self._description().get("labels") or {})  # type: ignore[call-overload]
        return {str(name): int(value) for name, value in labels.items() if str(value).isdigit() and int(value) > 0}

    def _ending(self) -> str:
        ending = str(self._description().get("file_ending", ".nii.gz"))
        if ending not in (".nii.gz", ".nii"):
            raise ConfigError(
                f"--model: {self.model} reads {ending} files vs .nii.gz or .nii. CTs cannot be given to it. "
                "Name another model."
            )
        return ending

    def _folds(self) -> tuple[str, ...]:
        folds = tuple(sorted(p.name.removeprefix("fold_") for p in self.model.glob("fold_*") if p.is_dir()))
        if not folds:
            raise ConfigError(
                f"--model: {self.model} has no folder fold_* vs at least one. It holds no weights. Name the folder "
                "trainer__plans__configuration."
            )
        return folds


def _canonical(labels: Mapping[str, int]) -> frozenset[str]:
    anatomy = load_anatomy()
    return frozenset(name for label in labels if (name := organ_name(anatomy, label)))


def _program(name: str, extra: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ConfigError(
            f"organs: the program {name} is not on the PATH vs installed. It draws the organs. "
            f"Install it: pip install 'reportsup[{extra}]'."
        )
    return found


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    offline = {key: _NOWHERE for name in ("http_proxy", "https_proxy", "all_proxy") for key in (name, name.upper())}
    inherited = {key: value for key, value in os.environ.items() if key.lower() != "no_proxy"}
    ended = subprocess.run(
        command, env={**inherited, **offline, **environment}, capture_output=True, text=True, errors="replace"
    )
    if ended.returncode:
        last = " | ".join((ended.stderr or ended.stdout).strip().splitlines()[-_LAST_LINES:])
        raise BackendError(
            f"{Path(command[0]).name}: exit code {ended.returncode} vs 0 ({last}). The case has no masks of it. It has "
            "no network here: its weights must be on the disk (for TotalSegmentator: totalseg_download_weights)."
        )


def _listing(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.iterdir())[:4]) or "nothing"
