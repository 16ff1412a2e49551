"""Two pictures: what reports change, with intervals; and each arm's figures with every seed as a point."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from arms import MASKS, PUBLISHED, REPORTS
from comparisons import ArmResults, Compared, figures_of
from data import ORGANS
from matplotlib.axes import Axes

COLOURS = {MASKS: "#8a8a8a", REPORTS: "#1f6fb4", PUBLISHED: "#d9822b"}
SHOWN = {"f1": "F1, points", "dsc": "DSC, hundredths", "froc": "FROC, hundredths"}


def draw_differences(path: Path, compared: dict[tuple[str, str], dict[str, Compared]]) -> None:
    """Reports against masks alone and against the published recipe: one row a stratum, one panel a figure."""
    pairs = [(a, b) for a, b in ((MASKS, REPORTS), (PUBLISHED, REPORTS)) if (a, b) in compared]
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(11, 3.6), sharey=True, layout="constrained")
    for axis, (metric, title) in zip(axes, SHOWN.items(), strict=True):
        for offset, (a, b) in zip(np.linspace(-0.15, 0.15, 2), pairs, strict=False):
            _forest(axis, compared[a, b], metric, offset, COLOURS[a], f"masks and reports − {a}")
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_title(title, fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
    strata = list(next(iter(compared.values())))
    axes[0].set_yticks(range(len(strata)), strata)
    axes[0].invert_yaxis()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    figure.suptitle("Right of 0: better with our reports (95 % interval by patient; small points: single seeds)")
    _save(figure, path)


def _forest(axis: Axes, strata: dict[str, Compared], metric: str, offset: float, colour: str, label: str) -> None:
    for row, found in enumerate(strata.values()):
        d = found.differences[metric]
        if d.difference is None or d.lo is None or d.hi is None:
            continue
        axis.plot([100 * d.lo, 100 * d.hi], [row + offset] * 2, color=colour, linewidth=2)
        axis.plot(100 * d.difference, row + offset, "o", color=colour, label=label if row == 0 else None)
        seeds = [100 * value for value in found.of_seeds[metric]]
        axis.plot(seeds, [row + offset] * len(seeds), ".", color="black", markersize=3)


def draw_arms(path: Path, arms: dict[str, ArmResults], order: list[str]) -> None:
    """F1 and DSC of every arm by organ, bars over seeds and a point for each."""
    figure, axes = plt.subplots(2, 1, figsize=(9, 6), sharex=True, layout="constrained")
    width = 0.8 / len(order)
    for axis, metric in zip(axes, ("f1", "dsc"), strict=True):
        for i, name in enumerate(order):
            for x, organ in enumerate((None, *ORGANS)):
                estimates, of_seeds = figures_of(arms[name], organ, None)
                at = x - 0.4 + (i + 0.5) * width
                colour = COLOURS.get(name, plt.cm.Set2(i % 8))
                axis.bar(at, estimates[metric].value or 0, width * 0.9, color=colour, label=name if x == 0 else None)
                seeds = [values[metric] for values in of_seeds.values()]
                axis.plot([at] * len(seeds), seeds, ".", color="black", markersize=4)
        axis.set_ylabel(metric.upper())
        axis.set_ylim(0, 1)
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].set_xticks(range(1 + len(ORGANS)), ["all organs", *ORGANS])
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=130)
    plt.close(figure)
