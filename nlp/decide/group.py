"""Whether what is told as one finding is a single lesion or several of a kind."""

import re
from collections.abc import Sequence
from itertools import pairwise

from ..spans import Located, Mention
from .clusters import Cluster
from .relate import largest_before

_EACH = re.compile(r"\b(?:each|both|all|up to|or less|or smaller|respectively|others?|rest|remaining|further)\b")
_LARGEST = re.compile(r"\b(?:largest|larger|biggest|bigger|dominant|greatest|up to)\b")
_ONE_OF = re.compile(
    r"\b(?:one|the first|the second|the other|another|index|reference|target|largest|biggest|dominant)\b"
)


def main_mention(cluster: Cluster) -> Located:
    """The mention that tells most: the first with a size, else the first."""
    return next((x for x in cluster.mentions if x.mention.size), cluster.mentions[0])


def features(cluster: Cluster, siblings: Sequence[Cluster]) -> list[str]:
    """Features of a cluster for "several lesions". `siblings`: the report's other clusters of its organ."""
    mentions = [x.mention for x in cluster.mentions]
    main, first = main_mention(cluster).mention, mentions[0]
    kind = "size" if main.size else "word"
    out = [f"{kind}|{name}" for name in _phrase("main", main)]
    if first is not main:
        out += [f"{kind}|{name}" for name in _phrase("first", first)]
    out += _around(main, kind)
    told = max((m.count_min for m in mentions if m.quantified), default=0)
    out += [
        f"{kind}|plurals={min(sum(m.plural for m in mentions), 2)}of{min(len(mentions), 3)}",
        f"told={min(told, 3)}",
    ]
    out += [f"{kind}|side={main_mention(cluster).side}", f"places={min(len(main_mention(cluster).places), 3)}"]
    out += _sizes(mentions)
    out += _told_apart(main, mentions, siblings, told, kind)
    return out


def _told_apart(
    main: Mention, mentions: Sequence[Mention], siblings: Sequence[Cluster], told: int, kind: str
) -> list[str]:
    """Whether other sizes are told beside or behind the words for several, so that each is a lesion of its own."""
    group = next((m for m in mentions if m.plural), main)
    here = [m for c in siblings if (m := main_mention(c).mention).size and m.sentence.block == group.sentence.block]
    bare = [m for m in here if m.head is None or m.head.kind == "anaphor" or m.head is group.head]
    same = sum(m.sentence is group.sentence for m in bare)
    behind = [m for m in here if m.index > group.index and m.sentence.index - group.sentence.index <= 3]
    members = sum(m in bare for m in behind)
    out = [
        f"{kind}|same={min(same, 3)}|plural={group.plural}",
        f"{kind}|behind={min(len(behind), 3)}|plural={group.plural}",
        f"{kind}|members={min(members, 3)}|plural={group.plural}|{group.quantified}",
        f"{kind}|is_group={group is main}|{group.plural}|members={min(members, 2)}",
    ]
    by_itself = (
        f"{kind}|{group is main}|{group.plural}|{group.quantified}|{main.shared}|{min(same, 1)}{min(members, 1)}"
    )
    largest = bool(_LARGEST.search(main.sentence.between(main.start - 60, main.start)))
    out += [by_itself, f"{by_itself}|largest={largest}", f"{by_itself}|site={main.site is not None}"]
    if told > 1:
        out.append(f"{kind}|told_apart={'all' if members + 1 >= told else 'some' if members else 'none'}")
    return out


def _phrase(name: str, m: Mention) -> list[str]:
    """How a mention's noun phrase speaks of number."""
    head = m.head
    out = [
        f"{name}|{m.plural}|{m.quantified}|{m.definite}|{min(m.count or 0, 3)}",
        f"{name}|{head.kind if head else '-'}|{m.plural}",
    ]
    if head:
        out.append(f"{name}|h={head.text.split()[-1]}")
    out.append(f"{name}|shared={m.shared}|{m.plural}|{m.quantified}")
    return out


def _around(m: Mention, kind: str) -> list[str]:
    s = m.sentence
    low, high = m.core
    left = s.words_before(low, 4)
    right = s.words_behind(high, 4)
    inside = [w for a, b, w in s.words if a >= low and b <= high]
    out = [f"L={w}" for w in left] + [f"R={w}" for w in right] + [f"I={w}" for w in inside[:8]]
    out += [f"l0={left[-1] if left else '^'}|{m.plural}", f"r0={right[0] if right else '$'}|{m.plural}"]
    around = s.between(low - 30, high + 30)
    out += [f"each|{kind}|{m.plural}"] if _EACH.search(around) else []
    out += [f"one_of|{kind}|{m.plural}"] if _ONE_OF.search(around) else []
    if m.size is not None:
        out.append(f"bound={m.size.bound}|{m.size.reaching}|{m.plural}")
        out.append(f"largest={largest_before(m, m.start)}|{m.plural}")
        after = m.head is not None and m.head.start >= m.end
        out.append(f"size_{'opens' if after else 'follows'}|{m.plural}|{m.quantified}")
    out += [f"site={m.site is not None}|member={m.member is not None}|{m.plural}", f"row={s.table_row}|{m.plural}"]
    return [
        *out,
        f"heading={s.heading[:20]}",
        f"section={s.section}|{m.plural}",
        f"sizes={min(len(s.sizes), 4)}|{m.plural}",
    ]


def _sizes(mentions: Sequence[Mention]) -> list[str]:
    """How many sizes are told of it, in one list or apart."""
    sized = [m for m in mentions if m.size]
    listed = max((len(m.size.lesions_mm) for m in sized if m.size), default=0)
    one = sum(a.sentence is b.sentence for a, b in pairwise(sized))
    return [f"listed={min(listed, 3)}", f"sized={min(len(sized), 3)}|in_sentence={min(one, 2)}"]
