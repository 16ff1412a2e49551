"""docs/results.md and its pictures from the finished runs: what was found first, then every table that it rests on."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from arms import ARMS, BY_NAME, MASKS, PUBLISHED, REPORTS
from bars import bars
from comparisons import METRICS, ArmResults, Compared, by_size, compare, figures_of, read_arms
from data import ORGANS, SMALLEST_MM
from pictures import draw_arms, draw_differences
from reportsup.schemas.atomic import write_text
from reportsup.segmentation.evaluation.statistics import Difference, Estimate
from reportsup.segmentation.synthetic import DatasetSize

SITES = {"own scanner": "scanner_A", "unseen scanner": "scanner_B"}  # no mask comes from scanner B
STRATA: tuple[tuple[str, str | None, str | None], ...] = (
    ("all organs", None, None),
    *((organ, organ, None) for organ in ORGANS),
    *((f"all organs, {name}", None, site) for name, site in SITES.items()),
)
MAIN = ("f1", "auc", "dsc", "froc", "false_positives_per_case")
NAMES = {"f1": "F1", "auc": "AUC", "dsc": "DSC", "froc": "FROC", "sensitivity": "sensitivity",
         "specificity": "specificity", "false_positives_per_case": "false positives a case and organ"}  # fmt: skip

SETTING = """## Setting

{size.masked} training cases with masks, all from scanner A; {size.reported} with a report alone, a third of them from
scanner B; half of all have no lesion. Lesions from {smallest_mm:g} mm up, even in the logarithm of their diameter.
{size.validation} validation cases choose weights, learning rates and operating points; {size.test} test cases are from
scanner A, {size.external} from scanner B. Stage 1 (masks) is trained once a seed; every arm goes on from it for the
same number of optimiser steps, with the same network, augmentation and schedule. A predicted lesion counts from 113 mm³
and within 8 mm of its organ. DSC and false positives are those of the mask at ½ and tell of calibration too; AUC and
FROC depend on no threshold.
"""


def write_report(results: Path, docs: Path) -> None:
    """Print the tables and write them with their pictures; says what is missing where arms are not finished."""
    arms = read_arms(results)
    if not {MASKS, REPORTS} <= arms.keys():
        print(f"{results}: {', '.join(arms) or 'no arm'} finished vs {MASKS} and {REPORTS}. Nothing to compare yet.")
        return
    pairs = [(a, b) for a, b in PAIRS if a in arms and b in arms]
    compared = {
        (a, b): {name: compare(arms[a], arms[b], organ, site) for name, organ, site in STRATA} for a, b in pairs
    }
    (docs / "figures").mkdir(parents=True, exist_ok=True)
    draw_differences(docs / "figures" / "proof_differences.png", compared)
    draw_arms(docs / "figures" / "proof_arms.png", arms, [arm.name for arm in ARMS if arm.name in arms])
    data = json.loads((results / "data.json").read_text(encoding="utf-8"))
    text = "\n".join(_page(arms, compared, DatasetSize(**data["cases"]), data["lesions"])) + "\n"
    write_text(docs / "results.md", text)
    print(text)


PAIRS = (
    (MASKS, REPORTS),
    (PUBLISHED, REPORTS),
    (MASKS, PUBLISHED),
    ("masks, equal mask crops", REPORTS),
    *((arm.name, REPORTS) for arm in ARMS if arm.like == REPORTS),
)


def _page(
    arms: dict[str, ArmResults],
    compared: dict[tuple[str, str], dict[str, Compared]],
    size: DatasetSize,
    lesions: dict[str, int],
) -> Iterator[str]:
    yield "# Do reports help every organ?\n"
    yield from _found(compared, arms, size)
    yield (
        "\n`python benchmarks/proof WORK` makes all of this; `--smoke` runs every arm in minutes, `--tables` writes "
        "this page again from `benchmarks/results/proof`.\n"
    )
    yield "![Differences](figures/proof_differences.png)\n\n![Arms](figures/proof_arms.png)\n"
    yield from _setting(size, lesions)
    yield "\n## What had to be shown\n\n| what | needed | found | reached |\n|---|---|---|---|"
    yield from (f"| {bar.what} | {bar.needed} | {bar.found} | {bar.verdict} |" for bar in bars(compared))
    yield "\n## Arms\n\nMean over seeds with the 95 % interval by patient.\n"
    yield from _arms(arms)
    yield "\n## Differences"
    for (a, b), strata in compared.items():
        yield from _differences(a, b, strata)
    yield "\n## Lesions found, by size\n"
    yield from _sizes(arms)
    yield "\n## Runs\n"
    yield from _runs(arms)


def _found(
    compared: dict[tuple[str, str], dict[str, Compared]], arms: dict[str, ArmResults], size: DatasetSize
) -> Iterator[str]:
    """Three sentences."""
    strata = compared[MASKS, REPORTS]
    unseen = strata["all organs, unseen scanner"].differences["f1"]
    everything = strata["all organs"]
    false = everything.differences["false_positives_per_case"]
    yield (
        f"On synthetic patients, adding {size.reported} reports to {size.masked} cases with masks changed F1 over all "
        f"organs by {_points(everything.differences['f1'])} points ({_judged(everything, 'f1')}), DSC by "
        f"{_signed(everything.differences['dsc'])} ({_judged(everything, 'dsc')}) and FROC by "
        f"{_signed(everything.differences['froc'])} ({_judged(everything, 'froc')}) over the same masks alone at equal "
        "steps; F1 by organ: "
        + "; ".join(
            f"{organ} {_points(strata[organ].differences['f1'])}, {_judged(strata[organ], 'f1')}" for organ in ORGANS
        )
        + f"; on the scanner that no mask comes from, {_points(unseen)}, "
        f"{_judged(strata['all organs, unseen scanner'], 'f1')}; false positives a case and organ, at the threshold ½, "
        f"went from {false.a:.2f} to {false.b:.2f}."
    )
    if (PUBLISHED, REPORTS) in compared:
        published = compared[PUBLISHED, REPORTS]["all organs"]
        figures = (("F1", "f1", _points), ("DSC", "dsc", _signed), ("FROC", "froc", _signed))
        told = [
            f"{name} differs by {say(published.differences[m])} ({_judged(published, m)})" for name, m, say in figures
        ]
        yield f"Against the published recipe on the same data, start and steps, {', '.join(told)}; F1 in points."
    n = len(arms[REPORTS].seeds)
    yield (
        f"Intensities and reports are synthetic, the grid is 4 mm, the network has 0.1 million weights and trains for "
        f"minutes, and {n} of the planned 3 seeds {'are' if n > 1 else 'is'} behind these figures; intervals are by "
        "patient and leave out how much another seed would change; none of this is shown for real CTs."
    )


def _setting(size: DatasetSize, lesions: dict[str, int]) -> Iterator[str]:
    yield SETTING.format(size=size, smallest_mm=SMALLEST_MM)
    yield "| lesions | " + " | ".join(ORGANS) + " |\n|---|" + "---|" * len(ORGANS)
    roles = {"masked": "training, masks", "reported": "training, reports", "validation": "validation",
             "test": "test, own scanner", "external": "test, unseen scanner"}  # fmt: skip
    for role, words in roles.items():
        yield f"| {words} | " + " | ".join(str(lesions.get(f"{role}, {organ}", 0)) for organ in ORGANS) + " |"


def _arms(arms: dict[str, ArmResults]) -> Iterator[str]:
    yield "| arm | stratum | " + " | ".join(NAMES[name] for name in METRICS) + " |\n|---|---|" + "---|" * len(METRICS)
    for arm in _ordered(arms):
        for name, organ, site in STRATA:
            estimates, _ = figures_of(arm, organ, site)
            yield f"| {arm.name} | {name} | " + " | ".join(_estimate(estimates[m]) for m in METRICS) + " |"


def _differences(a: str, b: str, strata: dict[str, Compared]) -> Iterator[str]:
    seeds = next(iter(strata.values())).seeds
    yield (
        f"\n### {b} − {a}\n\nSeeds {', '.join(map(str, seeds))}; p: paired bootstrap by patient, DSC also signed-rank. "
        "`shown`: the smallest difference that this test set shows with 80 % power.\n"
    )
    yield "| stratum | figure | difference | p | shown | single seeds | |\n|---|---|---|---|---|---|---|"
    for name, found in strata.items():
        for metric in MAIN:
            d = found.differences[metric]
            p = "–" if d.p_value is None else f"{d.p_value:.3f}"
            if metric == "dsc" and found.wilcoxon_p_dsc is not None:
                p += f"; {found.wilcoxon_p_dsc:.1g}"
            shown = found.smallest_shown[metric]
            singles = " ".join(f"{value:+.3f}" for value in found.of_seeds[metric])
            yield (
                f"| {name} | {NAMES[metric]} | {_signed(d)} | {p} | {'–' if shown is None else f'{shown:.3f}'} | "
                f"{singles} | {_verdict(d, found.of_seeds[metric], metric)} |"
            )


def _sizes(arms: dict[str, ArmResults]) -> Iterator[str]:
    rows = [(arm, organ, by_size(arm, organ)) for arm in _ordered(arms) for organ in ORGANS]
    labels = list(rows[0][2])
    yield "| arm | organ | " + " | ".join(labels) + " |\n|---|---|" + "---|" * len(labels)
    for arm, organ, found in rows:
        yield f"| {arm.name} | {organ} | " + " | ".join(f"{_estimate(e)} of {n}" for n, e in found.values()) + " |"


def _runs(arms: dict[str, ArmResults]) -> Iterator[str]:
    yield "| arm | seed | setting chosen on validation | steps | mask crops | report crops | validation score | hours |"
    yield "|---|---|---|---|---|---|---|---|"
    for arm in _ordered(arms):
        for seed, r in sorted(arm.records.items()):
            setting = f"{r['candidate']} ({_choice(arm)})"
            yield (
                f"| {arm.name} | {seed} | {setting} | {r['steps']} | {r['mask_crops']} | {r['report_crops']} | "
                f"{r['validation']['score']:.3f} | {r['hours']:.2f} |"
            )


def _choice(arm: ArmResults) -> str:
    of = BY_NAME[arm.name].like or arm.name
    return f"best of {arm.tried}" if arm.tried == len(BY_NAME[of].candidates) else f"{arm.tried} tried so far"


def _ordered(arms: dict[str, ArmResults]) -> list[ArmResults]:
    return [arms[arm.name] for arm in ARMS if arm.name in arms]


def _verdict(d: Difference, of_seeds: Sequence[float] = (), metric: str = "") -> str:
    if d.lo is None or d.hi is None:
        return "–"
    if d.lo <= 0 <= d.hi:
        return "inside the noise"
    if metric == "false_positives_per_case":
        return "more" if d.lo > 0 else "fewer"
    mixed = min(of_seeds, default=1) < 0 < max(of_seeds, default=-1)
    return ("better" if d.lo > 0 else "worse") + (", but not with every seed" if mixed else "")


def _judged(compared: Compared, metric: str) -> str:
    return _verdict(compared.differences[metric], compared.of_seeds[metric], metric)


def _points(d: Difference) -> str:
    return _signed(d, scale=100, digits=1)


def _signed(d: Difference, *, scale: float = 1, digits: int = 3) -> str:
    values = [None if v is None else v * scale for v in (d.difference, d.lo, d.hi)]
    if None in values:
        return "–"
    return "{:+.{n}f} ({:+.{n}f} to {:+.{n}f})".format(*values, n=digits)


def _estimate(e: Estimate) -> str:
    if e.value is None:
        return "–"
    return f"{e.value:.2f}" if e.lo is None else f"{e.value:.2f} ({e.lo:.2f}–{e.hi:.2f})"
