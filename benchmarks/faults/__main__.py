"""What goes wrong on real machines, done to every stage: does anything get lost, is anything half taken for whole?

    python benchmarks/faults WORK                          # about an hour; stop it and run it again to go on
    python benchmarks/faults WORK --only kill --trials 10  # one fault
    python benchmarks/faults --table                       # docs/faults.md from the trials that are there

A trial prepares a stage's folder, does the fault to it, looks at what is left with the product's own readers, then runs
the same command again without the fault: the result has to be that of a run left alone. Trials are lines of
benchmarks/results/faults/trials.jsonl; one that is there is not done again (delete its line to repeat it). Full disks
and read-only folders are real: small file systems in a mount namespace of our own (`unshare`, no rights needed).
"""

import argparse
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
from clock import CLOCK
from damage import DAMAGE
from databases import DATABASES
from disks import DISKS
from kills import KILLS
from memory import MEMORY
from processes import warm_up
from record import Trial, append, read_trials, write_table
from stages import World, make_world
from twins import TWINS

FAULTS = {**KILLS, **DISKS, **DATABASES, **DAMAGE, **MEMORY, **CLOCK, **TWINS}


def main() -> None:
    """Carry out what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, nargs="?")
    parser.add_argument("--trials", type=int, help="of each fault and stage; by default as many as each fault names")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--stage", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--table", action="store_true", help="only write the table")
    arguments = parser.parse_args()
    if not arguments.table:
        if arguments.work is None:
            parser.error("WORK: a folder is needed")
        os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # several threads sum in an order of their own
        _enter_namespace()
        warm_up()
        _carry_out(make_world(arguments.work.resolve()), arguments)
    write_table()


def _enter_namespace() -> None:
    """Start again where file systems may be mounted."""
    if os.environ.get("REPORTSUP_FAULTS_INSIDE") or subprocess.run(["unshare", "-rm", "true"]).returncode:
        return
    os.environ["REPORTSUP_FAULTS_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv])


def _carry_out(world: World, arguments: argparse.Namespace) -> None:
    done = {(trial.fault, trial.stage, trial.number) for trial in read_trials()}
    for name, fault in FAULTS.items():
        if arguments.only and name not in arguments.only:
            continue
        for stage in fault.stages:
            if arguments.stage and stage not in arguments.stage:
                continue
            for number in range(arguments.trials or fault.trials):
                if (name, stage, number) in done:
                    continue
                out = world.folder / f"trial-{os.getpid()}"
                shutil.rmtree(out, ignore_errors=True)
                out.mkdir()
                rng = np.random.default_rng(zlib.crc32(f"{name}/{stage}/{number}".encode()))
                outcome = fault.attempt(world, stage, out, rng)
                append(Trial(name, stage, number, outcome.ok, outcome.what, outcome.said))
                told = "ok    " if outcome.ok else "FAILED"
                print(f"{told} {name}, {stage} {number + 1}: {outcome.what}. {outcome.said}", flush=True)


if __name__ == "__main__":
    main()
