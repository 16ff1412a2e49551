"""What came out of the demo: masks alone against masks and reports, whatever it is."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...segmentation.evaluation import Comparison, Evaluation
    from ...segmentation.evaluation.comparison import ComparedStratum
    from ...segmentation.evaluation.statistics import Difference

# metric → how it is called here, and whether more of it is better
_FIGURES = {
    "f1": ("patients: F1", True),
    "auc": ("patients: AUC", True),
    "lesion_sensitivity": ("lesions found", True),
    "false_positives_per_case": ("false positives a case", False),
    "dsc": ("overlap: DSC", True),
    "froc": ("FROC", True),
}
_SHORT = ("f1", "lesion_sensitivity", "false_positives_per_case", "dsc")
_UNSEEN_SITE = "scanner_B"


def print_comparison(run: Path, other: Path) -> None:
    """Print the figures of a run with reports beside those of one without, and which of them differ beyond chance.

    Args:
        run: folder that holds `comparison.json` and `evaluation.json`.
        other: the run that it was compared with.
    """
    from rich.console import Console

    from ...segmentation.evaluation import Comparison, Evaluation
    from ..commands.printing import print_table

    comparison = Comparison.from_json(run / "comparison.json")
    n = len({result.case_id for result in Evaluation.from_json(run / "evaluation.json").test_results})
    print_table(
        f"Do reports help here? {n} unseen patients, half of scanner B, which gave no masks",
        ("where", "figure", "masks", "+ reports", "difference (95 %)"),
        _rows(comparison),
        names=2,
    )
    evaluations = Evaluation.from_json(other / "evaluation.json"), Evaluation.from_json(run / "evaluation.json")
    print_table(
        "Lesions found, by their size", ("where", "size", "lesions", "masks", "+ reports"), _sizes(*evaluations)
    )
    Console().print(verdict(_stratum(comparison, "all", "all")), highlight=False, markup=False)


def verdict(stratum: "ComparedStratum") -> str:
    """Which figures the reports made better, worse, or changed by no more than chance does, in one line each."""
    told: dict[str, list[str]] = {"Better with reports": [], "Worse with reports": [], "Within chance": []}
    for name, (words, more_is_better) in _FIGURES.items():
        difference = stratum.metrics[name]
        if difference.lo is None or difference.hi is None or difference.lo <= 0 <= difference.hi:
            told["Within chance"].append(words)
        else:
            better = (difference.lo > 0) == more_is_better
            told["Better with reports" if better else "Worse with reports"].append(words)
    return "\n".join(f"{what}: {', '.join(names)}." for what, names in told.items() if names)


def _rows(comparison: "Comparison") -> Iterable[Sequence[str]]:
    organs = [s.organ for s in comparison.strata if s.site == "all" and s.organ != "all"]
    places = [("all", "all", "all organs", tuple(_FIGURES))]
    places += [(organ, "all", organ, _SHORT) for organ in organs]
    places += [("all", _UNSEEN_SITE, "scanner B", _SHORT)]
    for organ, site, where, names in places:
        stratum = _stratum(comparison, organ, site)
        for k, name in enumerate(names):
            difference = stratum.metrics[name]
            shown = (_number(difference.a), _number(difference.b), _difference(difference))
            yield (where if k == 0 else "", _FIGURES[name][0], *shown)


def _sizes(masks: "Evaluation", reports: "Evaluation") -> Iterable[Sequence[str]]:
    for summary in reports.summaries:
        if summary.site != "all" or summary.organ == "all":
            continue
        pairs = zip(summary.sizes, masks.summary(summary.organ, "all").sizes, strict=True)
        shown = [(mine, other) for mine, other in pairs if mine.n_lesions]
        for k, (mine, other) in enumerate(shown):
            found = (_number(other.lesion_sensitivity.value), _number(mine.lesion_sensitivity.value))
            yield (summary.organ if k == 0 else "", mine.label, str(mine.n_lesions), *found)


def _stratum(comparison: "Comparison", organ: str, site: str) -> "ComparedStratum":
    return next(s for s in comparison.strata if (s.organ, s.site) == (organ, site))


def _difference(difference: "Difference") -> str:
    if difference.difference is None:
        return "–"
    if difference.lo is None or difference.hi is None:
        return f"{difference.difference:+.2f}"
    return f"{difference.difference:+.2f} ({difference.lo:+.2f} to {difference.hi:+.2f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
