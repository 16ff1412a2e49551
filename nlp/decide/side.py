"""On which side a mention sits."""

from collections.abc import Sequence

from ...schemas import load_anatomy
from ..spans import Located, Mention, SideCue
from .relate import at_site, in_order, largest_before, relate

SIDES = ("left", "right", "bilateral", "")
_NEVER = frozenset(
    ["liver", "pancreas", "spleen", "gallbladder", "stomach", "duodenum", "colon", "esophagus", "bile_duct"]
)


def group(organ: str) -> str:
    """Organs by how they take a side."""
    entry = load_anatomy().organs.get(organ)
    if (entry and entry.paired) or organ in ("lung", "kidney", "adrenal_gland", "ovary", "breast", "ureter", "testis"):
        return "paired"
    return "single" if organ in _NEVER else "open"


def candidates(
    mention: Mention, organ: str, focus: Sequence[Located], previous_sides: Sequence[SideCue]
) -> list[list[str]]:
    """Features of each of `SIDES`.

    Args:
        mention, organ: what to place.
        focus: located mentions before this one.
        previous_sides: side words of the sentence before, in the same block.
    """
    s = mention.sentence
    g = group(organ)
    found: dict[str, list[str]] = {
        side: [f"{g}|{side or 'none'}", f"{organ}|{'side' if side else 'none'}"] for side in SIDES
    }
    low, high = mention.core
    cues = [c for c in s.sides if not c.organs or organ in c.organs]
    order = sorted(cues, key=lambda c: low - c.end if c.end <= low else max(0, c.start - high))
    for rank, cue in enumerate(order[:4]):
        where, more = relate(s, low, high, cue.start, cue.end)
        names = [
            f"{g}|cue|{where}",
            f"{g}|rank{rank}{where[0]}",
            *(f"{g}|cue|{m}" for m in more),
            f"{organ}|rank{rank}{where[0]}",
        ]
        names += [f"{g}|{x}" for x in in_order(mention, cues, cue)]
        sizes, heads = mention.between(cue.start, cue.end)
        names += [f"{g}|sizes{min(sizes, 2)}{where[0]}", f"{g}|heads{min(heads, 2)}{where[0]}"]
        if mention.plural:
            names.append(f"{g}|largest_before{largest_before(mention, cue.start)}|{where[0]}")
        names += at_site(mention, cue.start)
        if cue.end - cue.start <= 3:
            names.append(f"{g}|letter|{where}")
        names += _neighbours(mention, cue, organ, g)
        found[cue.side] += names
        if rank == 0:
            found[""].append(f"{g}|nearest|{where}")
    site = mention.site
    if site and site.previous:
        for cue in previous_sides:
            found[cue.side].append(f"site_{site.holds(cue.start)}|previous")
    if site and not any(site.holds(c.start) for c in (previous_sides if site.previous else cues)):
        found[""].append(f"site_without|{site.mode}")
    if not cues:
        found[""].append(f"{g}|no_cue")
        found[""].append(f"{g}|no_cue|{'heading' if s.heading_side else ''}")
    if s.heading_side:
        found[s.heading_side] += [f"{g}|heading", f"{g}|heading|{'own' if cues else 'bare'}"]
    kinds = {c.kind for c in s.organs if c.organ == organ}
    found[""] += [f"{organ}|kind={kind}" for kind in kinds if kind in ("vertebra", "segment")]
    sides = {c.side for c in cues}
    if {"left", "right"} <= sides or "bilateral" in sides:
        found["bilateral"].append(f"{g}|both_told|{mention.plural}")
        if mention.size is None:
            found["bilateral"].append(f"{g}|both_told|unsized|{mention.plural}")
    found["bilateral"].append(f"{g}|plural{mention.plural}{bool(mention.size)}")
    ties = f"{'own' if cues else 'bare'}{'h' if s.heading_side else ''}"
    if previous_sides:
        found[previous_sides[-1].side].append(f"{g}|prev_sentence|{ties}")
        if len({c.side for c in previous_sides}) == 1:
            found[previous_sides[-1].side].append(f"{g}|prev_sentence_only|{ties}")
    for back, earlier in enumerate(reversed(focus[-2:])):
        if earlier.organ == organ:
            e = earlier.mention.sentence
            near = "sent" if e is s else "block" if e.block == s.block else "far"
            found[earlier.side or ""] += [
                f"{g}|focus{back}|{near}|{ties}",
                f"{g}|focus{back}|{ties}|{min(s.index - e.index, 3)}",
            ]
    return [found[side] for side in SIDES]


def _neighbours(mention: Mention, cue: SideCue, organ: str, g: str) -> list[str]:
    """What the side word stands next to: this organ's word, another's, something else."""
    if cue.organs:
        return [f"{g}|carried"]
    s = mention.sentence
    after = [c for c in s.organs if 0 <= c.start - cue.end <= 22]
    out = []
    if after:
        nearest = min(after, key=lambda c: c.start)
        same = any(c.organ == organ for c in after if c.start == nearest.start)
        out.append(f"{g}|next_organ_{'same' if same else 'other'}{'~' if nearest.governed else ''}")
    other = [t for t in s.having("OTHER") if 0 <= t.start - cue.end <= 12]
    if other:
        out.append(f"{g}|next_other")
    before = [c for c in s.organs if 0 <= cue.start - c.end <= 6]
    if before:
        out.append(f"{g}|prev_organ_{'same' if before[-1].organ == organ else 'other'}")
    word = next((w for a, _, w in s.words if a >= cue.end), "")
    if word in ("lobe", "side", "aspect", "wall", "lateral", "upper", "lower", "hemi"):
        out.append(f"{g}|next={word}")
    return out
