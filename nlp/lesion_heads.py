"""Which words of a sentence are the heads of lesion mentions."""

import re

from .document import Sentence
from .function_words import breaks_noun_phrase
from .lexicon import Term

ONES = frozenset({"the one", "another", "another one", "the other", "the other one", "a second one"})
_PERITONEAL = re.compile(
    r"periton|oment|mesenter|serosa|capsul|diaphragm|douglas|paracolic|perihepatic|perisplenic|cul-de-sac"
)
_TELLING = re.compile(r"cyst|nodul|mass|tumo|neoplas|metasta|malign|multiloc|multicyst|polyp|lytic|sclerotic")
_THICKENING = frozenset({"thickening", "thickenings"})
TUMOR_WORD = re.compile(r"tumou?r|mass|neoplas|malign|cancer|carcinom|metasta")
_NO_LESION_OF = re.compile(
    r"\s+of\s+(?:\w+\s+){0,2}(?:heterogen|necro|calcif|fat\b|fatty|fluid|h[ae]*morrhag|gas|air|edema|"
    r"consolid|atelecta|infect|inflamm|fibro|scar|sparing|steato|ground|infarct|isch|emphys|gliosis|"
    r"malacia|bleed)"
)


_SHAPES = frozenset([
    "focal", "round", "rounded", "oval", "ovoid", "soft tissue", "infiltrative", "infiltrating", "solid", "enhancing",
    "suspicious", "nodal",
])  # fmt: skip
"""Qualifiers that say something of a lesion, but not that there is one."""
_VAGUEST = ("appearance", "structure", "abnormalit", "process", "configuration", "image")
_VAGUE = (
    "area", "foc", "shadow", "formation", "structure", "spot", "lump", "cavit", "process", "abnormalit", "opacit",
)  # fmt: skip
_BODIES = ("foc", "lump", "formation", "structure", "cavit", "conglomer")


def is_head(sentence: Sentence, term: Term) -> bool:
    """Whether a term is the head of a mention: a lesion or node word is; "area", "focus" if the words around say so."""
    if "IGNORE" in term.roles:
        return False
    if "LESION" in term.roles or "NODE" in term.roles:
        return True
    if "WEAK_LESION" not in term.roles or _NO_LESION_OF.match(sentence.between(term.end, sentence.end)):
        return False
    qualifiers = _qualifiers_before(sentence, term)
    if term.text in ONES:
        return _stands_for_a_lesion(sentence, term)
    if term.text == "one":
        return False
    if term.text.startswith("implant"):
        return bool(_PERITONEAL.search(sentence.text)) or "peritoneum" in sentence.heading_organs
    if term.text.startswith("observation"):  # LI-RADS
        return bool(re.search(r"\b(?:lr-?\s?\d|li-?rads)", sentence.text)) or bool(sentence.sizes)
    if term.text in ("target", "targets"):  # RECIST: a target with its size
        return bool(sentence.sizes)
    if term.text in _THICKENING:
        return _thickened_by_tumor(sentence, term, qualifiers)
    if _of_something_else(sentence, term):
        return False
    return _qualified(sentence, term, qualifiers) or _followed_by_lesion(sentence, term)


def _qualifiers_before(sentence: Sentence, term: Term) -> list[Term]:
    """Describing words of the term's own noun phrase."""
    return [
        q for q in sentence.having("QUALIFIER") if q.meta("QUALIFIER").get("qualifies") and q.end <= term.start
        and term.start - q.end < 40 and not breaks_noun_phrase(sentence.between(q.end, term.start))
    ]  # fmt: skip


def _stands_for_a_lesion(sentence: Sentence, term: Term) -> bool:
    """ "the lesion in segment 4 … and the one in segment 7"."""
    named = any({"LESION", "NODE"} & set(t.roles) and t.end <= term.start for t in sentence.terms)
    placed = re.match(r"\s+(?:in|within|at|on)\s", sentence.between(term.end, sentence.end))
    return named and bool(placed)


def _thickened_by_tumor(sentence: Sentence, term: Term, qualifiers: list[Term]) -> bool:
    read_as_malignant = any(
        0 <= q.start - term.end < 90 and q.meta("QUALIFIER").get("type") == "malignant" and q.text != "suspicious"
        for q in sentence.having("QUALIFIER")
    )
    return (
        read_as_malignant
        or _followed_by_lesion(sentence, term)
        or any(TUMOR_WORD.search(q.text) for q in qualifiers)
        or _followed_by_tumor(sentence, term)
    )


def _of_something_else(sentence: Sentence, term: Term) -> bool:
    """Whether the noun phrase already has a subject that is no lesion ("disc abnormality")."""
    return any(
        t.end <= term.start and not breaks_noun_phrase(sentence.between(t.end, term.start))
        for t in sentence.having("OTHER")
    )


def _qualified(sentence: Sentence, term: Term, qualifiers: list[Term]) -> bool:
    if term.text.startswith(_VAGUEST):
        qualifiers = [q for q in qualifiers if q.meta("QUALIFIER").get("attenuation") or _TELLING.match(q.text)]
    if any(q.text not in _SHAPES for q in qualifiers) or len(qualifiers) >= 2:
        return True
    if qualifiers and term.text.startswith(_BODIES):
        return True
    if term.text.startswith("formation") and any(0 <= s.start - term.end <= 12 for s in sentence.sizes):
        return True  # "formation of 30 mm"
    left = sentence.between(max(sentence.start, term.start - 60), term.start)
    return term.text in ("cavity", "cavities") and bool(re.search(r"thick|extensive|large", left))


_SAYS = (
    r"\b(?:consistent with|compatible with|corresponding to|corresponds to|representing|"
    r"in keeping with|in favou?r of|suspicious for)\s+(?:an?\s+|the\s+)?(?:[\w-]+\s+){0,2}$"
)


def _followed_by_lesion(sentence: Sentence, term: Term) -> bool:
    """ "appearance (nodule?)", "area …, consistent with a cyst": what follows says what the weak head is."""
    for other in sentence.having("LESION"):
        gap = sentence.between(term.end, other.start)
        vague = term.text.startswith(_VAGUE)
        if (
            vague
            and other.start >= term.end
            and len(gap) < 120
            and re.search(_SAYS, gap)
            and not any(term.end <= t.start < other.start and {"LESION", "NODE"} & set(t.roles) for t in sentence.terms)
        ):
            return ";" not in gap and not re.search(r"\band\b", gap.split(",")[-1])
        if other.start >= term.end and re.fullmatch(
            r"[^.;]{0,60}\(\s*(?:[\w-]+\s+){0,2}", sentence.between(term.end, other.start)
        ):
            return bool(re.match(r"\s*\??\s*\)|\s*\?", sentence.between(other.end, sentence.end)))
    return False


def _followed_by_tumor(sentence: Sentence, term: Term) -> bool:
    for other in sentence.having("LESION"):
        gap = sentence.between(term.end, other.start)
        if other.start >= term.end and len(gap) < 90 and ";" not in gap and TUMOR_WORD.search(other.text):
            return bool(
                re.search(
                    r"suspic|suggest|concern|compatib|consistent|likely|possib|favou?r|represent|consider|worris|\(|"
                    r"indicat",
                    gap,
                )
            )
    return False
