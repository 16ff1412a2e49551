"""How two spans of a sentence stand to each other, as features."""

import re
from collections.abc import Sequence

from ..spans import Mention, Sentence
from ..words import WORD

_BUCKETS = (0, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 5)
_GLUE = frozenset(["the", "a", "an", "left", "right", "both", "mid", "is", "are"])
_PREPOSITIONS = frozenset([
    "in", "of", "at", "within", "on", "to", "from", "for", "with", "and", "or", "near", "into", "by", "toward",
    "between",
    ",", ";", ":", "(", ")", "/", "-", "than", "beside", "behind", "above", "below", "along", "adjacent", "abutting",
    "involving", "through", "over", "as", ".", "against", "vs", "versus", "not", "no",
])  # fmt: skip
_VERBS = frozenset(["measures", "measuring", "measured", "shows", "contains", "demonstrates", "has", "was", "were",
                    "is", "are", "lies", "with", "there", "seen", "noted"])  # fmt: skip


def bucket(n: int) -> int:
    """Distance in words as one of seven classes."""
    return _BUCKETS[n] if n < len(_BUCKETS) else 6


def relate(sentence: Sentence, start: int, end: int, other_start: int, other_end: int) -> tuple[str, list[str]]:
    """(direction and distance, further features) of another span as seen from start:end."""
    if other_end <= start:
        direction, gap = "B", sentence.between(other_end, start)
    elif other_start >= end:
        direction, gap = "A", sentence.between(end, other_start)
    else:
        return "I0", []
    words = WORD.findall(gap)
    where = f"{direction}{bucket(len(words))}"
    seen = set(words)
    out = [f"{direction}{mark}" for mark in (",", ";", ":", "(", ")", "and", ".", "with", "there") if mark in seen]
    if seen & _VERBS:
        out.append(direction + "verb")
    near = [w for w in (reversed(words) if direction == "A" else words) if w not in _GLUE]
    if direction == "A":
        out.append("Aprep=" + (near[0] if near and near[0] in _PREPOSITIONS else "-" if near else "0"))
    else:
        out.append("Bnext=" + (near[0] if near and near[0] in _PREPOSITIONS else "-" if near else "0"))
    return where, out


def at_site(mention: Mention, start: int) -> list[str]:
    """Whether a span of the mention's sentence belongs to the site that has the place of its size in a list."""
    if mention.site is None or mention.site.previous:
        return []
    return [f"site_{mention.site.holds(start)}|{mention.site.mode}"]


def largest_before(mention: Mention, start: int) -> bool:
    """Of a group, whether its largest member or an example is spoken of before another span of the sentence."""
    begin = mention.head.end if mention.head else mention.start
    told = mention.sentence.having("LARGEST:BIDIRECTIONAL", "EXAMPLE:FORWARD")
    return any(begin <= t.start < start for t in told)


def in_order(mention: Mention, spans: Sequence[object], span: object) -> list[str]:
    """Whether the mention's size and a span have the same place in two lists of one sentence ("… respectively")."""
    s = mention.sentence
    if mention.size is None or not 1 < len(s.sizes) == len(spans):
        return []
    said = "said" if RESPECTIVELY.search(s.text) else "unsaid"
    return [f"order_{said}_{spans[mention.size_number] is span}"]


RESPECTIVELY = re.compile(r"\b(?:respectively|in order|in that order|in this order|resp|that order)\b")
