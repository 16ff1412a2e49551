"""Predictions with faults of every kind, made from annotations: the same ones on every machine."""

import copy
import json
import random
from pathlib import Path

DATA = Path(__file__).parents[3] / "data_samples"
SETS = {
    "samples": (DATA / "reports.gold.jsonl", DATA / "reports.csv"),
    **{
        f"institution_{n}": (
            DATA / "benchmark" / f"institution_{n}.gold.jsonl",
            DATA / "benchmark" / f"institution_{n}.reports.jsonl",
        )
        for n in (1, 2, 3)
    },
}


def distorted(gold: Path) -> list[dict]:
    """The records of a gold file with findings lost, doubled, moved and changed; one report in twenty is left out."""
    chance = random.Random(12).random
    records = []
    for line in gold.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if chance() < 0.05:
            continue
        findings = [_changed(finding, chance) for finding in record["findings"] if chance() > 0.12]
        findings += [copy.deepcopy(finding) for finding in findings if chance() < 0.06]
        negatives = [organ for organ in record["negative_organs"] if chance() > 0.3]
        negatives += [organ for organ in ("liver", "spleen", "lymph_node") if chance() < 0.1 and organ not in negatives]
        records.append({"id": record["id"], "findings": findings, "negative_organs": negatives})
    return records


def _changed(finding: dict, chance) -> dict:
    changed = copy.deepcopy(finding)
    if chance() < 0.06:
        changed["organ"] = "pancreas" if finding["organ"] == "liver" else "liver"
    if chance() < 0.1:
        changed["laterality"] = {"left": "right", "right": None, "bilateral": "left", None: "left"}[
            finding["laterality"]
        ]
    if chance() < 0.15:
        changed["location"] = finding["location"][1:] or ["left lower lobe"]
    if chance() < 0.1:
        changed["type"] = "benign" if finding["type"] != "benign" else "cyst"
    if chance() < 0.1:
        changed["count_min"], changed["count"] = finding["count_min"] + 1, None
    if chance() < 0.1 and finding["prior_sizes_mm"]:
        changed["sizes_mm"], changed["size_bound"] = finding["prior_sizes_mm"], "exact"
    elif chance() < 0.25:
        factor = 0.9 + 0.2 * chance()
        changed["sizes_mm"] = [[d * factor for d in size] for size in finding["sizes_mm"]]
    elif chance() < 0.1:
        changed["sizes_mm"], changed["size_bound"] = [], None
    if chance() < 0.05:
        changed["certainty"] = "possible" if finding["certainty"] == "present" else "present"
    if chance() < 0.05:
        changed["evidence"] = ["words that no report has"]
    return changed
