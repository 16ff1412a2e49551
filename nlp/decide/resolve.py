"""What a mention is: no lesion, a new one, a word for several that are told one by one, or one already told."""

import re
from collections.abc import Sequence

from ..spans import Located, Mention
from .clusters import Cluster, History, Report, Spoken
from .relate import bucket, relate
from .size_role import CLINICAL_OPENING, measured
from .template_answers import template_answer

DROP, NEW, SUMMARY = "drop", "new", "summary"
_MODIFIERS = ("NEGATED_EXISTENCE", "RESOLVED", "HISTORICAL", "HYPOTHETICAL", "POSSIBLE_EXISTENCE", "FAMILY")
_QUESTION = re.compile(r"\?")
_ANOTHER = re.compile(r"\b(?:another|second|third|fourth|other|additional|further|also|new|separate)\b")


def own_features(located: Located, clusters: Spoken, report: Report, history: History) -> list[str]:
    """Features of the mention by itself, before they are crossed with the action.

    `history`: the mentions before it with what they turned out to be (drop, new, summary, link).
    """
    upcoming = [x.mention for x in report.located[len(history) + 1 : len(history) + 6]]
    m = located.mention
    s = m.sentence
    kind = "size" if m.size else "word"
    head = m.head
    hk = head.kind if head else "none"
    out = [
        f"kind={kind}", f"head={hk}", f"{kind}|{hk}", f"section={s.section}", f"{kind}|section={s.section}",
        f"organ={located.organ or '-'}", f"{hk}|organ={located.organ or '-'}",
        f"plural={m.plural}", f"definite={m.definite}", f"quantified={m.quantified}",
        f"{kind}|plural={m.plural}|{m.quantified}",
        f"p_organ={int(located.p_organ * 4)}",
    ]  # fmt: skip
    if m.size:
        out.append(f"p_current={int(m.p_current * 8)}")
        out.append(f"{hk}|p_current={int(m.p_current * 4)}")
        out += [f"hint={m.size.hint}", f"row={s.table_row}|bare={m.size.bare}"]
    if head:
        out += [
            f"h={head.text}",
            f"{kind}|h={head.text.split()[-1].rstrip('s')}",
            f"{kind}|type={head.lesion_type}",
            f"{hk}|enlarged={head.enlarged}",
        ]
        if head.kind == "weak":
            out.append(f"weak|{kind}|{bool(_qualifiers(m))}")
    out += _scope(m, kind)
    out += _window(m, kind)
    out += _lesion_like(m, located, kind, hk)
    out.append(f"{kind}|same_organ={min(clusters.of(located.organ), 3)}|{s.section == 'impression'}")
    out.append(f"{kind}|clusters={min(len(clusters), 2)}|{s.section == 'impression'}")
    out += _following(m, located, upcoming, kind)
    out.append(f"{kind}|free={int(report.free.get(located.organ, 0.0) * 4)}")
    out += _preceding(m, located, history, kind)
    answer = template_answer(s, m.core[1])
    if answer:
        out += [f"answer={answer}", f"{kind}|answer={answer}"]
    if s.heading:
        out.append(f"heading={s.heading[:20]}")
    if s.lesion_list:
        out.append(f"{kind}|lesion_list")
    return out


def _preceding(m: Mention, located: Located, history: History, kind: str) -> list[str]:
    """What the mentions just before turned out to be, and whether a word for several still lacks members."""
    s = m.sentence
    out = []
    hk = m.head.kind if m.head else "none"
    here = [
        (x, a)
        for x, a in history[-8:]
        if x.mention.sentence.block == s.block and s.index - x.mention.sentence.index <= 3
    ]
    if not here:
        return [f"{kind}|opens_block"]
    last, action = here[-1]
    near = "sent" if last.mention.sentence is s else "block"
    last_kind = "size" if last.mention.size else "word"
    out.append(f"{kind}|{hk}|prev={action}|{last_kind}|{near}")
    sized = [(x, a) for x, a in here if x.mention.size]
    if sized:
        x, a = sized[-1]
        alike = (x.mention.head is None) == (m.head is None)
        out.append(f"{kind}|prev_size={a}|alike{alike}|organ{x.organ == located.organ}")
        if x.mention.head is m.head and m.head:
            out.append(f"{kind}|prev_size={a}|shared_head")
    for k in range(len(here) - 1, -1, -1):
        x, a = here[k]
        if x.mention.count_min > 1 and a in ("summary", "new") and x.mention.size is None:
            members = sum(b == "new" for y, b in here[k + 1 :])
            wanted = x.mention.count or 0
            more = "?" if not wanted else "open" if members < wanted else "full"
            out += [f"{kind}|intro={a}|{more}", f"{hk}|intro={a}|{more}|{kind}"]
            break
    return out


_IMAGE = re.compile(r"\b(?:series|image|img|im|se|ser|slice)s?\b\.?\s*#?\d|\(\s*\d{1,3}\s*[/:]\s*\d{1,4}\s*\)")
_COMPARED = re.compile(
    r"\b(?:stable|unchanged|new|increas\w+|decreas\w+|grown|larger|smaller|enlarg\w+|previously|was|prior|formerly|growth)\b|->"
)


def _lesion_like(m: Mention, located: Located, kind: str, hk: str) -> list[str]:
    """What is typically told of lesions: a place, describing words, an image, a comparison; what the size measures."""
    s = m.sentence
    out = [
        f"{kind}|{hk}|places{bool(located.places)}|near{bool(located.place_spans)}",
        f"{kind}|side{bool(located.side)}",
    ]
    near = [q for q in s.having("QUALIFIER") if m.start - 60 <= q.start <= m.end + 60]
    told = [
        bool(near),
        bool(_IMAGE.search(s.between(m.start - 30, m.end + 50))),
        bool(_COMPARED.search(s.between(m.start - 60, m.end + 60))),
    ]
    out += [
        f"{kind}|qualifiers{min(len(near), 2)}",
        f"{kind}|image{told[1]}",
        f"{kind}|compared{told[2]}",
        f"{kind}|{hk}|told{sum(told)}",
    ]
    own = [c for c in s.organs if c.organ == located.organ and not c.governed]
    headed = located.organ in s.heading_organs or any(c.organ == located.organ for c in s.heading_cues)
    out.append(f"{kind}|organ_{'here' if own else 'headed' if headed else 'else'}")
    out.append(f"{kind}|{hk}|organ_{'here' if own else 'headed' if headed else 'else'}|places{bool(located.places)}")
    if m.size is not None:
        where, what, _ = measured(s, m.size_number).split("|", 2)
        out += [
            f"measures={where}|{what}",
            f"measures={what}|{located.organ}",
            f"measures={what}|places{bool(located.places)}",
        ]
    if CLINICAL_OPENING.match(s.text) and s.index <= 4:
        out.append(f"clinical|{kind}")
    out.append(f"{kind}|words{min(len(s.words) // 4, 6)}")
    return out


def _qualifiers(m: Mention) -> list[str]:
    s, head = m.sentence, m.head
    if not head:
        return []
    return [q.text for q in s.having("QUALIFIER") if q.end <= head.start and head.start - q.end < 30]


def _scope(m: Mention, kind: str) -> list[str]:
    """ConText: which modifiers stand before (forward) and after (backward), how far, and what ends their scope."""
    s = m.sentence
    low, high = m.core
    terminators = s.having("TERMINATE:TERMINATE")
    out = []
    for name in _MODIFIERS:
        for direction in ("FORWARD", "BACKWARD"):
            role = f"{name}:{direction}"
            terms = s.having(role)
            if direction == "FORWARD":
                terms = [t for t in terms if t.end <= low and "PSEUDO:TERMINATE" not in t.roles]
                nearest = terms[-1] if terms else None
            else:
                terms = [t for t in terms if t.start >= high]
                nearest = terms[0] if terms else None
            if nearest is None:
                continue
            gap = s.between(nearest.end, low) if direction == "FORWARD" else s.between(high, nearest.start)
            a, b = (nearest.end, low) if direction == "FORWARD" else (high, nearest.start)
            ended = any(a <= t.start and t.end <= b for t in terminators)
            sizes = any(a <= x.start < b for x in s.sizes if not m.owns(x))
            other_heads = sum(a <= h.start < b for h in s.heads if h is not m.head)
            mark = "!" if ended else ";" if ";" in gap else "$" if sizes else ""
            tag = f"{name[:4]}{direction[0]}"
            out += [
                f"{tag}|{bucket(len(gap.split()))}{mark}",
                f"{kind}|{tag}{mark}",
                f"{tag}|heads{min(other_heads, 2)}",
                f"{kind}|{tag}|heads{min(other_heads, 1)}{mark}",
            ]
            if "," in gap:
                out.append(f"{tag}|comma|{kind}")
            out.append(f"{tag}={nearest.text}")
    for t in s.having("PSEUDO:TERMINATE"):
        if t.end <= low:
            out.append("pseudo_before")
    for t in s.having("CHANGE:BIDIRECTIONAL"):
        if low - 25 <= t.start < high + 12:
            out.append(f"change={t.text}")
    if _QUESTION.search(s.between(low - 14, high + 8)):
        out.append(f"question|{kind}")
    if s.having("NORMAL:BIDIRECTIONAL"):
        out.append(f"normal|{kind}")
    return out


def _window(m: Mention, kind: str) -> list[str]:
    s = m.sentence
    low, high = m.core
    left = s.words_before(low, 4)
    right = s.words_behind(high, 4)
    inside = [w for a, b, w in s.words if a >= low and b <= high and not (m.size and m.size.start <= a < m.size.end)]
    out = [f"L={w}" for w in left] + [f"R={w}" for w in right] + [f"I={w}" for w in inside[:8]]
    out.append(f"l0={left[-1] if left else '^'}|{kind}")
    out.append(f"r0={right[0] if right else '$'}|{kind}")
    if len(right) > 1:
        out.append(f"r0r1={right[0]}_{right[1]}")
    if len(left) > 1:
        out.append(f"l1l0={left[-2]}_{left[-1]}")
    first = s.words[0][2] if s.words else ""
    out.append(f"first={first}|{kind}")
    others = [t for t in s.having("OTHER") if "LESION" not in t.roles and abs(t.start - high) < 30]
    out += [f"other={t.text}" for t in others[:3]]
    return out


def _following(m: Mention, located: Located, upcoming: Sequence[Mention], kind: str) -> list[str]:
    """What comes after: members told one by one, a colon, a size further on in the sentence."""
    s = m.sentence
    here = [u for u in upcoming if u.sentence is s]
    sized = [
        u for u in upcoming if u.size is not None and u.sentence.block == s.block and u.sentence.index - s.index <= 3
    ]
    out = [f"{kind}|sized_after={min(len(sized), 3)}|plural{m.plural}"]
    if any(u.size for u in here):
        out.append(f"{kind}|sized_in_sentence|plural{m.plural}")
    if s.text.rstrip().endswith(":"):
        out.append(f"{kind}|colon_end")
    if m.quantified and m.count and m.count > 1:
        out.append(f"{kind}|counted|sized_after={min(len(sized), 3)}")
    return out


def link_features(located: Located, cluster: Cluster, same_organ: int, position: int) -> list[str]:
    """Features of the link of a mention to a cluster. `position`: how many clusters were spoken of since."""
    m, last = located.mention, cluster.last
    s, e = m.sentence, last.mention.sentence
    kind = "size" if m.size else "word"
    where = (
        "sent"
        if s is e
        else f"next{min(s.index - e.index, 3)}"
        if s.block == e.block
        else "imp"
        if s.section == "impression" and e.section != "impression"
        else "far"
    )
    ck = "sized" if cluster.sizes else "bare"
    pair = f"{kind}{ck}"
    organ = "same" if located.organ == cluster.organ else "none" if not located.organ else "diff"
    out = [
        f"{pair}|{where}",
        f"organ_{organ}",
        f"organ_{organ}|{where}",
        f"{where}|pos{min(position, 4)}",
        f"{pair}|{where}|pos{min(position, 2)}",
        f"rivals{min(same_organ, 4)}",
        f"{where}|rivals{min(same_organ, 4)}|{pair}",
    ]
    out += _agreement("side", {located.side} - {None}, {x.side for x in cluster.mentions} - {None}, where)
    out += _agreement("place", set(located.places), {p for x in cluster.mentions for p in x.places}, where)
    sides = {x.side for x in cluster.mentions} - {None}
    places = {p for x in cluster.mentions for p in x.places}
    if located.side and located.side in sides and same_organ == 1:
        out.append("only_same_side")
    out += _sizes(m, cluster, where)
    types = {x.mention.head.lesion_type for x in cluster.mentions if x.mention.head} - {"unspecified"}
    mine = {m.head.lesion_type} - {"unspecified"} if m.head else set()
    out += _agreement("type", mine, types, where)
    out.append(f"plural{m.plural}{cluster.plural}|{where}")
    out.append(f"definite{m.definite}|{where}|{kind}")
    hk = m.head.kind if m.head else "none"
    out += [f"{hk}|{where}|{ck}", f"{hk}|{kind}|{where}|rivals{min(same_organ, 2)}"]
    if m.head and any(x.mention.head and x.mention.head.text == m.head.text for x in cluster.mentions):
        out.append(f"same_word|{where}|{kind}")
    if any(x.mention.head is m.head and m.head for x in cluster.mentions):
        out.append(f"shared_head|{where}|plural{m.plural}")
    if _ANOTHER.search(s.between(m.start - 20, m.end)):
        out.append(f"another|{where}")
    if m.count and cluster.last.mention.count == m.count:
        out.append(f"same_count{min(m.count, 3)}")
    if s is e:
        out += _within_sentence(m, last.mention, kind)
    elif where == "imp" and mine and types and mine == types and (places & set(located.places)):
        out.append("imp_type_place")
    return out


def _within_sentence(m: Mention, last: Mention, kind: str) -> list[str]:
    s = m.sentence
    where, more = relate(s, last.start, last.end, m.start, m.end)
    out = [f"in|{where}|{kind}", *(f"in|{x}|{kind}" for x in more)]
    links = [t for t in s.having("TYPE_LINK:BIDIRECTIONAL") if last.end <= t.start and t.end <= m.start]
    if links:
        out += [f"in|type_link|{kind}", f"in|link={links[-1].text}"]
    if any(x for x in s.places if last.end <= x.start < m.start):
        out.append(f"in|place_between|{kind}")
    gap = s.between(last.end, m.start).split()
    out += [f"in|w={w.strip(',;()')}" for w in gap[-3:]]
    right = s.between(m.end, m.end + 20).split()
    out += [f"in|r={w.strip(',;()')}" for w in right[:2]]
    return out


def _agreement(name: str, mine: set, theirs: set, where: str) -> list[str]:
    if not mine or not theirs:
        value = "none" if not mine and not theirs else "theirs" if theirs else "mine"
    elif mine & theirs:
        value = "agree" if mine == theirs else "overlap"
    else:
        value = "conflict"
    return [f"{name}_{value}", f"{name}_{value}|{where}"]


def _sizes(m: Mention, cluster: Cluster, where: str) -> list[str]:
    if not m.size:
        return ["size_missing"]
    mine = [d for x in m.size.lesions_mm for d in x]
    theirs = [d for s in cluster.sizes for x in s.lesions_mm for d in x]
    if not theirs:
        return [f"size_new|{where}"]
    biggest, other = max(mine), max(theirs)
    if any(abs(biggest - d) <= 0.05 for d in theirs):
        value = "equal"
    elif any(abs(biggest - d) <= 1.0 for d in theirs):
        value = "near"
    elif abs(biggest - other) <= 0.15 * max(biggest, other):
        value = "rounded"
    else:
        value = "differ"
    axes = f"{len(cluster.sizes[-1].lesions_mm[0])}{len(m.size.lesions_mm[0])}"
    prior = any(
        abs(biggest - d) <= 0.05 for x in cluster.mentions for s in x.mention.prior for y in s.lesions_mm for d in y
    )
    out = [f"size_{value}", f"size_{value}|{where}", f"size_{value}|axes{axes}|{where}"]
    if prior:
        out.append("size_is_prior")
    return out
