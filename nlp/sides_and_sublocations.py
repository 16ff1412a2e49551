"""Side and sub-location of a mention, once its organ is chosen."""

import re

from ..schemas import load_anatomy
from .document import Mention, Place, Sentence
from .lexicon import Term
from .numbered_places import liver_segments, vertebrae
from .relations import relation_governed

_LUNG_SEGMENT = re.compile(r"(?<![a-z0-9])s\s?(?P<n>10|[1-9])\s?(?P<side>[gdlr])?(?![a-z0-9])")


_GENERIC = frozenset([
    "adnexa", "adnexal", "adrenal", "adrenal gland", "adrenal glands", "adrenals", "based", "bile",
    "bile duct", "biliary", "bladder", "bone", "bone structures", "bone window", "bones", "bony",
    "bony structures", "brain", "breast", "breasts", "cardiac", "cerebral", "cord", "duct", "ducts",
    "duodenal", "duodenum", "gallbladder", "gland", "glands", "heart", "intracranial", "lobe", "marrow",
    "mediastinum", "muscle", "muscles", "osseous", "osseous structures", "ovarian", "ovary", "parenchyma",
    "parotid", "pelvic", "pelvis", "peritoneal", "peritoneum", "pleura", "pleural", "prostate",
    "retroperitoneum", "skeletal", "skeleton", "small bowel", "soft", "soft tissues", "spinal", "spine",
    "spleen", "splenic", "structure", "structures", "system", "testicular", "testis", "thyroid",
    "thyroid gland", "tissue", "tissues", "urinary", "urinary bladder", "vertebra", "vertebral",
    "vertebral body",
])  # fmt: skip


_OPEN_WORDS = (
    "bone",
    "soft_tissue",
    "brain",
    "spine_cord",
    "peritoneum",
    "heart",
    "mediastinum",
    "other",
    "pleura",
    "small_bowel",
)


def place_within(part: Mention, whole: Place) -> Place:
    """Place of one member of a group, from the words around it, in the organ of the group unless it names its own."""
    own = [t for t in part.sentence.having("ORGAN") if part.territory_start <= t.start < part.end
           and not t.meta("ORGAN").get("unnamed") and not relation_governed(part.sentence, t)]  # fmt: skip
    organ = own[0].meta("ORGAN")["organ"] if own and not own[0].meta("ORGAN").get("adjective") else whole.organ
    place = complete_place(part, organ, "after", None, Place())
    if place.side is None and whole.side != "bilateral":
        place.side = whole.side
    return place


def complete_place(mention: Mention, organ: str, source: str, term: Term | None, focus: Place) -> Place:
    """Side and sub-location for an organ, from the mention's words that fit it."""
    sentence = mention.sentence
    place = Place(organ=organ, source=source)
    if not organ:
        return place
    entry = load_anatomy().organs.get(organ)
    sides: list[str] = []
    paired = entry is not None and entry.paired
    several = bool(mention.more_places) or (
        term is not None and source == "after" and _has_rivals(sentence, mention, term)
    )
    lo, hi = (
        (mention.territory_start, mention.end)
        if not several or term is None
        else (max(mention.start, term.start - 25), min(mention.end, term.end + 40))
    )
    if several and term is not None:  # a side word before the first organ must not reach the second
        rivals = [
            t
            for t in sentence.having("ORGAN")
            if t is not term and t.meta("ORGAN")["organ"] != organ and lo <= t.start < hi
        ]
        lo = max([lo, *[t.end for t in rivals if t.end <= term.start]])
        hi = min([hi, *[t.start for t in rivals if t.start >= term.end]])
    largest = largest_span(sentence, mention)
    bones = [t for t in sentence.having("ORGAN") if t.meta("ORGAN")["organ"] == "bone" and lo <= t.start < hi]
    for t in sentence.terms:
        if (
            not (lo <= t.start < hi)
            or (largest and largest[0] <= t.start < largest[1])
            or (source != "near" and relation_governed(sentence, t))
        ):
            continue
        if "ORGAN" in t.roles and t.meta("ORGAN")["organ"] == organ:
            _add_place(place, organ, t.meta("ORGAN").get("location"), t, entry is not None and bool(entry.locations))
            if t.meta("ORGAN").get("side"):
                sides.append(t.meta("ORGAN")["side"])
        if "PLACE" in t.roles:
            places = t.meta("PLACE").get("places", {})
            if organ in places:
                _add_place(place, organ, places[organ], t, entry is not None and bool(entry.locations))
            if places.get("_side") and organ not in ("liver",):
                sides.append(places["_side"])
        near_by = (
            paired
            or organ == "soft_tissue"
            or 0 <= t.start - mention.head.end <= 3
            or mention.start <= t.start < mention.head.start
            or _beside_organ(sentence, t, organ)
        )
        if (
            "SIDE" in t.roles
            and near_by
            and not _side_of_other(sentence, t, organ)
            and not (organ == "bone" and not sides and of_last_in_list(sentence, t, bones))
        ):
            sides.append(t.meta("SIDE")["side"])
    text = sentence.between(lo, hi)
    if largest:
        text = text.replace(sentence.between(*largest), " ")
    if organ == "liver":
        place.location += [s for s in liver_segments(text, True) if s not in place.location]
    if organ == "lung":
        _lung_segment(place, text, sides)
    if organ in ("bone", "spine_cord"):
        place.location += vertebrae(text)
    place.side = _one_side(
        sides,
        mention,
        entry is not None
        and (
            entry.paired
            or organ
            in (
                "soft_tissue",
                "bone",
                "lymph_node",
                "thyroid",
                "brain",
                "pleura",
                "prostate",
                "other",
                "pelvis",
                "peritoneum",
                "bladder",
                "uterus",
            )
        ),
    )
    if organ == "liver" or (organ == "lung" and "middle lobe" in place.location and place.side is None):
        place.side = None if organ == "liver" else "right"
    headed = organ in sentence.heading_organs or (not sentence.heading_organs and source in ("focus", "implied"))
    if place.side is None and headed and entry is not None and (entry.paired or organ == "thyroid"):
        place.side = sentence.heading_side
    place.own_location = bool(place.location)
    another = bool(
        re.match(
            r"(?:another|other|additional|further|second|third)\b",
            sentence.between(mention.start, mention.head.start).strip(),
        )
    )
    if place.side is None and source in ("focus", "implied") and organ == focus.organ:
        place.side = focus.side
        if not place.location and focus.location and not mention.plural and not another and source == "focus":
            place.location = list(focus.location)
    elif (
        place.side is None
        and organ == focus.organ
        and organ == "lung"
        and place.location
        and not mention.plural
        and source != "heading"
    ):
        place.side = focus.side if focus.side != "bilateral" else None
    place.location = _tidy(organ, place.location)
    return place


def _beside_organ(sentence: Sentence, side: Term, organ: str) -> bool:
    """Whether a side word stands next to the organ's word: an organ without sides takes no side from afar."""
    return any(
        "ORGAN" in t.roles and t.meta("ORGAN")["organ"] == organ and -25 <= t.start - side.end <= 25
        for t in sentence.terms
    )


def _has_rivals(sentence: Sentence, mention: Mention, term: Term) -> bool:
    return mention.plural and any(
        t is not term
        and t.meta("ORGAN")["organ"] != term.meta("ORGAN")["organ"]
        and mention.start <= t.start < mention.end
        and not relation_governed(sentence, t)
        for t in sentence.having("ORGAN")
    )


def largest_span(sentence: Sentence, mention: Mention) -> tuple[int, int] | None:
    """Text about the largest member of a group: its place is not the group's."""
    if not mention.plural:
        return None
    for t in sentence.terms:
        if ("LARGEST:BIDIRECTIONAL" in t.roles and mention.head.end <= t.start < mention.end) or (
            "EXAMPLE:FORWARD" in t.roles and mention.head.end <= t.start < mention.end
        ):
            return t.start, mention.end
    return None


def _add_place(place: Place, organ: str, location: str | None, term: Term, closed: bool) -> None:
    if location == "*" or (not location and not closed and term.text not in _GENERIC and organ in _OPEN_WORDS):
        location = term.text
    for name in (location or "").split("|"):
        if name and name not in place.location:
            place.location.append(name)
    place.start = term.start if place.start < 0 else min(place.start, term.start)
    place.end = max(place.end, term.end)


def _side_of_other(sentence: Sentence, side: Term, organ: str) -> bool:
    """Whether a side word belongs to another organ's word right after it ("… adjacent left kidney")."""
    for t in sentence.having("OTHER"):
        if 0 <= t.start - side.end <= 14 and len(sentence.between(side.end, t.start).split()) <= 1:
            return bool(_SIDED_THING.search(t.text))
    for t in sentence.terms:
        gap = sentence.between(side.end, t.start)
        if 0 <= t.start - side.end <= 16 and "ORGAN" in t.roles and len(gap.split()) <= 1 and "," not in gap:
            return (
                t.meta("ORGAN")["organ"] != organ
                and not t.meta("ORGAN").get("unnamed")
                and not t.meta("ORGAN").get("weak")
            )
        if 0 <= t.start - side.end <= 3 and "PLACE" in t.roles and organ not in t.meta("PLACE").get("places", {}):
            return organ == "liver"
    return False


_SIDED_THING = re.compile(
    r"cathet|stent|port|tube|drain|effusion|hydro|stone|calcul|lith|pneumo|fracture|vein|arter|hernia|"
    r"atelect|edema|dilat"
)


def _lung_segment(place: Place, text: str, sides: list[str]) -> None:
    """Boyden's segments S1–S10, with the side letter that some languages add."""
    for match in _LUNG_SEGMENT.finditer(text):
        if not match.group("side"):
            continue
        n, side = int(match.group("n")), {"g": "left", "l": "left", "d": "right", "r": "right"}[match.group("side")]
        lobe = "upper lobe" if n <= 3 else "lower lobe" if n >= 6 else "lingula" if side == "left" else "middle lobe"
        sides.append(side)
        if lobe not in place.location:
            place.location.append(lobe)


def _one_side(sides: list[str], mention: Mention, allowed: bool) -> str | None:
    if not allowed or not sides:
        return None
    if "bilateral" in sides and mention.plural:
        return "bilateral"
    distinct = list(dict.fromkeys(s for s in sides if s != "bilateral"))
    if len(distinct) == 2 and mention.plural:
        return "bilateral"
    return distinct[0] if distinct else "bilateral"


def _tidy(organ: str, location: list[str]) -> list[str]:
    """Locations in the closed list's words; a segment says more than its lobe."""
    allowed = load_anatomy().organ(organ).locations if organ in load_anatomy().organs else frozenset()
    names = [name for name in location if not allowed or name in allowed]
    if organ == "liver" and any(n.startswith("segment") for n in names):
        names = [n for n in names if n.startswith("segment")]
    if organ == "lung" and "lingula" in names:
        names = [n for n in names if n != "upper lobe"]
    if organ == "lung" and "apex" in names and len(names) > 1:
        names = [n for n in names if n != "apex"]
    return list(dict.fromkeys(names))


def of_last_in_list(sentence: Sentence, side: Term, places: list[Term]) -> bool:
    """Whether a side is said of a list's later member alone ("in the pelvis and the right inguinal region")."""
    if side.meta("SIDE")["side"] == "bilateral":
        return False
    before = [t for t in places if t.end <= side.start]
    named = any(0 <= t.start - side.end <= 10 for t in places)
    return bool(before) and named and bool(_AND.fullmatch(sentence.between(before[-1].end, side.start)))


_AND = re.compile(r"(?:\s+\w+)?(?:,|,?\s+(?:and|as well as))\s+(?:(?:in|at|on) )?(?:the )?")
