"""Whether the sizes of a list ("6 and 9 mm") are one group's or each a lesion's of its own."""

import re
from collections.abc import Sequence
from itertools import pairwise

from ..recognise.counts import count_head
from ..recognise.size_groups import Size
from ..spans import Head, Sentence
from .model import Chooser
from .relate import RESPECTIVELY

_JOINED = re.compile(r"\s*(?:,|/|\+|;|(?:,\s*)?(?:and|&|or))\s*")
_MIN_P_CURRENT = 0.15
_SAID_OTHERWISE = frozenset(["prior", "sum", "not_lesion"])

Run = tuple[int, int]  # numbers of the first and the last size of a list


def may_be_current(size: Size, p: Sequence[float]) -> bool:
    """Whether a size may be a lesion's size now; against what the text's form says only if probable."""
    least = 0.5 if size.hint in _SAID_OTHERWISE else _MIN_P_CURRENT
    return p[0] >= least and p[0] >= p[1]


def runs(sentence: Sentence, roles: Sequence[Sequence[float]]) -> list[Run]:
    """The lists among the sizes that may be current, by the probabilities of their roles."""
    out: list[Run] = []
    sizes = sentence.sizes
    for i, (size, nxt) in enumerate(pairwise(sizes)):
        both = may_be_current(size, roles[i]) and may_be_current(nxt, roles[i + 1])
        if both and size.hint != "column" and _JOINED.fullmatch(sentence.between(size.end, nxt.start)):
            if out and out[-1][1] == i:
                out[-1] = (out[-1][0], i + 1)
            else:
                out.append((i, i + 1))
    return out


def features(sentence: Sentence, run: Run) -> list[str]:
    """Features of a list of sizes for "one group"."""
    s, n = sentence, run[1] - run[0] + 1
    start, end = s.sizes[run[0]].start, s.sizes[run[1]].end
    out = [f"n={min(n, 4)}", f"row={s.table_row}"]
    head = _head(s, start, end)
    if head is None:
        out.append("no_head")
    else:
        told = count_head(s, head)
        where = "before" if head.end <= start else "after"
        counted = "-" if not told.count else "same" if told.count == n else "other"
        out += [f"head={head.kind}|{where}", f"plural={told.plural}", f"counted={counted}|{told.quantified}"]
        out.append(f"plural={told.plural}|{head.kind}|{where}")
    heads = len([h for h in s.heads if h.end <= start and h.kind != "anaphor"])
    out.append(f"heads={'same' if heads == n else min(heads, 2)}")
    for name, spans in (("places", s.places), ("sides", s.sides), ("organs", {c.organ: c for c in s.organs}.values())):
        near = [x for x in spans if start - 90 <= x.start <= end + 60]
        before = sum(x.end <= start for x in near)
        after = sum(x.start >= end for x in near)
        out += [
            f"{name}={'same' if before == n else min(before, 3)}B",
            f"{name}={'same' if after == n else min(after, 3)}A",
            f"{name}={'same' if n in (before, after) else 'other'}",
        ]
    if RESPECTIVELY.search(s.text):
        out.append("respectively")
    left = s.words_before(start, 3)
    right = s.words_behind(end, 3)
    out += [f"L={w}" for w in left] + [f"R={w}" for w in right]
    out += [f"l0={left[-1] if left else '^'}", f"r0={right[0] if right else '$'}"]
    if re.search(r"\b(?:one|each|both)\b", s.between(start - 60, end + 30)):
        out.append("each")
    return out


def _head(sentence: Sentence, start: int, end: int) -> Head | None:
    """The word that the list measures: the nearest before it, else the next after it."""
    before = [h for h in sentence.heads if h.end <= start]
    after = [h for h in sentence.heads if h.start >= end]
    return before[-1] if before else after[0] if after else None


def groups(sentence: Sentence, found: Sequence[Run], chooser: Chooser) -> list[Run]:
    """Those of a sentence's lists that are probably one group's."""
    return [run for run in found if chooser.probability([*features(sentence, run), "bias"]) >= 0.5]
