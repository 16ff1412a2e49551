"""Does learning from a site's corrections pay? Weights of other sites, with 0, 5, 15 or 30 reports of one site added.

usage: python benchmarks/site_corrections.py GOLD GOLD [...] [--sites NAME ...] [--splits 20] [--out FILE]

For every site and split its reports are shuffled; the first n join those of the other sites, and what is left of it
after 30 is scored: the same reports for every n. Results are kept in FILE, a line a training; the same command goes on
where it was stopped. Differences are paired by split; their interval is the bootstrap's over splits within sites.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from reportsup.nlp.reader import Reader
from reportsup.nlp.rule_files import RuleSet, load_rules
from reportsup.pipelines.reader_training import AnnotatedSet, annotated_sets, fit, predict
from reportsup.pipelines.reader_training.evaluation import gold_set
from reportsup.pipelines.scoring import GoldRecord, score

ADDED = (0, 5, 15, 30)
FIGURES = ("target.f1", "joint.f1", "rows_right", "negatives.f1")
N_RESAMPLES = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--sites", nargs="+", metavar="NAME", help="Sites to learn from; by default all.")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("site_corrections.jsonl"))
    arguments = parser.parse_args()
    rules, sets = load_rules(), annotated_sets(arguments.files)
    sites = [part for part in sets if arguments.sites is None or part.name in arguments.sites]
    known = {"sets": [part.name for part in sets], "rules_hash": rules.content_hash}
    for row in missing_rows(rules, sets, sites, range(arguments.splits), _done(arguments.out, known)):
        with arguments.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row | known) + "\n")
    rows = [r for r in _read(arguments.out) if r["split"] < arguments.splits and r["site"] in {s.name for s in sites}]
    _print(rows)


def missing_rows(
    rules: RuleSet, sets: Sequence[AnnotatedSet], sites: Sequence[AnnotatedSet], splits: range, done: set
) -> Iterator[dict[str, Any]]:
    """Figures of every training that is not done; weights without any report of the site serve all of its splits."""
    unseen: dict[str, dict[str, GoldRecord]] = {}
    for split in splits:
        for site in sites:
            learned, rest = parts(site, split)
            for n in ADDED:
                if (site.name, split, n) in done:
                    continue
                others = [part for part in sets if part is not site]
                if n == 0:
                    if site.name not in unseen:
                        unseen[site.name] = _found(rules, others, site)
                    found: Mapping[str, GoldRecord] = unseen[site.name]
                else:
                    found = _found(rules, [*others, replace(site, reports=learned.reports[:n])], rest)
                figures = score(gold_set([rest]), found, n_resamples=1).figures
                values = {name: figures[name].value for name in FIGURES}
                yield {"site": site.name, "split": split, "added": n, "scored": len(rest.reports), **values}


def parts(site: AnnotatedSet, split: int) -> tuple[AnnotatedSet, AnnotatedSet]:
    """The reports to learn from, in the order in which they are added, and those to score."""
    order = np.random.default_rng(split).permutation(len(site.reports))
    shuffled = [site.reports[i] for i in order]
    most = max(ADDED)
    return replace(site, reports=tuple(shuffled[:most])), replace(site, reports=tuple(shuffled[most:]))


def _found(rules: RuleSet, learned: Sequence[AnnotatedSet], read: AnnotatedSet) -> dict[str, GoldRecord]:
    reader = Reader(rules, fit(learned, rules))
    return {report.record.id: predict(reader, report).record for report in read.reports}


def _read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file; a line that a killed run left unfinished is no row."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _done(path: Path, known: Mapping[str, Any]) -> set[tuple[str, int, int]]:
    rows = _read(path)
    if any({name: row[name] for name in known} != known for row in rows):
        raise SystemExit(f"{path} holds results of other sets or rules vs these. Name another --out.")
    if path.is_file():
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {(row["site"], row["split"], row["added"]) for row in rows}


def differences(rows: Sequence[Mapping[str, Any]], figure: str, added: int) -> dict[str, np.ndarray]:
    """Per site the change of a figure by added reports, one a split."""
    by_key = {(row["site"], row["split"], row["added"]): row[figure] for row in rows}
    found: dict[str, list[float]] = {}
    for (site, split, n), value in sorted(by_key.items()):
        base = by_key.get((site, split, 0))
        if n == added and base is not None and value is not None:
            found.setdefault(site, []).append(value - base)
    return {site: np.array(values) for site, values in found.items()}


def interval(by_site: Mapping[str, np.ndarray]) -> tuple[float, float, float]:
    """Mean difference over sites with its 95 % bootstrap interval."""
    random = np.random.default_rng(0)
    means = [values[random.integers(0, len(values), (N_RESAMPLES, len(values)))].mean(1) for values in by_site.values()]
    lo, hi = np.quantile(np.mean(means, axis=0), (0.025, 0.975))
    return float(np.mean([values.mean() for values in by_site.values()])), float(lo), float(hi)


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    splits = len({row["split"] for row in rows})
    print(
        f"{splits} splits × {', '.join(sorted({row['site'] for row in rows}))}; change by added reports, 95 % interval"
    )
    print(f"{'figure':14}{'none':>8}" + "".join(f"{f'+{n}':>26}" for n in ADDED[1:]))
    for figure in FIGURES:
        base = [row[figure] for row in rows if row["added"] == 0 and row[figure] is not None]
        cells = []
        for n in ADDED[1:]:
            by_site = differences(rows, figure, n)
            mean, lo, hi = interval(by_site) if by_site else (float("nan"),) * 3
            cells.append(f"{mean:+.3f} ({lo:+.3f} to {hi:+.3f})")
        print(f"{figure:14}{np.mean(base):8.3f}" + "".join(f"{cell:>26}" for cell in cells))


if __name__ == "__main__":
    main()
