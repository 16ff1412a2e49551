"""Files cut off at a random place, and files with one bit turned over: noticed, harmless, or taken for whole?"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from contents import cache_items, flat, report_items
from kills import shortened
from record import Fault, Outcome
from reportsup.nlp.reader_files import load_reader
from reportsup.pipelines.doctor import _cache as examine_cache
from reportsup.schemas.database import open_database
from reportsup.schemas.errors import ReportsupError
from reportsup.segmentation.cases import read_cases
from reportsup.segmentation.cases.ct_checks import check_ct
from reportsup.segmentation.cases.volumes import open_volume, read_array
from reportsup.segmentation.preprocessing.build import build_cache
from reportsup.segmentation.preprocessing.plan import Plan
from reportsup.segmentation.training.run_folder import RunFolder
from stages import World


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        find: base → the files, of which one is damaged.
        read: (base, copy) → digest of what the product reads of it; raises as the product does.
    """

    find: Callable[[Path], list[Path]]
    read: Callable[[Path, Path], str]


def _volume(base: Path, path: Path) -> str:
    problems = [problem for problem in check_ct("case", path)[1] if problem.fatal]
    if problems:
        raise ReportsupError(f"{problems[0].problem}: {problems[0].observed}. Next: {problems[0].next_step}")
    image = open_volume(path)
    return hashlib.sha256(read_array(image).tobytes() + image.affine.tobytes()).hexdigest()


def _checkpoint(base: Path, path: Path) -> str:
    from reportsup.segmentation.training.checkpoint import load_checkpoint

    load_checkpoint(path)
    return repr(flat(load_checkpoint(path)))


def _database(base: Path, path: Path) -> str:
    with open_database(path) as connection:  # a writer reads all that a reader does, and checks more
        connection.execute("CHECKPOINT")
    return repr(sorted(report_items(path).items()))


def _reader(base: Path, path: Path) -> str:
    load_reader.cache_clear()
    reader = load_reader(path.parent).reader
    return repr(reader._weights) if hasattr(reader, "_weights") else repr(vars(reader))


def _cache(base: Path, path: Path) -> str:
    """Training starts: what cannot be used is made again; `reportsup doctor --cache` looks at the contents."""
    root = path.parents[2]
    with open_database(base / "indexed.duckdb", read_only=True) as connection:
        cases = [case for case in read_cases(connection) if case.case_id == path.parent.name]
    built = build_cache(cases, read_plan(base), root)
    for failure in built.failures.values():
        raise ReportsupError(failure.message)
    looked = examine_cache(root)
    if looked.state != "ok":
        raise ReportsupError(looked.sentence)
    return repr(cache_items(root))


def read_plan(base: Path) -> Plan:
    """That of the run, whose cache it is."""
    return RunFolder(base / "run").read_plan()


TARGETS = {
    "CT (.nii.gz)": Target(lambda base: sorted(base.glob("data/cases/*/ct.nii.gz")), _volume),
    "cached image": Target(lambda base: sorted(base.glob("cache/*/*/image.b2nd")), _cache),
    "cached masks": Target(lambda base: sorted(base.glob("cache/*/*/mask.*.b2nd")), _cache),
    "cached points": Target(lambda base: sorted(base.glob("cache/*/*/points.*.npy")), _cache),
    "cached case.json": Target(lambda base: sorted(base.glob("cache/*/*/case.json")), _cache),
    "checkpoint": Target(lambda base: sorted(base.glob("run/*.pt")), _checkpoint),
    "database": Target(lambda base: [base / "extracted.duckdb"], _database),
    "reader folder": Target(lambda base: [base / "reader" / "weights.json"], _reader),
}


def truncated(world: World, name: str, out: Path, rng: np.random.Generator) -> Outcome:
    """The file's beginning alone."""
    return _attempt(world, name, out, rng, lambda content: content[: int(rng.integers(0, len(content)))])


def flipped(world: World, name: str, out: Path, rng: np.random.Generator) -> Outcome:
    """One bit of the file turned over."""

    def flip(content: bytes) -> bytes:
        place = int(rng.integers(0, len(content)))
        return content[:place] + bytes([content[place] ^ (1 << int(rng.integers(0, 8)))]) + content[place + 1 :]

    return _attempt(world, name, out, rng, flip)


def _attempt(world: World, name: str, out: Path, rng: np.random.Generator, damage: Callable[[bytes], bytes]) -> Outcome:
    target = TARGETS[name]
    path = _copied(world.base, target, out, rng)
    whole = target.read(world.base, path)
    path.write_bytes(damage(path.read_bytes()))
    try:
        found = target.read(world.base, path)
    except ReportsupError as error:
        return Outcome(True, "refused", shortened(str(error)))
    except Exception as error:
        return Outcome(False, f"an error that nobody foresaw: {type(error).__name__}", shortened(str(error)))
    return (
        Outcome(True, "harmless or made again: the same is read")
        if found == whole
        else Outcome(False, "taken for whole")
    )


def _copied(base: Path, target: Target, out: Path, rng: np.random.Generator) -> Path:
    """One of the files, with the folder around it, below `out`."""
    _make_reader(base)
    files = target.find(base)
    chosen = files[int(rng.integers(0, len(files)))]
    relative = chosen.relative_to(base)
    if relative.parts[0] == "cache":
        shutil.copytree(chosen.parent, out / relative.parent)
    else:
        (out / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(chosen, out / relative)
    return out / relative


def _make_reader(base: Path) -> None:
    """A reader folder as `train-reader` writes it: here with the weights that ship."""
    folder = base / "reader"
    if not folder.exists():
        folder.mkdir()
        load_reader().reader.weights.write(folder / "weights.json")


DAMAGE = {
    "truncated file": Fault(tuple(TARGETS), 10, truncated),
    "flipped bit": Fault(tuple(TARGETS), 20, flipped),
}
