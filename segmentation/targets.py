"""From the supervision view to what the trainer may believe about each case and organ.

A channel (the lesions of one organ in one case) has exactly one status:

    masked        a lesion mask is there and holds lesions: train on the voxels, the report is not needed
    known_absent  the lesion mask is there and empty, or the report calls the organ free of lesions
    report        the report describes lesions: volume interval and lesions per region, voxels of the regions unknown
    unknown       nothing may be believed: not trained on, and counted with its reason
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import duckdb

from ..schemas import Anatomy, ConfigError, load_anatomy
from .regions import RegionLevel, ResolvedRegion, join_overlapping, resolve_region


class ChannelStatus(StrEnum):
    """What is known of the lesions of one organ in one case."""

    MASKED = "masked"
    KNOWN_ABSENT = "known_absent"
    REPORT = "report"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ReportedLesion:
    """One lesion of a report.

    Attributes:
        diameters_mm: one to three diameters, largest first; empty for a lesion without a size.
        volume_mm3: estimate from the diameters; None without one (unsized, or only a lower bound).
        volume_lo_mm3, volume_hi_mm3: interval that holds the real volume; `volume_hi_mm3` None = open.
        sized: whether the report measures this lesion (not merely bounds it).
        certainty: "present" or "possible".
    """

    diameters_mm: tuple[float, ...]
    volume_mm3: float | None
    volume_lo_mm3: float
    volume_hi_mm3: float | None
    sized: bool
    lesion_type: str = "unspecified"
    certainty: str = "present"


@dataclass(frozen=True)
class ReportedRegion:
    """What a report says of the lesions inside one region of one organ, over the whole case.

    `lesion_targets.RegionTarget` is the same after a crop was cut: with the region as voxels.

    Regions of one channel never overlap: rows of the view that resolve to overlapping regions are merged.

    Attributes:
        masks: canonical mask names, sorted; the region is their union.
        lesions: described lesions, largest lower bound first; never fewer than `n_lesions_min` entries.
        n_lesions_min: lesions at least; n_lesions: exact number, None when there may be more.
        volume_lo_mm3, volume_hi_mm3: interval of the total lesion volume; `volume_hi_mm3` None = open.
        weight: 1.0, or less when a lesion is only possible.
        finding_ids: the findings behind it, for the audit.
    """

    organ: str
    masks: tuple[str, ...]
    level: RegionLevel
    lesions: tuple[ReportedLesion, ...]
    n_lesions_min: int
    n_lesions: int | None
    volume_lo_mm3: float
    volume_hi_mm3: float | None
    weight: float
    finding_ids: tuple[str, ...] = ()

    @property
    def background_known(self) -> bool:
        """Whether the lesions listed are all there is: the count is closed and each of them has a size."""
        return self.n_lesions is not None and all(lesion.sized for lesion in self.lesions)


@dataclass(frozen=True)
class ChannelTarget:
    """What is known of one organ's lesions in one case.

    Attributes:
        regions: not empty exactly for status `report`. Outside of them (and their margin) there is no lesion.
        reason: why the status is `unknown`; None otherwise.
    """

    organ: str
    status: ChannelStatus
    regions: tuple[ReportedRegion, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class CaseTargets:
    """The channels of one case, one per organ asked for."""

    case_id: str
    split: str | None
    site: str | None
    channels: dict[str, ChannelTarget]


@dataclass(frozen=True)
class Exclusion:
    """A report's statement about an organ that is not trained on, and why."""

    case_id: str
    organ: str
    reason: str


@dataclass(frozen=True)
class TargetTable:
    """Targets of all cases and everything that was left out.

    Attributes:
        cases: case_id → targets, in case order.
        exclusions: statements left out; organs that a report does not mention are no statement and not listed.
    """

    cases: dict[str, CaseTargets]
    exclusions: tuple[Exclusion, ...]

    def exclusion_counts(self) -> dict[tuple[str, str], int]:
        """(organ, reason) → number of cases, most frequent first."""
        return dict(Counter((e.organ, e.reason) for e in self.exclusions).most_common())

    def status_counts(self) -> dict[tuple[str, str], int]:
        """(organ, status) → number of cases."""
        return dict(Counter((c.organ, c.status.value) for case in self.cases.values() for c in case.channels.values()))


EVERY_ORGAN = "*"  # stands for the organ in exclusions that concern the whole case
_UNMENTIONED = {"unknown": ChannelStatus.UNKNOWN, "negative": ChannelStatus.KNOWN_ABSENT}
_ORGAN_REASON = "a finding of the organ is quarantined"
_NOT_MENTIONED = "not mentioned"
# Nothing was said, so nothing was left out.
_SILENCE = (_NOT_MENTIONED, "case has no report")


def read_targets(
    connection: duckdb.DuckDBPyConnection, *, organs: Sequence[str] | None = None, unmentioned: str = "unknown"
) -> TargetTable:
    """Targets of every usable case, from `v_supervision` and `case_masks`.

    Args:
        connection: an open reportsup database.
        organs: organs to supervise; None = those marked `target` in the anatomy table.
        unmentioned: "unknown" or "negative": what a report means by not mentioning an organ.

    Raises:
        ConfigError: an organ outside the anatomy table, or another word for `unmentioned`.
    """
    if unmentioned not in _UNMENTIONED:
        raise ConfigError(
            f"unmentioned: '{unmentioned}' vs {' | '.join(_UNMENTIONED)}. It says what silence means. Use one of them."
        )
    anatomy = load_anatomy()
    wanted = [anatomy.organ(o).name for o in organs or [o for o, entry in anatomy.organs.items() if entry.target]]
    masks = _read_masks(connection)
    cases: dict[str, CaseTargets] = {}
    exclusions: dict[Exclusion, None] = {}
    for (case_id, split, site, usable), rows in _read_rows(connection, wanted).items():
        if not usable:
            exclusions[Exclusion(case_id, EVERY_ORGAN, rows[wanted[0]][0]["excluded"])] = None
            continue
        channels = {
            organ: channel_target(anatomy, organ, rows[organ], masks[case_id], unmentioned=unmentioned)
            for organ in wanted
        }
        cases[case_id] = CaseTargets(case_id, split, site, channels)
        exclusions.update(dict.fromkeys(_excluded(case_id, rows, channels)))
    return TargetTable(cases, tuple(exclusions))


def channel_target(
    anatomy: Anatomy,
    organ: str,
    rows: Sequence[Mapping[str, Any]],
    masks: Mapping[str, str],
    *,
    unmentioned: str = "unknown",
) -> ChannelTarget:
    """What is known of one organ's lesions in one case; a lesion mask wins over the report.

    Args:
        rows: the rows of `v_supervision` for the case and organ, at least one.
        masks: mask name → "present" or "empty" of the case.
    """
    lesion_masks = [masks[name] for name in anatomy.organ(organ).lesion_masks if name in masks]
    if lesion_masks:
        drawn = "present" in lesion_masks
        return ChannelTarget(organ, ChannelStatus.MASKED if drawn else ChannelStatus.KNOWN_ABSENT)
    reason = next((row["excluded"] for row in rows if row["excluded"]), None)
    if reason:
        return ChannelTarget(organ, ChannelStatus.UNKNOWN, reason=reason)
    status = rows[0]["status"]
    if status == "lesion":
        return _report_channel(anatomy, organ, rows, {name for name, state in masks.items() if state == "present"})
    if status == "negative":
        return ChannelTarget(organ, ChannelStatus.KNOWN_ABSENT)
    silence = _UNMENTIONED[unmentioned]
    return ChannelTarget(organ, silence, reason=_NOT_MENTIONED if silence is ChannelStatus.UNKNOWN else None)


def _report_channel(
    anatomy: Anatomy, organ: str, rows: Sequence[Mapping[str, Any]], available: set[str]
) -> ChannelTarget:
    resolved = [resolve_region(anatomy, organ, row["laterality"], row["location"], available) for row in rows]
    if any(region is None for region in resolved):
        # A lesion that cannot be placed may be anywhere, so nothing around the others is known background either.
        drawn = bool(anatomy.organ(organ).masks)
        reason = "no mask of the organ that holds every lesion" if drawn else "no segmenter draws the organ"
        return ChannelTarget(organ, ChannelStatus.UNKNOWN, reason=reason)
    groups = join_overlapping([region for region in resolved if region is not None])
    regions = tuple(_merge(organ, region, [rows[i] for i in members]) for region, members in groups)
    return ChannelTarget(organ, ChannelStatus.REPORT, regions)


def _merge(organ: str, region: ResolvedRegion, rows: Sequence[Mapping[str, Any]]) -> ReportedRegion:
    """One target from rows that share a region: intervals and counts add up, an open end stays open."""
    lesions = [_lesion(lesion) for row in rows for lesion in row["lesions"]]
    upper = [row["volume_hi_mm3"] for row in rows]
    counts = [row["n_lesions"] for row in rows]
    return ReportedRegion(
        organ=organ,
        masks=tuple(sorted(region.masks)),
        level=region.level,
        lesions=tuple(sorted(lesions, key=lambda lesion: -lesion.volume_lo_mm3)),
        n_lesions_min=sum(row["n_lesions_min"] for row in rows),
        n_lesions=None if None in counts else sum(counts),
        volume_lo_mm3=sum(row["volume_lo_mm3"] for row in rows),
        volume_hi_mm3=None if None in upper else sum(upper),
        weight=float(min(row["weight"] for row in rows)),
        finding_ids=tuple(sorted({finding for row in rows for finding in row["finding_ids"]})),
    )


def _lesion(row: Mapping[str, Any]) -> ReportedLesion:
    return ReportedLesion(**{**row, "diameters_mm": tuple(row["diameters_mm"] or ())})


def _read_masks(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    masks: dict[str, dict[str, str]] = defaultdict(dict)
    for case_id, mask, status in connection.execute("SELECT case_id, mask, status FROM case_masks").fetchall():
        masks[case_id][mask] = status
    return masks


_Key = tuple[str, str | None, str | None, bool]


def _read_rows(
    connection: duckdb.DuckDBPyConnection, organs: Sequence[str]
) -> dict[_Key, dict[str, list[dict[str, Any]]]]:
    """(case, split, site, usable) → organ → rows of the view, in the order of case ids."""
    cursor = connection.execute(
        "SELECT s.*, c.status = 'ok' AS usable FROM v_supervision s JOIN cases c USING (case_id) "
        "WHERE s.organ IN (SELECT unnest(?)) ORDER BY s.case_id, s.organ, s.laterality, s.location",
        [list(organs)],
    )
    columns = [str(column[0]) for column in cursor.description or ()]
    grouped: dict[_Key, dict[str, list[dict[str, Any]]]] = {}
    for values in cursor.fetchall():
        row = dict(zip(columns, values, strict=True))
        key = (row["case_id"], row["split"], row["site"], row["usable"])
        grouped.setdefault(key, defaultdict(list))[row["organ"]].append(row)
    return grouped


def _excluded(
    case_id: str, rows: Mapping[str, Sequence[Mapping[str, Any]]], channels: Mapping[str, ChannelTarget]
) -> list[Exclusion]:
    """What the report says and is not trained on; what concerns the whole case once, silence never."""
    exclusions = []
    for organ, channel in channels.items():
        if channel.status is not ChannelStatus.UNKNOWN or channel.reason in _SILENCE:
            continue
        whole_case = channel.reason == rows[organ][0]["excluded"] and channel.reason != _ORGAN_REASON
        exclusions.append(Exclusion(case_id, EVERY_ORGAN if whole_case else organ, str(channel.reason)))
    return exclusions
