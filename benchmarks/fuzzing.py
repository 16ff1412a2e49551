"""Coverage-guided fuzzing of everything that reads what others wrote; prints and keeps executions and findings.

usage: python benchmarks/fuzzing.py [--seconds N] [--only NAME …] [--merge]

Needs `pip install atheris`. Inputs that open new branches are kept in build/fuzzing/NAME and are where the next run
starts; an input that fails is kept in build/fuzzing/findings. An input that takes over 20 s is a hang, a process of
over 2 GB a leak: both are findings. --merge adds to the counts of the results that are there (the same code's).
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported where it is used: what is fuzzed must be instrumented while it is imported
    from fuzz_targets import Target

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "fuzzing"
RESULTS = ROOT / "benchmarks" / "results" / "fuzzing.json"
HANG_S, MEMORY_MB, LONGEST = 20, 2048, 4096
_SUMMED = ("seconds", "cpu_seconds", "executions", "findings")


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], sys.argv[3:])
        return
    from fuzz_targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=300, help="for each target")
    parser.add_argument("--only", nargs="+", choices=list(TARGETS), default=list(TARGETS), metavar="NAME")
    parser.add_argument("--merge", action="store_true")
    options = parser.parse_args()
    kept: dict[str, Any] = {}
    for name in options.only:
        found = fuzz(name, TARGETS[name], options.seconds)
        kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        before = kept.get(name) if options.merge else None
        kept[name] = {key: found[key] + before[key] if before and key in _SUMMED else found[key] for key in found}
        print(json.dumps({"target": name, **kept[name]}), flush=True)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps({name: kept[name] for name in TARGETS if name in kept}, indent=1) + "\n")
    print("\n".join(table(kept, TARGETS)))


def table(results: dict[str, Any], targets: "Mapping[str, Target]") -> list[str]:
    """The results as lines of Markdown."""
    lines = ["| target | CPU min | executions | branches | corpus | findings |", "|---|--:|--:|--:|--:|--:|"]
    for name, r in results.items():
        lines.append(
            f"| {targets[name].about} | {r['cpu_seconds'] / 60:.1f} | {r['executions']:,} | {r['branches']:,} | "
            f"{r['corpus']:,} | {r['findings']} |"
        )
    total = {key: sum(r[key] for r in results.values()) for key in ("cpu_seconds", "executions", "findings")}
    lines.append(f"| all | {total['cpu_seconds'] / 60:.1f} | {total['executions']:,} | | | {total['findings']} |")
    return lines


def fuzz(name: str, target: "Target", seconds: int) -> dict[str, Any]:
    """Run one target in a process of its own until the time is over or an input fails."""
    corpus, findings = WORK / name, WORK / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed_{number}").write_bytes(seed)
    words = WORK / f"{name}.words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    flags = [
        f"-max_total_time={seconds}", f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={LONGEST}",
        f"-artifact_prefix={findings}/{name}-", "-print_final_stats=1",
        *([f"-dict={words}"] if target.words else []), str(corpus),
    ]  # fmt: skip
    before, started = set(findings.iterdir()), time.monotonic()
    run = [sys.executable, __file__, "--worker", name, *flags]
    log = WORK / f"{name}.log"
    with log.open("wb") as out:
        cpu = _cpu_seconds()
        status = subprocess.run(run, stdout=out, stderr=out, check=False).returncode
    said = log.read_text(errors="replace")
    new = set(findings.iterdir()) - before
    branches = [int(n) for n in re.findall(r"cov: (\d+)", said)]
    executions = re.findall(r"stat::number_of_executed_units: (\d+)", said) or re.findall(r"#(\d+)\s", said)
    return {
        "seconds": round(time.monotonic() - started),
        "cpu_seconds": round(_cpu_seconds() - cpu),
        "executions": int(executions[-1]) if executions else 0,
        "branches": branches[-1] if branches else 0,
        "corpus": sum(1 for _ in corpus.iterdir()),
        "findings": len(new) or int(status != 0),
    }


def work(name: str, flags: Sequence[str]) -> None:
    """The fuzzing process of one target."""
    import atheris

    with atheris.instrument_imports(include=["reportsup"], enable_loader_override=False):
        from fuzz_targets import TARGETS

        run = TARGETS[name].make()
        for seed in TARGETS[name].seeds:
            run(seed)  # imports what is imported late, so that it is instrumented too
    atheris.Setup([sys.argv[0], *flags], run)
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\x{b:02X}" for b in word.encode())


def _cpu_seconds() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
