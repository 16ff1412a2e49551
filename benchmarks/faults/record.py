"""Trials, kept line by line, and the table made of them."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reportsup.schemas.atomic import write_text

ROOT = Path(__file__).parents[2]
TRIALS = ROOT / "benchmarks" / "results" / "faults" / "trials.jsonl"
TABLE = ROOT / "docs" / "faults.md"
_HEAD = """# Faults

What goes wrong on real machines, done on purpose: after each fault, nothing that was committed is lost, nothing
half-written is taken for whole, the program says what to do, and the same command run again ends with the result of a
run that was left alone. `python benchmarks/faults WORK` does it, goes on where it stopped, and writes this page from
`benchmarks/results/faults/trials.jsonl`; what has no row has not been tried yet.

"""


@dataclass(frozen=True)
class Outcome:
    """What one trial showed.

    Attributes:
        what: in a few words, the same for trials that end alike.
        said: what the program said, shortened.
    """

    ok: bool
    what: str
    said: str = ""


@dataclass(frozen=True)
class Trial:
    """An outcome with its place."""

    fault: str
    stage: str
    number: int
    ok: bool
    what: str
    said: str


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        stages: what it is done to.
        attempt: (world, stage, empty folder, random numbers) → outcome.
    """

    stages: Sequence[str]
    trials: int
    attempt: Callable[[Any, str, Path, Any], Outcome]


def read_trials() -> list[Trial]:
    """All trials so far."""
    if not TRIALS.exists():
        return []
    return [Trial(**json.loads(line)) for line in TRIALS.read_text(encoding="utf-8").splitlines()]


def append(trial: Trial) -> None:
    """Add one."""
    TRIALS.parent.mkdir(parents=True, exist_ok=True)
    with TRIALS.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(trial), ensure_ascii=False) + "\n")


def write_table() -> None:
    """docs/faults.md: one row for each fault and stage."""
    trials = read_trials()
    good = sum(trial.ok for trial in trials)
    lines = [f"{good:,} of {len(trials):,} trials as they should be.\n"]
    lines += ["| fault | stage | trials | as it should be | what happened | what the program said, for example |"]
    lines += ["|---|---|---|---|---|---|"]
    for fault, stage in dict.fromkeys((trial.fault, trial.stage) for trial in trials):
        of_it = [trial for trial in trials if (trial.fault, trial.stage) == (fault, stage)]
        seen = Counter(trial.what for trial in of_it)
        what = "; ".join(f"{n} × {words}" for words, n in seen.most_common())
        said = next((trial.said for trial in of_it if trial.said), "").replace("|", "\\|")
        lines.append(f"| {fault} | {stage} | {len(of_it)} | {sum(t.ok for t in of_it)} | {what} | {said} |")
    write_text(TABLE, _HEAD + "\n".join(lines) + "\n")
