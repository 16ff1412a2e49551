"""Sizes as reports write them: one to three diameters, ranges, lists, bounds, decimal commas, axis labels."""

import re
from dataclasses import dataclass, replace

_NUMBER = r"(?:\d{1,3}(?:[.,]\d{1,2})?|[.,]\d{1,2})"
_UNIT = r"(?:mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?|milimet(?:er|re)s?)(?![a-z0-9])"
_LABEL = (
    r"(?:\s*\(?\b(?:ap|a\.p\.|tr|trans|transverse|transversal|cc|c\.c\.|craniocaudal(?:ly)?|"
    r"cranio-caudal|ml|mediolateral|"
    r"anteroposterior|antero-posterior|si|superoinferior|lr|long axis|short axis|width|height|depth|"
    r"length|sagittal|axial|"
    r"coronal|longitudinal|w|h|d|l|wide|long|deep|high|tall)\b\)?)?"
)
_BY = r"\s*(?:x|\*|by)\s*"
_AXIS = rf"(?:{_NUMBER}\s*-?\s*(?:{_UNIT})?{_LABEL})"
_AXES = re.compile(
    rf"(?<![\d.,/:#a-z])(?P<axes>{_NUMBER}\s*-?\s*(?:{_UNIT})?{_LABEL}(?:{_BY}{_AXIS}){{1,2}})(?!\s*/|\d|\s*%)"
)
_LABELLED = re.compile(
    rf"(?<![a-z])(?P<labelled>(?:(?:ap|tr|cc|ml|lr|si|transverse|craniocaudal|anteroposterior|longitudinal|"
    rf"sagittal|width|length|height|depth|long axis|short axis)"
    rf"(?: diameter)?\s*[:=]?\s*(?:of\s+)?{_NUMBER}\s*{_UNIT}\s*(?:,|;|x|and|/)?\s*){{2,3}})"
)
_LIST = re.compile(
    rf"(?<![\d.,/:#a-z])(?P<list>{_NUMBER}\s*(?:{_UNIT})?(?:\s*,\s+{_NUMBER}\s*(?:{_UNIT})?)*\s*(?:,?\s*(?:and|&)\s+|,\s+){_NUMBER})\s*-?\s*(?P<lunit>{_UNIT})"
)
_RANGE = re.compile(
    rf"(?<![\d.,/:#a-z])(?P<lo>{_NUMBER})\s*(?:{_UNIT})?\s*(?:-|to|or|/|bis)\s*(?P<hi>{_NUMBER})\s*-?\s*(?P<runit>{_UNIT})"
)
_SINGLE = re.compile(
    rf"(?<![\d.,/:#a-z])(?P<one>{_NUMBER})\s*-?\s*(?P<unit>{_UNIT})(?!\s*/\s*s|\s*/\s*sec|²|³|2\b|3\b|\s*hg)"
)
_WORD = re.compile(
    r"(?<![a-z])(?P<word>one|two|three|four|five|six|seven|eight|nine|ten)[\s-](?P<wunit>cm|mm|"
    r"centimet(?:er|re)s?|millimet(?:er|re)s?)\b"
)
_SUBCENTIMETER = re.compile(r"(?<![a-z])sub[\s-]?(?:centimet(?:er|re|ric|ric)|cm)s?\b")
_WORDS = {
    w: i for i, w in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], start=1)
}
_AXIS_PARTS = re.compile(rf"(?P<n>{_NUMBER})\s*-?\s*(?P<u>{_UNIT})?")
_UPPER = re.compile(
    r"(?:\bsub-?|less than|smaller than|under|below|<|up to|upto|not exceeding|not exceed|"
    r"no(?:t)? more than|no larger than|no greater than|not larger than|"
    r"at most|maximally|reaching|reaches|reach|does not exceed|do not exceed|within)(?:\s+(?:a|an|the|"
    r"or|of|about|approximately|approx\.?|equal to|size of|maximum(?: size)?(?: of)?|diameter of|"
    r"maximum diameter of|in size|in diameter|to|or equal to|short axis of)){0,3}\s*=?\s*$"
)
_GROUP_UPPER = re.compile(
    r"(?:up to|upto|reaching|reaches|reach|maximally|not exceeding|not exceed|does not exceed|"
    r"do not exceed)\b[^.;]{0,30}$"
)
_LOWER = re.compile(
    r"(?:at least|more than|greater than|larger than|(?:measur\w+|size|is|are|of) over|exceeding|"
    r"exceeds|>|minimum(?: of)?|above|bigger than)(?:\s+(?:or|equal to|about|"
    r"approximately)){0,2}\s*=?\s*$"
)


@dataclass(frozen=True, slots=True)
class Size:
    """A size in the text: diameters of one lesion, or of several when the report lists them ("4, 5 and 7 mm").

    Attributes:
        lesions_mm: per lesion its diameters in mm as written.
        bound: "exact", "upper" (less than …), "lower" (at least …); `reaching` = "up to": an upper bound for a
            group, the size itself for one lesion.
        changed_from_mm: for "from 2 to 3 cm" the earlier size.
    """

    start: int
    end: int
    lesions_mm: tuple[tuple[float, ...], ...]
    bound: str = "exact"
    reaching: bool = False
    changed_from_mm: tuple[float, ...] = ()


def find_sizes(folded: str, start: int = 0, end: int | None = None) -> list[Size]:
    """All sizes between two offsets of a folded text, in reading order, without overlap."""
    stop = len(folded) if end is None else end
    segment = folded[start:stop]
    if not re.search(r"\d|cent|sub|mm", segment):
        return []
    found: list[Size] = []
    taken: list[tuple[int, int]] = []
    for reader in (_axes, _labelled, _changes, _lists, _ranges, _singles):
        for size in reader(segment):
            if not any(size.start < b and a < size.end for a, b in taken):
                taken.append((size.start, size.end))
                found.append(size)
    return [_bounded(folded, _shift(size, start), start) for size in sorted(found, key=lambda s: s.start)]


def _value(text: str) -> float:
    return float(("0" + text if text[0] in ".," else text).replace(",", "."))


def _factor(unit: str) -> float:
    return 10.0 if unit.startswith("c") else 1.0


def _axes(segment: str) -> list[Size]:
    out = []
    for match in _AXES.finditer(segment):
        parts = list(_AXIS_PARTS.finditer(match.group("axes")))
        units = [p.group("u") for p in parts]
        fallback = next((u for u in reversed(units) if u), None)
        values = [_value(p.group("n")) for p in parts]
        end = match.end()
        if fallback is None:  # a unit further on: "22 x 16 (AP x TR) mm", else plausible bare millimetres
            later = re.match(rf"\s*(?:\([a-z x]{{1,40}}\))?\s*({_UNIT})", segment[match.end() :])
            if later:
                fallback, end = later.group(1), match.end() + later.end()
            elif max(values) >= 10 and not re.search(
                r"(?:image|series|slice|matrix|grid)s?\W*$", segment[max(0, match.start() - 20) : match.start()]
            ):
                fallback = "mm"
            else:
                continue
        mm = tuple(round(v * _factor(u or fallback), 2) for v, u in zip(values, units, strict=True))
        out.append(Size(match.start(), end, (mm,)))
    return out


def _labelled(segment: str) -> list[Size]:
    out = []
    for match in _LABELLED.finditer(segment):
        parts = [p for p in _AXIS_PARTS.finditer(match.group("labelled")) if p.group("u")]
        mm = tuple(round(_value(p.group("n")) * _factor(p.group("u")), 2) for p in parts[:3])
        text = match.group("labelled").rstrip(" ,;x/\n")
        text = re.sub(r"\s+and$", "", text)
        out.append(Size(match.start(), match.start() + len(text), (mm,)))
    return out


_FROM_TO = re.compile(
    rf"from\s+(?:approximately\s+|about\s+|ca\.?\s+)?(?P<a>{_NUMBER})\s*(?P<au>{_UNIT})?\s*(?:in \w+\s+)?"
    rf"(?:to|->)\s+(?:now\s+|approximately\s+|about\s+|currently\s+)?(?P<b>{_NUMBER})\s*-?\s*(?P<bu>{_UNIT})"
)


def _changes(segment: str) -> list[Size]:
    out = []
    for match in _FROM_TO.finditer(segment):
        before = segment[max(0, match.start() - 60) : match.start()]
        if not re.search(
            r"increas|decreas|grow|grew|enlarg|reduc|shr[iau]nk|progress|regress|chang|size|larger|smaller|diminish",
            before,
        ):
            continue
        unit = match.group("bu")
        prior = _value(match.group("a")) * _factor(match.group("au") or unit)
        now = _value(match.group("b")) * _factor(unit)
        out.append(Size(match.start("a"), match.end(), ((round(now, 2),),), changed_from_mm=(round(prior, 2),)))
    return out


def _lists(segment: str) -> list[Size]:
    out = []
    for match in _LIST.finditer(segment):
        parts = [(p.group("n"), p.group("u")) for p in _AXIS_PARTS.finditer(match.group("list"))]
        factor = _factor(match.group("lunit"))
        sizes = tuple((round(_value(n) * (_factor(u) if u else factor), 2),) for n, u in parts)
        if any(u for _, u in parts[:-1]) and not all(u for _, u in parts[:-1]):
            continue
        if all(u for _, u in parts[:-1]):  # "2 cm and 3 cm" are sizes of their own
            continue
        if re.search(
            r"(?:image|series|slice|segment|level|type|grade|stage|im|se|no|number)s?\W*$",
            segment[max(0, match.start() - 12) : match.start()],
        ):
            continue
        out.append(Size(match.start(), match.end(), sizes))
    return out


def _ranges(segment: str) -> list[Size]:
    out = []
    for match in _RANGE.finditer(segment):
        high, low = _value(match.group("hi")), _value(match.group("lo"))
        if high > low and not (re.search(r"\d\s*/\s*\d", match.group()) and high > 2 * low):
            out.append(Size(match.start(), match.end(), ((round(high * _factor(match.group("runit")), 2),),)))
    return out


def _singles(segment: str) -> list[Size]:
    out = [
        Size(m.start(), m.end(), ((round(_value(m.group("one")) * _factor(m.group("unit")), 2),),))
        for m in _SINGLE.finditer(segment)
    ]
    out += [
        Size(m.start(), m.end(), ((float(_WORDS[m.group("word")]) * _factor(m.group("wunit")),),))
        for m in _WORD.finditer(segment)
    ]
    out += [Size(m.start(), m.end(), ((10.0,),), bound="upper") for m in _SUBCENTIMETER.finditer(segment)]
    return out


def _shift(size: Size, offset: int) -> Size:
    return replace(size, start=size.start + offset, end=size.end + offset)


def _bounded(folded: str, size: Size, sentence_start: int) -> Size:
    """The size with its bound read from the words before it; a quote includes the bounding words."""
    before = folded[max(sentence_start, size.start - 50) : size.start]
    if size.bound != "exact":
        return size
    lower, upper = _LOWER.search(before), _UPPER.search(before)
    if upper:
        reaching = bool(_GROUP_UPPER.search(before))
        return replace(size, bound="exact" if reaching else "upper", reaching=reaching)
    return replace(size, bound="lower") if lower else size
