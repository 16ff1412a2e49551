"""In which organ a mention sits: from its own words first, then heading, then what was spoken of before."""

import re
from dataclasses import replace

from .document import Mention, Place, Sentence
from .lexicon import Term
from .node_stations import node_place
from .numbered_places import liver_segments, vertebrae
from .relations import relation_governed, relation_to
from .sides_and_sublocations import complete_place

_IN_THE = re.compile(r"\b(?:in|within|of|on)\s+(?:the\s+|both\s+|left\s+|right\s+)*$")


_JOINED = re.compile(r"\s*(?:,\s*(?:and\b)?|/|and\b|&|as well as\b)\s*")
_GOVERNED = re.compile(r"\b(?:in|within|of|on|from|to|at|with|both|near|adjacent)\s+(?:the\s+)?(?:left\s+|right\s+)?$")


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
    mention.place = complete_place(mention, organ, source, chosen[0] if chosen else None, focus)
    for term in chosen[1:]:
        mention.more_places.append(complete_place(mention, term.meta("ORGAN")["organ"], source, term, focus))
    if mention.node:
        mention.place = node_place(mention)
        mention.more_places = []


_ONLY_AND = re.compile(r"\s*(?:,|,?\s*(?:and/or|and|or|as well as)\b)\s*")
_SPREAD_TO = re.compile(r"^\s*(?:to|in|into|of|involving)\b[^.;:]{0,60}$")


def share_place(sentence: Sentence, left: Mention, right: Mention) -> None:
    """What two lesions of one sentence have of each other's place, after each was located on its own.

    "Nodule and cyst in the right kidney": the place after the second holds for both, and two names for the same kind of
    lesion are one group. "Metastases to hilar lymph nodes":
    the nodes are where the metastases are.
    """
    gap = sentence.between(left.heads[-1].end, right.start)
    unplaced = left.place.source in ("", "focus")
    if unplaced and not left.node and not right.node and right.place.source == "after" and _ONLY_AND.fullmatch(gap):
        left.place = replace(right.place, location=list(right.place.location))
        if left.lesion_type == right.lesion_type and not left.count == right.count == 1:
            left.dropped = left.dropped or "introduces"  # "nodules and masses": one group under two names
            right.start, right.plural, right.count = left.start, True, None
            right.count_min = max(2, right.count_min)
    elif right.node and not left.node and left.lesion_type == "metastasis" and _SPREAD_TO.match(gap):
        right.lesion_type, right.type_text = left.lesion_type, left.type_text
        if unplaced:
            left.dropped = left.dropped or "introduces"


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
        return (_listed_before(sentence, mention, last) if mention.plural else [last]), "noun_phrase"
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


def _listed_before(sentence: Sentence, mention: Mention, last: Term) -> list[Term]:
    """The organs of a list that ends at the lesion: "liver, spleen and kidney cysts"."""
    out = [last]
    for term in reversed(sentence.having("ORGAN")):
        if term.end > out[0].start:
            continue
        known = {t.meta("ORGAN")["organ"] for t in out}
        joined = _JOINED.fullmatch(sentence.between(term.end, out[0].start))
        if not joined or term.meta("ORGAN")["organ"] in known or term.meta("ORGAN").get("weak"):
            break
        out.insert(0, term)
    # "cysts of the liver and lung nodules": the first organ belongs to what stands before it.
    if out[0].start < mention.start and _GOVERNED.search(sentence.between(sentence.start, out[0].start)):
        return [last]
    return out


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
    if vertebrae(text) and not headings:
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


# Parts that several organs have: alone they name none.
_PARTS_OF_MANY = frozenset((
    "body", "head", "neck", "tail", "fundus", "base", "distal", "proximal", "mid", "transverse", "ascending",
    "descending",
    "middle part", "upper part", "lower part", "lower end", "upper aspect", "lower aspect", "superior aspect",
    "inferior aspect", "fundal", "corpus", "middle segment",
))  # fmt: skip
