"""Places that a lesion only lies near to or reaches: "adjacent to the aorta"."""

import re

from .document import Sentence
from .lexicon import Term


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
    told = any(t.end <= term.start for t in sentence.having("LESION", "WEAK_LESION"))
    for other in sentence.having("OTHER"):
        if other.text in _SIGNS and told and re.fullmatch(r"\s+(?:lobe\s+)?", sentence.between(term.end, other.start)):
            return other.text  # "hepatic mass with left hepatic lobe atrophy"
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
