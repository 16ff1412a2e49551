"""What the hybrid would send to a language model, and how good the rules are on what they keep and give away.

usage: python benchmarks/hybrid_routing.py GOLD.jsonl [REPORTS] [--json]

Files as `reportsup score` takes them. The routing never sees the gold.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from reportsup.nlp.llm.routing import Router
from reportsup.nlp.rules_extractor import RulesExtractor
from reportsup.pipelines.gold import gold_record
from reportsup.pipelines.scoring import GoldRecord, GoldSet, read_gold_set, score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = routing_table(read_gold_set(arguments.files))
    if arguments.json:
        print(json.dumps(table))
        return
    print(f"{'':24}{'reports':>8}{'findings':>10}{'F1':>8}{'F1 target organs':>18}{'joint F1':>10}")
    for row in table:
        f1, target, joint = (f"{row[name]:.3f}" if row[name] is not None else "–" for name in FIGURES)
        print(f"{row['part']:24}{row['reports']:8}{row['findings']:10}{f1:>8}{target:>18}{joint:>10}")


FIGURES = ("findings.f1", "target.f1", "joint.f1")


def routing_table(gold: GoldSet) -> list[dict[str, Any]]:
    """Rows for all reports, the kept and the routed ones, and for every reason."""
    rules, router = RulesExtractor(), Router()
    predicted, reasons = {}, {}
    for report_id in gold.records:
        extraction = rules.extract(report_id, gold.texts[report_id])
        predicted[report_id] = GoldRecord.model_validate_json(gold_record(extraction))
        reasons[report_id] = router.reasons(extraction, gold.texts[report_id])
    codes = sorted({code for found in reasons.values() for code in found})
    parts = {
        "all": list(gold.records),
        "kept": [i for i in gold.records if not reasons[i]],
        "routed": [i for i in gold.records if reasons[i]],
        **{code: [i for i in gold.records if code in reasons[i]] for code in codes},
    }
    return [_row(name, gold, ids, predicted) for name, ids in parts.items() if ids]


def _row(name: str, gold: GoldSet, ids: list[str], predicted: dict[str, GoldRecord]) -> dict[str, Any]:
    part = GoldSet({i: gold.records[i] for i in ids}, gold.texts, gold.sources)
    figures = score(part, predicted, n_resamples=2).figures
    return {
        "part": name,
        "reports": len(ids),
        "findings": sum(len(record.findings) for record in part.records.values()),
        **{figure: None if figures[figure].value is None else round(figures[figure].value, 4) for figure in FIGURES},
    }


if __name__ == "__main__":
    main()
