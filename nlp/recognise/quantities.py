"""Numbers of a report that can be diameters: value, unit, and why a number is none (a date, an image, a density)."""

import re
from dataclasses import dataclass

UNIT = (
    r"(?:mms?|cms?|m m|c m|mil{1,2}imet(?:er|re)s?|centimet(?:er|re)s?|inch(?:es)?)"
    r"(?:(?![a-z])|(?=x\s?\d|cyst|mass|lesion|nodul|metasta|tumou?r|stone|hypo|hyper|simple|solid|left|right|in\b))"
)
_NUMBER = re.compile(rf"(?P<n>\d+(?:[.,]\d+)*)(?:\s{{0,3}}-?\s{{0,3}}(?P<u>{UNIT}))?")
_SPACED = re.compile(r"(?P<whole>\d{1,2}) ?\. (?P<part>\d)(?!\d)")
_UNIT_BEFORE = re.compile(r"(?<!\d)(?<!\d )\b(?P<u>mms?|cms?)\.?\s$")
_SLASHED = re.compile(
    r"\d{1,3}(?:[.,]\d)?\s?/\s?\d{1,3}(?:[.,]\d)?\s?(?:mm|cm)\b"
)  # of "31/24/22 mm" from the second on
_REDACTED_UNIT = re.compile(rf"\*\*\]\s?(?P<u>{UNIT})")  # "[**6**] mm"
_FRACTION = re.compile(r" (?P<a>[1-3])/(?P<b>[2-4])(?=\s?(?:cm|mm|inch))")
_ONES = {
    w: float(i)
    for i, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
        ]
    )
} | {"twenty": 20.0, "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0}
_DIGIT = "|".join(list(_ONES)[:10])
_SPELT = re.compile(
    rf"(?<![a-z])(?:(?P<w>{'|'.join(sorted(_ONES, key=len, reverse=True))})"
    rf"(?:[\s-](?P<one>{'|'.join(list(_ONES)[1:10])}))?"
    rf"(?:(?P<p>[\s-]+point[\s-]+(?P<d>{_DIGIT}))|(?P<h>[\s-]+and[\s-]+a[\s-]+half))?"
    rf"(?:[\s-]{{1,2}}(?P<u>{UNIT}))?|(?P<half>half)[\s-]+(?:an?[\s-]+)?(?P<hu>{UNIT})|"
    rf"(?P<a>an?)\s+(?P<au>centimet(?:er|re)|cm\b|inch))"
)
_HAS_SPELT = re.compile(r"[a-z][\s-](?:[cm]m\b|(?:centi|milli|mili)m|inch|point\b)")
# What follows a number that is no diameter: another unit, a rate, a share, a time, a count of something.
_OTHER_UNIT = re.compile(
    r"\s{0,2}-?\s{0,2}(?:hu\b|hounsfield|%|percent|suv|m?l\b|cc\b|dl\b|millilit|m?gy|mg|mcg|kg|g\b|gm\b|lbs?\b|"
    r"msv|kv|ma\b|mas\b|"
    r"fr\b|french|gauge|g?hz|tesla|t\b|sec|s\b|ms\b|min\b|minutes?|hours?|hrs?|h\b|days?|weeks?|wks?|months?|mos?\b|"
    r"years?|yrs?|y/?o\b|y\b|yo\b|degrees?|deg\b|°|ng|pg|u/|iu|units?|mmol|umol|mci|mbq|bpm|mmhg|m/s|o'?clock|"
    r"am\b|pm\b|"
    r"th\b|st\b|nd\b|rd\b|of \d|out of|times|-?fold|cycles?|st(?:ation)?s?\b|/(?!\s?\d)|\^)"
)
_RATE = re.compile(
    r"\s?(?:/|per\s)\s?(?:s\b|sec|yr|year|y\b|mo|month|min)|\s?(?:hg\b|/\s?s\b)|\s?[²³]|\s?[23](?![\d.,])"
)
# What stands before a number that names, counts or dates something.
_NAMED = re.compile(
    r"(?:\b(?:images?|imgs?|ims?|ima|series|ser|se|slices?|sl|segments?|segs?|segm|sg|levels?|types?|grades?|"
    r"stages?|lesions?|"
    r"scores?|nos?|number|numbers|figures?|phases?|page|day|week|month|cycle|cycles|since|year|january|february|"
    r"march|april|may|june|july|"
    r"august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|category|cat|"
    r"(?:li|pi|lung|o|bi|ti|vi)-?rads|lr|bosniak|gleason|suv(?:max|mean|peak)?|ki-?67|hu|b|te|tr|fr|tel|phone|"
    r"pager|ext|"
    r"observations?|obs|target|tp|nt|station|stations|zone|fibroids? no|hb|psa|cea|afp|creat|egfr|bilirubin|lipase|ca)"
    r"\.?\s?[:#=-]?\s?|\b(?:suv(?:max|mean|peak)?|ki-?67|hu|scores?|b|phase|week|month|day|psa|cea|afp|hb) (?:of|"
    r"at|is|was) |#\s?|\b(?:t|l|s|c|th|d|nt|v|m|n|b|tl)-?|(?:image|series|img) \d+ ?[-/,] ?)$"
)
_PLURAL = re.compile(
    r"(?:segments|segs|images|levels|slices|stages|grades|types|lesions|stations|obs|observations)"
    r"\W*(?:(?:viii|vii|vi|iv|v|i{1,3})[a-d]?\W+(?:and\W+)?)*$"
)
_FACTORS = {"c": 10.0, "m": 1.0, "i": 25.4}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number: its span with the unit, mm per unit (0 without one), and whether it names or counts something else."""

    start: int
    end: int
    value: float
    factor: float = 0.0
    other: bool = False
    decimal: bool = False
    spelt: bool = False

    @property
    def mm(self) -> float:
        """The number in mm by its own unit."""
        return round(self.value * self.factor, 2)


def factor(unit: str) -> float:
    """Millimetres per unit."""
    return _FACTORS[unit[0]]


def find_quantities(folded: str, start: int, end: int) -> list[Quantity]:
    """The numbers between two offsets, in order."""
    found: list[Quantity] = []
    position = start
    for match in _NUMBER.finditer(folded, start, end):
        if match.start() >= position:
            quantity = (
                _fraction(folded, match, end)
                or _spaced(folded, match, end)
                or _quantity(folded, match, start, end, found)
            )
            found.append(quantity)
            position = quantity.end
    if _HAS_SPELT.search(folded, start, end):
        found += _spelt(folded, start, end)
        found.sort(key=lambda q: q.start)
    return found


_UNIT_AFTER = re.compile(rf"\s{{0,2}}-?\s{{0,2}}(?P<u>{UNIT})")


def _spaced(folded: str, match: re.Match[str], end: int) -> Quantity | None:
    """A decimal torn apart, "1 . 8 cm"; as "2. 4 cm" only behind an "x", else it is a list number and a size."""
    if match.group("u") or folded[match.end() : match.end() + 2] not in (" .", ". "):
        return None
    torn = _SPACED.match(folded, match.start(), end)
    behind = folded[max(0, match.start() - 2) : match.start()].strip() == "x"
    if not torn or (folded[match.end()] == "." and not behind):
        return None
    unit = _UNIT_AFTER.match(folded, torn.end(), end)
    value = float(f"{torn.group('whole')}.{torn.group('part')}")
    return Quantity(match.start(), (unit or torn).end(), value, factor(unit.group("u")) if unit else 0.0, decimal=True)


def _fraction(folded: str, match: re.Match[str], end: int) -> Quantity | None:
    """A whole number and a fraction, "4 1/2 cm"."""
    part = _FRACTION.match(folded, match.end(), end) if match.group().isdigit() and len(match.group()) < 3 else None
    unit = _UNIT_AFTER.match(folded, part.end(), end) if part else None
    if not part or not unit:
        return None
    value = int(match.group()) + int(part.group("a")) / int(part.group("b"))
    return Quantity(match.start(), unit.end(), value, factor(unit.group("u")), decimal=True)


def _quantity(folded: str, match: re.Match[str], start: int, end: int, before: list[Quantity]) -> Quantity:
    unit, begin = match.group("u"), match.start()
    number = match.group("n").replace(",", ".")
    if folded[begin - 1 : begin] in (".", ",") and begin > start and _opens_decimal(folded, begin - 1, start):
        begin, number = begin - 1, "0." + number
    whole, _, part = number.partition(".")
    other = "." in part or len(whole) > 3 or len(part) > 2
    value = -1.0 if other else float(number)
    if unit:
        other = other or (bool(_RATE.match(folded, match.end(), end)) and not _third_axis(folded, match, before))
    elif not other:
        other = bool(_OTHER_UNIT.match(folded, match.end(), end))
    lead = folded[max(start, begin - 24) : begin]
    if lead and not other:
        slashed = bool(_SLASHED.match(folded, begin, end))
        other = (not slashed and _glued(lead, bool(unit))) or (
            (not unit or lead[-1] not in " :=") and bool(_NAMED.search(lead))
        )
    beyond = _REDACTED_UNIT.match(folded, match.end(), end) if not unit and not other else None
    if beyond:
        return Quantity(begin, beyond.end(), value, factor(beyond.group("u")), False, bool(part))
    if not unit and not other:
        unit_before = _UNIT_BEFORE.search(folded, max(start, begin - 6), begin)
        if unit_before:
            return Quantity(begin, match.end(), value, factor(unit_before.group("u")), False, bool(part))
    return Quantity(begin, match.end(), value, factor(unit) if unit and not other else 0.0, other, bool(part))


def _opens_decimal(folded: str, point: int, start: int) -> bool:
    """Whether a point or comma is the decimal mark of ".5 cm", not the end of a word before the number."""
    before = folded[point - 1 : point] if point > start else " "
    return before in " \n(x~<>=/-:" or before == ""


_WORD = re.compile(r"[a-z]+$")


def _third_axis(folded: str, match: re.Match[str], before: list[Quantity]) -> bool:
    """Whether "mm3" closes three diameters ("18x24x20mm3")."""
    return bool(before) and folded[before[-1].end : match.start()].strip() == "x"


def _glued(lead: str, has_unit: bool) -> bool:
    """Whether letters run into the number, so that it is part of a name: "t12", "ca19"; not "mass2 cm", "3x4"."""
    word = _WORD.search(lead)
    if not word:
        return (lead[-1] in "/:#" and lead[-2:-1].isalnum() and not has_unit) or lead[-1] == "#"
    if word.group() in ("x", "by"):
        return False
    return not (has_unit and len(word.group()) >= 3)


def _spelt(folded: str, start: int, end: int) -> list[Quantity]:
    out = []
    for match in _SPELT.finditer(folded, start, end):
        unit = match.group("u") or match.group("hu") or match.group("au")
        if not unit and not match.group("p"):
            continue
        if match.group("half"):
            value = 0.5
        elif match.group("a"):
            value = 1.0
        else:
            value = _ONES[match.group("w")] + _ONES.get(match.group("one"), 0.0) + (0.5 if match.group("h") else 0.0)
            value += _ONES[match.group("d")] / 10 if match.group("d") else 0.0
        decimal = match.group("p") is not None
        out.append(Quantity(match.start(), match.end(), value, factor(unit) if unit else 0.0, False, decimal, True))
    return out


def takes_several(folded: str, start: int, number: Quantity) -> bool:
    """Whether the name before a number is plural, so that numbers after it belong to it ("segments 2 and 5")."""
    return bool(_PLURAL.search(folded[max(start, number.start - 30) : number.start]))
