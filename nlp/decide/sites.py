"""Which site of a list is a size's: "in segments 5 and 8, 14 and 22 mm", "uterine and ovarian masses of 7 and 4 cm"."""

import re
from collections.abc import Sequence

from ..spans import Sentence, Site
from .relate import RESPECTIVELY

_APART = re.compile(r"[,;/&+()]|\b(?:and|or|as well as)\b")
_LATTER = re.compile(r"\bthe (?P<which>former|latter)\b[^,;]{0,30}$")
_MAX_GAP_WORDS = 3
_KINDS = frozenset(["noun", "adjective", "place", "places", "segment", "vertebra", "station", "node"])


def sites(sentence: Sentence) -> list[tuple[int, int]]:
    """Where the sentence speaks of a site, words for organ, side and place that stand together as one."""
    spans = [(c.start, c.end) for c in sentence.organs if c.kind in _KINDS and not c.governed]
    spans += [(c.start, c.end) for c in sentence.places if not c.governed]
    spans += [(c.start, c.end) for c in sentence.sides if c.side != "bilateral"]
    out: list[tuple[int, int]] = []
    for start, end in sorted(set(spans)):
        gap = sentence.between(out[-1][1], start) if out else ""
        if out and (start < out[-1][1] or (len(gap.split()) <= _MAX_GAP_WORDS and not _APART.search(gap))):
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def site_of(sentence: Sentence, previous: Sentence | None, number: int, members: Sequence[int]) -> Site | None:
    """The site in whose place in a list a size stands in its own list, or None.

    Args:
        previous: the sentence before, of the same block.
        number: the size; members: the numbers of the sizes told with it, itself among them.
    """
    sizes = sentence.sizes
    which = _LATTER.search(sentence.between(sentence.start, sizes[number].start))
    if which:
        i, n = (0 if which.group("which") == "former" else 1), 2
        first = last = number
    elif len(members) > 1:
        i, n = members.index(number), len(members)
        first, last = members[0], members[-1]
    else:
        return None
    said = "said" if which or RESPECTIVELY.search(sentence.text) else "unsaid"
    found = sites(sentence)
    before = [x for x in found if x[1] <= sizes[first].start]
    after = [x for x in found if x[0] >= sizes[last].end]
    told = sites(previous) if previous else []
    for mode, spans, exact in (
        ("before", before, True), ("after", after, True), ("previous", told, True), ("before", before, False),
        ("after", after, False),
    ):  # fmt: skip
        if mode == "previous" and len(found) >= n:
            continue
        if len(spans) == n if exact else len(spans) > n:
            start, end = spans[i] if exact or mode == "after" else spans[len(spans) - n + i]
            return Site(start, end, f"{mode}{'' if exact else '+'}|{said}", mode == "previous")
    return None
