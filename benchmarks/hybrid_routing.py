"""What the hybrid would send to a language model, and how good the rules are on what they keep and give away.

usage: python benchmarks/hybrid_routing.py GOLD.jsonl REPORTS.jsonl SCORE.py [--json]

SCORE.py is the scorer that belongs to the gold set; its `read` and `score` are used. The routing never sees the gold.
"""

import argparse
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from reportsup.nlp.llm.routing import Router
from reportsup.nlp.rules_extractor import RulesExtractor
from reportsup.pipelines.gold import gold_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", type=Path)
    parser.add_argument("reports", type=Path)
    parser.add_argument("scorer", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = routing_table(load(arguments.scorer), arguments.gold, arguments.reports)
    if arguments.json:
        print(json.dumps(table))
        return
    print(f"{'':24}{'reports':>8}{'findings':>10}{'F1':>8}{'F1 target organs':>18}")
    for row in table:
        print(f"{row['part']:24}{row['reports']:8}{row['findings']:10}{row['f1']:8.3f}{row['f1_target_organs']:18.3f}")


def routing_table(scorer: ModuleType, gold_path: Path, reports_path: Path) -> list[dict[str, Any]]:
    """Rows for all reports, the kept and the routed ones, and for every reason."""
    gold, reports = scorer.read(gold_path), scorer.read(reports_path)
    rules, router = RulesExtractor(), Router()
    predicted, reasons = {}, {}
    for report_id in gold:
        text = reports[report_id]["text"]
        extraction = rules.extract(report_id, text)
        predicted[report_id] = json.loads(gold_record(extraction))
        reasons[report_id] = router.reasons(extraction, text)
    codes = sorted({code for found in reasons.values() for code in found})
    parts = {
        "all": list(gold),
        "kept": [i for i in gold if not reasons[i]],
        "routed": [i for i in gold if reasons[i]],
        **{code: [i for i in gold if code in reasons[i]] for code in codes},
    }
    return [_row(scorer, name, {i: gold[i] for i in ids}, reports, predicted) for name, ids in parts.items()]


def _row(scorer: ModuleType, name: str, gold: dict[str, Any], reports: Any, predicted: Any) -> dict[str, Any]:
    figures, _ = scorer.score(gold, reports, predicted)
    return {
        "part": name,
        "reports": len(gold),
        "findings": sum(len(g["findings"]) for g in gold.values()),
        "f1": figures["findings"]["f1"],
        "f1_target_organs": figures["findings_target_organs"]["f1"],
    }


def load(path: Path) -> ModuleType:
    """The scorer as a module."""
    spec = importlib.util.spec_from_file_location("scorer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
