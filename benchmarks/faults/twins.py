"""The same command twice at the same time on the same folder."""

import time
from pathlib import Path

import numpy as np
from disks import unclear
from kills import again, shortened, wrong_after
from record import Fault, Outcome
from stages import STAGES, World, prepare, start


def attempt(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """Two processes, the second a random moment later: each ends well or is refused, and the result is whole."""
    prepare(world, stage, out)
    first = start(world, stage, out)
    time.sleep(float(rng.uniform(0, world.seconds[stage])))
    second = start(world, stage, out)
    ends = [first.finish(), second.finish()]
    good = [code == world.codes[stage] for code, _ in ends]
    refused = [said for (_, said), fine in zip(ends, good, strict=True) if not fine]
    wrong = "both failed" if not any(good) else ""
    for said in refused:
        wrong = wrong or unclear(said, r"another|process \d+|at work|held")
    wrong = wrong or wrong_after(world, stage, out)
    said = shortened(refused[0]) if refused else ""
    if wrong:
        return Outcome(False, wrong, said)
    ended = again(world, stage, out, "one refused" if refused else "both ended well")
    return Outcome(ended.ok, ended.what, ended.said or said)


TWINS = {"two at once": Fault(tuple(STAGES), 3, attempt)}
