"""An evaluation and a comparison of two runs on the terminal, 80 columns wide."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...segmentation.evaluation import Comparison, Evaluation
    from ...segmentation.evaluation.statistics import Estimate
    from ...segmentation.evaluation.summary import Summary

_ORGANS_A_TABLE = 3  # beside the names of the figures


def print_evaluation(evaluation: "Evaluation", comparison: "Comparison | None", *, by_site: bool) -> None:
    """Print the figures of all sites together, then the differences to another run.

    Args:
        by_site: also print those of each site.
    """
    from rich.console import Console

    from .printing import print_table

    for site in _sites((summary.site for summary in evaluation.summaries), by_site):
        summaries = [summary for summary in evaluation.summaries if summary.site == site]
        title = f"{evaluation.name}: {evaluation.settings.test_split}, {_site(site)}, with 95 % intervals"
        for start in range(0, len(summaries), _ORGANS_A_TABLE):
            print_table(title, *_figures(summaries[start : start + _ORGANS_A_TABLE]))
    if comparison is not None:
        console = Console()
        console.print(f"{comparison.n_paired} pairs of case and organ")
        for site in _sites((stratum.site for stratum in comparison.strata), by_site):
            console.print(_comparison_table(comparison, site))


def _sites(sites: Iterable[str], each: bool) -> Iterator[str]:
    return (site for site in dict.fromkeys(sites) if each or site == "all")


def _figures(summaries: "list[Summary]") -> tuple[list[str], list[list[str]]]:
    """Columns and rows: a figure a row, an organ a column."""
    columns = ["figure", *("all organs" if summary.organ == "all" else summary.organ for summary in summaries)]
    rows = [[name, *(_estimate(summary.metrics[name]) for summary in summaries)] for name in summaries[0].metrics]
    return columns, rows


def _comparison_table(comparison: "Comparison", site: str) -> Any:
    from rich import box
    from rich.table import Table

    a, b = comparison.name_a, comparison.name_b
    title = f"{b} − {a}: {_site(site)}; with 95 % interval and p"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("organ", "metric", a, b, "difference", "p"):
        table.add_column(column, no_wrap=column not in (a, b))
    for stratum in (s for s in comparison.strata if s.site == site):
        for name, d in stratum.metrics.items():
            interval = "" if d.lo is None or d.hi is None else f" [{_signed(d.lo)}, {_signed(d.hi)}]"
            difference = _signed(d.difference) + interval
            table.add_row(stratum.organ, name, _number(d.a), _number(d.b), difference, _number(d.p_value))
    return table


def _site(site: str) -> str:
    return "all sites" if site == "all" else site


def _estimate(estimate: "Estimate") -> str:
    if estimate.value is None:
        return "–"
    digits = 2 if abs(estimate.value) < 10 else 1
    if estimate.lo is None or estimate.hi is None:
        return f"{estimate.value:.{digits}f}"
    return f"{estimate.value:.{digits}f} ({estimate.lo:.{digits}f}–{estimate.hi:.{digits}f})"


def _signed(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:+.0f}" if abs(value) >= 10 else f"{value:+.2f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if value < 100 else f"{value:.1f}"
