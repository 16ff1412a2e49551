"""Words for a side."""

import re

from ..spans import Sentence, SideCue

# A letter for a side: "L upper", "R: 12 mm", "r adrenal"; never a unit ("2.4 l"), a vertebra ("l 4") or an axis.
_LETTER = re.compile(
    r"(?<![a-z0-9'/.+&-])(?<!\d\s)(?P<side>[lr])t?\.?(?=\s*[:(]|\s+(?!\d{1,2}(?:[-/,;.]?\s*$|\s*[-/,]\s*\d\b(?!\.))|x\b|of\b|and\b)[a-z0-9])"
)


# The letter alone: "(L, 25 mm)", "nodule: R.", "on the L".
_ALONE = re.compile(
    r"(?:(?<=[:(,;/] )|(?<=[(/:])|(?<=\bon )|(?<=\bon the )|(?<=^))(?P<side>[lr])(?=\s*(?:[,).;]|$))(?!\s*/)"
)


_LEFT_RIGHT = re.compile(r"\b(?:left|right)\b")


def side_cues(sentence: Sentence) -> tuple[SideCue, ...]:
    """Side cues of a sentence in reading order."""
    out = []
    for t in sentence.terms:
        if "SIDE" in t.roles:
            apart = list(_LEFT_RIGHT.finditer(t.text)) if len(sentence.sizes) > 1 else []
            if len(apart) == 2:  # "left and right adrenal nodules of 18 and 11 mm": each has its own
                out += [SideCue(t.start + m.start(), t.start + m.end(), m.group()) for m in apart]
            else:
                out.append(SideCue(t.start, t.end, t.meta("SIDE")["side"]))
        if t.meta("ORGAN").get("side"):
            out.append(SideCue(t.start, t.end, t.meta("ORGAN")["side"], (t.meta("ORGAN")["organ"],)))
        places = t.meta("PLACE").get("places", {})
        if places.get("_side"):
            out.append(SideCue(t.start, t.end, places["_side"], tuple(o for o in places if o != "_side")))
    for match in (*_LETTER.finditer(sentence.text), *_ALONE.finditer(sentence.text)):
        start = sentence.start + match.start()
        if not any(c.start <= start < c.end for c in out):
            side = "left" if match.group("side") == "l" else "right"
            out.append(SideCue(start, sentence.start + match.end(), side))
    return tuple(sorted(out, key=lambda c: c.start))
