"""Where a mention sits (organ, side, sub-location): from its own words, then the heading, then what came before."""

import re

from ..schemas import load_anatomy
from .document import Mention, Place, Sentence
from .lexicon import Term

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8}
_SEGMENT_NUMBER = r"(?:viii|vii|vi|iv|v|iii|ii|i|[1-8])"
_SEGMENTS = re.compile(
    rf"(?<![a-z])(?:(?:sub)?seg(?:ment|m)?s?\.?|seg\.)\s*(?:no\.?\s*)?(?P<list>{_SEGMENT_NUMBER}(?:[ab]|\s[ab](?=\s*(?:[,.;)/]|$|and\b)))?(?![a-z0-9])"
    rf"(?:\s*(?:,\s*and\b|/|,|-|\band\b|&|\bto\b|\bor\b|\+)\s*(?:seg(?:ment)?s?\.?\s*)?(?:{_SEGMENT_NUMBER}[ab]?|[ab])(?![a-z0-9])(?!\s*(?:mm|cm|x)))*)"
)
_SHORT_SEGMENT = re.compile(
    r"(?<![a-z0-9])s\s?(?P<list>[1-8][ab]?(?:\s*(?:/|-|,)\s*s?[1-8][ab]?)*)(?![a-z0-9]|\s*(?:mm|cm))"
)
_LUNG_SEGMENT = re.compile(r"(?<![a-z0-9])s\s?(?P<n>10|[1-9])\s?(?P<side>[gdlr])?(?![a-z0-9])")
_VERTEBRA = re.compile(
    r"(?<![a-z0-9])(?:th|[ctls])\s?\d{1,2}(?:\s*(?:[-/,&]|and|to)\s*(?:th|"
    r"[ctls])?\s?\d{1,2}(?!\s*(?:mm|cm|x|"
    r"\.\d)))*(?![a-z0-9])(?!\s*segment)(?:\s+(?:vertebra\w*(?:\s+(?:body|bodies|corpus|corpora))?|"
    r"level))?"
)
_MRI_WORD = re.compile(r"\b(?:t1|t2|t1-|t2-|t1/t2|t1w|t2w)\b")
_IN_THE = re.compile(r"\b(?:in|within|of|on)\s+(?:the\s+|both\s+|left\s+|right\s+)*$")
_JOINED = re.compile(r"\s*(?:,|/|and|&|as well as)\s*")
# Words that only name the organ again.
_GENERIC = frozenset((
    "adnexa", "adnexal", "adrenal", "adrenal gland", "adrenal glands", "adrenals", "based", "bile", "bile duct",
    "biliary", "bladder", "bone", "bone structures", "bone window", "bones", "bony", "bony structures", "brain",
    "breast", "breasts", "cardiac", "cerebral", "cord", "duct", "ducts", "duodenal", "duodenum", "gallbladder",
    "gland", "glands", "heart", "intracranial", "lobe", "marrow", "mediastinum", "muscle", "muscles", "osseous",
    "osseous structures", "ovarian", "ovary", "parenchyma", "parotid", "pelvic", "pelvis", "peritoneal", "peritoneum",
    "pleura", "pleural", "prostate", "retroperitoneum", "skeletal", "skeleton", "small bowel", "soft", "soft tissues",
    "spinal", "spine", "spleen", "splenic", "structure", "structures", "system", "testicular", "testis", "thyroid",
    "thyroid gland", "tissue", "tissues", "urinary", "urinary bladder", "vertebra", "vertebral", "vertebral body",
))  # fmt: skip
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


def relation_governed(sentence: Sentence, term: Term) -> bool:
    """Whether a place is only what the lesion lies near to or reaches ("adjacent to the aorta")."""
    return bool(relation_to(sentence, term))


def relation_to(sentence: Sentence, term: Term) -> str:
    """The word that puts a place near a lesion and not around it; empty when there is none."""
    for relation in sentence.having("RELATION:FORWARD"):
        if relation.end <= term.start:
            gap = sentence.between(relation.end, term.start)
            if len(gap) < 70 and not re.search(
                r"[;:()]|,\s*(?!and\b)|\b(?:is|are|was|were|in|within|measuring|measures|with|there)\b", gap
            ):
                return relation.text
    for other in sentence.having("OTHER"):
        if other.end <= term.start and re.fullmatch(
            r"\s+(?:of|in|within)\s+(?:the\s+|both\s+)?(?:\w+\s+){0,2}", sentence.between(other.end, term.start)
        ):
            return other.text if other.text in _SIGNS else ""
    return ""


# Signs whose place is not the lesion's: "mass with dilatation of the bile ducts".
_SIGNS = frozenset(
    [
        "dilatation",
        "dilation",
        "ectasia",
        "stenosis",
        "occlusion",
        "thrombosis",
        "hydronephrosis",
        "atrophy",
        "edema",
        "stranding",
        "obstruction",
    ]
)


def liver_segments(text: str, liver_context: bool) -> list[str]:
    """Couinaud segments named in a text, in order: Arabic, Roman, lists and ranges.

    >>> liver_segments("segments iva/b and vii-viii", True)
    ['segment 4a', 'segment 4b', 'segment 7', 'segment 8']
    """
    out: list[str] = []
    for match in _SEGMENTS.finditer(text):
        out += _read_segments(match.group("list"))
    if liver_context:
        for match in _SHORT_SEGMENT.finditer(text):
            out += _read_segments(match.group("list").replace("s", ""))
    return list(dict.fromkeys(out))


def _read_segments(listing: str) -> list[str]:
    out: list[str] = []
    previous, joiner = 0, ""
    for match in re.finditer(
        rf"(?P<n>{_SEGMENT_NUMBER})\s?(?P<s>[ab])?(?![a-z0-9])|(?P<only>[ab])(?![a-z0-9])|(?P<join>/|,|-|\band\b|\bto\b|&)",
        listing,
    ):
        if match.group("join"):
            joiner = match.group("join")
            continue
        if match.group("only"):
            out.append(f"segment {previous}{match.group('only')}")
            continue
        number = _ROMAN.get(match.group("n")) or int(match.group("n"))
        if joiner in ("-", "to") and previous and number > previous:
            out += [f"segment {n}" for n in range(previous + 1, number)]
        out.append(f"segment {number}{match.group('s') or '' if number == 4 else ''}")
        previous, joiner = number, ""
    return out


def locate(mention: Mention, focus: Place) -> None:
    """Fills in `mention.place` (and `more_places` when the lesion is said to be in several organs).

    Args:
        mention: with its noun phrase and territory.
        focus: the place that the text was last speaking of.
    """
    sentence = mention.sentence
    organs = _organ_terms(sentence, mention, focus)
    chosen, source = _choose(mention, organs)
    organ = chosen[0].meta("ORGAN")["organ"] if chosen else ""
    if not organ:
        organ, source = _without_words(mention, organs, focus)
    if organ == "bowel":
        organ = "small_bowel"
    mention.place = _complete(mention, organ, source, chosen[0] if chosen else None, focus)
    for term in chosen[1:]:
        mention.more_places.append(_complete(mention, term.meta("ORGAN")["organ"], source, term, focus))
    if mention.node:
        mention.place = _node_place(mention)
        mention.more_places = []


def _organ_terms(sentence: Sentence, mention: Mention, focus: Place) -> dict[str, list[Term]]:
    """Organ words by where they stand: in the noun phrase, after, before, or merely near."""
    out: dict[str, list[Term]] = {
        "noun_phrase": [],
        "after": [],
        "before": [],
        "near": [],
        "involved": [],
        "beside": [],
        "qualifying": [],
    }
    for term in sentence.having("ORGAN"):
        if term.meta("ORGAN").get("unnamed") or term.end <= mention.territory_start or term.start >= mention.end:
            continue
        if term.meta("ORGAN").get("hilar") and {*sentence.heading_organs, focus.organ} & _WITH_HILUM:
            continue  # the liver, spleen or kidney has a hilum too
        relation = relation_to(sentence, term)
        if relation or (term.meta("ORGAN").get("relation") and mention.start <= term.start):
            out["near"].append(term)
            if relation and "involv" in relation:
                out["involved"].append(term)
            elif _BESIDE.match(relation):
                out["beside"].append(term)
        elif mention.start <= term.start < mention.head.start:
            out["noun_phrase"].append(term)
        elif term.start >= mention.head.start:
            if not _other_subject(sentence, mention.head.end, term):
                out["after"].append(term)
        elif _in_other_phrase(sentence, mention, term):
            out["qualifying"].append(term)
        elif not _said_normal(sentence, term):
            out["before"].append(term)
    return out


_WITH_HILUM = frozenset({"liver", "spleen", "kidney", "bile_duct", "gallbladder"})
_BESIDE = re.compile(
    r"adjacent|next|near|close|contiguous|abut|posterior to|anterior to|inferior to|superior to|"
    r"lateral to|medial to|beside|alongside|below|above|beneath|behind"
)


def _other_subject(sentence: Sentence, head_end: int, term: Term) -> bool:
    """Whether an organ after the lesion opens a clause of its own ("…, the spleen is normal")."""
    before = sentence.between(head_end, term.start)
    after = sentence.between(term.end, sentence.end)
    return bool(
        re.search(
            r"(?:,|;|\band|\bwhile|\bbut)\s*(?:the|both|his|her)?\s*(?:left|right|remaining|visualized)?\s*$", before
        )
    ) and bool(re.match(r"\s*(?:is|are|was|were|appears?|shows?|has|demonstrates?|remains?)\b", after))


def _said_normal(sentence: Sentence, term: Term) -> bool:
    after = sentence.between(term.end, term.end + 45)
    if re.search(
        r"\b(?:no|without|free of|contains?|with|shows?|has|harbou?rs?|but|except|apart)\b",
        sentence.between(term.end, sentence.end),
    ):
        return False
    return bool(
        re.match(
            r"[^.;]{0,12}\b(?:is|are|was|were|appears?)\s+(?:\w+\s+)?(?:normal|unremarkable|natural|clear|intact)",
            after,
        )
    )


def _in_other_phrase(sentence: Sentence, mention: Mention, term: Term) -> bool:
    """Whether an organ before the lesion qualifies something else: "renal calculi and a 2 cm lesion"."""
    if not term.meta("ORGAN").get("adjective"):
        return False
    after = sentence.between(term.end, mention.start)
    return bool(re.match(r"\s+[a-z-]+\b[^,;]*(?:,|\band\b|\bwith\b)", after)) and any(
        0 <= t.start - term.end < 15 for t in sentence.having("OTHER")
    )


def _choose(mention: Mention, organs: dict[str, list[Term]]) -> tuple[list[Term], str]:
    """Organ words that hold the lesion (several = one finding each), and where they stand."""
    sentence = mention.sentence
    named = [t for t in organs["noun_phrase"] if not t.meta("ORGAN").get("weak")]
    after = organs["after"]
    if named:
        last = named[-1]
        strong_after = [
            t
            for t in after
            if not t.meta("ORGAN").get("adjective")
            and t.meta("ORGAN")["organ"] != last.meta("ORGAN")["organ"]
            and _IN_THE.search(sentence.between(mention.head.end, t.start))
        ]
        soft = last.meta("ORGAN").get("soft") or (
            last.meta("ORGAN")["organ"] in ("peritoneum", "soft_tissue", "mediastinum") and strong_after
        )
        if soft and strong_after:
            return _coordinated(sentence, mention, strong_after), "after"
        joined = (
            len(named) > 1
            and mention.plural
            and named[-2].meta("ORGAN")["organ"] != last.meta("ORGAN")["organ"]
            and _JOINED.fullmatch(sentence.between(named[-2].end, last.start))
        )
        return (named[-2:] if joined else [last]), "noun_phrase"
    strong = [t for t in after if not t.meta("ORGAN").get("weak")]
    if strong:
        return _coordinated(sentence, mention, strong), "after"
    implied = _implied(mention)
    before = [t for t in organs["before"] if not t.meta("ORGAN").get("weak")]
    weak_own = organs["noun_phrase"]
    if weak_own and before:
        return [weak_own[-1]], "noun_phrase"
    if before and not (implied and before[-1].meta("ORGAN")["organ"] != implied):
        return [before[-1]], "before"
    if implied:
        return [], ""
    weak = organs["noun_phrase"] + after + organs["before"]
    return ([weak[0]], "noun_phrase") if weak else ([], "")


def _coordinated(sentence: Sentence, mention: Mention, terms: list[Term]) -> list[Term]:
    """The first organ and those joined to it by "and" or a comma; only a group is spread over several."""
    out = [terms[0]]
    for term in terms[1:]:
        gap = sentence.between(out[-1].end, term.start)
        joined = re.fullmatch(
            r"\s*(?:,|/|\band\b|&|\bas well as\b|\bor\b)?\s*(?:and\s+)?(?:also\s+)?(?:in\s+|within\s+|"
            r"of\s+)?(?:the\s+|both\s+|his\s+|her\s+)?(?:(?:left|right|anterior|posterior|medial|lateral|"
            r"upper|lower)\s+)?",
            gap,
        ) and re.search(r",|/|\band\b|&|\bas well as\b", gap)
        if not joined:
            break
        same = term.meta("ORGAN")["organ"] == out[0].meta("ORGAN")["organ"]
        if same:
            continue
        if mention.plural and not mention.more_places:
            out.append(term)
    return out


def _implied(mention: Mention) -> str:
    return next((t.meta("LESION")["organ"] for t in mention.heads if t.meta("LESION").get("organ")), "")


def _without_words(mention: Mention, organs: dict[str, list[Term]], focus: Place) -> tuple[str, str]:
    """Organ when no word names it: implied by the lesion, by a place ("segment 4"), heading, focus, or what is near."""
    implied = _implied(mention)
    if implied:
        return implied, "implied"
    sentence = mention.sentence
    headings = [o for o in sentence.heading_organs if o not in ("reproductive", "bowel")]
    text = sentence.between(mention.territory_start, mention.end)
    owners, loose = _place_owners(sentence, mention)
    if owners:
        for candidate in (*headings, focus.organ):
            if candidate in owners or candidate in loose:
                return candidate, "heading" if candidate in headings else "focus"
        return owners[0], "after"
    if _VERTEBRA.search(_MRI_WORD.sub("  ", text)) and not headings:
        return "bone", "after"
    if headings:
        return headings[0], "heading"
    if organs["involved"]:
        return organs["involved"][0].meta("ORGAN")["organ"], "after"
    if organs["qualifying"] and not headings:  # "Left renal atrophy, multiple cysts"
        return organs["qualifying"][-1].meta("ORGAN")["organ"], "before"
    if any(t.meta("ORGAN")["organ"] == "lung" for t in organs["near"]):
        return "lung", "near"
    if organs["beside"] and not mention.node:
        beside = organs["beside"][0].meta("ORGAN")["organ"]
        if beside in _ABDOMINAL:
            return "peritoneum", "near"
        if beside == "pancreas":
            return "pancreas", "near"
    if focus.operated and re.match(r"(?:local |residual |recurren)", mention.head.text):
        return focus.operated, "focus"
    if focus.organ and not mention.node and not _in_a_vessel(sentence, mention):
        return focus.organ, "focus"
    return "", ""


# What lies beside one of these and in no organ lies in the mesentery, omentum or retroperitoneum.
_ABDOMINAL = frozenset({"stomach", "colon", "small_bowel", "duodenum", "bowel"})


def _in_a_vessel(sentence: Sentence, mention: Mention) -> bool:
    """Whether what follows says that the mention sits in a vessel, a duct or the like."""
    for term in sentence.having("OTHER"):
        gap = sentence.between(mention.heads[-1].end, term.start)
        if 0 <= term.start - mention.heads[-1].end < 40 and re.search(
            r"\b(?:in|within|of|on)\s+(?:the\s+)?(?:\w+\s+)?$", gap
        ):
            return True
    return False


def _place_owners(sentence: Sentence, mention: Mention) -> tuple[list[str], list[str]]:
    """Organs that the mention's place words belong to, and those that also know such a place."""
    owners: list[str] = []
    loose: list[str] = []
    for term in sentence.having("PLACE"):
        places = term.meta("PLACE").get("places", {})
        if mention.territory_start <= term.start < mention.end and not relation_governed(sentence, term):
            unambiguous = [o for o, p in places.items() if not o.startswith("_") and p not in ("", "*")]
            if term.text in _PARTS_OF_MANY:
                continue
            owners += unambiguous
            loose += [o for o, p in places.items() if p == "*"]
    if liver_segments(sentence.between(mention.territory_start, mention.end), False):
        owners.append("liver")
    return owners, loose


def _complete(mention: Mention, organ: str, source: str, term: Term | None, focus: Place) -> Place:
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
    largest = _largest_span(sentence, mention)
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
            and not (organ == "bone" and not sides and _of_last_in_list(sentence, t, bones))
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
        place.location += [m.group().strip() for m in _VERTEBRA.finditer(_MRI_WORD.sub("  ", text))]
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


def place_within(part: Mention, whole: Place) -> Place:
    """Place of one member of a group, from the words around it, in the organ of the group unless it names its own."""
    own = [t for t in part.sentence.having("ORGAN") if part.territory_start <= t.start < part.end
           and not t.meta("ORGAN").get("unnamed") and not relation_governed(part.sentence, t)]  # fmt: skip
    organ = own[0].meta("ORGAN")["organ"] if own and not own[0].meta("ORGAN").get("adjective") else whole.organ
    place = _complete(part, organ, "after", None, Place())
    if place.side is None and whole.side != "bilateral":
        place.side = whole.side
    return place


def _beside_organ(sentence: Sentence, side: Term, organ: str) -> bool:
    """Whether a side word stands next to the organ's word: an organ without sides takes no side from afar."""
    return any(
        "ORGAN" in t.roles and t.meta("ORGAN")["organ"] == organ and -25 <= t.start - side.end <= 25
        for t in sentence.terms
    )


# Parts that several organs have: alone they name none.
_PARTS_OF_MANY = frozenset((
    "body", "head", "neck", "tail", "fundus", "base", "distal", "proximal", "mid", "transverse", "ascending",
    "descending",
    "middle part", "upper part", "lower part", "lower end", "upper aspect", "lower aspect", "superior aspect",
    "inferior aspect", "fundal", "corpus", "middle segment",
))  # fmt: skip


def _has_rivals(sentence: Sentence, mention: Mention, term: Term) -> bool:
    return mention.plural and any(
        t is not term
        and t.meta("ORGAN")["organ"] != term.meta("ORGAN")["organ"]
        and mention.start <= t.start < mention.end
        and not relation_governed(sentence, t)
        for t in sentence.having("ORGAN")
    )


def _largest_span(sentence: Sentence, mention: Mention) -> tuple[int, int] | None:
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


def _of_last_in_list(sentence: Sentence, side: Term, places: list[Term]) -> bool:
    """Whether a side is said of a list's later member alone ("in the pelvis and the right inguinal region")."""
    if side.meta("SIDE")["side"] == "bilateral":
        return False
    before = [t for t in places if t.end <= side.start]
    named = any(0 <= t.start - side.end <= 10 for t in places)
    return bool(before) and named and bool(_AND.fullmatch(sentence.between(before[-1].end, side.start)))


_AND = re.compile(r"(?:\s+\w+)?(?:,|,?\s+(?:and|as well as))\s+(?:(?:in|at|on) )?(?:the )?")


def _node_place(mention: Mention) -> Place:
    """Lymph nodes: the stations named, and the side."""
    sentence = mention.sentence
    place = Place(organ="lymph_node", source="noun_phrase")
    largest = _largest_span(sentence, mention)
    sides: list[str] = []
    stations = [t for t in sentence.having("STATION") if mention.territory_start <= t.start < mention.end]
    for t in sentence.terms:
        if not mention.territory_start <= t.start < mention.end or (largest and largest[0] <= t.start < largest[1]):
            continue
        if "STATION" in t.roles and t.text not in place.location:
            place.location.append(t.text)
        if "SIDE" in t.roles and not (not sides and _of_last_in_list(sentence, t, stations)):
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
