"""From results of single cases to figures with intervals, per organ and site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .froc import THRESHOLDS, froc_score
from .lesions import SIZE_LABELS, size_stratum
from .patients import OperatingPoint, auc, average_precision, confusion_metrics
from .records import ChannelResult, EvaluationSettings
from .statistics import Estimate, Indices, bootstrap
from .volume_agreement import VolumeAgreement, volume_agreement

ALL = "all"


@dataclass(frozen=True)
class SizeStratum:
    """Sensitivity for lesions, and for patients by their largest lesion, of one size."""

    label: str
    n_lesions: int
    lesion_sensitivity: Estimate
    n_patients: int
    patient_sensitivity: Estimate


@dataclass(frozen=True)
class Summary:
    """Figures of one organ at one site; "all" pools them.

    Attributes:
        n_cases: case × organ pairs; n_positive, n_negative: those known to hold, or not to hold, a lesion.
        n_masked: pairs with a lesion in a mask; n_missed: those of them without any predicted voxel.
        n_lesions: true lesions in the masks.
        metrics: name → estimate, names as in `METRICS`. For organ "all", patient-level metrics are means over organs,
            the others pool cases and lesions.
        volume: agreement with reported volumes; None when no report gives one.
    """

    organ: str
    site: str
    n_cases: int
    n_positive: int
    n_negative: int
    n_masked: int
    n_missed: int
    n_lesions: int
    metrics: dict[str, Estimate]
    sizes: tuple[SizeStratum, ...]
    volume: VolumeAgreement | None


PATIENT_METRICS = ("sensitivity", "specificity", "precision", "f1", "auc", "auprc")
METRICS = (*PATIENT_METRICS, "dsc", "nsd", "hd95_mm", "lesion_sensitivity", "false_positives_per_case", "froc")


class ResultTable:
    """Results as arrays, one entry per case × organ, so that metrics of resampled rows are quick."""

    def __init__(self, results: Sequence[ChannelResult], points: Mapping[str, OperatingPoint]) -> None:
        names = sorted({r.organ for r in results})
        self.organ = np.array([names.index(r.organ) for r in results], dtype=np.intp)
        self.patient = np.array([r.patient for r in results], dtype=np.intp)
        self.known = np.array([r.present is not None for r in results], dtype=bool)
        self.truth = np.array([bool(r.present) for r in results], dtype=bool)
        self.score = np.array([r.score for r in results], dtype=float)
        self.called = np.array([r.score >= points[r.organ].threshold for r in results], dtype=bool)
        self.dsc, self.nsd, self.hd95_mm = (
            np.array([np.nan if getattr(r, name) is None else getattr(r, name) for r in results], dtype=float)
            for name in ("dsc", "nsd", "hd95_mm")
        )
        self.false_positives = np.array(
            [np.nan if r.false_positive_diameters_mm is None else len(r.false_positive_diameters_mm) for r in results],
            dtype=float,
        )
        self.placed = ~np.isnan(self.false_positives)  # rows whose truth says where lesions are
        self.found_at, self.false_at = detection_tables(results)
        self.lesions = _count_by_size(results, detected_only=False)  # (rows, strata)
        self.found = _count_by_size(results, detected_only=True)
        self.largest = np.array(
            [-1 if r.largest_diameter_mm is None else size_stratum(r.largest_diameter_mm) for r in results], dtype=int
        )
        self.n_organs = len(names)

    def metrics(self, rows: Indices) -> dict[str, float]:
        """Every metric of `METRICS` on the rows, NaN where not defined."""
        per_organ = [self._patient_metrics(rows[self.organ[rows] == organ]) for organ in range(self.n_organs)]
        values = {name: _mean(np.array([organ[name] for organ in per_organ])) for name in PATIENT_METRICS}
        values |= {name: _mean(getattr(self, name)[rows]) for name in ("dsc", "nsd", "hd95_mm")}
        values["lesion_sensitivity"] = _ratio(self.found[rows].sum(), self.lesions[rows].sum())
        values["false_positives_per_case"] = _mean(self.false_positives[rows])
        placed = rows[self.placed[rows]]
        values["froc"] = froc_score(self.found_at[placed], self.false_at[placed], self.lesions[placed].sum())
        return values

    def sensitivity_by_size(self, rows: Indices) -> dict[str, float]:
        """Sensitivity for lesions ("lesion 0" …) and patients ("patient 0" …) of each size stratum."""
        values = {}
        for stratum in range(len(SIZE_LABELS)):
            values[f"lesion {stratum}"] = _ratio(self.found[rows, stratum].sum(), self.lesions[rows, stratum].sum())
            sick = rows[self.truth[rows] & (self.largest[rows] == stratum)]
            values[f"patient {stratum}"] = _ratio(self.called[sick].sum(), len(sick))
        return values

    def _patient_metrics(self, rows: Indices) -> dict[str, float]:
        rows = rows[self.known[rows]]
        truth, score = self.truth[rows], self.score[rows]
        return {
            **confusion_metrics(truth, self.called[rows]),
            "auc": auc(truth, score),
            "auprc": average_precision(truth, score),
        }


def summarise(
    results: Sequence[ChannelResult], points: Mapping[str, OperatingPoint], settings: EvaluationSettings
) -> tuple[Summary, ...]:
    """Figures per organ and site, the pooled ones first."""
    return tuple(_summary(organ, site, rows, points, settings) for organ, site, rows in strata(results))


def strata(results: Sequence[ChannelResult]) -> list[tuple[str, str, list[ChannelResult]]]:
    """Results of each organ and site; "all" is left out where there is only one of them to pool."""
    organs = sorted({r.organ for r in results})
    sites = sorted({r.site for r in results if r.site is not None})
    kept = []
    for site in [ALL, *(sites if len(sites) > 1 else [])]:
        for organ in [*([ALL] if len(organs) != 1 else []), *organs]:
            rows = [r for r in results if organ in (ALL, r.organ) and site in (ALL, r.site)]
            if rows:
                kept.append((organ, site, rows))
    return kept


def _summary(
    organ: str,
    site: str,
    results: list[ChannelResult],
    points: Mapping[str, OperatingPoint],
    settings: EvaluationSettings,
) -> Summary:
    table = ResultTable(results, points)
    options = {"n_resamples": settings.n_resamples, "seed": settings.seed}
    sizes = bootstrap(table.sensitivity_by_size, table.patient, level=settings.level, **options)
    masked = [r for r in results if r.dsc is not None]
    return Summary(
        organ=organ,
        site=site,
        n_cases=len(results),
        n_positive=int((table.known & table.truth).sum()),
        n_negative=int((table.known & ~table.truth).sum()),
        n_masked=len(masked),
        n_missed=sum(r.predicted_volume_mm3 == 0 for r in masked),
        n_lesions=int(table.lesions.sum()),
        metrics=bootstrap(table.metrics, table.patient, level=settings.level, **options),
        sizes=tuple(
            SizeStratum(
                label=label,
                n_lesions=int(table.lesions[:, i].sum()),
                lesion_sensitivity=sizes[f"lesion {i}"],
                n_patients=int((table.truth & (table.largest == i)).sum()),
                patient_sensitivity=sizes[f"patient {i}"],
            )
            for i, label in enumerate(SIZE_LABELS)
        ),
        volume=_volume(results),
    )


def _volume(results: list[ChannelResult]) -> VolumeAgreement | None:
    pairs = [(r.predicted_volume_mm3, r.reported) for r in results if r.reported and not r.reported.no_lesion]
    return volume_agreement([p for p, _ in pairs], [r for _, r in pairs]) if pairs else None


def detection_tables(results: Sequence[ChannelResult]) -> tuple[np.ndarray, np.ndarray]:
    """Lesions found and false positives, (rows, thresholds) each; NaN where the truth has no places."""
    unknown = (np.nan,) * len(THRESHOLDS)
    found = [r.detections.n_found if r.detections else unknown for r in results]
    wrong = [r.detections.n_false_positives if r.detections else unknown for r in results]
    return np.array(found, dtype=float), np.array(wrong, dtype=float)


def _count_by_size(results: Sequence[ChannelResult], *, detected_only: bool) -> np.ndarray:
    counts = np.zeros((len(results), len(SIZE_LABELS)))
    for i, result in enumerate(results):
        for lesion in result.lesions:
            counts[i, size_stratum(lesion.diameter_mm)] += lesion.detected or not detected_only
    return counts


def _mean(values: np.ndarray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
