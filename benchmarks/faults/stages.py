"""The stages that faults are done to: how each is prepared, run, and what its result is, item by item."""

import csv
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contents import (
    Items,
    cache_items,
    case_items,
    checkpoint_items,
    evaluation_items,
    export_items,
    prediction_items,
    report_items,
)
from processes import Forked, in_child
from record import ROOT
from reportsup.pipelines.demo.reports import write_reports
from reportsup.segmentation.synthetic import DatasetSize, write_dataset

_SIZE = DatasetSize(masked=4, reported=4, validation=2, test=2, external=2)
_SETTINGS = {
    "network": "UNet",
    "network_args.channels": "[4, 8]",
    "network_args.strides": "[2]",
    "network_args.dropout": "0.1",
    "patch_size": "[32, 32, 32]",
    "validation_overlap": "0",
    "log_every": "2",
    "checkpoint_every": "4",
    "validate_every": "10",
}
_REPEATS = 3


@dataclass(frozen=True)
class World:
    """Where everything lies, and what the stages give when they are left alone.

    Attributes:
        references: stage → its result; seconds: stage → from the first byte written to the end; sizes: stage → bytes.
        codes: stage → exit code, 1 where the samples hold reports that cannot be read.
    """

    folder: Path
    references: dict[str, Items]
    seconds: dict[str, float]
    sizes: dict[str, int]
    codes: dict[str, int]

    @property
    def base(self) -> Path:
        """Inputs of all stages."""
        return self.folder / "base"


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        inputs: files and folders of the base that are copied into the stage's folder, under which name.
        command: (base, folder) → words.
        items: folder → what it holds, read as the product reads it; an item that is there has to be whole.
        partial: whether items of an unfinished run are those of a finished one.
    """

    inputs: dict[str, str]
    command: Callable[[Path, Path], list[str]]
    items: Callable[[Path], Items]
    partial: bool = True


def _words(*words: object) -> list[str]:
    return [str(word) for word in words]


def _train(base: Path, out: Path) -> list[str]:
    settings = [word for key, value in _SETTINGS.items() for word in ("--set", f"{key}={value}")]
    where = ("--db", base / "indexed.duckdb", "--run", out / "run", "--cache", base / "cache", "--workers", 1)
    return _words("train", *where, "--steps", 12, *settings)


STAGES = {
    "extract": Stage(
        {},
        lambda base, out: _words("extract", base / "many.csv", "--db", out / "r.duckdb", "--workers", 1),
        lambda out: report_items(out / "r.duckdb"),
    ),
    "index": Stage(
        {"extracted.duckdb": "r.duckdb"},
        lambda base, out: _words("index", base / "data" / "manifest.csv", "--db", out / "r.duckdb", "--workers", 1),
        lambda out: case_items(out / "r.duckdb"),
    ),
    "preprocess": Stage(
        {},
        lambda base, out: _words("preprocess", base / "indexed.duckdb", out / "cache"),
        lambda out: cache_items(out / "cache"),
    ),
    "train": Stage({}, _train, lambda out: checkpoint_items(out / "run"), partial=False),
    "predict": Stage(
        {"indexed.duckdb": "r.duckdb"},
        lambda base, out: _words(
            "predict", base / "run", "--db", out / "r.duckdb", "--out", out / "predictions", "--probabilities"
        ),
        lambda out: prediction_items(out / "predictions", out / "r.duckdb"),
    ),
    "evaluate": Stage(
        {"indexed.duckdb": "r.duckdb", "run": "run"},
        lambda base, out: _words("evaluate", out / "run", "--db", out / "r.duckdb", "--html"),
        lambda out: evaluation_items(out / "run", out / "r.duckdb"),
    ),
    "export": Stage(
        {},
        lambda base, out: _words("export", out / "omop.duckdb", "--format", "omop", "--db", base / "many.duckdb"),
        lambda out: export_items(out / "omop.duckdb"),
    ),
}


def prepare(world: World, stage: str, out: Path) -> None:
    """Copy the stage's inputs into its folder."""
    _copy(world.base, STAGES[stage], out)


def _copy(base: Path, stage: Stage, out: Path) -> None:
    for name, as_name in stage.inputs.items():
        source = base / name
        if source.is_dir():
            shutil.copytree(source, out / as_name)
        else:
            shutil.copy2(source, out / as_name)


def start(world: World, stage: str, out: Path) -> Forked:
    """The stage's process."""
    return Forked(STAGES[stage].command(world.base, out))


def run(world: World, stage: str, out: Path) -> tuple[int, str]:
    """Exit code and all that the stage said."""
    return start(world, stage, out).finish()


def items_of(stage: str, out: Path) -> Items:
    """What the stage's folder holds."""
    found: Items = in_child(lambda: STAGES[stage].items(out))
    return found


def snapshot(out: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file below a folder."""
    found = {}
    for path in out.rglob("*"):
        try:
            status = path.lstat()
        except OSError:  # gone meanwhile
            continue
        found[str(path.relative_to(out))] = (status.st_size, status.st_mtime_ns)
    return found


def wait_for_first_change(process: Forked, out: Path, before: dict[str, tuple[int, int]]) -> float:
    """When the process first writes into its folder, or ends."""
    while not process.ended() and snapshot(out) == before:
        time.sleep(0.005)
    return time.monotonic()


def make_world(folder: Path) -> World:
    """The inputs of all stages and their results when left alone; kept in the folder for the next time."""
    note = folder / "world.json"
    if not note.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make_base(folder / "base")
        world = World(folder, {}, {}, {}, {})
        for stage in STAGES:
            _reference(world, stage)
        kept = {"references": world.references, "seconds": world.seconds, "sizes": world.sizes, "codes": world.codes}
        note.write_text(json.dumps(kept), encoding="utf-8")
    return World(folder, **json.loads(note.read_text(encoding="utf-8")))


def _make_base(base: Path) -> None:
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir()
    reports = write_reports(base, in_child(lambda: write_dataset(base / "data", size=_SIZE, seed=0, workers=1)), seed=0)
    _write_many(base / "many.csv")
    db = base / "extracted.duckdb"
    for words, codes in (
        (_words("extract", reports, "--db", db), (0,)),
        (_words("extract", base / "many.csv", "--db", base / "many.duckdb"), (0, 1)),
    ):
        _check(words, codes)
    shutil.copy2(db, base / "indexed.duckdb")
    _check(_words("index", base / "data" / "manifest.csv", "--db", base / "indexed.duckdb"), (0,))
    _check(_train(base, base), (0,))


def _write_many(path: Path) -> None:
    """The samples several times, with new ids."""
    with (ROOT / "data_samples" / "reports.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for repeat in range(_REPEATS):
            writer.writerows([f"{repeat}-{row[0]}", *row[1:]] for row in rows)


def _check(words: list[str], codes: tuple[int, ...]) -> None:
    code, said = Forked(words).finish()
    if code not in codes:
        raise SystemExit(f"{' '.join(words)}\n{said}")


def _reference(world: World, stage: str) -> None:
    out = world.folder / "reference"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    prepare(world, stage, out)
    before = snapshot(out)
    process = start(world, stage, out)
    began = wait_for_first_change(process, out, before)
    code, said = process.finish()
    world.seconds[stage] = time.monotonic() - began
    if code not in (0, 1):
        raise SystemExit(f"{stage}: {said}")
    world.codes[stage] = code
    world.references[stage] = items_of(stage, out)
    world.sizes[stage] = sum(size for size, _ in snapshot(out).values()) - sum(size for size, _ in before.values())
    print(f"{stage}: {world.seconds[stage]:.1f} s, {len(world.references[stage])} items", flush=True)
