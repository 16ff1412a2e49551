"""One volume that promises 60 GB among small ones, with a limit on memory."""

import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
from disks import unclear
from kills import shortened
from processes import Forked, in_child
from record import Fault, Outcome
from reportsup.schemas.database import open_database
from stages import World

_SHAPE = (4096, 4096, 1920)  # int16: 60 GiB
_LIMIT = 6 * 2**30
_CASE = "syn_0001"


def attempt(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """One case's CT is huge; the others have to come out as ever."""
    what, kind = stage.split(", ")
    shutil.copytree(world.base / "data", out / "data")
    db = out / "r.duckdb"
    index = ["index", str(out / "data" / "manifest.csv"), "--db", str(db), "--workers", "1"]
    if what != "index":
        Forked(index).finish()
    path = _write_huge(out / "data" / "cases" / _CASE / "ct.nii.gz", kind)
    small = out / "data" / "cases" / "syn_0002" / "ct.nii.gz"
    words = {
        "index": index,
        "preprocess": ["preprocess", str(db), str(out / "cache")],
        "predict": ["predict", str(world.base / "run"), str(path), str(small), "--out", str(out / "p")],
    }[what]
    code, said = Forked(words, memory=_LIMIT).finish()
    wrong = "" if code == 1 else f"exit code {code}"
    wrong = wrong or unclear(said, r"memory|ends early|cut off|GB|GiB")
    wrong = wrong or ("" if in_child(lambda: _others(what, out)) else "the other cases are lost")
    line = next((line for line in said.splitlines() if _CASE in line or "ct:" in line), "")
    return Outcome(
        not wrong, wrong or "that case set aside with its reason, the others done", line.strip() or shortened(said)
    )


def _write_huge(path: Path, kind: str) -> Path:
    small = nib.load(path)
    header = small.header.copy()
    header.set_data_shape(_SHAPE)
    header.set_data_dtype(np.int16)
    if kind == "only promised":
        import gzip

        path.write_bytes(gzip.compress(header.binaryblock + bytes(4) + bytes(10**6), mtime=0))
        return path
    # a sparse file: 60 GiB to read, nothing on the disk
    path.unlink()
    plain = path.with_name("ct.nii")
    header["vox_offset"] = 352
    with plain.open("wb") as stream:
        stream.write(header.binaryblock + bytes(4))
        stream.truncate(352 + 2 * int(np.prod(_SHAPE, dtype=np.int64)))
    path.symlink_to(plain)
    return path


def _others(what: str, out: Path) -> bool:
    if what == "index":
        with open_database(out / "r.duckdb", read_only=True) as connection:
            return connection.execute("SELECT count(*) FILTER (status = 'ok') FROM cases").fetchall() == [(13,)]
    if what == "preprocess":
        return len(list((out / "cache").glob("*/[!.]*/case.json"))) == 9
    return len(list((out / "p").glob("[!.]*/components.json"))) == 1


_STAGES = tuple(
    f"{what}, {kind}" for what in ("index", "preprocess", "predict") for kind in ("only promised", "really there")
)
MEMORY = {"60 GB volume": Fault(_STAGES, 1, attempt)}
