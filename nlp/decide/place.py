"""Which sub-locations hold for a mention."""

from collections.abc import Sequence

from ..spans import Located, Mention, PlaceCue
from .relate import at_site, in_order, largest_before, relate


def candidates(
    mention: Mention, organ: str, before: Sequence[PlaceCue], focus: Sequence[Located]
) -> list[tuple[str, PlaceCue | None, list[str]]]:
    """(place name, cue, features) of each place that may be the mention's.

    Args:
        mention, organ: what to place.
        before: place cues of the heading's earlier sentence, in the same block.
        focus: located mentions before this one.
    """
    s = mention.sentence
    low, high = mention.core
    own = [c for c in s.places if organ in c.names]
    order = sorted(own, key=lambda c: low - c.end if c.end <= low else max(0, c.start - high))
    out: list[tuple[str, PlaceCue | None, list[str]]] = []
    for rank, cue in enumerate(order[:6]):
        where, more = relate(s, low, high, cue.start, cue.end)
        names = [
            "own",
            f"own|{where}",
            f"rank{min(rank, 3)}{where[0]}",
            *(f"own|{m}" for m in more),
            f"of={min(len(own), 4)}",
            f"{organ}|rank{min(rank, 2)}",
            f"{organ}|word={s.between(cue.start, cue.end)[:14]}",
        ]
        names.append(f"governed{cue.governed}")
        names += at_site(mention, cue.start)
        names += in_order(mention, own, cue)
        if mention.plural:
            names.append(f"largest_before{largest_before(mention, cue.start)}")
        between = [x for x in s.sizes if min(cue.end, high) <= x.start < max(cue.start, low) and not mention.owns(x)]
        heads = [h for h in s.heads if min(cue.end, high) <= h.start < max(cue.start, low) and h is not mention.head]
        names += [f"sizes_between{min(len(between), 2)}{where[0]}", f"heads_between{min(len(heads), 2)}{where[0]}"]
        names.append(f"plural{mention.plural}{where[0]}{'size' if mention.size else ''}")
        for previous in order[:rank]:
            gap = s.between(min(previous.end, cue.end), max(previous.start, cue.start))
            if len(gap) < 12 and not any(ch in gap for ch in ";()"):
                names.append("beside_nearer")
        out.append((cue.names[organ], cue, names))
    names = ["heading", f"heading|{'own' if own else 'bare'}", f"heading|{organ}"]
    out += [(c.names[organ], None, names) for c in s.heading_places[-2:] if organ in c.names]
    told = {name for name, _, _ in out}
    site = mention.site
    names = ["prev", f"prev|{'own' if own else 'bare'}", f"prev|{organ}"]
    for cue in before if site and site.previous else before[-2:]:
        if organ in cue.names and cue.names[organ] not in told:
            fits = [f"site_{site.holds(cue.start)}|previous"] if site and site.previous else []
            out.append((cue.names[organ], None, names + fits))
    if focus and focus[-1].organ == organ:
        earlier = focus[-1]
        near = (
            "sent"
            if earlier.mention.sentence is s
            else "next"
            if s.index - earlier.mention.sentence.index == 1
            else "far"
        )
        for name in earlier.places:
            if name not in told:
                ties = "own" if own else "bare"
                kind = mention.head.kind if mention.head else "none"
                out.append((name, None, ["focus", f"focus|{near}|{ties}", f"focus|{kind}|{ties}|{mention.definite}"]))
    return out


def tidy(organ: str, names: Sequence[str], allowed: frozenset[str]) -> tuple[str, ...]:
    """Places in the closed list's words; a segment says more than its lobe."""
    flat = [n for name in names for n in name.split("|") if n]
    flat = [n for n in flat if not allowed or n in allowed]
    if organ == "liver" and any(n.startswith("segment") for n in flat):
        flat = [n for n in flat if n.startswith("segment") or n == "dome"]
    if organ == "lung" and "lingula" in flat:
        flat = [n for n in flat if n != "upper lobe"]
    if organ == "lung" and "apex" in flat and len(flat) > 1:
        flat = [n for n in flat if n != "apex"]
    return tuple(dict.fromkeys(flat))
