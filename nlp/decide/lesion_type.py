"""The class of a lesion, from all that its mentions and the report say of it."""

import re
from collections.abc import Sequence

from ..spans import Head, Located, Sentence

_SCORE = re.compile(
    r"\b(lr|li-?rads|pi-?rads|bosniak|o-?rads|bi-?rads|pirads|birads|tirads)\W{0,3}(?:v?\d\.\d\W{1,2})?(?:category|score|type|class)?\W{0,2}(tr|[1-6][a-c]?|iv|i{1,3}f?|m)\b"
)
TYPES = ("unspecified", "cyst", "benign", "malignant", "metastasis")


def features(
    members: Sequence[Located],
    summaries: Sequence[Located],
    siblings: Sequence[str],
    known: Sequence[str],
) -> list[str]:
    """Features of a cluster, before they are crossed with a type.

    Args:
        members: the mentions of the lesion.
        summaries: mentions that sum up several lesions of the organ ("four metastases").
        siblings: lesion types named by words elsewhere in the report for the same organ.
        known: "type|organ" named in the indication.
    """
    organ = members[0].organ
    out = [f"organ={organ}"]
    types: list[str] = []
    for located in members:
        m = located.mention
        if m.head:
            types.append(m.head.lesion_type)
            out.append(f"h={m.head.text}")
            out.append(f"h={m.head.text.split()[-1].rstrip('s')}")
            out.append(f"headtype={m.head.lesion_type}")
        out += near_types(m.sentence, m.start, m.end, m.head)
    said = [t for t in types if t != "unspecified"]
    out.append(f"said={said[0] if said else '-'}")
    out.append(f"saidlast={said[-1] if said else '-'}")
    if len(set(said)) > 1:
        out.append("said_several")
    for located in summaries:
        head = located.mention.head
        if head:
            out.append(f"summary={head.lesion_type}|{'un' if not said else 'said'}")
    for t in sorted(set(siblings)):
        out.append(f"sibling={t}|{'un' if not said else 'said'}")
    for entry in sorted(set(known)):
        kind, _, where = entry.partition("|")
        place = "here" if where == organ else "there" if where else "?"
        node = "node" if organ == "lymph_node" else ""
        out.append(f"known={kind}|{place}|{'un' if not said else 'said'}|{node}")
    return sorted(set(out))


def near_types(s: Sentence, start: int, end: int, head: Head | None) -> list[str]:
    """What stands around a mention: describing words, further lesion words, scores, words."""
    low, high = (min(start, head.start), max(end, head.end)) if head else (start, end)
    out = []
    for q in s.having("QUALIFIER"):
        if low - 45 <= q.start <= high + 70:
            out.append(f"q={q.text}")
            if q.meta("QUALIFIER").get("type"):
                out.append(f"qtype={q.meta('QUALIFIER')['type']}|{'b' if q.start < low else 'a'}")
    for h in s.heads:
        if h is head or h.lesion_type == "unspecified" or not (low - 60 <= h.start <= high + 120):
            continue
        sizes_between = any(
            min(h.end, high) <= x.start < max(h.start, low) for x in s.sizes if not (start <= x.start < end)
        )
        out.append(f"neartype={h.lesion_type}|{'b' if h.start < low else 'a'}{'s' if sizes_between else ''}")
    scores = _SCORE.finditer(s.between(low - 60, high + 140))
    out += [f"score={match.group(1)[:2]}{match.group(2)}" for match in scores]
    left = s.words_before(low, 5)
    right = s.words_behind(high, 14)
    inside = [w for a, b, w in s.words if low <= a and b <= high]
    out += [f"w={w}" for w in {*left, *right, *inside} if w.isalpha() and len(w) > 2]
    return out
