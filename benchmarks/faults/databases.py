"""Databases that somebody holds, and those of newer and older programs."""

import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
from disks import unclear
from kills import again, shortened
from record import ROOT, Fault, Outcome
from reportsup.schemas.database import SCHEMA_VERSION, open_database, schema_version
from stages import STAGES, World, prepare, run

_FIRST = "8147a6d"
_HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
_SHARED = {"preprocess": "indexed.duckdb", "train": "indexed.duckdb", "export": "many.duckdb"}
# Predictions are worth more than their copy in the database: these two end well without it and say so.
_GO_ON = ("predict",)


def held(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """Another process keeps the database open."""
    database = _database(world, stage, out)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    holder.stdout.readline()
    try:
        code, said = run(world, stage, out)
    finally:
        holder.communicate("")
    wrong = unclear(said, f"process {holder.pid}") or ("exit code 0" if code == 0 else "")
    if wrong:
        return Outcome(False, wrong, shortened(said))
    ended = again(world, stage, out, "refused")
    return Outcome(ended.ok, ended.what, ended.said or shortened(said))


def newer(world: World, stage: str, out: Path, rng: np.random.Generator) -> Outcome:
    """A database of a later reportsup."""
    database = _database(world, stage, out)
    kept = database.read_bytes()
    with duckdb.connect(str(database)) as connection:
        connection.execute("UPDATE schema_version SET version = version + 1")
    before = database.read_bytes()
    try:
        code, said = run(world, stage, out)
        wrong = unclear(said, "Update reportsup") or ("exit code 0" if code == 0 else "")
        wrong = wrong or ("" if database.read_bytes() == before else "the file changed")
    finally:
        database.write_bytes(kept)
    if wrong:
        return Outcome(False, wrong, shortened(said))
    ended = again(world, stage, out, "refused")
    return Outcome(ended.ok, ended.what, ended.said or shortened(said))


def _database(world: World, stage: str, out: Path) -> Path:
    prepare(world, stage, out)
    database = world.base / _SHARED[stage] if stage in _SHARED else out / "r.duckdb"
    with open_database(database):
        pass
    return database


def commits() -> list[str]:
    """Commits that changed tables or views, the first one with a database on."""
    words = ["git", "log", "--reverse", "--format=%h", f"{_FIRST}~1..HEAD", "--", "schemas/sql"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout.split()


def older(world: World, commit: str, out: Path, rng: np.random.Generator) -> Outcome:
    """A database made by the program of an earlier commit, with a report, a finding and a correction in it."""
    package = out / "reportsup"
    package.mkdir()
    archive = subprocess.run(["git", "archive", commit, "schemas"], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(package)], input=archive.stdout, check=True)
    made = subprocess.run(
        [sys.executable, "-I", str(Path(__file__).with_name("older.py")), str(out), str(out / "r.duckdb")],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        return Outcome(False, "the earlier program cannot make one", shortened(made.stderr))
    version = int(made.stdout)
    with open_database(out / "r.duckdb") as connection:
        reached = schema_version(connection)
        counted = {
            table: len(connection.execute(f"FROM {table}").fetchall())
            for table in ("reports", "findings", "corrections", "v_findings", "v_supervision", "v_corrections")
        }
        views = [
            row[0] for row in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        ]
        for view in views:
            connection.execute(f"FROM {view}").fetchall()
        excluded = connection.execute("SELECT lesion_type FROM v_findings").fetchall()
    good = reached == SCHEMA_VERSION and counted["reports"] == counted["findings"] == counted["corrections"] == 1
    # A row written past the program is matched by a migration alone; a file of this version needs none.
    good = good and (version == SCHEMA_VERSION or excluded == [("benign",)])
    what = f"version {version} became {reached}, the correction applies, {len(views)} views answer"
    return Outcome(good, what if good else f"version {version} became {reached}, but {counted}, shown {excluded}")


DATABASES = {
    "locked database": Fault(tuple(STAGES), 1, held),
    "newer schema": Fault(tuple(STAGES), 1, newer),
    "older schema": Fault(tuple(commits()), 1, older),
}
