"""Which predicted finding is which annotated one, and where the two are the same."""

import re
from collections.abc import Sequence

from ...schemas import load_anatomy
from .records import GoldFinding

TOLERANCE_MM = 1.0
_SIDE_WORDS = frozenset(("left", "right", "the", "of", "lung"))
Size = tuple[int, ...]


def match(golds: Sequence[GoldFinding], predicted: Sequence[GoldFinding]) -> list[tuple[int, int]]:
    """Pairs of indices, the likeliest first; every finding is in one pair at most."""
    rated = (
        (affinity(gold, found), i, j)
        for i, gold in enumerate(golds)
        for j, found in enumerate(predicted)
        if may_be_same(gold, found)
    )
    pairs: list[tuple[int, int]] = []
    used_gold, used_predicted = set(), set()
    for _, i, j in sorted(rated, reverse=True):
        if i not in used_gold and j not in used_predicted:
            used_gold.add(i)
            used_predicted.add(j)
            pairs.append((i, j))
    return pairs


def may_be_same(gold: GoldFinding, found: GoldFinding) -> bool:
    """False for another organ, the other side, or when both are measured and no annotated lesion is as large."""
    if gold.organ != found.organ:
        return False
    sides = gold.laterality, found.laterality
    if None not in sides and sides[0] != sides[1] and "bilateral" not in sides:
        return False
    if not gold.sizes_mm or found.largest_mm is None:
        return True
    return any(same_diameter(max(size), found.largest_mm) for size in gold.sizes_mm)


def affinity(gold: GoldFinding, found: GoldFinding) -> float:
    """How well two findings that may be the same fit; the size weighs most."""
    measured = bool(gold.sizes_mm) + bool(found.sizes_mm)
    return (
        (1.0, 0.0, 3.0)[measured]
        + (gold.laterality == found.laterality)
        + bool(set(gold.location) & set(found.location))
        + 0.5 * (gold.type == found.type)
        + 0.5 * (gold.count_min == found.count_min)
    )


def same_diameter(a: float | None, b: float | None) -> bool:
    """Whether both are known and equal within the tolerance."""
    return a is not None and b is not None and abs(a - b) <= TOLERANCE_MM


def same_place(gold: GoldFinding, found: GoldFinding) -> bool:
    """Equal sets where the organ has a list of parts; else one content word in common, or no place in either."""
    a, b = _places(gold), _places(found)
    if load_anatomy().organ(gold.organ).locations:
        return a == b
    return bool(set(" ".join(a).split()) & set(" ".join(b).split())) or (not a and not b)


def _places(finding: GoldFinding) -> set[str]:
    """Parts without words of side: "right lower lobe" and "lower lobe" of a finding on the right are one place."""
    places = set()
    for name in finding.location:
        words = [word for word in re.findall(r"[a-z0-9]+", name.lower()) if word not in _SIDE_WORDS]
        if finding.organ == "liver" and name in ("left lobe", "right lobe"):
            words = name.split()  # here the side is the place
        if words:
            places.add(" ".join(words))
    return places


def whole_mm(finding: GoldFinding) -> list[Size]:
    """The current sizes in whole mm as written, the largest lesion first."""
    return sorted((tuple(round(d) for d in size) for size in finding.sizes_mm), reverse=True)


def same_sizes(a: Sequence[Size], b: Sequence[Size]) -> bool:
    """Whether two ordered lists of sizes have equally many lesions and diameters, each within the tolerance."""
    return len(a) == len(b) and all(
        len(x) == len(y) and all(abs(p - q) <= TOLERANCE_MM for p, q in zip(x, y, strict=True))
        for x, y in zip(a, b, strict=True)
    )


def jointly_right(gold: GoldFinding, found: GoldFinding) -> bool:
    """Whether organ, side, all current sizes and the number of lesions are right at once."""
    return (
        gold.organ == found.organ
        and gold.laterality == found.laterality
        and gold.count_min == found.count_min
        and same_sizes(whole_mm(gold), whole_mm(found))
    )
