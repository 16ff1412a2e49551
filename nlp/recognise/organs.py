"""Words that name or imply an organ."""

import re

from ..lexicon import Term
from ..numbered_places import segment_spans, vertebra_spans
from ..spans import OrganCue, Sentence

_STAND_FOR = {"bowel": "colon", "reproductive": "uterus"}
_NOT_RELATED = re.compile(r"[;:()]|,\s*(?!and\b)|\b(?:is|are|was|were|in|within|measuring|measures|with|there)\b")


def organ_cues(sentence: Sentence) -> tuple[OrganCue, ...]:
    """Organ cues of a sentence in reading order."""
    relations = [t for t in sentence.terms if "RELATION:FORWARD" in t.roles]
    out = []
    for t in sentence.terms:
        if "IGNORE" in t.roles and "ORGAN" not in t.roles:
            continue
        governed = governed_by(sentence, t.start, relations)
        meta = t.meta("ORGAN")
        if meta and not meta.get("unnamed"):
            organ = _STAND_FOR.get(meta["organ"], meta["organ"])
            out.append(
                OrganCue(t.start, t.end, organ, "adjective" if meta.get("adjective") else "noun", t.text, governed)
            )
        elif "PLACE" in t.roles and not t.meta("PLACE").get("weak"):
            organs = [o for o in t.meta("PLACE").get("places", {}) if not o.startswith("_")]
            kind = "place" if len(organs) == 1 else "places"
            out += [OrganCue(t.start, t.end, o, kind, t.text, governed) for o in organs]
        elif "STATION" in t.roles:
            out.append(OrganCue(t.start, t.end, "lymph_node", "station", t.text, governed))
        elif "OPERATED" in t.roles:
            out.append(OrganCue(t.start, t.end, t.meta("OPERATED")["organ"], "operated", t.text, governed))
        for role in ("LESION", "WEAK_LESION"):
            if t.meta(role).get("organ"):
                out.append(OrganCue(t.start, t.end, t.meta(role)["organ"], "lesion", t.text))
        if "NODE" in t.roles:
            out.append(OrganCue(t.start, t.end, "lymph_node", "node", t.text))
    for start, end, _ in segment_spans(sentence.text_without_sizes, apart=len(sentence.sizes) > 1):
        place = sentence.start + start
        out.append(
            OrganCue(
                place, sentence.start + end, "liver", "segment", "segment", governed_by(sentence, place, relations)
            )
        )
    for start, end, _ in vertebra_spans(sentence.text):
        place = sentence.start + start
        out.append(
            OrganCue(
                place, sentence.start + end, "bone", "vertebra", "vertebra", governed_by(sentence, place, relations)
            )
        )
    return tuple(sorted(out, key=lambda c: (c.start, c.end)))


def governed_by(sentence: Sentence, position: int, relations: list[Term]) -> bool:
    """Whether a place is only what a lesion lies near to or reaches ("adjacent to the aorta")."""
    for relation in relations:
        near = relation.end <= position and position - relation.end < 60
        if near and not _NOT_RELATED.search(sentence.between(relation.end, position)):
            return True
    return False
