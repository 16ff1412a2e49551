"""Words for a side."""

from ..spans import SideCue, Sentence


def side_cues(sentence: Sentence) -> tuple[SideCue, ...]:
    """Side cues of a sentence in reading order."""
    out = []
    for t in sentence.terms:
        if "SIDE" in t.roles:
            out.append(SideCue(t.start, t.end, t.meta("SIDE")["side"]))
        if t.meta("ORGAN").get("side"):
            out.append(SideCue(t.start, t.end, t.meta("ORGAN")["side"], (t.meta("ORGAN")["organ"],)))
        places = t.meta("PLACE").get("places", {})
        if places.get("_side"):
            out.append(SideCue(t.start, t.end, places["_side"], tuple(o for o in places if o != "_side")))
    return tuple(out)
