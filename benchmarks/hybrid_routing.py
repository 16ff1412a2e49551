"""What routing by confidence leaves: the share of reports given to a language model against the F1 of the rest.

usage: python benchmarks/hybrid_routing.py GOLD GOLD [...] [--parts N] [--weights FOLDER] [--png FILE] [--json]

Each set is read by weights of the others; with --parts, of those in other parts. FOLDER: `left_out/` of what
`train-reader GOLD... --evaluate --out` wrote for the same parts, by the same code; without it they are trained here.
Routed are the reports of which the reader is least sure.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from reportsup.nlp.rule_files import load_rules
from reportsup.pipelines.reader_training import annotated_sets, left_out_predictions, left_out_weights
from reportsup.pipelines.reader_training.outcomes import Outcomes, outcomes
from reportsup.pipelines.reader_training.plots import draw_routing
from reportsup.pipelines.reader_training.reliability import f1_of_the_surest

ROUTED = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--parts", type=int, metavar="N")
    parser.add_argument("--weights", type=Path, metavar="FOLDER")
    parser.add_argument("--png", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rules, sets = load_rules(), annotated_sets(arguments.files)
    weights = left_out_weights(sets, rules, parts=arguments.parts, kept_in=arguments.weights)
    rows = curve(outcomes(sets, left_out_predictions(sets, rules, weights)))
    if arguments.png:
        n = sum(part.counts["reports"] for part in sets)
        draw_routing(arguments.png, rows, f"{n:,} reports of {len(sets)} institutions, each left out")
    if arguments.json:
        print(json.dumps(rows))
        return
    print(
        f"{'routed':>7}{'kept reports':>14}{'surer than':>12}{'F1 target':>11}{'joint F1':>10}{'F1 of the routed':>18}"
    )
    for row in rows:
        given = "" if row["routed_target_f1"] is None else f"{row['routed_target_f1']:.3f}"
        print(
            f"{row['routed']:7.0%}{row['kept']:14,}{row['surer_than']:12.3f}{row['target_f1']:11.3f}"
            f"{row['joint_f1']:10.3f}{given:>18}"
        )


def curve(found: Outcomes) -> list[dict[str, Any]]:
    """Figures of the reports that are kept, for every share routed."""
    order = np.argsort(-found.report_confidence, kind="stable")
    rows = []
    for routed in ROUTED:
        n_kept = round((1 - routed) * len(order))
        given = order[n_kept:]
        rows.append(
            {
                "routed": routed,
                "kept": n_kept,
                "surer_than": round(float(found.report_confidence[order[n_kept - 1]]), 4),
                "target_f1": _rounded(f1_of_the_surest(found, 1 - routed)),
                "joint_f1": _rounded(f1_of_the_surest(found, 1 - routed, joint=True)),
                "routed_target_f1": _rounded(f1_of_the_surest(found, 1.0, reports=given)) if len(given) else None,
            }
        )
    return rows


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


if __name__ == "__main__":
    main()
