"""From the supervision view to what the trainer may believe about each case and organ.

A channel (the lesions of one organ in one case) has exactly one status:

    masked        a lesion mask is there and holds lesions: train on the voxels, the report is not needed
    known_absent  the lesion mask is there and empty, or the report calls the organ free of lesions
    report        the report describes lesions: volume interval and lesions per region, voxels of the regions unknown
    unknown       nothing may be believed: not trained on, and counted with its reason
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import duckdb


class ChannelStatus(StrEnum):
    """What is known of the lesions of one organ in one case."""

    MASKED = "masked"
    KNOWN_ABSENT = "known_absent"
    REPORT = "report"
    UNKNOWN = "unknown"


class RegionLevel(StrEnum):
    """How finely a region is resolved."""

    PART = "part"
    SIDE = "side"
    ORGAN = "organ"


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
class RegionTarget:
    """What a report says of the lesions inside one region of one organ.

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
    def presence_only(self) -> bool:
        """Whether no lesion of the region has a size: then only the lower bound supervises."""
        return not any(lesion.sized for lesion in self.lesions)


@dataclass(frozen=True)
class ChannelTarget:
    """What is known of one organ's lesions in one case.

    Attributes:
        regions: not empty exactly for status `report`. Outside of them (and their margin) there is no lesion.
        reason: why the status is `unknown`; None otherwise.
    """

    organ: str
    status: ChannelStatus
    regions: tuple[RegionTarget, ...] = ()
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


def read_targets(
    connection: duckdb.DuckDBPyConnection, *, organs: tuple[str, ...] | None = None, unmentioned: str = "unknown"
) -> TargetTable:
    """Targets of every usable case, from `v_supervision`, `cases` and `case_masks`.

    Args:
        connection: an open reportsup database.
        organs: organs to supervise; None = those marked `target` in the anatomy table.
        unmentioned: "unknown" or "negative": what a report means by not mentioning an organ.

    Raises:
        ConfigError: an organ outside the anatomy table, or another word for `unmentioned`.
    """
    raise NotImplementedError
