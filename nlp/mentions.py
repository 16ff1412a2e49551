"""Finds the mentions of lesions in a sentence: heads, what they are said to be, noun phrases, counts."""

import itertools
import re

from .document import Mention, Sentence
from .lexicon import Term
from .rule_files import Rule

_STOP = frozenset(
    [
        "in",
        "of",
        "at",
        "on",
        "with",
        "was",
        "is",
        "are",
        "were",
        "and",
        "or",
        "from",
        "to",
        "which",
        "that",
        "within",
        "seen",
        "noted",
        "there",
        "for",
        "by",
        "shows",
        "show",
        "showing",
        "demonstrates",
        "demonstrate",
        "demonstrating",
        "containing",
        "contains",
        "contain",
        "has",
        "have",
        "had",
        "measuring",
        "measures",
        "measured",
        "observed",
        "detected",
        "identified",
        "visible",
        "present",
        "reveals",
        "revealed",
        "revealing",
        "into",
        "over",
        "across",
        "than",
        "as",
        "between",
        "about",
        "through",
        "involving",
        "suggesting",
        "suggestive",
        "consistent",
        "compatible",
        "without",
        "no",
        "not",
        "but",
        "be",
        "been",
        "being",
        "may",
        "might",
        "could",
        "can",
        "cannot",
        "also",
        "still",
        "than",
        "via",
        "per",
        "because",
        "due",
        "including",
        "plus",
        "exhibits",
        "exhibit",
        "harbors",
        "harbours",
        "like",
        "where",
        "when",
        "while",
        "after",
        "before",
        "although",
        "however",
        "additionally",
        "furthermore",
        "incidentally",
        "similarly",
        "again",
        "here",
        "on",
        "upon",
        "along",
        "toward",
        "towards",
        "near",
        "under",
        "above",
        "below",
    ]
)
_DETERMINERS = frozenset(
    ["a", "an", "the", "this", "these", "those", "that", "such", "said", "another", "one", "its", "their", "each"]
)
_WORD = re.compile(r"[^\s,;:()\"/]+|[,;:()\"/]")
_NUMBERS = {
    w: i
    for i, w in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=1
    )
} | {"single": 1, "solitary": 1, "isolated": 1, "couple": 2, "pair": 2, "both": 2}
_MANY = frozenset(
    [
        "multiple",
        "several",
        "few",
        "many",
        "numerous",
        "innumerable",
        "various",
        "some",
        "countless",
        "plural",
        "diffuse",
        "scattered",
        "multifocal",
        "disseminated",
        "sporadic",
        "occasional",
        "uncountable",
    ]
)
_PLURAL_HEAD = re.compile(
    r"(?:[^s]s|foci|metastases|masses|densities|opacities|laps|loci|enostoses|myomata|filiae|deposits|"
    r"nodularities|malignancies|lymphadenopathies|adenopathies)$"
)
_SINGULAR_S = re.compile(
    r"(?:itis|osis|asis|metastasis|process|focus|carcinomatosis|mass|enostosis|osteolysis|fibrosis|ipmns?$)$"
)
_ANAPHORIC = re.compile(
    r"\b(?:the|this|these|those|that|such|said|described|above-mentioned|aforementioned|mentioned|"
    r"former|latter)\s+(?:[\w-]+\s+){0,3}$"
)
_ONES = frozenset({"the one", "another one", "the other", "the other one", "a second one"})
_PERITONEAL = re.compile(
    r"periton|oment|mesenter|serosa|capsul|diaphragm|douglas|paracolic|perihepatic|perisplenic|cul-de-sac"
)
_TELLING = re.compile(r"cyst|nodul|mass|tumo|neoplas|metasta|malign|multiloc|multicyst|polyp|lytic|sclerotic")
_THICKENING = frozenset({"thickening", "thickenings"})
_TUMOR_WORD = re.compile(r"tumou?r|mass|neoplas|malign|cancer|carcinom|metasta")


def find_mentions(sentence: Sentence) -> list[Mention]:
    """Mentions of one sentence in reading order; places, sizes and assertion are filled in by later components."""
    heads = [t for t in sentence.terms if _is_head(sentence, t)]
    if not heads and sentence.lesion_list and sentence.sizes:
        heads = [_listed(sentence)]
    groups: list[list[Term]] = []
    for head in heads:
        if groups and _describes(sentence, groups[-1], head):
            groups[-1].append(head)
        else:
            groups.append([head])
    mentions = [_mention(sentence, group) for group in groups]
    _bound(sentence, mentions)
    for mention in mentions:
        _describe(sentence, mention)
        _count(sentence, mention)
    return mentions


def _listed(sentence: Sentence) -> Term:
    """In a list of target lesions the place stands for the lesion: "Liver segment 6: 32 mm"."""
    size = sentence.sizes[0]
    before = [t for t in sentence.having("ORGAN", "PLACE", "STATION", "SIDE") if t.end <= size.start]
    roles = {"LESION": Rule("target lesion", "LESION", "", {"type": "unspecified"})}
    if any("STATION" in t.roles and "ORGAN" not in t.roles for t in before) or re.search(r"\bnodes?\b", sentence.text):
        roles = {"NODE": Rule("target node", "NODE", "", {"enlarged": True})}
    word = before[-1] if before else Term(size.start, size.end, sentence.between(size.start, size.end), {})
    return Term(word.start, word.end, "target", roles)


def _is_head(sentence: Sentence, term: Term) -> bool:
    if "IGNORE" in term.roles:
        return False
    if "LESION" in term.roles or "NODE" in term.roles:
        return True
    if "WEAK_LESION" not in term.roles:
        return False
    if _NO_LESION_OF.match(sentence.between(term.end, sentence.end)):
        return False
    left = sentence.between(max(sentence.start, term.start - 60), term.start)
    qualifiers = [
        q for q in sentence.having("QUALIFIER") if q.meta("QUALIFIER").get("qualifies") and q.end <= term.start
        and term.start - q.end < 40 and not _breaks_noun_phrase(sentence.between(q.end, term.start))
    ]  # fmt: skip
    if term.text in _ONES or term.text == "one":  # "the lesion in segment 4 … and the one in segment 7"
        named = any({"LESION", "NODE"} & set(t.roles) and t.end <= term.start for t in sentence.terms)
        return (
            named
            and term.text in _ONES
            and bool(re.match(r"\s+(?:in|within|at|on)\s", sentence.between(term.end, sentence.end)))
        )
    if term.text.startswith("implant"):
        return bool(_PERITONEAL.search(sentence.text)) or "peritoneum" in sentence.heading_organs
    if term.text.startswith("observation"):  # LI-RADS
        return bool(re.search(r"\b(?:lr-?\s?\d|li-?rads)", sentence.text)) or bool(sentence.sizes)
    if term.text in ("target", "targets"):  # RECIST: a target with its size
        return bool(sentence.sizes)
    if term.text in _THICKENING:
        read_as = any(
            0 <= q.start - term.end < 90 and q.meta("QUALIFIER").get("type") == "malignant" and q.text != "suspicious"
            for q in sentence.having("QUALIFIER")
        )
        return (
            read_as
            or _followed_by_lesion(sentence, term)
            or any(_TUMOR_WORD.search(q.text) for q in qualifiers)
            or _followed_by_tumor(sentence, term)
        )
    if any(
        t
        for t in sentence.having("OTHER")
        if t.end <= term.start and not _breaks_noun_phrase(sentence.between(t.end, term.start))
    ):
        return False
    if term.text.startswith(("appearance", "structure", "abnormalit", "process", "configuration", "image")):
        qualifiers = [q for q in qualifiers if q.meta("QUALIFIER").get("attenuation") or _TELLING.match(q.text)]
    strong = [
        q
        for q in qualifiers
        if q.text
        not in (
            "focal",
            "round",
            "rounded",
            "oval",
            "ovoid",
            "soft tissue",
            "infiltrative",
            "infiltrating",
            "solid",
            "enhancing",
            "suspicious",
            "nodal",
        )
    ]
    if (
        strong
        or (len(qualifiers) >= 2)
        or (qualifiers and term.text.startswith(("foc", "lump", "formation", "structure", "cavit", "conglomer")))
    ):
        return True
    if term.text in ("cavity", "cavities") and re.search(r"thick|extensive|large", left):
        return True
    return _followed_by_lesion(sentence, term)


_NO_LESION_OF = re.compile(
    r"\s+of\s+(?:\w+\s+){0,2}(?:heterogen|necro|calcif|fat\b|fatty|fluid|h[ae]*morrhag|gas|air|edema|"
    r"consolid|atelecta|infect|inflamm|fibro|scar|sparing|steato|ground|infarct|isch|emphys|gliosis|"
    r"malacia|bleed)"
)


def _breaks_noun_phrase(text: str) -> bool:
    words = _WORD.findall(text)
    return any(w in _STOP or w in ";:()" for w in words) or len(words) > 5


_SAYS = (
    r"\b(?:consistent with|compatible with|corresponding to|corresponds to|representing|"
    r"in keeping with|in favou?r of|suspicious for)\s+(?:an?\s+|the\s+)?(?:[\w-]+\s+){0,2}$"
)


def _followed_by_lesion(sentence: Sentence, term: Term) -> bool:
    """ "appearance (nodule?)", "area …, consistent with a cyst": what follows says what the weak head is."""
    for other in sentence.having("LESION"):
        gap = sentence.between(term.end, other.start)
        vague = term.text.startswith(
            (
                "area",
                "foc",
                "shadow",
                "formation",
                "structure",
                "spot",
                "lump",
                "cavit",
                "process",
                "abnormalit",
                "opacit",
            )
        )
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
        if other.start >= term.end and len(gap) < 90 and ";" not in gap and _TUMOR_WORD.search(other.text):
            return bool(
                re.search(
                    r"suspic|suggest|concern|compatib|consistent|likely|possib|favou?r|represent|consider|worris|\(|"
                    r"indicat",
                    gap,
                )
            )
    return False


def _describes(sentence: Sentence, group: list[Term], head: Term) -> bool:
    """Whether a head only says what the mention before it is ("lesion, likely a cyst", "cyst versus hemangioma")."""
    last = group[-1]
    if head.text.startswith(("too small", "tstc", "hyperenhanc", "hypervascularis", "hypervasculariz")):
        return True
    gap = sentence.between(last.end, head.start)
    if re.fullmatch(r"\s*", gap) or re.fullmatch(r"\s*(?:/|-)\s*", gap):
        return True
    if "WEAK_LESION" in last.roles and re.fullmatch(r"\s+of\s+(?:\w+\s+){0,2}", gap):
        return True  # "areas of carcinomatosis"
    if re.fullmatch(r"\s*(?:or|and/or|vs\.?|versus|as opposed to)\s+(?:an?\s+)?(?:[\w-]+\s+){0,2}", gap):
        return not _NUM_NEAR.search(gap)
    if ";" in gap:
        return False
    if re.fullmatch(r"\s*\d{0,2}\s*:\s*(?:an?\s+)?[^,;:]{0,30}", gap) and last.text.startswith(
        ("observation", "lesion", "target")
    ):
        return True  # "Observation 3: a 7 mm simple cyst"
    if _apposed(sentence, head, gap):
        return True
    if (
        len(group) > 1
        and re.fullmatch(r"\s*(?:,|,?\s*and|,?\s*or)\s+(?:an?\s+|known\s+|the\s+)?(?:[\w-]+\s+){0,2}", gap)
        and not sentence_has_size(sentence, last.end, head.start)
    ):
        return True  # "consistent with hemangioma and cysts"
    bracket = gap.rfind("(")
    if bracket >= 0 and ")" not in gap[bracket:] and not sentence_has_size(sentence, last.end + bracket, head.start):
        inside = gap.rsplit("(", 1)[1]
        if not re.search(r"\b(?:in|of|at|with|and)\b", inside):
            return True
    if re.search(
        r"\(\s*(?:(?:known|probable|likely|possible|suspected|simple|most likely|probably|presumed|"
        r"typical|small|cortical|calcified|benign|a|an|dd:?|e\.g\.|i\.e\.|vs\.?|or)\s+){0,3}$",
        gap,
    ):
        return not re.search(r"\)", gap.split("(")[-1])
    if re.fullmatch(
        r"[^;.]{0,70}:\s*(?:possible|possibly|probable|suspected|likely|most likely|consider(?:ing)?|"
        r"suggest(?:ing|ive of)?|dd:?)\s+(?:[\w-]+\s+){0,2}",
        gap,
    ):
        return True
    links = [
        t
        for t in sentence.terms
        if "TYPE_LINK:BIDIRECTIONAL" in t.roles and last.end <= t.start and t.end <= head.start
    ]
    for link in reversed(links):
        if link.text in ("is", "are", "was", "were", "is a", "is an") and re.search(
            r"\bthere\s+$", sentence.between(sentence.start, link.start)
        ):
            break
        between = sentence.between(link.end, head.start)
        words = _WORD.findall(between)
        if len(words) > 6 or any(w in (",", ";", ":", "(", ")") for w in words[:-1]):
            break
        if any(w in _STOP - {"as", "of", "to", "or", "a", "about", "be"} for w in words):
            break
        return not _own_finding(sentence, head, link)
    return False


def _apposed(sentence: Sentence, head: Term, gap: str) -> bool:
    """Whether a type stands alone behind a comma: "…, cyst versus hemangioma."."""
    rest = sentence.between(head.end, sentence.end)
    alone = re.search(r",\s*(?:likely\s+|probably\s+|known\s+|typical\s+|contralateral\s+|\?)?$", gap) and re.match(
        r"\s*(?:[.;)?]|$|(?:versus|vs|or|possible|likely|probable|suspected)\b)", rest
    )
    return bool(alone) and head.meta("LESION").get("type", "unspecified") != "unspecified"


def sentence_has_size(sentence: Sentence, start: int, end: int) -> bool:
    """Whether a size stands between two offsets."""
    return any(start <= s.start < end for s in sentence.sizes)


_NUM_NEAR = re.compile(r"\d\s*(?:mm|cm)")
_WEAK_LINKS = frozenset(
    [
        "possible",
        "possibly",
        "suspected",
        "probable",
        "probably",
        "likely",
        "suspect",
        "query",
        "presumed",
        "is",
        "are",
        "was",
        "were",
        "as",
        "first",
        "primarily",
    ]
)


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


def _mention(sentence: Sentence, group: list[Term]) -> Mention:
    head = group[0]
    start = _noun_phrase_start(sentence, head.start)
    # One thing under two names: "nodule or node", "nodal mass" count as a node.
    return Mention(
        sentence=sentence,
        head=head,
        heads=group,
        start=start,
        territory_start=sentence.start,
        end=sentence.end,
        node=any("NODE" in t.roles for t in group),
        weak="WEAK_LESION" in head.roles and "LESION" not in head.roles,
    )


def _noun_phrase_start(sentence: Sentence, head_start: int) -> int:
    text = sentence.between(sentence.start, head_start)
    start = head_start
    commas = 0
    for match in reversed(list(_WORD.finditer(text))):
        word = match.group()
        inside_size = any(s.start <= sentence.start + match.start() < s.end for s in sentence.sizes)
        if word in _DETERMINERS:
            return sentence.start + match.start()
        if (
            word == ","
            and commas < 3
            and start != head_start
            and _adjective_before(sentence, sentence.start + match.start())
        ):
            commas += 1
            continue
        if word in ("and", "or", "/", ",", "&") and _joins_places(sentence, sentence.start + match.start(), start):
            continue
        if not inside_size and (word in _STOP or word in ',;:()"/'):
            break
        if any(
            t.start <= sentence.start + match.start() < t.end and {"LESION", "NODE"} & set(t.roles)
            for t in sentence.terms
        ):
            break
        start = sentence.start + match.start()
        if head_start - start > 110:
            break
    return start


def _joins_places(sentence: Sentence, joiner: int, start: int) -> bool:
    """Whether a conjunction joins two place words of one noun phrase ("splenic and renal nodules")."""
    left = any(
        t.end <= joiner
        and not sentence.between(t.end, joiner).strip()
        and (t.meta("ORGAN").get("adjective") or {"STATION", "SIDE"} & set(t.roles))
        for t in sentence.terms
    )
    return left and any(t.start == start and {"ORGAN", "STATION", "SIDE"} & set(t.roles) for t in sentence.terms)


_ADJECTIVE = re.compile(
    r"(?:[a-z-]+(?:ed|ic|al|ous|ive|ar|ing|ent|ant|oid|shaped|like|able)|small|large|tiny|round|oval|"
    r"thin|thick|new|old|smooth|soft|dense|simple|complex|big|huge|bulky|single|solitary|stable|vague|"
    r"subtle|faint)$"
)


def _adjective_before(sentence: Sentence, comma: int) -> bool:
    """Whether a comma only separates describing words ("small, round, hypodense lesion")."""
    before = sentence.between(sentence.start, comma)
    if any(
        q.end == comma or (sentence.between(q.end, comma).strip() == "" and q.end <= comma)
        for q in sentence.having("QUALIFIER")
    ):
        return True
    for size in sentence.sizes:
        if size.end <= comma and not sentence.between(size.end, comma).strip():
            return not any(
                {"LESION", "NODE"} & set(t.roles)
                and t.end <= size.start
                and len(sentence.between(t.end, size.start)) < 25
                and "," not in sentence.between(t.end, size.start)
                for t in sentence.terms
            )
    if any(
        t.start < comma <= t.end for t in sentence.having("ORGAN", "OTHER", "NORMAL:BIDIRECTIONAL", "LESION", "NODE")
    ):
        return False
    word = re.search(r"([a-z-]+)\s*$", before)
    return bool(word and _ADJECTIVE.match(word.group(1)))


def _bound(sentence: Sentence, mentions: list[Mention]) -> None:
    """Divides the sentence among its mentions.

    The text after one belongs to it up to the next one's noun phrase, or up to a conjunction with a place phrase that
    leads to the next one ("… and in segment 5 a 3 cm lesion").
    """
    for left, right in itertools.pairwise(mentions):
        heads_end = left.heads[-1].end
        cut = max(right.start, heads_end)
        gap = sentence.between(heads_end, cut)
        lead = list(
            re.finditer(
                r"(?:[,;:]\s*(?:and|as well as|while|but)?|\band|\bwhile|\bbut|\bas well as)\s+(?:also\s+|"
                r"another\s+)?(?=(?:in|within|at|on|of the|adjacent)\b)",
                gap,
            )
        )
        verb = re.search(r"\b(?:there (?:is|are)|is seen|are seen)\b", gap[lead[-1].start() :] if lead else "")
        if lead and not verb:
            cut = heads_end + lead[-1].start()
        else:
            comma = re.search(r"(?:[,;]\s*(?:and\s+|as well as\s+)?|\band\s+|\bas well as\s+|\bwith\s+)$", gap)
            if comma:
                cut = heads_end + comma.start()
            elif lead:
                cut = heads_end + lead[-1].start()
        left.end = cut
        right.territory_start = cut


def _describe(sentence: Sentence, mention: Mention) -> None:
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
    if mention.lesion_type == "unspecified" and len(mention.heads) > 1 and _TUMOR_WORD.search(mention.heads[-1].text):
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
    if (
        mention.lesion_type == "unspecified"
        and mention.heads[0].text.startswith(("nodul", "micronodul"))
        and any(q.text in ("calcified", "calcific") for q in near)
    ):
        mention.lesion_type = "benign"
    mention.type_text = mention.type_text or mention.head.text


# Categories that mean (probably) cancer: LI-RADS 5 and M, PI-RADS 4 and 5, BI-RADS 5 and 6, Lung-RADS 4X.
_MALIGNANT_SCORE = re.compile(
    r"\b(?:li-?rads|lr)\s*(?:category\s*)?-?\s*(?:5|m)\b|"
    r"\bpi-?rads\s*(?:v?\d(?:\.\d)?\s*)?(?:category|score|:)?\s*[45]\b|\bbi-?rads\s*(?:category|"
    r"classification|:)?\s*[56]\b|\blung-?rads\s*4x\b"
)


def _predicated(sentence: Sentence, mention: Mention, qualifier: Term) -> bool:
    """ "The lesion is cystic", "lesion, likely benign"."""
    gap = sentence.between(mention.heads[-1].end, qualifier.start)
    return (
        0 <= qualifier.start - mention.heads[-1].end < 80
        and qualifier.end <= mention.end
        and bool(
            re.search(
                r"(?:\bis|\bare|\bappears?|likely|probably|,|suspicious for|measuring [^,]{1,30},|consistent with|"
                r"favou?red|considered|considering|suspected)\s+(?:an?\s+)?$",
                gap,
            )
        )
    )


def _negated_description(sentence: Sentence, mention: Mention, term: Term) -> bool:
    if term is mention.heads[0]:
        return False
    before = sentence.between(max(mention.head.end, term.start - 40), term.start)
    return bool(re.search(r"\b(?:unlikely|less likely|rather than|not|instead of|no)\b[^,;]*$", before))


def _count(sentence: Sentence, mention: Mention) -> None:
    phrase = sentence.between(mention.start, mention.head.start)
    words = list(_WORD.findall(phrase))
    head_word = mention.head.text.split()[-1].split("-")[-1]
    meant_plural = any(t.meta("LESION").get("plural") for t in mention.heads[:1])
    mention.plural = meant_plural or (bool(_PLURAL_HEAD.search(head_word)) and not _SINGULAR_S.search(head_word))
    before = sentence.between(max(sentence.start, mention.start - 40), mention.start)
    mention.definite = bool(words and words[0] in ("the", "this", "these", "those", "such", "said", "that")) or bool(
        _ANAPHORIC.search(sentence.between(max(sentence.start, mention.head.start - 60), mention.head.start))
    )
    if (
        not words
        and not mention.plural
        and re.search(r"\b(?:of|within|to|from|by)\s+$", sentence.between(sentence.start, mention.head.start))
    ):
        mention.definite = True  # "heterogeneity of mass"
    bare = (
        not words
        and mention.start == mention.head.start
        and not sentence.between(sentence.start, mention.start).strip()
    )
    after = sentence.between(mention.heads[-1].end, mention.end)
    if (
        bare
        and not mention.plural
        and re.match(r"\s+(?:has|is|was|shows?|demonstrates?|appears?|extends?|exhibits?|measures?|enhances?)\b", after)
    ):
        mention.definite = True  # telegraphic: "Mass shows …"
    number = _explicit_number(sentence, mention, phrase, before)
    if number is not None:
        mention.count, mention.count_min = number
        mention.quantified = True
        mention.plural = mention.plural or mention.count_min > 1
        return
    mention.plural = mention.plural or any(
        "NODE" in t.roles and t.text.endswith("adenopathy") for t in mention.heads[:1]
    )
    if any(w in _MANY for w in words) or re.search(
        r"\b(?:multiple|several|numerous|innumerable|many)\s+(?:of\s+)?(?:the\s+)?$", before
    ):
        mention.plural, mention.quantified = True, True
    if mention.plural:
        mention.count, mention.count_min = None, 2
    else:
        mention.count = mention.count_min = 1


_EXPLICIT = re.compile(
    r"(?P<least>at least|more than|over|>|minimum of)?\s*(?<![\d.,/a-z-])(?P<n>\d{1,2}|one|two|three|"
    r"four|five|six|seven|eight|nine|ten|eleven|twelve|single|solitary|couple|pair|both)"
    r"(?:\s*(?P<to>-|to|or)\s*(?P<m>\d{1,2}|two|three|four|five|six|seven|eight|nine|"
    r"ten))?(?=\s)(?!\s*(?:mm|cm|x\b|millimet|centimet|%|o'clock))"
)


def _explicit_number(sentence: Sentence, mention: Mention, phrase: str, before: str) -> tuple[int | None, int] | None:
    """(count, count_min) from a number in the noun phrase or in a bracket after the head ("about 25 in number")."""
    part = re.search(r"\b(\d{1,2}|one|two|three|four|five|six)\s+of\s+(?:the\s+)?$", before)
    if part:
        number = _NUMBERS.get(part.group(1)) or int(part.group(1))
        return number, number
    text = before[-14:] + phrase
    offset = mention.start - len(before[-14:])
    for match in _EXPLICIT.finditer(text):
        position = offset + match.start("n")
        if any(s.start <= position < s.end for s in sentence.sizes):
            continue
        if match.start("n") < len(before[-14:]) and not match.group("least"):
            continue
        if re.search(
            r"\b(?:segment|segments|image|series|type|grade|level|stage|category|zone|rads|bosniak|t|l|c|s|"
            r"vertebra)\s*$",
            text[: match.start("n")],
        ):
            continue
        low = _NUMBERS.get(match.group("n")) or int(match.group("n"))
        if not 1 <= low <= 60:
            continue
        if match.group("n") == "both" and any(
            "ORGAN" in t.roles and position < t.start < mention.head.start for t in sentence.terms
        ):
            continue
        if match.group("n") == "one" and text[match.end() :].lstrip().startswith("of"):
            continue
        if match.group("to"):
            return None, low
        if match.group("least"):
            strict = match.group("least") in ("more than", "over", ">")
            return None, low + 1 if strict else low
        return low, low
    after = sentence.between(mention.heads[-1].end, min(mention.heads[-1].end + 40, mention.end))
    bracket = re.match(r"\s*\((?:approximately |about |ca\.? |n\s*=\s*)?(\d{1,2})(?:\s+in number)?\)", after)
    return (int(bracket.group(1)), int(bracket.group(1))) if bracket else None
