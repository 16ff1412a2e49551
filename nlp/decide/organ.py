"""In which organ a mention sits."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from ..spans import Mention, OrganCue, Sentence
from .relate import at_site, in_order, relate

_LOOK_BACK = 3
Put = Callable[..., None]  # organ, then names of features
_NAMING = frozenset(["noun", "adjective", "lesion", "segment", "vertebra", "node", "station"])


class OrganContext:
    """What a report says of organs before and around its sentences; built once a report."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.sentences = sentences
        self.exam = self._exam()
        self.mentioned = {
            c.organ for s in sentences for c in s.organs if c.kind in ("noun", "adjective", "lesion", "segment")
        }
        self.named_in: dict[str, list[int]] = {}
        for s in sentences:
            for organ in {c.organ for c in s.organs if c.kind in _NAMING and not c.governed} | set(s.heading_organs):
                self.named_in.setdefault(organ, []).append(s.index)
        self.headed = {o for s in sentences for o in s.heading_organs}

    def _exam(self) -> set[str]:
        out: set[str] = set()
        for s in self.sentences[:3]:
            if s.section in ("exam", "body", "technique", "indication") or s.index == 0:
                out |= {c.organ for c in s.organs if c.kind in ("noun", "adjective")}
        return out

    def since(self, organ: str, sentence: Sentence) -> str:
        """How many sentences ago an organ was last named, as a class; "never" and "later" too."""
        named = self.named_in.get(organ, [])
        before = bisect_right(named, sentence.index)
        if not before:
            return "later" if named else "never"
        gap = sentence.index - named[before - 1]
        return str(gap) if gap <= 2 else "5" if gap <= 5 else "10" if gap <= 10 else "far"


def candidates(mention: Mention, context: OrganContext, focus: Sequence[tuple[Mention, str]]) -> dict[str, list[str]]:
    """Organ → features. `focus`: the mentions before this one with the organ decided for each."""
    s = mention.sentence
    found: dict[str, list[str]] = {}

    def put(organ: str, *names: str) -> None:
        found.setdefault(organ, []).extend(names)

    own = [c for c in s.organs if not (mention.head and c.kind == "operated")]
    _own_words(mention, own, put)
    for number, organ in enumerate(s.heading_organs):
        only = "1" if len(s.heading_organs) == 1 else "n"
        put(organ, f"heading{only}", f"heading{only}#{min(number, 2)}", f"heading&{'own' if own else 'bare'}")
    if mention.site and mention.site.previous:
        for cue in context.sentences[s.index - 1].organs:
            put(cue.organ, f"site_{mention.site.holds(cue.start)}|previous")
    for cue in s.heading_cues[:4]:
        put(
            cue.organ,
            f"hcue|{cue.kind}",
            f"hcue|{cue.kind}|{'own' if own else 'bare'}{'h' if s.heading_organs else ''}",
        )
    _earlier_sentences(s, context, put, bool(own) or bool(s.heading_organs))
    _focus(mention, focus, put, bool(own), bool(s.heading_organs))
    if mention.organ_hint:
        put(mention.organ_hint, "one_of_several")
    intro = _introduced(mention, focus)
    if intro:
        put(intro, f"intro|{'own' if own else 'bare'}", f"intro|{mention.head.kind if mention.head else 'none'}")
    for organ in context.exam:
        put(organ, "exam", f"exam&{'own' if own else 'bare'}{'h' if s.heading_organs else ''}")
    head = mention.head
    if head:
        if head.organ:
            put(head.organ, "head_organ")
        if head.kind == "node":
            put("lymph_node", "head_node")
    places = s.places
    for organ, names in found.items():
        names.append(f"o={organ}")
        named = organ in context.mentioned or organ in context.headed
        names.append(f"mentioned{named}|exam{organ in context.exam}")
        names.append(f"since={context.since(organ, s)}|{'own' if own else 'bare'}{'h' if s.heading_organs else ''}")
        fitting = sum(organ in c.names for c in places)
        names.append(f"places{min(fitting, 2)}of{min(len(places), 2)}|named{named}")
        if head and head.kind != "anaphor":
            names.append(f"h={head.text.split()[-1][:10].rstrip('s')}|{organ}")
        if mention.head and mention.head.kind == "node":
            names.append(f"node&{organ == 'lymph_node'}")
        elif organ == "lymph_node":
            names.append("nonnode_lymph")
    return found


def _own_words(mention: Mention, own: Sequence[OrganCue], put: Put) -> None:
    low, high = mention.core
    s = mention.sentence
    organs = {c.organ for c in own}
    first = own[0].organ if own else ""
    seen: set[tuple[str, str, str]] = set()
    ordered = sorted(own, key=lambda c: _distance(c, low, high))
    rank: dict[str, int] = {}
    named = [c for c in own if c.kind in ("noun", "adjective")]
    for cue in ordered:
        rank.setdefault(cue.organ, len(rank))
        where, more = relate(s, low, high, cue.start, cue.end)
        kind = cue.kind + ("~" if cue.governed else "")
        key = (cue.organ, where[0], kind)
        if key in seen:
            continue
        seen.add(key)
        put(cue.organ, *(f"{kind[:4]}|{x}" for x in in_order(mention, named, cue)))
        put(cue.organ, *(name for fits in at_site(mention, cue.start) for name in (fits, f"{fits}|{kind[:4]}")))
        sizes, heads = mention.between(cue.start, cue.end)
        put(cue.organ, f"{kind[:4]}|sizes{min(sizes, 2)}{where[0]}", f"{kind[:4]}|heads{min(heads, 2)}{where[0]}")
        put(
            cue.organ,
            f"{kind}|{where}",
            f"{kind[:4]}|r{min(rank[cue.organ], 3)}{where[0]}",
            *(f"{kind[:2]}|{m}" for m in more),
        )
    for organ in organs:
        if len(organs) == 1:
            put(organ, "only_organ", f"only_organ&{'h' if s.heading_organs else ''}")
        if organ == first:
            put(organ, "first_organ")
        if all(c.governed for c in own if c.organ == organ):
            put(organ, "all_governed")


def _distance(cue: OrganCue, low: int, high: int) -> int:
    return low - cue.end if cue.end <= low else cue.start - high if cue.start >= high else 0


def _earlier_sentences(s: Sentence, context: OrganContext, put: Put, has_own: bool) -> None:
    for back in range(1, _LOOK_BACK + 1):
        if s.index - back < 0:
            break
        before = context.sentences[s.index - back]
        same = "same" if before.block == s.block else "other"
        if before.section != s.section and before.section in ("indication", "technique", "comparison", "exam"):
            continue
        cues = [
            c for c in before.organs if c.kind in ("noun", "adjective", "lesion", "place", "segment") and not c.governed
        ]
        if not cues:
            continue
        put(cues[0].organ, f"prev{back}first|{same}", f"prev{back}first|{'own' if has_own else 'bare'}")
        put(cues[-1].organ, f"prev{back}last|{same}")
        for organ in {c.organ for c in cues}:
            put(organ, f"prev{back}any|{same}")


def _introduced(mention: Mention, focus: Sequence[tuple[Mention, str]]) -> str:
    """Organ of the last word for several lesions before a mention, a few sentences back in its block."""
    s = mention.sentence
    for earlier, organ in reversed(focus):
        e = earlier.sentence
        if e.block != s.block or s.index - e.index > 5:
            return ""
        if earlier.count_min > 1 and earlier.size is None and e is not s:
            return organ
    return ""


def _focus(mention: Mention, focus: Sequence[tuple[Mention, str]], put: Put, has_own: bool, has_heading: bool) -> None:
    s = mention.sentence
    ties = f"{'own' if has_own else 'bare'}{'h' if has_heading else ''}"
    for k, (earlier, organ) in enumerate(reversed(focus[-2:])):
        e = earlier.sentence
        where = "sent" if e is s else "block" if e.block == s.block else "para" if e.paragraph == s.paragraph else "far"
        gap = min(s.index - e.index, 4)
        put(organ, f"focus{k}|{where}{gap}|{ties}", f"focus{k}|{where}", f"focus{k}|size{bool(earlier.size)}|{ties}")
        if mention.head and mention.head.kind == "anaphor":
            put(organ, f"focus{k}|anaphor")
    if focus and mention.head is None:
        put(focus[-1][1], f"focus|nohead|{ties}")


def best(scores: Mapping[str, float]) -> tuple[str, float]:
    """The most probable organ."""
    if not scores:
        return "", 0.0
    organ = max(scores, key=lambda o: (scores[o], o))
    return organ, scores[organ]
