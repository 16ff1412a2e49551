"""Where a reported lesion may lie: from organ, side and location to a union of the masks that a case has."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from ..schemas import Anatomy


class RegionLevel(StrEnum):
    """How finely a region is resolved."""

    PART = "part"
    SIDE = "side"
    ORGAN = "organ"


@dataclass(frozen=True)
class ResolvedRegion:
    """A union of masks and how fine it is; `side` is "left" or "right" for a region of one side, else None."""

    masks: frozenset[str]
    level: RegionLevel
    side: str | None = None

    def overlaps(self, other: "ResolvedRegion") -> bool:
        """Whether two regions of one organ may share voxels, judged by their names."""
        return self.masks & other.masks != frozenset() or self._holds(other) or other._holds(self)

    def _holds(self, other: "ResolvedRegion") -> bool:
        if self.level is RegionLevel.SIDE:
            return any(mask.endswith(f"_{self.side}") for mask in other.masks)
        return self.level is RegionLevel.ORGAN


def resolve_region(
    anatomy: Anatomy, organ: str, laterality: str | None, location: Sequence[str], available: Set[str]
) -> ResolvedRegion | None:
    """The finest region whose masks are all available: part, else side, else organ; None when there is none.

    Args:
        laterality: "left", "right", "bilateral" or None.
        location: sub-locations, all of which must have masks to be used.
        available: masks of the case that are present and not empty.
    """
    return next((r for r in region_levels(anatomy, organ, laterality, location) if r.masks <= available), None)


def region_levels(
    anatomy: Anatomy, organ: str, laterality: str | None, location: Sequence[str]
) -> list[ResolvedRegion]:
    """Every region that could hold the lesion, finest first.

    Adds to `Anatomy.regions` the side and the organ as the union of all their parts, for organs whose parts make up
    the whole (liver segments, pancreas parts, lung lobes): segmenters that draw the parts often leave out the whole.
    """
    entry = anatomy.organ(organ)
    side = laterality if laterality in entry.sides else None
    levels = []
    for masks in anatomy.regions(organ, laterality, list(location)):
        if masks == frozenset(entry.masks) or masks == frozenset({entry.name}):
            levels.append(ResolvedRegion(masks, RegionLevel.ORGAN))
        elif side and masks == frozenset(entry.sides[side]):
            levels.append(ResolvedRegion(masks, RegionLevel.SIDE, side))
        else:
            levels.append(ResolvedRegion(masks, RegionLevel.PART))
    parts = _covering_parts(anatomy, organ)
    if parts and side:
        of_side = frozenset(part for part in parts if part.endswith(f"_{side}"))
        levels.append(ResolvedRegion(of_side, RegionLevel.SIDE, side))
    if parts:
        levels.append(ResolvedRegion(parts, RegionLevel.ORGAN))
    order = list(RegionLevel)
    return sorted(levels, key=lambda region: order.index(region.level))


def _covering_parts(anatomy: Anatomy, organ: str) -> frozenset[str]:
    """All part masks of an organ when every location that a report may name has one, else none."""
    entry = anatomy.organ(organ)
    if not entry.locations or not entry.locations <= set(entry.parts):
        return frozenset()
    return frozenset(m.format(side=side) for masks in entry.parts.values() for m in masks for side in ("left", "right"))


def join_overlapping(regions: Sequence[ResolvedRegion]) -> list[tuple[ResolvedRegion, list[int]]]:
    """Regions of one organ with the overlapping ones joined, transitively, each with the indices that went into it.

    The widest region stands for its group; parts of one level are united.
    """
    groups: list[tuple[ResolvedRegion, list[int]]] = []
    for index, region in enumerate(regions):
        members = [index]
        # A joined region may touch groups that its pieces did not.
        while touching := [group for group in groups if group[0].overlaps(region)]:
            groups = [group for group in groups if group not in touching]
            for other, indices in touching:
                region, members = _union(region, other), [*members, *indices]
        groups.append((region, sorted(members)))
    return sorted(groups, key=lambda group: group[1])


def _union(first: ResolvedRegion, second: ResolvedRegion) -> ResolvedRegion:
    order = list(RegionLevel)
    if first.level is second.level:
        same_side = first.side if first.side == second.side else None
        return ResolvedRegion(first.masks | second.masks, first.level, same_side)
    return max(first, second, key=lambda region: order.index(region.level))
