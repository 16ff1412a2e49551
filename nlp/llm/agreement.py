"""How far two answers to one report agree: findings paired, then compared field by field."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...schemas import Finding

FIELDS = ("laterality", "location", "lesion_type", "certainty", "count", "count_min", "sizes_mm", "size_bound")
_TOLERANCE_MM = 1.0


@dataclass(frozen=True)
class Comparable:
    """What is compared of a finding; `start` and `end` are its anchor's offsets in the report."""

    organ: str
    laterality: str | None
    location: frozenset[str]
    lesion_type: str
    certainty: str
    count: int | None
    count_min: int
    sizes_mm: tuple[tuple[float, ...], ...]
    size_bound: str | None
    start: int = 0
    end: int = 0

    @classmethod
    def of(cls, finding: Finding) -> "Comparable":
        """The comparable part of a finding."""
        return cls(
            organ=str(finding.organ),
            laterality=None if finding.laterality is None else str(finding.laterality),
            location=frozenset(finding.location),
            lesion_type=str(finding.lesion_type),
            certainty=str(finding.certainty),
            count=finding.count,
            count_min=finding.count_min,
            sizes_mm=tuple(sorted((s.diameters_mm for s in finding.sizes), reverse=True)),
            size_bound=None if finding.size_bound is None else str(finding.size_bound),
            start=finding.anchor.start,
            end=finding.anchor.end,
        )


@dataclass
class Agreement:
    """Counts over one report or many: pairs, unpaired findings, and per field how many pairs say the same."""

    pairs: int = 0
    only_a: int = 0
    only_b: int = 0
    equal: Counter[str] = field(default_factory=Counter)

    @property
    def complete(self) -> bool:
        """Whether nothing differs."""
        return not self.only_a and not self.only_b and all(self.equal[name] == self.pairs for name in FIELDS)

    def add(self, other: "Agreement") -> None:
        """Take another report's counts in."""
        self.pairs += other.pairs
        self.only_a += other.only_a
        self.only_b += other.only_b
        self.equal.update(other.equal)

    def as_dict(self) -> dict[str, Any]:
        """The counts, JSON-serialisable."""
        fields = {name: self.equal[name] for name in FIELDS}
        return {"pairs": self.pairs, "only_a": self.only_a, "only_b": self.only_b, "equal": fields}


def agree(a: Sequence[Comparable], b: Sequence[Comparable]) -> Agreement:
    """Agreement of two answers.

    >>> cyst = Comparable("liver", None, frozenset(), "cyst", "present", 1, 1, ((20.0,),), "exact")
    >>> agree([cyst], [cyst]).complete
    True
    """
    pairs = pair(a, b)
    out = Agreement(len(pairs), len(a) - len(pairs), len(b) - len(pairs))
    for i, j in pairs:
        out.equal.update(name for name in FIELDS if _same(name, a[i], b[j]))
    return out


def pair(a: Sequence[Comparable], b: Sequence[Comparable]) -> list[tuple[int, int]]:
    """Indices of findings that speak of the same lesion: the same organ, no opposite sides; best fits first."""
    ranked = sorted(
        ((fit, -i, -j) for i, x in enumerate(a) for j, y in enumerate(b) if (fit := _fit(x, y)) is not None),
        reverse=True,
    )
    used_a: set[int] = set()
    used_b: set[int] = set()
    pairs = []
    for _, i, j in ranked:
        if -i not in used_a and -j not in used_b:
            used_a.add(-i)
            used_b.add(-j)
            pairs.append((-i, -j))
    return sorted(pairs)


def _fit(x: Comparable, y: Comparable) -> float | None:
    if x.organ != y.organ or {x.laterality, y.laterality} == {"left", "right"}:
        return None
    overlap = x.start < y.end and y.start < x.end
    same_size = bool(x.sizes_mm) and _same("sizes_mm", x, y)
    if x.sizes_mm and y.sizes_mm and not overlap and not _shares_a_size(x, y):
        return None  # both measured, elsewhere and differently: two lesions
    score = 3.0 * overlap + 3.0 * same_size + 1.0 * (x.laterality == y.laterality)
    return score + 1.0 * bool(x.location & y.location) + 0.5 * (x.lesion_type == y.lesion_type)


def _shares_a_size(x: Comparable, y: Comparable) -> bool:
    return any(abs(s[0] - t[0]) <= _TOLERANCE_MM for s in x.sizes_mm for t in y.sizes_mm)


def _same(name: str, x: Comparable, y: Comparable) -> bool:
    if name != "sizes_mm":
        return bool(getattr(x, name) == getattr(y, name))
    return len(x.sizes_mm) == len(y.sizes_mm) and all(
        len(s) == len(t) and all(abs(p - q) <= _TOLERANCE_MM for p, q in zip(s, t, strict=True))
        for s, t in zip(x.sizes_mm, y.sizes_mm, strict=True)
    )


def total(agreements: Iterable[Agreement]) -> Agreement:
    """The sum over reports."""
    out = Agreement()
    for each in agreements:
        out.add(each)
    return out
