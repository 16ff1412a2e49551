"""The clock set back by three days between two commands (libfaketime, Debian's package)."""

import csv
import os
from pathlib import Path

import numpy as np
from kills import again, shortened
from processes import in_child, run_apart
from record import Fault, Outcome
from reportsup.schemas.database import open_database
from stages import STAGES, World, items_of, prepare

_LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", os.environ.get("LIBFAKETIME", ""))
_BACK = {"FAKETIME": "-3d", "DONT_FAKE_MONOTONIC": "1"}


def earlier() -> dict[str, str]:
    """An environment in which it is three days earlier."""
    library = next(path for path in _LIBRARIES if path and Path(path).exists())
    return {**os.environ, **_BACK, "LD_PRELOAD": library}


def whole_stage(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """The inputs come from the future; the stage has to give what it always gives."""
    prepare(world, stage, out)
    code, said = run_apart(STAGES[stage].command(world.base, out), earlier())
    if code != world.codes[stage]:
        return Outcome(False, f"failed with {code}", shortened(said))
    if items_of(stage, out) != world.references[stage]:
        return Outcome(False, "another result")
    return again(world, stage, out, "the same result; the clock put right")


def changed_report(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """A report is changed and corrected after the clock went back: the later reading and correction count."""
    reports, db = out / "reports.csv", out / "r.duckdb"
    for text, env in (
        ("There is a 5 mm cyst in the liver.", dict(os.environ)),
        ("There is a 9 mm cyst in the spleen.", earlier()),
    ):
        with reports.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["id", "text"], ["A", text]])
        run_apart(["extract", str(reports), "--db", str(db)], env)
    finding = _one(db, "SELECT finding_id FROM v_findings")
    words = ("correct", finding, "--field", "lesion_type", "--by", "K", "--reason", "why", "--db", db, "--value")
    for value, env in (("benign", dict(os.environ)), ("malignant", earlier())):
        run_apart([*map(str, words), value], env)
    shown = _one(db, "SELECT organ || ' ' || lesion_type FROM v_findings")
    return Outcome(
        shown == "spleen malignant",
        f"what was said last counts ({shown})" if shown == "spleen malignant" else f"shown: {shown}",
    )


def _one(db: Path, sql: str) -> str:
    def ask() -> list[tuple[str]]:
        with open_database(db, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    rows = in_child(ask)
    return str(rows[0][0]) if len(rows) == 1 else f"{len(rows)} rows"


CLOCK = {
    "clock set back": Fault(tuple(STAGES), 1, whole_stage),
    "clock set back between": Fault(("a changed and corrected report",), 1, changed_report),
}
