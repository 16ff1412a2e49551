"""The panels of the report page, each drawn on axes that the caller gives."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from .evaluate import Evaluation
from .froc import FALSE_POSITIVES_PER_CASE, froc_curve, froc_score
from .gallery import Example
from .patients import auc, roc_curve
from .statistics import Estimate
from .summary import detection_tables

TRUTH_COLOUR = "#1b9e77"
PREDICTION_COLOUR = "#d95f02"
ORGAN_COLOUR = "#9ecae1"
_LINES = ("#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#666666")


def draw_roc(axes: Axes, evaluation: Evaluation) -> None:
    """ROC curve of each organ on the test cases, its operating point as a dot."""
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    for i, (organ, point) in enumerate(evaluation.operating_points.items()):
        rows = [r for r in evaluation.test_results if r.organ == organ and r.present is not None]
        truth = np.array([bool(r.present) for r in rows], dtype=bool)
        score = np.array([r.score for r in rows], dtype=float)
        if not truth.any() or truth.all():
            continue  # no curve without both classes
        colour = _LINES[i % len(_LINES)]
        false_rate, sensitivity = roc_curve(truth, score)
        axes.plot(false_rate, sensitivity, color=colour, label=f"{organ} (AUC {auc(truth, score):.2f})")
        called = score >= point.threshold
        axes.plot(called[~truth].mean(), called[truth].mean(), "o", color=colour, markersize=6)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=8, frameon=False)
    axes.set(xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.set_title("Patients: ROC, dot = operating point", fontsize=10)


def draw_froc(axes: Axes, evaluation: Evaluation) -> None:
    """FROC curve of each organ on the test cases, the mask's threshold as a dot, at the edge if it lies beyond."""
    most = FALSE_POSITIVES_PER_CASE[-1]
    for i, organ in enumerate(evaluation.operating_points):
        rows = [r for r in evaluation.test_results if r.organ == organ and r.detections is not None]
        n_lesions = sum(len(r.lesions) for r in rows)
        if not n_lesions:
            continue
        colour = _LINES[i % len(_LINES)]
        found, wrong = detection_tables(rows)
        label = f"{organ} (FROC {froc_score(found, wrong, n_lesions):.2f})"
        rate, sensitivity = froc_curve(found, wrong, n_lesions)
        axes.plot(rate, sensitivity, color=colour, label=label)
        axes.plot([rate[-1], most], [sensitivity[-1]] * 2, color=colour, linestyle=":")  # no threshold reaches further
        detected = sum(lesion.detected for r in rows for lesion in r.lesions) / n_lesions
        alarms = sum(len(r.false_positive_diameters_mm or ()) for r in rows) / len(rows)
        axes.plot(min(alarms, most), detected, "o", color=colour, markersize=6, clip_on=False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=8, frameon=False)
    axes.set_xscale("symlog", base=2, linthresh=FALSE_POSITIVES_PER_CASE[0])
    axes.set_xticks([0.0, *FALSE_POSITIVES_PER_CASE], ["0", "⅛", "¼", "½", "1", "2", "4", "8"])
    axes.set(xlabel="false positives per case", ylabel="lesion sensitivity", xlim=(0, most), ylim=(-0.02, 1.02))
    axes.set_title("Lesions: FROC, dot = threshold of the mask", fontsize=10)


def draw_sizes(axes: Axes, evaluation: Evaluation) -> None:
    """Sensitivity per size stratum, lesions beside patients by their largest lesion, with intervals."""
    sizes = evaluation.summary().sizes
    for offset, colour, label, pairs in (
        (-0.2, _LINES[0], "lesions", [(s.lesion_sensitivity, s.n_lesions) for s in sizes]),
        (0.2, _LINES[1], "patients (largest lesion)", [(s.patient_sensitivity, s.n_patients) for s in sizes]),
    ):
        _bars(axes, offset, colour, label, pairs)
    axes.set_xticks(range(len(sizes)), [s.label for s in sizes])
    axes.set(ylim=(0, 1.12), ylabel="sensitivity")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.32), ncols=2, fontsize=8, frameon=False)
    axes.set_title("Sensitivity by longest axial diameter", fontsize=10)


def _bars(axes: Axes, offset: float, colour: str, label: str, pairs: Sequence[tuple[Estimate, int]]) -> None:
    x = np.arange(len(pairs)) + offset
    values = np.array([estimate.value or 0.0 for estimate, _ in pairs])
    axes.bar(x, values, width=0.38, color=colour, label=label)
    for xi, value, (estimate, n) in zip(x, values, pairs, strict=True):
        if estimate.lo is not None and estimate.hi is not None:
            axes.plot([xi, xi], [estimate.lo, estimate.hi], color="0.2", linewidth=1)
        axes.text(xi, max(value, estimate.hi or 0.0) + 0.02, f"n={n}", ha="center", va="bottom", fontsize=7)


def draw_volumes(axes: Axes, evaluation: Evaluation) -> None:
    """Predicted against reported volume with the reported interval; a miss sits on the lower edge."""
    rows = [r for r in evaluation.test_results if r.reported is not None and r.reported.estimate_mm3]
    axes.set_title("Predicted and reported volume (mL)", fontsize=10)
    axes.set(xlabel="reported", ylabel="predicted", xscale="log", yscale="log")
    if not rows:
        axes.text(0.5, 0.5, "no reported volume", ha="center", va="center", transform=axes.transAxes, color="0.5")
        return
    estimate = np.array([r.reported.estimate_mm3 for r in rows if r.reported], dtype=float) / 1000
    predicted = np.array([r.predicted_volume_mm3 for r in rows]) / 1000
    floor = min(estimate.min(), predicted[predicted > 0].min(initial=estimate.min())) / 3
    ceiling = max(estimate.max(), predicted.max()) * 3
    for x, row in zip(estimate, rows, strict=True):
        if row.reported is not None:
            hi = ceiling if row.reported.hi_mm3 is None else row.reported.hi_mm3 / 1000
            axes.plot([x, x], [max(row.reported.lo_mm3 / 1000, floor), hi], color="0.85", linewidth=3, zorder=1)
    axes.plot([floor, ceiling], [floor, ceiling], color="0.6", linewidth=1, zorder=2)
    missed = predicted == 0
    axes.plot(estimate[~missed], predicted[~missed], "o", color=_LINES[0], markersize=4, zorder=3)
    axes.plot(estimate[missed], np.full(missed.sum(), floor), "x", color=_LINES[1], zorder=3, label="missed")
    if missed.any():
        axes.legend(fontsize=8, frameon=False)
    axes.set(xlim=(floor, ceiling), ylim=(floor * 0.9, ceiling))


def draw_example(axes: Axes, example: Example) -> None:
    """CT cut-out with the outlines of truth, prediction and organ."""
    aspect = example.pixel_mm[0] / example.pixel_mm[1]
    axes.imshow(example.grey, cmap="gray", origin="lower", aspect=aspect, vmin=0, vmax=255)
    for mask, colour, width in (
        (example.organ_mask, ORGAN_COLOUR, 0.7),
        (example.truth, TRUTH_COLOUR, 1.5),
        (example.prediction, PREDICTION_COLOUR, 1.5),
    ):
        if mask.any() and not mask.all():
            axes.contour(mask, levels=[0.5], colors=[colour], linewidths=width)
    axes.set_axis_off()
