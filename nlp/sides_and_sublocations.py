"""Side and sub-location of a mention, once its organ is chosen."""

import re

from ..schemas import load_anatomy
from .document import Mention, Place, Sentence
from .lexicon import Term
from .numbered_places import liver_segments, vertebrae
from .relations import relation_governed

_LUNG_SEGMENT = re.compile(r"(?<![a-z0-9])s\s?(?P<n>10|[1-9])\s?(?P<side>[gdlr])?(?![a-z0-9])")


# Words that only name the organ again.
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
    """Side and sub-location for an organ, from the mention's words that fit it, else from the heading or the focus."""
    place = Place(organ=organ, source=source)
    if not organ:
        return place
    lo, hi = _reach(mention, organ, source, term)
    largest = largest_span(mention.sentence, mention)
    words = [t for t in mention.sentence.terms if _speaks_of(mention, t, source, lo, hi, largest)]
    sides = _read_words(place, mention, words, lo, hi)
    text = mention.sentence.between(lo, hi)
    if largest:
        text = text.replace(mention.sentence.between(*largest), " ")
    _read_numbers(place, text, sides)
    place.side = _one_side(sides, mention, _is_paired(organ) or organ in _TAKES_SIDE)
    if organ == "liver":
        place.side = None
    elif organ == "lung" and "middle lobe" in place.location and place.side is None:
        place.side = "right"
    _inherit(place, mention, focus)
    place.location = _tidy(organ, place.location)
    return place


# Organs that come once and are still told by side.
_TAKES_SIDE = frozenset((
    "soft_tissue", "bone", "lymph_node", "thyroid", "brain", "pleura", "prostate", "other", "pelvis", "peritoneum",
    "bladder", "uterus",
))  # fmt: skip
_ANOTHER = re.compile(r"\s*(?:another|other|additional|further|second|third)\b")


def _is_paired(organ: str) -> bool:
    entry = load_anatomy().organs.get(organ)
    return entry is not None and entry.paired


def _reach(mention: Mention, organ: str, source: str, term: Term | None) -> tuple[int, int]:
    """Offsets of the text that may place the mention in this organ; close to its word when other organs are named."""
    sentence = mention.sentence
    if term is None or not (mention.more_places or (source == "after" and _has_rivals(sentence, mention, term))):
        return mention.territory_start, mention.end
    lo, hi = max(mention.start, term.start - 25), min(mention.end, term.end + 40)
    rivals = [
        t
        for t in sentence.having("ORGAN")
        if t is not term and t.meta("ORGAN")["organ"] != organ and lo <= t.start < hi
    ]  # a side word before the first organ must not reach the second
    lo = max([lo, *[t.end for t in rivals if t.end <= term.start]])
    hi = min([hi, *[t.start for t in rivals if t.start >= term.end]])
    return lo, hi


def _speaks_of(mention: Mention, t: Term, source: str, lo: int, hi: int, largest: tuple[int, int] | None) -> bool:
    """Whether a word in reach is said of the mention: not of its largest member, and not as what it lies near to."""
    if not lo <= t.start < hi or (largest and largest[0] <= t.start < largest[1]):
        return False
    return source == "near" or not relation_governed(mention.sentence, t)


def _read_words(place: Place, mention: Mention, words: list[Term], lo: int, hi: int) -> list[str]:
    """Adds the sub-locations that the words name; returns the sides that they name, in order."""
    sentence, organ = mention.sentence, place.organ
    entry = load_anatomy().organs.get(organ)
    closed = entry is not None and bool(entry.locations)
    bones = [t for t in sentence.having("ORGAN") if t.meta("ORGAN")["organ"] == "bone" and lo <= t.start < hi]
    sides: list[str] = []
    for t in words:
        if "ORGAN" in t.roles and t.meta("ORGAN")["organ"] == organ:
            _add_place(place, organ, t.meta("ORGAN").get("location"), t, closed)
            if t.meta("ORGAN").get("side"):
                sides.append(t.meta("ORGAN")["side"])
        if "PLACE" in t.roles:
            places = t.meta("PLACE").get("places", {})
            if organ in places:
                _add_place(place, organ, places[organ], t, closed)
            if places.get("_side") and organ != "liver":
                sides.append(places["_side"])
        if "SIDE" in t.roles and _takes_side_word(mention, t, organ):
            if organ == "bone" and not sides and of_last_in_list(sentence, t, bones):
                continue
            sides.append(t.meta("SIDE")["side"])
    return sides


def _takes_side_word(mention: Mention, side: Term, organ: str) -> bool:
    """Whether a side word is this organ's: an organ that comes once takes it only from next to it or to the mention."""
    near_by = (
        _is_paired(organ)
        or organ == "soft_tissue"
        or 0 <= side.start - mention.head.end <= 3
        or mention.start <= side.start < mention.head.start
        or _beside_organ(mention.sentence, side, organ)
    )
    return near_by and not _side_of_other(mention.sentence, side, organ)


def _read_numbers(place: Place, text: str, sides: list[str]) -> None:
    """Adds the numbered sub-locations that a text names: liver and lung segments, vertebrae."""
    if place.organ == "liver":
        place.location += [s for s in liver_segments(text, True) if s not in place.location]
    elif place.organ == "lung":
        _lung_segment(place, text, sides)
    elif place.organ in ("bone", "spine_cord"):
        place.location += vertebrae(text)


def _inherit(place: Place, mention: Mention, focus: Place) -> None:
    """What the mention's own words leave open: side from the heading, side and place from what was told before."""
    sentence, organ, source = mention.sentence, place.organ, place.source
    headed = organ in sentence.heading_organs or (not sentence.heading_organs and source in ("focus", "implied"))
    if place.side is None and headed and (_is_paired(organ) or organ == "thyroid"):
        place.side = sentence.heading_side
    place.own_location = bool(place.location)
    if place.side is not None or organ != focus.organ:
        return
    if source in ("focus", "implied"):
        place.side = focus.side
        another = _ANOTHER.match(sentence.between(mention.start, mention.head.start))
        if not place.location and not mention.plural and not another and source == "focus":
            place.location = list(focus.location)
    elif organ == "lung" and place.location and not mention.plural and source != "heading":
        place.side = focus.side if focus.side != "bilateral" else None


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
    for t in sentence.having("LARGEST:BIDIRECTIONAL", "EXAMPLE:FORWARD"):
        if mention.head.end <= t.start < mention.end:
            return t.start, _end_of_aside(sentence, mention, t)
    return None


_EXTENT = re.compile(r"\s+(?:axial\s+|transverse\s+)?(?:diameter|size|dimension|extent|extension)\b")  # of any member
# After the size of the largest: what is said of all ("…, the largest 5 mm, are observed in the left lung").
_BACK_TO_ALL = re.compile(r",\s*(?:are|were)\b|,\s*(?=(?:in|within|of|on)\s+(?:both|bilateral)\b)")
_PLACE_OF_ALL = re.compile(r",\s*(?=(?:in|within|of|on)\b)")


def _end_of_aside(sentence: Sentence, mention: Mention, cue: Term) -> int:
    """Where the words about the largest member end and the group goes on: a bracket, or a comma after its size."""
    size = next((s for s in sentence.sizes if cue.end <= s.start < mention.end), None)
    if size is None:
        return mention.end
    rest = sentence.between(size.end, mention.end)
    if _EXTENT.match(sentence.between(cue.end, size.start)):
        return size.end
    opened = sentence.between(mention.head.end, cue.start)
    if "(" in opened and ")" not in opened[opened.rindex("(") :]:
        closed = rest.find(")")
        return mention.end if closed < 0 else size.end + closed
    placed = any("ORGAN" in t.roles and mention.start <= t.start < cue.start for t in sentence.terms)
    back = _BACK_TO_ALL.search(rest) or (None if placed else _PLACE_OF_ALL.match(rest))
    return size.end + back.start() if back else mention.end


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
