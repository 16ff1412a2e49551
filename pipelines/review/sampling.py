"""Reports drawn for review: at random, or from strata so that rare organs and sizes are seen too."""

import hashlib
import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from ...schemas import ConfigError
from .review_file import Sample, SampledReport

STRATIFY = ("organ", "size", "certainty", "confidence", "modality")
_MIN_PER_STRATUM = 2  # what an estimate of the spread within a stratum needs
_MEAN_PER_STRATUM = 5
_SIZE_CLASSES_MM = ((10, "up to 10 mm"), (20, "10 to 20 mm"), (40, "20 to 40 mm"), (math.inf, "over 40 mm"))
_CONFIDENCE_CLASSES = ((0.5, "below 0.5"), (0.7, "0.5 to 0.7"), (0.9, "0.7 to 0.9"), (math.inf, "0.9 and more"))
_NO_FINDING, _NO_SIZE, _NOT_GIVEN, _OTHERWISE = "no finding", "no size", "not given", "otherwise"
_Stratum = tuple[str, ...]  # the value of each key
_ALL, _REST = ("all reports",), ("the rest",)
_REPORTS = """
SELECT report_id, e.confidence, r.modality FROM v_extractions e JOIN reports r USING (report_id)
WHERE e.status IN ('ok', 'no_lesion') AND NOT e.by_reader AND NOT e.stale
AND ($within IS NULL OR list_contains($within, report_id)) ORDER BY report_id"""
_FINDINGS = "SELECT report_id, organ, largest_diameter_mm, certainty FROM v_findings"


@dataclass(frozen=True)
class _Found:
    """A finding as far as strata are made of it."""

    organ: str
    largest_mm: float | None
    certainty: str


def draw(
    connection: duckdb.DuckDBPyConnection,
    size: int,
    seed: int,
    stratify: Sequence[str] = (),
    *,
    view: str | None = None,
    within: Sequence[str] | None = None,
) -> Sample:
    """Draw reports that a machine has read; the same seed draws the same ones.

    Strata get reports by the square root of their size, two at least where there are as many, so that rare ones are
    judged as well as common ones. Strata are at most a fifth of the sample; the smallest are taken together.

    Args:
        size: of the sample; all reports when there are fewer.
        stratify: of `STRATIFY`. The organ of a report is the one of its findings' organs that fewest reports have, the
            size that of the largest lesion there.
        view: audit view that `within` comes from. within: draw from these reports only.

    Raises:
        ConfigError: unknown strata, or no report to draw from.
    """
    unknown = [name for name in stratify if name not in STRATIFY]
    if unknown:
        raise ConfigError(f"--stratify does not know '{unknown[0]}'. Name some of {', '.join(STRATIFY)}.")
    rows = connection.execute(_REPORTS, {"within": None if within is None else list(within)}).fetchall()
    if not rows:
        raise ConfigError("There is no report to draw from: none was read by a machine. Run `reportsup extract` first.")
    strata = _strata(connection, rows, stratify)
    by_stratum: dict[_Stratum, list[str]] = defaultdict(list)
    for (report_id, *_), stratum in zip(rows, strata, strict=True):
        by_stratum[stratum].append(report_id)
    by_stratum = _pooled(by_stratum, size // _MEAN_PER_STRATUM)
    names = sorted(by_stratum)
    generator = random.Random(seed)
    drawn = []
    for name, n in zip(names, allocate([len(by_stratum[name]) for name in names], size), strict=True):
        ids = generator.sample(by_stratum[name], n)
        label, held = " · ".join(name), len(by_stratum[name])
        drawn += [SampledReport(report_id=i, stratum=label, stratum_size=held) for i in sorted(ids)]
    return Sample(
        sample_id=_identity(drawn), seed=seed, stratified_by=list(stratify), view=view,
        drawn_at=datetime.now(UTC), reports=drawn,
    )  # fmt: skip


def allocate(sizes: Sequence[int], n: int) -> list[int]:
    """How many to draw from strata of these sizes, `n` in all (or everything, if there is less).

    >>> allocate([10000, 100, 1], 30)
    [25, 4, 1]
    """
    n = min(n, sum(sizes))
    given = [min(_MIN_PER_STRATUM, size) for size in sizes] if n >= _MIN_PER_STRATUM * len(sizes) else [0] * len(sizes)
    while (left := n - sum(given)) > 0:
        open_strata = [i for i, size in enumerate(sizes) if given[i] < size]
        total = sum(math.sqrt(sizes[i]) for i in open_strata)
        shares = {i: left * math.sqrt(sizes[i]) / total for i in open_strata}
        whole = {i: min(int(share), sizes[i] - given[i]) for i, share in shares.items()}
        if not any(whole.values()):
            for i in sorted(open_strata, key=lambda i: (-shares[i], i))[:left]:
                given[i] += 1
            continue
        for i, more in whole.items():
            given[i] += more
    return given


def _strata(connection: duckdb.DuckDBPyConnection, rows: Sequence[tuple], stratify: Sequence[str]) -> list[_Stratum]:
    if not stratify:
        return [_ALL] * len(rows)
    wanted = {row[0] for row in rows}
    found: dict[str, list[_Found]] = defaultdict(list)
    for report_id, *values in connection.execute(_FINDINGS).fetchall():
        if report_id in wanted:
            found[report_id].append(_Found(*values))
    frequency = Counter(organ for findings in found.values() for organ in {f.organ for f in findings})
    return [_stratum(found[report_id], frequency, stratify, *others) for report_id, *others in rows]


def _stratum(
    findings: Sequence[_Found],
    frequency: Mapping[str, int],
    stratify: Sequence[str],
    confidence: float | None,
    modality: str | None,
) -> _Stratum:
    organ = min((f.organ for f in findings), key=lambda o: (frequency[o], o), default=None)
    there = [f for f in findings if f.organ == organ] if "organ" in stratify else findings
    measured = [f.largest_mm for f in there if f.largest_mm is not None]
    told = {
        "organ": organ or _NO_FINDING,
        "size": _class(max(measured), _SIZE_CLASSES_MM) if measured else _NO_SIZE,
        "certainty": "possible" if any(f.certainty == "possible" for f in findings) else "present",
        "confidence": _NOT_GIVEN if confidence is None else _class(confidence, _CONFIDENCE_CLASSES),
        "modality": modality or _NOT_GIVEN,
    }
    if not findings:
        told |= dict.fromkeys(("organ", "size", "certainty"), _NO_FINDING)
    return tuple(dict.fromkeys(told[name] for name in stratify))


def _class(value: float, classes: Sequence[tuple[float, str]]) -> str:
    return next(name for limit, name in classes if value < limit or (value == limit and classes is _SIZE_CLASSES_MM))


def _pooled(strata: Mapping[_Stratum, list[str]], most: int) -> dict[_Stratum, list[str]]:
    """At most so many strata: the smallest joins the next one of its organ (or other first keys), else the rest."""
    pooled = dict(strata)
    while len(pooled) > max(most, 1):
        order = sorted((s for s in pooled if s != _REST), key=lambda s: (len(pooled[s]), s))
        smallest = order[0]
        sibling = next((s for s in order[1:] if len(s) == len(smallest) > 1 and s[:-1] == smallest[:-1]), None)
        wider = (*smallest[:-1], _OTHERWISE) if sibling else _REST
        pooled[wider] = sorted({i for s in (smallest, sibling, wider) if s in pooled for i in pooled[s]})
        for gone in {s for s in (smallest, sibling) if s and s != wider}:
            del pooled[gone]
    return pooled


def _identity(drawn: Sequence[SampledReport]) -> str:
    told = repr([(r.report_id, r.stratum, r.stratum_size) for r in drawn])
    return hashlib.sha256(told.encode()).hexdigest()[:12]
