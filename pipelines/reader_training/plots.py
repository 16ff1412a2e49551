"""Pictures of confidence: whether it keeps its word, and what routing by it leaves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...schemas.atomic import atomic

_COLOURS = ("#1f77b4", "#d95f02", "#1b9e77")


def draw_reliability(path: Path, bins: Sequence[tuple[float, float, int]], title: str) -> None:
    """Share of right findings over their mean confidence, one point a bin, the diagonal for comparison.

    Args:
        bins: (mean confidence, share right, findings).
    """
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="as sure as right")
    confidence, right, counts = zip(*bins, strict=True)
    errors = [1.96 * (p * (1 - p) / n) ** 0.5 for p, n in zip(right, counts, strict=True)]
    axes.errorbar(confidence, right, yerr=errors, marker="o", color=_COLOURS[0], capsize=2, label="left-out findings")
    axes.set(xlabel="mean confidence", ylabel="share right in organ, side, sizes and count")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    axes.set_title(title, fontsize=10)
    axes.legend(loc="upper left", fontsize=8, frameon=False)
    _save(figure, path)


def draw_routing(path: Path, rows: Sequence[dict[str, Any]], title: str) -> None:
    """F1 of the reports that are kept over the share that is routed away.

    Args:
        rows: each with `routed`, `target_f1` and `joint_f1`.
    """
    figure, axes = _figure()
    shares = [row["routed"] for row in rows]
    for name, label, colour in (("target_f1", "target F1", _COLOURS[0]), ("joint_f1", "joint F1", _COLOURS[1])):
        axes.plot(shares, [row[name] for row in rows], marker="o", color=colour, label=label)
        axes.axhline(rows[0][name], color=colour, linestyle=":", linewidth=1)
    axes.set(xlabel="share of reports routed, the least sure first", ylabel="F1 of the reports kept")
    axes.set(xlim=(-0.02, 1), ylim=(0, 1.02))
    axes.set_title(title, fontsize=10)
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    _save(figure, path)


def _figure() -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _save(figure: Any, path: Path) -> None:
    with atomic(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
