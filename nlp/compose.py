"""A cluster of mentions → a finding. The only place where fields are merged."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .decide.clusters import Cluster
from .decide.group import main_mention
from .recognise.size_groups import Size
from .spans import Located, Mention

_EXTENT = re.compile(
    r"\b(?:largest|larger|bigger|biggest|dominant|up to|reaching|maxim\w+|greatest|conglomer\w+|together|total|"
    r"each up to)\b"
)
MAX_LISTED = 12

Diameters = tuple[float, ...]


@dataclass
class Draft:
    """A finding before validation; lengths in mm, offsets of the report.

    Attributes:
        anchor: the word that names the lesion, else its size.
        confidence: probability that organ, side, sizes and count are all right.
        features: what spoke for the lesion type ("type"); names as in the weights.
    """

    organ: str
    side: str | None
    location: tuple[str, ...]
    count: int | None
    count_min: int
    sizes: list[tuple[Diameters, int, int]]
    bound: str | None
    prior: list[tuple[Diameters, int, int]]
    anchor: tuple[int, int]
    evidence: list[tuple[int, int]]
    section: str
    p_group: float
    cluster: Cluster = field(repr=False, default_factory=Cluster)
    lesion_type: str = "unspecified"
    type_text: str = ""
    p_type: float = 0.0
    possible: bool = False
    p_possible: float = 0.0
    confidence: float = 0.0
    features: dict[str, Sequence[str]] = field(repr=False, default_factory=dict)

    @property
    def group(self) -> bool:
        """Whether it is several lesions told as one finding."""
        return self.p_group >= 0.5


def compose(cluster: Cluster, p_group: float) -> Draft:
    """The most specific values of each field over the mentions of one finding.

    Args:
        p_group: probability that it is several lesions.
    """
    members = cluster.mentions
    main = main_mention(cluster)
    m = main.mention
    sized = [x for x in members if x.mention.size]
    group = p_group >= 0.5
    whole = next((x for x in members if x.mention.plural and x.organ == main.organ), main) if group else main
    sizes = _group_sizes(sized) if group else _lesion_size(sized)
    count, least = _count(cluster, group, sizes)
    if count and count > 1 and len(sizes) == 1 and sized[0].mention.count == count and _for_each(sized[0].mention):
        sizes = sizes * min(count, MAX_LISTED)
    anchor = (m.head.start, m.head.end) if m.head else (m.start, m.end)
    return Draft(
        organ=main.organ,
        side=_side(cluster, whole),
        location=_location(cluster, whole),
        count=count,
        count_min=least,
        sizes=sizes,
        bound=_bound(sized, group) if sizes else None,
        prior=[(x, s.start, s.end) for y in members for s in y.mention.prior for x in s.lesions_mm],
        anchor=anchor,
        evidence=sorted({quote(x) for x in members}),
        section=m.sentence.section,
        p_group=p_group,
        cluster=cluster,
    )


def _group_sizes(sized: Sequence[Located]) -> list[tuple[Diameters, int, int]]:
    out: list[tuple[Diameters, int, int]] = []
    for x in sized:
        size = x.mention.size
        assert size is not None
        if out and all(any(abs(max(d) - max(o)) <= 1.5 for o, _, _ in out) for d in size.lesions_mm):
            continue
        out += [(d, size.start, size.end) for d in size.lesions_mm]
    return sorted(out, key=lambda s: -max(s[0]))


def _lesion_size(sized: Sequence[Located]) -> list[tuple[Diameters, int, int]]:
    """One lesion: the fullest statement, with further axes told in the same sentence."""
    if not sized:
        return []
    first = sized[0].mention
    size = first.size
    assert size is not None
    diameters = list(size.lesions_mm[0])
    start, end = size.start, size.end
    for x in sized[1:]:
        other = x.mention.size
        assert other is not None
        near = x.mention.sentence is first.sentence
        if (
            near
            and len(diameters) + len(other.lesions_mm[0]) <= 3
            and not any(abs(d - e) <= 0.5 for d in diameters for e in other.lesions_mm[0])
        ):
            diameters += other.lesions_mm[0]
            end = other.end
        elif len(other.lesions_mm[0]) > len(diameters) and abs(max(other.lesions_mm[0]) - max(diameters)) <= 1.0:
            diameters, start, end = list(other.lesions_mm[0]), other.start, other.end
    return [(tuple(sorted(diameters, reverse=True)), start, end)]


def _count(cluster: Cluster, group: bool, sizes: Sequence[tuple]) -> tuple[int | None, int]:
    if not group:
        return 1, 1
    told = [
        x.mention for x in cluster.mentions if x.mention.quantified and x.mention.count_min > 1 and not x.mention.shared
    ]
    main = main_mention(cluster).mention
    if told:
        best = main if main in told else told[0]
        if best.count and best.count >= len(sizes):
            return best.count, best.count_min
        return None, max(best.count_min, len(sizes))
    listed = max((len(x.mention.size.lesions_mm) for x in cluster.mentions if x.mention.size), default=0)
    if listed > 1:
        return listed, listed
    return None, max(2, len(sizes))


def _for_each(m: Mention) -> bool:
    """Whether one size is told of each of a counted group ("two nodules of 3 mm")."""
    assert m.size is not None
    low = min(m.start, m.head.start) if m.head else m.start
    text = m.sentence.between(low - 25, m.end + 12)
    return m.size.bound == "exact" and not m.size.reaching and not _EXTENT.search(text)


def _bound(sized: Sequence[Located], group: bool) -> str:
    size: Size = sized[0].mention.size  # type: ignore[assignment]
    if size.bound != "exact":
        return size.bound
    return "upper" if group and size.reaching else "exact"


def _side(cluster: Cluster, main: Located) -> str | None:
    """The side of the mention that stands for all; that of a group's largest member is not the group's."""
    if main.side:
        return main.side
    told = [x for x in cluster.mentions if x.side and x.organ == main.organ]
    return max(told, key=lambda x: x.p_side).side if told else None


def _location(cluster: Cluster, main: Located) -> tuple[str, ...]:
    if main.places:
        return main.places
    return next((x.places for x in cluster.mentions if x.places and x.organ == main.organ), ())


def quote(located: Located) -> tuple[int, int]:
    """The shortest stretch of the sentence that holds the mention's words: head, size, places, side."""
    m = located.mention
    spans = [(m.start, m.end), *located.place_spans]
    if m.head:
        spans.append((m.head.start, m.head.end))
    spans += [(s.start, s.end) for s in m.prior if m.sentence.start <= s.start < m.sentence.end]
    return min(a for a, _ in spans), max(b for _, b in spans)
