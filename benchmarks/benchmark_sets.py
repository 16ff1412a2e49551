"""Sizes of the benchmark's sets as the tables of their card, and how far two readers agree.

usage: python benchmarks/benchmark_sets.py                         # the tables of data_samples/benchmark/README.md
       python benchmarks/benchmark_sets.py --second-reader FILE    # FILE: annotations of some of the same reports

Agreement takes the shipped annotation as the truth, on the reports that FILE has, with 95 % intervals over reports.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from reportsup.pipelines.scoring import GoldRecord, GoldSet, read_gold_set, read_predictions, score
from reportsup.pipelines.scoring.measures import target_organs

BENCHMARK = Path(__file__).parents[1] / "data_samples" / "benchmark"
MODALITIES = ("CT", "MR", "US", "PET/CT", "XR")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--second-reader", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    lines = agreement(arguments.second_reader) if arguments.second_reader else [*sizes(), "", *organs()]
    print("\n".join(lines))


def sets() -> list[str]:
    """The sets that are there, institutions in the order of their numbers."""
    names = [path.name.removesuffix(".gold.jsonl") for path in BENCHMARK.glob("*.gold.jsonl")]
    return sorted(names, key=lambda name: (not name.startswith("institution_"), len(name), name))


def sizes() -> list[str]:
    """One row a set."""
    rows = [*(_sizes_of(name, [name]) for name in sets()), _sizes_of("all", sets())]
    columns = ("set", "reports", "without a finding", "findings", "in target organs", "organs negated", *MODALITIES)
    return _table(columns, rows)


def organs() -> list[str]:
    """Findings by organ, with those that have a size, over all sets."""
    findings = [finding for record in _records(sets()) for finding in record.findings]
    counts = Counter(finding.organ for finding in findings)
    sized = Counter(finding.organ for finding in findings if finding.sizes_mm)
    negated = Counter(organ for record in _records(sets()) for organ in record.negative_organs)
    targets = target_organs()
    order = sorted(counts | negated, key=lambda organ: (organ not in targets, -counts[organ], organ))
    rows = [(organ, "yes" if organ in targets else "", counts[organ], sized[organ], negated[organ]) for organ in order]
    return _table(("organ", "target", "findings", "with a size", "reports that negate it"), rows)


def agreement(path: Path) -> list[str]:
    """How the annotations of another reader compare with the shipped ones."""
    second = read_predictions([path]).records
    gold = read_gold_set([BENCHMARK / f"{name}.gold.jsonl" for name in sets()])
    common = {report_id: record for report_id, record in gold.records.items() if report_id in second}
    if not common:
        raise SystemExit(f"{path.name} annotates none of the benchmark's reports.")
    result = score(GoldSet(common, gold.texts, gold.sources, gold.files), second)
    rows = [
        (name, f"{figure.value:.3f}", "" if figure.lo is None else f"{figure.lo:.3f}–{figure.hi:.3f}", figure.n)
        for name, figure in (result.figures | result.by_field).items()
        if figure.value is not None
    ]
    return [f"{len(common)} reports", "", *_table(("figure", "value", "95 % interval", "n"), rows)]


def _records(names: Iterable[str]) -> list[GoldRecord]:
    gold = read_gold_set([BENCHMARK / f"{name}.gold.jsonl" for name in names])
    return list(gold.records.values())


def _sizes_of(title: str, names: Sequence[str]) -> tuple[str | int, ...]:
    records, targets = _records(names), target_organs()
    findings = [finding for record in records for finding in record.findings]
    modalities = Counter(
        json.loads(line)["modality"]
        for name in names
        for line in (BENCHMARK / f"{name}.reports.jsonl").read_text(encoding="utf-8").splitlines()
    )
    return (
        title, len(records), sum(not record.findings for record in records), len(findings),
        sum(finding.organ in targets for finding in findings), sum(len(record.negative_organs) for record in records),
        *(modalities[modality] for modality in MODALITIES),
    )  # fmt: skip


def _table(columns: Iterable[str], rows: Iterable[Iterable[str | int]]) -> list[str]:
    columns = list(columns)
    cells = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *cells)]


if __name__ == "__main__":
    main()
