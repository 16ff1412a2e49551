"""Numbers that belong together as the diameters of one lesion, and the unit they have or take."""

import re
from dataclasses import dataclass, replace

from .quantities import UNIT, Quantity, factor, takes_several

LABEL = (
    r"(?:a\.?p\.?|tr|tv|trans(?:verse(?:ly)?|versal(?:ly)?)?|c\.?c\.?|cranio-?caudal(?:ly)?|ml|medio-?lateral(?:ly)?|"
    r"antero-?posterior(?:ly)?|s\.?i\.?|supero-?inferior(?:ly)?|lr|(?:long|short|main|major|minor) axis|width|"
    r"height|depth|length|"
    r"sagittal(?:ly)?|axial(?:ly)?|coronal(?:ly)?|longitudinal(?:ly)?|lateral(?=\s+(?:dimension|diameter|"
    r"direction))|head to foot|"
    r"wall(?:\s+thickness)?|thickness|thick|w|h|d|l|wide|long|deep|high|tall)(?![a-z])"
)
LABELS = re.compile(rf"(?<![a-z]){LABEL}")
_TRAILING_UNIT = re.compile(rf"\s*(?:\([a-z .x,/]{{1,40}}\)|(?:{LABEL}))?\s*(?P<u>{UNIT})")
_LOOSE_UNIT = re.compile(r"[^\d.;\n]{1,40}\(\s*(?P<u>cm|mm)\s*\)")
_LINK = re.compile(
    r"\s*(?P<mark><-{1,2}|-{1,2}>|=+>|→|➔|>|,\s*(?:and|&|or)\s|,(?=\s)|and\s|&|/|\bor\s|to\s|bis\s|-)\s*"
)
_EMPTY_AXIS = re.compile(r"_\s*x\s*$")
MAX_LOOSE_MM = 150.0


@dataclass(frozen=True, slots=True)
class Size:
    """A size in the text: diameters of one lesion, or of several when the report lists them ("4, 5 and 7 mm").

    Attributes:
        lesions_mm: per lesion its diameters in mm as written.
        bound: "exact", "upper" (less than …), "lower" (at least …); `reaching` = "up to": an upper bound for a
            group, the size itself for one lesion.
        hint: what the text's form says plainly: "current", "prior", "sum", "not_lesion"; "" when it says nothing.
        bare: no unit of its own; it is taken over from a size nearby.
    """

    start: int
    end: int
    lesions_mm: tuple[tuple[float, ...], ...]
    bound: str = "exact"
    reaching: bool = False
    hint: str = ""
    bare: bool = False


@dataclass(slots=True)
class Group:
    """Numbers linked by "x": the diameters of one lesion, with or without a unit."""

    numbers: list[Quantity]
    start: int
    end: int
    factor: float
    hint: str = ""
    taken: bool = False

    @property
    def mm(self) -> tuple[float, ...]:
        return tuple(round(n.value * (n.factor or self.factor), 2) for n in self.numbers)


_LETTER = re.compile(r"^[a-d]\b")  # of "4b"


def without_names(folded: str, numbers: list[Quantity], start: int) -> list[Quantity]:
    """The numbers without those that a plural name takes ("segments 2 and 5, 6 mm": 6 is the size)."""
    out: list[Quantity] = []
    naming = False
    for i, number in enumerate(numbers):
        if number.other:
            naming = takes_several(folded, start, number) or (naming and i > 0)
            out.append(number)
            continue
        gap = folded[numbers[i - 1].end : number.start] if i else ""
        link = _LETTER.sub("", gap).strip()
        if not naming and not number.factor and takes_several(folded, start, number):
            out.append(replace(number, other=True))  # behind a Roman one: "segments VI and 7"
            naming = True
        elif naming and not number.factor and link in (",", "and", "&", "/", "-", ", and", "to", "or"):
            out.append(replace(number, other=True))
            naming = link in (",", "/", "-")
        else:
            naming = False
            out.append(number)
    return out


def find_groups(folded: str, numbers: list[Quantity], start: int, end: int) -> list[Group]:
    groups: list[Group] = []
    for number in numbers:
        if number.other:
            groups.append(Group([number], number.start, number.end, 0.0, taken=True))
            continue
        last = groups[-1] if groups else None
        if last and not last.taken and len(last.numbers) < 3 and _is_by(folded[last.end : number.start]):
            last.numbers.append(number)
            last.end = number.end
        else:
            groups.append(Group([number], number.start, number.end, 0.0))
            lead = folded[max(start, number.start - 3) : number.start].strip()
            if (
                lead.endswith("x")
                and not number.factor
                and not _EMPTY_AXIS.search(folded, max(start, number.start - 8), number.start)
            ):
                groups[-1].taken = True  # "x 2", "x3": a count
    for group in groups:
        if not group.taken:
            _take_unit(folded, group, end)
    return groups


def _is_by(gap: str) -> bool:
    if len(gap) > 60:
        return False
    gap = LABELS.sub(" ", gap) if any(c.isalpha() for c in gap.replace("x", " ")) else gap
    return gap.replace("(", " ").replace(")", " ").strip() in ("x", "by", "*")


def _take_unit(folded: str, group: Group, end: int) -> None:
    """Sets the group's unit: its last one, one that follows its labels, or millimetres for plausible bare diameters."""
    group.factor = next((n.factor for n in reversed(group.numbers) if n.factor), 0.0)
    if group.numbers[-1].factor or (group.factor and len(group.numbers) == 1):
        return
    later = _TRAILING_UNIT.match(folded, group.end, min(end, group.end + 60))
    if later:
        group.factor, group.end = factor(later.group("u")), later.end()
    elif not group.factor and len(group.numbers) > 1:
        loose = _LOOSE_UNIT.match(folded, group.end, min(end, group.end + 60))
        if loose:
            group.factor = factor(loose.group("u"))


def link_mark(folded: str, left: Group, right: Group) -> str:
    gap = folded[left.end : right.start]
    match = _LINK.fullmatch(gap) if len(gap) < 12 else None
    return match.group("mark").strip() if match else ""


def usual_unit(groups: list[Group]) -> float:
    """The unit that numbers without any have in reports: decimals are centimetres, ten and more millimetres."""
    values = [n.value for g in groups for n in g.numbers]
    if any(n.decimal for g in groups for n in g.numbers):
        return 10.0 if max(values) <= 20 else 1.0
    return 1.0 if 10 <= max(values) <= MAX_LOOSE_MM else 0.0


LISTED = frozenset({",", "and", "&", ", and", ",and", ", &", ", or"})


def unit_nearby(folded: str, groups: list[Group], i: int, start: int) -> float:
    """The unit of the nearest size: of the sentence, else of the text just before it."""
    group = groups[i]
    with_unit = [g for g in groups[max(0, i - 8) : i + 9] if any(n.factor for n in g.numbers)]
    if with_unit:
        return min(with_unit, key=lambda g: abs(g.start - group.start)).factor
    found = re.findall(r"\d\s?(mm|cm)\b", folded[max(0, start - 400) : start])
    return factor(found[-1]) if found else 0.0
