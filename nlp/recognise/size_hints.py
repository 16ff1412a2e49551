"""What the words next to a size say of its time and kind: an earlier size, a sum, a distance."""

import re
from dataclasses import replace

from .size_groups import LISTED, Group, Size, link_mark

PRIOR_BEFORE = re.compile(
    r"(?:\b(?:previously|(?<!as )prior|formerly|earlier|baseline|nadir|originally|initially|last (?:time|year|"
    r"exam|study|scan)|prev|pre|past)"
    r"(?:\s+(?:size|measurement|value|study|exam|ct|mri|scan))?\W{0,3}(?:was|measur\w+|at|of|to|about|being|"
    r"approximately|it|were|and)?\W{0,3})$"
)
_PRIOR_LINK = re.compile(
    r"(?:\b(?:(?:which |it |that |these |this )?(?:was|were|had been|measured)|then|versus|vs\.?|compared (?:to|"
    r"with)|(?<!\d )from|against|up from|down from|"
    r"instead of)\s+(?:then\s+|about\s+|approximately\s+|a\s+|previously\s+|at\s+)?)$"
)
_PRIOR_AFTER = re.compile(
    r"\s*(?:,\s*)?(?:(?:in|on|at|as of|as per|from|back in)\s+(?:the\s+)?(?:\w{3,9}\.?\s+)?(?:20\d\d|19\d\d|"
    r"\d{1,2}/\d{2,4}|baseline|nadir|last|prior|"
    r"previous|(?:early|mid|late)\b|january|february|march|april|may\b|june|july|august|september|october|"
    r"november|december)|"
    r"(?:the\s+)?last (?:year|time|exam|study|scan|month|week)|(?:previously|before|earlier|formerly|originally|"
    r"initially)\b(?!\W{0,3}(?:was |at |of )?\d)|at (?:last|first)|"
    r"(?:\w+\s+)?(?:months?|weeks?|years?|days?)\s+(?:ago|before|earlier|prior)|at (?:\w+\s+)?(?:months?|weeks?|"
    r"years?)\b)"
)
_CURRENT_BEFORE = re.compile(r"\b(?:now|today|currently|presently)\b\W*(?:is|at|measur\w+|are|of)?\W*$")
_SUM_BEFORE = re.compile(
    r"\b(?:sums?|sld|sod|total)\b(?:\s+(?:of|the|all|target|lesions?|longest|diameters?|diam|tumou?r|burden|is|"
    r"was|now|pre|measurements?))*\s*[:=]?\s*$"
)
FOREIGN_BEFORE = re.compile(
    r"\b(?:by|increase of|decrease of|growth of|difference of|invasion depth of|slice thickness(?: of)?|"
    r"collimation(?: of)?|every)\s*$|(?<!\w)[+]\s?$"
)
_FOREIGN_AFTER = re.compile(
    r"\s*(?:(?:axial|coronal|sagittal|thick|thin)\s+)?(?:slices?|sections?|collimation|reformat\w*|"
    r"reconstruct\w*|images|cuts|intervals|increments|"
    r"slice thickness|throw)\b|\s+(?:(?:away|caudal|cranial|distal|proximal|lateral|"
    r"medial)(?:ly)?\s+)?(?:from\s+(?:the|its)|above|below|short of|beyond|"
    r"proximal to|distal to|behind|apart|upstream|per\b|growth|longer|larger than)\b"
)
_THEN = re.compile(r"\b(?:then|was|were|measured)\s+(?:about\s+)?$")
_NOW = re.compile(r"\b(?:now|today|currently)\b")
_ONLY_COMPARES = re.compile(r"(?:[\d.,; x]|was|were|prior|previously|20\d\d:?|now|and|in|\w{3,9} 20\d\d)*")


def comparison(folded: str, groups: list[Group], i: int, start: int, end: int) -> str:
    """What the words or brackets around a bare number say: "prior", "current", "bare" (part of a list) or ""."""
    group = groups[i]
    lead = folded[max(start, group.start - 40) : group.start]
    beyond = folded[group.end : min(end, group.end + 40)]
    measured = any(g.factor for g in groups[max(0, i - 6) : i]) or bool(_NOW.search(beyond))
    if _CURRENT_BEFORE.search(lead):
        return "current"
    if PRIOR_BEFORE.search(lead) or (_PRIOR_LINK.search(lead) and (measured or group.numbers[0].decimal)):
        return "prior"
    if measured and _PRIOR_AFTER.match(beyond):
        return "prior"
    opened = folded.rfind("(", max(start, group.start - 60), group.start)
    if opened >= 0 and folded.find(")", opened, group.start) < 0 and measured:
        content = folded[opened + 1 : group.start].strip()
        before = folded[max(start, opened - 8) : opened].rstrip()
        beside = before.endswith(("mm", "cm")) or (
            before.endswith((")", ",")) and "mm" in folded[max(start, opened - 60) : opened]
        )
        if beside and _ONLY_COMPARES.fullmatch(content):
            return "prior"
    if i and groups[i - 1].factor and link_mark(folded, groups[i - 1], group) in LISTED:
        return "bare"
    return ""


def hinted(folded: str, size: Size, before: list[Size], start: int, end: int) -> Size:
    """The size with what the words next to it say of its time and kind."""
    lead = folded[max(start, size.start - 60) : size.start]
    beyond = folded[size.end : min(end, size.end + 40)]
    if _SUM_BEFORE.search(lead):
        return replace(size, hint="sum")
    if _FOREIGN_AFTER.match(beyond) or (FOREIGN_BEFORE.search(lead) and not lead.rstrip().endswith("x")):
        return replace(size, hint="not_lesion")
    if _CURRENT_BEFORE.search(lead):
        return replace(size, hint="current")
    if (_THEN.search(lead) and _NOW.search(beyond)) or (before and _bracketed(folded, size, before[-1])):
        return replace(size, hint="prior")
    near = bool(before) and size.start - before[-1].end < 60 and ". " not in folded[before[-1].end : size.start]
    if PRIOR_BEFORE.search(lead) or (near and (_PRIOR_LINK.search(lead) or _PRIOR_AFTER.match(beyond))):
        return replace(size, hint="prior")
    return size


def _bracketed(folded: str, size: Size, before: Size) -> bool:
    """Whether the size stands alone in brackets right behind another one: "1.4 cm (1.2 cm)"."""
    opened = folded[before.end : size.start].strip() == "(" and folded[size.end : size.end + 2].strip()[:1] in (
        ")",
        ",",
        ";",
    )
    return opened and size.lesions_mm != before.lesions_mm and len(size.lesions_mm[0]) <= len(before.lesions_mm[0])
