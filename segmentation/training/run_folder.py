"""The run folder: everything needed to resume, predict and explain a run, in one place.

config.toml     the configuration, as `--config` reads it
plan.json       grid, intensities, lesion channels in output order (the label map), patch
data.json       which cases train and validate, and a digest of what is known of them
last.pt         everything to go on from; best.pt: the averaged weights that validated best
metrics.jsonl   one record per line; progress.png: the same, drawn
initial_weights.txt  what was taken of another program's weights, if any
pseudo_masks.png  where the reported lesions of some crops are placed, at the last validation
README.md       model card
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...schemas.alone import alone
from ...schemas.atomic import atomic, remove_partial_files, write_text
from ...schemas.errors import TrainingError
from ..preprocessing.plan import Plan
from .checkpoint import load_checkpoint
from .config import TrainingConfig, config_difference, load_config, write_config
from .crops import TrainingCase


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.path / "config.toml"

    @property
    def plan(self) -> Path:
        """The plan, label map included."""
        return self.path / "plan.json"

    @property
    def data(self) -> Path:
        """The cases and the digest of their targets."""
        return self.path / "data.json"

    @property
    def last(self) -> Path:
        """The checkpoint to go on from."""
        return self.path / "last.pt"

    @property
    def best(self) -> Path:
        """The averaged weights that validated best."""
        return self.path / "best.pt"

    @property
    def metrics(self) -> Path:
        """Records, one JSON object per line."""
        return self.path / "metrics.jsonl"

    def check_complete(self) -> None:
        """Nothing, if `train` made this folder.

        Raises:
            TrainingError: it did not.
        """
        if not self.config.exists():
            raise TrainingError(
                f"run folder {self.path}: no {self.config.name} vs a folder that `reportsup train` wrote. There is no "
                "network in it. Check the path."
            )

    def read_config(self) -> TrainingConfig:
        """The run's configuration."""
        return load_config(self.config)

    def read_plan(self) -> Plan:
        """The run's plan."""
        try:
            return Plan.from_json(self.plan.read_text(encoding="utf-8"))
        except OSError as error:
            raise TrainingError(
                f"run folder {self.path}: {error.strerror} ({self.plan.name}) vs a complete run. Nothing can be "
                "predicted or resumed. Give the folder that `reportsup train` wrote."
            ) from None

    def records(self) -> Iterator[dict[str, Any]]:
        """The records so far; an unfinished last line, left by a killed process, is skipped."""
        if not self.metrics.exists():
            return
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                return

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record."""
        with self.metrics.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")

    def drop_records_after(self, step: int) -> None:
        """Forget what a killed process recorded after the checkpoint that the run goes on from."""
        kept = [json.dumps(record) + "\n" for record in self.records() if record["step"] <= step]
        write_text(self.metrics, "".join(kept))


@contextmanager
def training(path: Path) -> Iterator[None]:
    """Be the only training into a run folder in here; of several ranks, the first one stands for all.

    Raises:
        TrainingError: another process trains into it.
    """

    def refused(holder: str) -> TrainingError:
        return TrainingError(
            f"run folder {path}: trained into by {holder} vs by nobody. Two would overwrite each other's checkpoints. "
            "Wait for it to end, then run the same command to go on; or choose another folder with --run."
        )

    if os.environ.get("RANK", "0") != "0":
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    note = path.absolute().with_name(f".{path.name}.training")
    with alone(note, refused, TrainingError):
        try:
            yield
        finally:
            if not path.exists():  # refused before anything was made
                note.unlink(missing_ok=True)


def open_run(
    path: Path,
    config: TrainingConfig,
    plan: Plan,
    train: Mapping[str, TrainingCase],
    validation: Mapping[str, TrainingCase],
) -> RunFolder:
    """The folder of a run, made or found again.

    Raises:
        TrainingError: the folder belongs to another configuration, plan or data; the difference is in the message.
    """
    run = RunFolder(path)
    data = describe_data(train, validation)
    if run.config.exists():
        _check_unchanged(run, config, plan, data)
        remove_partial_files(path)
        return run
    if path.exists() and any(path.iterdir()):
        raise TrainingError(
            f"run folder {path}: other files vs an empty or a run's folder. They could be overwritten. "
            "Choose another folder with --run."
        )
    path.mkdir(parents=True, exist_ok=True)
    write_text(run.plan, plan.to_json())
    write_text(run.data, json.dumps(data, indent=1))
    with atomic(run.config) as temporary:  # last: a folder with a configuration is complete
        write_config(config, temporary)
    return run


def describe_data(train: Mapping[str, TrainingCase], validation: Mapping[str, TrainingCase]) -> dict[str, Any]:
    """Case ids of the run and a digest over everything known of them."""
    described = {
        case_id: [case.cached.fingerprint, {organ: asdict(channel) for organ, channel in case.targets.channels.items()}]
        for case_id, case in sorted({**train, **validation}.items())
    }
    digest = hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()
    return {"train": sorted(train), "validation": sorted(validation), "digest": digest}


def last_step(run: RunFolder) -> int:
    """Steps done so far, 0 for a run that has not saved yet."""
    return int(load_checkpoint(run.last)["step"]) if run.last.exists() else 0


def _check_unchanged(run: RunFolder, config: TrainingConfig, plan: Plan, data: Mapping[str, Any]) -> None:
    difference = config_difference(run.read_config(), config)
    before, after = asdict(run.read_plan()), asdict(plan)
    difference += [f"plan {key}: {before[key]} -> {after[key]}" for key in before if before[key] != after[key]]
    known = json.loads(run.data.read_text(encoding="utf-8"))
    for group in ("train", "validation"):
        added, removed = set(data[group]) - set(known[group]), set(known[group]) - set(data[group])
        if added or removed:
            difference.append(f"{group} cases: {len(added)} added, {len(removed)} removed")
    if not difference and known["digest"] != data["digest"]:
        difference.append("targets or volumes of the cases changed (corrections, a new extraction, other files)")
    if difference:
        raise TrainingError(
            f"run folder {run.path}: made with other settings vs those given now ({'; '.join(difference)}). "
            "A resumed run must equal a straight one. Give the old settings, or another folder with --run."
        )
