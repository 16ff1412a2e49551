"""A disk that fills up at a random moment, and a folder that cannot be written."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from kills import again, shortened, wrong_after
from record import Fault, Outcome
from stages import STAGES, World, prepare, run, snapshot

_PAGE = 4096
_ROOM = 64 * 2**20
_UNFORESEEN = re.compile(r"Traceback|unforeseen|fault of reportsup")


def full(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """Room for the inputs and a random part of what the stage writes; then more room, and the same command again."""
    with _mounted(out, "tmpfs", "tmpfs", f"size={_ROOM}"):
        prepare(world, stage, out)
        room = _used(out) + float(rng.uniform(0.02, 0.95)) * world.sizes[stage]
        _mount("-o", f"remount,size={int(room) // _PAGE * _PAGE + _PAGE}", out)
        code, said = run(world, stage, out)
        finished = code == world.codes[stage]
        wrong = wrong_after(world, stage, out) or ("" if finished else unclear(said, r"disk|space|room"))
        if wrong:
            return Outcome(False, f"full: {wrong}", shortened(said))
        _mount("-o", f"remount,size={_ROOM * 4}", out)
        ended = again(world, stage, out, "it had room" if finished else "stopped")
        return Outcome(ended.ok, ended.what, ended.said or ("" if finished else shortened(said)))


def read_only(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """The folder mounted read-only, then writable."""
    prepare(world, stage, out)
    before = snapshot(out)
    with _mounted(out, "--bind", out):
        _mount("-o", "remount,bind,ro", out)
        code, said = run(world, stage, out)
    wrong = (
        "exit code 0"
        if code == 0 and stage != "predict"
        else unclear(said, r"read-only|cannot be written|can be read and written")
    )
    if snapshot(out) != before:
        wrong = "files changed"
    if wrong:
        return Outcome(False, f"read-only: {wrong}", shortened(said))
    ended = again(world, stage, out, "refused")
    return Outcome(ended.ok, ended.what, ended.said or shortened(said))


def unclear(said: str, wanted: str) -> str:
    """What a message lacks; "" = it is one that tells of the fault."""
    if _UNFORESEEN.search(said):
        return "an error that nobody foresaw"
    return "" if re.search(wanted, said, re.IGNORECASE) else "no word of the reason"


def _used(folder: Path) -> int:
    status = os.statvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


@contextmanager
def _mounted(place: Path, *words: object) -> Iterator[None]:
    if words[0] == "tmpfs":
        _mount("-t", *words[:1], "-o", words[2], words[1], place)
    else:
        _mount(*words, place)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


DISKS = {"full disk": Fault(tuple(STAGES), 5, full), "read-only folder": Fault(tuple(STAGES), 1, read_only)}
