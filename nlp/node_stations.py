"""Where lymph nodes sit: the stations named, and the side."""

import re

from .document import Mention, Place
from .sides_and_sublocations import largest_span, of_last_in_list


def node_place(mention: Mention) -> Place:
    """Lymph nodes: the stations named, and the side."""
    sentence = mention.sentence
    place = Place(organ="lymph_node", source="noun_phrase")
    largest = largest_span(sentence, mention)
    sides: list[str] = []
    stations = [t for t in sentence.having("STATION") if mention.territory_start <= t.start < mention.end]
    for t in sentence.terms:
        if not mention.territory_start <= t.start < mention.end or (largest and largest[0] <= t.start < largest[1]):
            continue
        if "STATION" in t.roles and t.text not in place.location:
            place.location.append(t.text)
        if "SIDE" in t.roles and not (not sides and of_last_in_list(sentence, t, stations)):
            sides.append(t.meta("SIDE")["side"])
    for match in re.finditer(
        r"(?:region|station|level)s?\s+(\d{1,2}\s?[lr]?)\b|(?<![a-z0-9.])(\d{1,2}[lr])\b",
        sentence.between(mention.territory_start, mention.end),
    ):
        place.location.append("region " + (match.group(1) or match.group(2)))
        side = (match.group(1) or match.group(2))[-1]
        if side in "lr":
            sides.append("left" if side == "l" else "right")
    if "bilateral" in sides:
        place.side = "bilateral"
    else:
        distinct = list(dict.fromkeys(sides))
        place.side = (
            distinct[0]
            if len(distinct) == 1
            else "bilateral"
            if distinct and mention.plural
            else distinct[0]
            if distinct
            else None
        )
    return place
