"""What is copied from around a lesion's mentions: attenuation, and the image that shows it."""

import re

from .compose import Draft
from .spans import Mention

# Words between the mention and a describing word behind it: "lesion is hypodense", "nodule, 7 mm, likely calcified".
_BEHIND = re.compile(r"(?:[^;.:]{0,40}(?:\bis|\bare|\bappears?|likely|probably|,|\())?\s*(?:an?\s+)?")
_BEFORE_CHARACTERS = 45
_IMAGE = re.compile(
    r"(?:se(?:ries)?\.?\s*#?\s*\d{1,4}\W{0,3}(?:im(?:age|g)?\.?\s*#?\s*\d{1,4}(?:\s*[-/,]\s*\d{1,4})*)"
    r"|im(?:age|g)?s?\.?\s*#?\s*\d{1,4}(?:\s*[-/,]\s*\d{1,4})*(?:\W{1,4}(?:of )?series\s*\d{1,4})?"
    r"|(?<=\()\s*\d{1,3}\s*[:/]\s*\d{1,4}\s*(?=\)))"
)
_IMAGE_CHARACTERS = 90


def attenuation(draft: Draft) -> str | None:
    """Hypo-, iso-, hyperattenuating … by the first describing word of the lesion's mentions."""
    for located in draft.cluster.mentions:
        m = located.mention
        low, high = _ends(m)
        for term in m.sentence.having("QUALIFIER"):
            told = term.meta("QUALIFIER").get("attenuation")
            if told and _describes(m, term.start, term.end, low, high):
                return str(told)
    return None


def _describes(m: Mention, start: int, end: int, low: int, high: int) -> bool:
    s = m.sentence
    if end <= low:
        gap = s.between(end, low)
        return low - end <= _BEFORE_CHARACTERS and not re.search(r"[;:.,]", gap) and not _another(m, end, low)
    if start >= high:
        return _BEHIND.fullmatch(s.between(high, start)) is not None and not _another(m, high, start)
    return True


def _another(m: Mention, start: int, end: int) -> bool:
    """Whether another lesion's word or size stands between."""
    s = m.sentence
    heads = any(start <= h.start < end for h in s.heads if h is not m.head)
    return heads or any(start <= x.start < end for x in s.sizes if not m.owns(x))


def image_reference(draft: Draft, text: str) -> str | None:
    """The image named behind a mention, as written: "series 4 image 51", "4/33"; before the next lesion's mention."""
    for located in draft.cluster.mentions:
        m = located.mention
        s = m.sentence
        low, high = _ends(m)
        later = [h.start for h in s.heads if h.start >= high] + [x.start for x in s.sizes if x.start >= high]
        for match in _IMAGE.finditer(s.between(low, min(s.end, high + _IMAGE_CHARACTERS))):
            start, end = low + match.start(), low + match.end()
            if not any(x <= start and not _inside(x, start, end) for x in later):
                return text[start:end].strip()
    return None


def _inside(position: int, start: int, end: int) -> bool:
    return start <= position < end


def _ends(m: Mention) -> tuple[int, int]:
    if m.head is None:
        return m.start, m.end
    return min(m.start, m.head.start), max(m.end, m.head.end)
