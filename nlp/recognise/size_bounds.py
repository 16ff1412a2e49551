"""Whether a size is exact, an upper or a lower bound."""

import re
from dataclasses import replace

from .size_groups import Size

_UPPER = re.compile(
    r"(?:\bsub-?\s?|less than|smaller than|under|below|<|up to|upto|not exceeding|not exceed|no(?:t)? more than|"
    r"no larger than|"
    r"no greater than|not larger than|no bigger than|at most|maximally|reaching|reaches|reach|does not exceed|"
    r"do not exceed|within|shy of|"
    r"(?:none|no \w+|nothing|not) (?:is |are |being )?(?:above|over|exceeding|larger than|greater than|"
    r"bigger than|more than|beyond))"
    r"(?:\s+(?:a|an|the|or|of|about|approximately|approx\.?|equal to|size of|maximum(?: size)?(?: of)?|diameter of|"
    r"maximum diameter of|in size|in diameter|to|or equal to|short axis of)){0,3}\s*=?\s*$"
)
_REACHING = re.compile(
    r"(?:up to|upto|reaching|reaches|reach|maximally|not exceeding|not exceed|does not exceed|"
    r"do not exceed)\b[^.;]{0,30}$"
)
_LOWER = re.compile(
    r"(?:at least|more than|greater than|larger than|(?:measur\w+|size|is|are|of) over|exceeding|exceeds|"
    r"(?<![-=])>|minimum(?: of)?|above|"
    r"bigger than)(?:\s+(?:or|equal to|about|approximately|a|an)){0,2}\s*=?\s*$"
)
_OR_LESS = re.compile(
    r"\s*(?:,\s*)?(?:or|and|/)\s+(?P<w>less|smaller|under|below|more|larger|greater|above|over|bigger)\b"
)


def bounded(folded: str, size: Size, start: int, end: int) -> Size:
    """The size with its bound read from the words before and after it."""
    if size.bound != "exact":
        return size
    after = _OR_LESS.match(folded, size.end, min(end, size.end + 20))
    if after:
        bound = "upper" if after.group("w") in ("less", "smaller", "under", "below") else "lower"
        return replace(size, bound=bound)
    before = folded[max(start, size.start - 50) : size.start]
    if _UPPER.search(before):
        reaching = bool(_REACHING.search(before))
        return replace(size, bound="exact" if reaching else "upper", reaching=reaching)
    return replace(size, bound="lower") if _LOWER.search(before) else size
