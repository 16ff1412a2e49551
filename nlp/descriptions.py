"""What a mention is said to be: heads that only describe the one before, type, wording, attenuation."""

import re

from .document import Mention, Sentence
from .function_words import STOP, WORD
from .lesion_heads import TUMOR_WORD
from .lexicon import Term

_NUM_NEAR = re.compile(r"\d\s*(?:mm|cm)")
_WEAK_LINKS = frozenset([
    "possible", "possibly", "suspected", "probable", "probably", "likely", "suspect", "query", "presumed", "is",
    "are", "was", "were", "as", "first", "primarily",
])  # fmt: skip


_SAME_WORD = re.compile(r"\s*(?:/|-)?\s*")
_PART_OF = re.compile(r"\s+of\s+(?:\w+\s+){0,2}")  # "areas of carcinomatosis"
_OR_ELSE = re.compile(r"\s*(?:or|and/or|vs\.?|versus|as opposed to)\s+(?:an?\s+)?(?:[\w-]+\s+){0,2}")
_NUMBERED = re.compile(r"\s*\d{0,2}\s*:\s*(?:an?\s+)?[^,;:]{0,30}")  # "Observation 3: a 7 mm simple cyst"
_ONE_MORE = re.compile(r"\s*(?:,|,?\s*and|,?\s*or)\s+(?:an?\s+|known\s+|the\s+)?(?:[\w-]+\s+){0,2}")
_BRACKETED = re.compile(
    r"\(\s*(?:(?:known|probable|likely|possible|suspected|simple|most likely|probably|presumed|"
    r"typical|small|cortical|calcified|benign|a|an|dd:?|e\.g\.|i\.e\.|vs\.?|or)\s+){0,3}$"
)
_AFTER_COLON = re.compile(
    r"[^;.]{0,70}:\s*(?:possible|possibly|probable|suspected|likely|most likely|consider(?:ing)?|"
    r"suggest(?:ing|ive of)?|dd:?)\s+(?:[\w-]+\s+){0,2}"
)


def only_describes(sentence: Sentence, group: list[Term], head: Term) -> bool:
    """Whether a head only says what the mention before it is ("lesion, likely a cyst", "cyst versus hemangioma")."""
    last = group[-1]
    if head.text.startswith(("too small", "tstc", "hyperenhanc", "hypervascularis", "hypervasculariz")):
        return True
    gap = sentence.between(last.end, head.start)
    if _SAME_WORD.fullmatch(gap) or ("WEAK_LESION" in last.roles and _PART_OF.fullmatch(gap)):
        return True
    if _OR_ELSE.fullmatch(gap):
        return not _NUM_NEAR.search(gap)
    if ";" in gap:
        return False
    if _NUMBERED.fullmatch(gap) and last.text.startswith(("observation", "lesion", "target")):
        return True
    if _apposed(sentence, head, gap):
        return True
    if len(group) > 1 and _ONE_MORE.fullmatch(gap) and not _has_size(sentence, last.end, head.start):
        return True  # "consistent with hemangioma and cysts"
    if _inside_bracket(sentence, last, head, gap):
        return True
    if _BRACKETED.search(gap):
        return ")" not in gap.split("(")[-1]
    return bool(_AFTER_COLON.fullmatch(gap)) or _linked(sentence, last, head)


def _inside_bracket(sentence: Sentence, last: Term, head: Term, gap: str) -> bool:
    """Whether a bracket opens between the two heads and names no place, size or further thing."""
    bracket = gap.rfind("(")
    if bracket < 0 or ")" in gap[bracket:] or _has_size(sentence, last.end + bracket, head.start):
        return False
    return not re.search(r"\b(?:in|of|at|with|and)\b", gap[bracket + 1 :])


def _linked(sentence: Sentence, last: Term, head: Term) -> bool:
    """Whether words such as "consistent with" or "is" lead from one head to the other."""
    links = [
        t
        for t in sentence.terms
        if "TYPE_LINK:BIDIRECTIONAL" in t.roles and last.end <= t.start and t.end <= head.start
    ]
    if not links:
        return False
    link = links[-1]
    copula = link.text in ("is", "are", "was", "were", "is a", "is an")
    if copula and re.search(r"\bthere\s+$", sentence.between(sentence.start, link.start)):
        return False
    words = WORD.findall(sentence.between(link.end, head.start))
    if len(words) > 6 or any(w in (",", ";", ":", "(", ")") for w in words[:-1]):
        return False
    if any(w in STOP - {"as", "of", "to", "or", "a", "about", "be"} for w in words):
        return False
    return not _own_finding(sentence, head, link)


def _apposed(sentence: Sentence, head: Term, gap: str) -> bool:
    """Whether a type stands alone behind a comma: "…, cyst versus hemangioma."."""
    rest = sentence.between(head.end, sentence.end)
    alone = re.search(r",\s*(?:likely\s+|probably\s+|known\s+|typical\s+|contralateral\s+|\?)?$", gap) and re.match(
        r"\s*(?:[.;)?]|$|(?:versus|vs|or|possible|likely|probable|suspected)\b)", rest
    )
    return bool(alone) and head.meta("LESION").get("type", "unspecified") != "unspecified"


def _has_size(sentence: Sentence, start: int, end: int) -> bool:
    """Whether a size stands between two offsets."""
    return any(start <= s.start < end for s in sentence.sizes)


def _own_finding(sentence: Sentence, head: Term, link: Term) -> bool:
    """Whether the linked head has a size of its own before it: then it is another lesion, not a description."""
    return any(link.start <= s.start and s.end <= head.start for s in sentence.sizes) or (
        link.text in _WEAK_LINKS
        and bool(
            re.search(r"(?:,|\band\b)\s*(?:also\s+)?(?:an?\s+)?$", sentence.between(sentence.start, link.start)[-12:])
        )
        and _new_organ_follows(sentence, head)
    )


def _new_organ_follows(sentence: Sentence, head: Term) -> bool:
    return any(0 <= t.start - head.end < 25 and "ORGAN" in t.roles for t in sentence.terms)


def describe(sentence: Sentence, mention: Mention) -> None:
    """Type, wording and attenuation, from the heads and the describing words of the noun phrase."""
    types = [(t.meta("LESION").get("type") or t.meta("NODE").get("type") or "unspecified", t) for t in mention.heads]
    ranked = [
        pair for pair in types if pair[0] != "unspecified" and not _negated_description(sentence, mention, pair[1])
    ]
    others = {kind for kind, t in types if kind != "unspecified" and t is not mention.heads[0] and (kind, t) in ranked}
    if (
        len(ranked) > 1
        and ranked[0][1] is not mention.heads[0]
        and others & {"metastasis", "malignant"}
        and others & {"cyst", "benign"}
    ):
        ranked = []  # "adenoma or metastasis" leaves it open
    if ranked:
        mention.lesion_type, term = ranked[0]
        mention.type_text = term.text
    near = [
        q
        for q in sentence.having("QUALIFIER")
        if mention.start <= q.start < mention.heads[-1].end or _predicated(sentence, mention, q)
    ]
    if mention.lesion_type == "unspecified" and len(mention.heads) > 1 and TUMOR_WORD.search(mention.heads[-1].text):
        between = sentence.between(mention.head.end, mention.heads[-1].start)
        if re.search(
            r"suspicious|concern|worris|highly suggestive", between
        ):  # "suspicious for tumour" is read as malignant
            mention.lesion_type, mention.type_text = "malignant", mention.heads[-1].text
    if mention.lesion_type == "unspecified" and _MALIGNANT_SCORE.search(sentence.between(mention.start, mention.end)):
        mention.lesion_type, mention.type_text = "malignant", mention.head.text
    for q in near:
        meta = q.meta("QUALIFIER")
        if mention.lesion_type == "unspecified" and meta.get("type"):
            mention.lesion_type, mention.type_text = meta["type"], q.text
        mention.attenuation = mention.attenuation or meta.get("attenuation")
        if mention.lesion_type == "unspecified" and q.text == "metastatic":
            mention.lesion_type, mention.type_text = "metastasis", q.text
    if mention.lesion_type == "unspecified" and _calcified(sentence, mention, near):
        mention.lesion_type = "benign"
    mention.type_text = mention.type_text or mention.head.text


# Categories that mean (probably) cancer: LI-RADS 5 and M, PI-RADS 4 and 5, BI-RADS 5 and 6, Lung-RADS 4X.
_MALIGNANT_SCORE = re.compile(
    r"\b(?:li-?rads|lr)\s*(?:category\s*)?-?\s*(?:5|m)\b|"
    r"\bpi-?rads\s*(?:v?\d(?:\.\d)?\s*)?(?:category|score|:)?\s*[45]\b|\bbi-?rads\s*(?:category|"
    r"classification|:)?\s*[56]\b|\blung-?rads\s*4x\b"
)


def _calcified(sentence: Sentence, mention: Mention, near: list[Term]) -> bool:
    """A calcified nodule; a "calcified lesion", unless only its rim or a part is."""
    words = [q for q in near if q.text in ("calcified", "calcific")]
    if mention.head.text.startswith(("nodul", "micronodul")):
        return bool(words)
    wholly = any(
        q.end <= mention.head.start
        and not re.search(r"(?:ly|rim|edge|wall)[\s-]+$", sentence.between(mention.start, q.start))
        for q in words
    )
    return wholly and mention.head.text.startswith(("lesion", "foc"))


# "nodules, some of which are calcified": said of a part of the group alone.
_OF_SOME = re.compile(r"\b(?:some|one|two|a few|several|part) of (?:which|them|these)\b[^,;]*$")


def _predicated(sentence: Sentence, mention: Mention, qualifier: Term) -> bool:
    """ "The lesion is cystic", "lesion, likely benign"."""
    gap = sentence.between(mention.heads[-1].end, qualifier.start)
    return (
        0 <= qualifier.start - mention.heads[-1].end < 80
        and qualifier.end <= mention.end
        and not _OF_SOME.search(gap)
        and bool(
            re.search(
                r"(?:\bis|\bare|\bappears?|likely|probably|,|suspicious for|measuring [^,]{1,30},|consistent with|"
                r"favou?red|considered|considering|suspected|all of (?:which|them))\s+(?:an?\s+)?$",
                gap,
            )
        )
    )


def _negated_description(sentence: Sentence, mention: Mention, term: Term) -> bool:
    if term is mention.heads[0]:
        return False
    before = sentence.between(max(mention.head.end, term.start - 40), term.start)
    return bool(re.search(r"\b(?:unlikely|less likely|rather than|not(?! exclud)|instead of|no)\b[^,;]*$", before))
