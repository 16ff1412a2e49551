"""`kill -9` at a random moment between the first byte that a stage writes and its end."""

import os
import signal
import time
from pathlib import Path

import numpy as np
from record import Fault, Outcome
from reportsup.schemas.errors import DatabaseError
from stages import STAGES, World, items_of, prepare, run, snapshot, start, wait_for_first_change

_SURVIVORS_S = 10


def attempt(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """Kill the stage, look at what is left, run it again."""
    prepare(world, stage, out)
    before = snapshot(out)
    process = start(world, stage, out)
    wait_for_first_change(process, out, before)
    time.sleep(float(rng.uniform(0, world.seconds[stage])))
    late = process.ended()
    process.kill()
    orphans = survivors(process.pid)
    process.finish()
    wrong = wrong_after(world, stage, out)
    if orphans:
        wrong = wrong or f"{orphans} processes lived on"
    return Outcome(False, wrong) if wrong else again(world, stage, out, "it had ended" if late else "killed")


def survivors(session: int) -> int:
    """Processes of a session that are alive some seconds later."""
    end = time.monotonic() + _SURVIVORS_S
    while (alive := _alive(session)) and time.monotonic() < end:
        time.sleep(0.1)
    if alive:
        os.killpg(session, signal.SIGKILL)
    return alive


def _alive(session: int) -> int:
    found = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found += fields[0] != "Z" and int(fields[3]) == session
    return found


def wrong_after(world: World, stage: str, out: Path) -> str:
    """What is wrong with what a fault left behind; "" = every item that is there is whole."""
    try:
        items = items_of(stage, out)
    except DatabaseError as error:  # a new database that nothing was committed to says so, and is no loss
        return "" if "schema version 0" in str(error) else f"what is left cannot be read: {error}"
    except Exception as error:
        return f"what is left cannot be read: {type(error).__name__}"
    if not STAGES[stage].partial:
        return ""
    reference = world.references[stage]
    half = [name for name, digest in items.items() if reference.get(name) != digest and name != "final table"]
    return f"{len(half)} items are half ({half[0]})" if half else ""


def again(world: World, stage: str, out: Path, what: str) -> Outcome:
    """The same command without the fault: is the result that of a run left alone?"""
    code, said = run(world, stage, out)
    if code != world.codes[stage]:
        return Outcome(False, f"{what}, the next run failed with {code}", shortened(said))
    if items_of(stage, out) != world.references[stage]:
        return Outcome(False, f"{what}, the next run ended with another result")
    left = [name for name in snapshot(out) if Path(name).name.endswith((".part", ".tmp", ".wal"))]
    if left:
        return Outcome(False, f"{what}, the next run equal, but left-over files stay ({Path(left[0]).suffix})")
    return Outcome(True, f"{what}, the next run went on to the same result")


def shortened(said: str) -> str:
    """The program's message, or the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    of_ours = [line for line in lines if line.startswith("reportsup:")]
    return " ".join(of_ours or lines[-1:])[:400]


KILLS = {"kill": Fault(tuple(STAGES), 10, attempt)}
