"""Sizes as reports write them: diameters, lists, ranges, bounds, changes, comparisons, labelled axes, table cells."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..text.tables import TableRow
from .quantities import UNIT, Quantity, factor, find_quantities, takes_several

_LABEL = (
    r"(?:a\.?p\.?|tr|tv|trans(?:verse(?:ly)?|versal(?:ly)?)?|c\.?c\.?|cranio-?caudal(?:ly)?|ml|medio-?lateral(?:ly)?|"
    r"antero-?posterior(?:ly)?|s\.?i\.?|supero-?inferior(?:ly)?|lr|(?:long|short|main|major|minor) axis|width|"
    r"height|depth|length|"
    r"sagittal(?:ly)?|axial(?:ly)?|coronal(?:ly)?|longitudinal(?:ly)?|lateral(?=\s+(?:dimension|diameter|"
    r"direction))|head to foot|"
    r"wall(?:\s+thickness)?|thickness|thick|w|h|d|l|wide|long|deep|high|tall)(?![a-z])"
)
_LABELS = re.compile(rf"(?<![a-z]){_LABEL}")
_BRACKET = re.compile(r"\([^()]{0,60}\)")
_FILLER = re.compile(
    r"\b(?:in|of|the|a|an|by|about|approximately|maximal|maximum|max|min|diameter|dimension|direction|plane|axis|"
    r"measuring|measures|"
    r"total|with|over|up to|circumferential|its|at|is|on)\b|[()]"
)
_BEFORE_LABEL = re.compile(
    rf"(?<![a-z])(?:{_LABEL})(?:\s+(?:diameter|dimension))?\s*[:=]?\s*(?:of\s+|is\s+|up to\s+)?$"
)
_AFTER_LABEL = re.compile(rf"\s*(?:(?:in|at|of)\s+(?:the\s+|its\s+)?)?\(?(?:{_LABEL})\)?")
_TRAILING_UNIT = re.compile(rf"\s*(?:\([a-z .x,/]{{1,40}}\)|(?:{_LABEL}))?\s*(?P<u>{UNIT})")
_LOOSE_UNIT = re.compile(r"[^\d.;\n]{1,40}\(\s*(?P<u>cm|mm)\s*\)")
_LINK = re.compile(
    r"\s*(?P<mark><-{1,2}|-{1,2}>|=+>|→|➔|>|,\s*(?:and|&|or)\s|,(?=\s)|and\s|&|/|\bor\s|to\s|bis\s|-)\s*"
)
_FILLED_TO = re.compile(
    r"\s*(?:in \w+\s+)?(?:to|->)\s+(?:now|approximately|about|currently|a|an|at least)?\s*(?:size of\s+)?"
)
_CHANGE = re.compile(
    r"increas|decreas|grow|grew|enlarg|reduc|shr[iau]nk|progress|regress|chang|larger|smaller|diminish"
)
_FROM = re.compile(r"\bfrom\s+(?:an?\s+)?(?:approximately\s+|about\s+|ca\.?\s+)?$")
_GROWN = re.compile(r"(?:increas\w+|decreas\w+|grown|grew|enlarged|reduced|shrunk|shrank)(?:\s+in size)?,?\s+$")
_RANGE_CUE = re.compile(r"rang|var[iy]|between|measur|sizes|up to|each|follow|for (?:solid )?nodules")
_DIAMETERS = re.compile(
    r"(?:diameters|dimensions)\s+(?:of\s+|are\s+|were\s+|measur\w+\s+|being\s+)?(?:about\s+|approximately\s+)?$"
)
_PLURAL = re.compile(
    r"\b(?:two|three|four|five|six|seven|several|multiple|both|few|lesions|cysts|nodules|masses|metasta[sz]es|"
    r"tumou?rs|foci|nodes|"
    r"fibroids|myomas|polyps|h(?:a)?emangiomas|adenomas|deposits|hypodensities|implants|others)\b"
)
_SUB = re.compile(r"(?<![a-z])sub-?\s?(?:centimet(?:er|re|ric)|cm)s?\b")
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
_PRIOR_BEFORE = re.compile(
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
_FOREIGN_BEFORE = re.compile(
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
_EMPTY_AXIS = re.compile(r"_\s*x\s*$")
_MAX_MM = 400.0
_MAX_LOOSE_MM = 150.0
# What may follow a number that is a size without a unit; a noun makes it a count.
_ENDS = re.compile(
    r"\s*(?:$|[,.;:()\[\]/|<>=\n]|-\s|->|(?:in|at|on|of|by|was|were|is|and|or|now|then|vs|versus|prev|previous|previously|prior|"
    r"before|baseline|today|new|stable|unchanged|from|with|without|right|left|r|l|rt|lt|resp|respectively|to|as|seg|segment)\b)"
)
_LIST_MARK = re.compile(r"[\s(]*$")


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
class _Group:
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


def find_sizes(folded: str, start: int = 0, end: int | None = None, rows: Iterable[TableRow] = ()) -> list[Size]:
    """All sizes between two offsets of a folded text, in reading order, without overlap.

    Args:
        rows: table rows of the report (`text.tables.find_rows`); their cells become sizes with the column's role.
    """
    stop = len(folded) if end is None else end
    inside = [r for r in rows if r.start < stop and start < r.end]
    found = [size for row in inside for size in _cells(row, start, stop)]
    position = start
    for row in inside:
        found += _read(folded, position, max(position, min(row.cells_start, stop)))
        position = max(position, row.end)
    found += _read(folded, position, stop)
    return sorted(found, key=lambda s: s.start)


def _cells(row: TableRow, start: int, stop: int) -> list[Size]:
    hints = {"current": "current", "prior": "prior", "sum": "sum", "other": "not_lesion"}
    return [
        Size(c.start, c.end, (c.diameters_mm,), hint=hints[c.role], bare=c.bare)
        for c in row.cells
        if c.role in hints and c.diameters_mm and start <= c.start and c.end <= stop
    ]


def _read(folded: str, start: int, end: int) -> list[Size]:
    if start >= end:
        return []
    numbers = find_quantities(folded, start, end)
    subs = [Size(m.start(), m.end(), ((10.0,),), bound="upper") for m in _SUB.finditer(folded, start, end)]
    if not numbers:
        return subs
    groups = _groups(folded, _without_names(folded, numbers, start), start, end)
    sizes = _compose(folded, groups, start, end)
    sizes += _bare(folded, groups, start, end)
    sizes += _loose(folded, groups, start, end)
    sizes = [_bounded(folded, s, start, end) for s in sizes]
    return sorted(sizes + subs, key=lambda s: s.start)


def _without_names(folded: str, numbers: list[Quantity], start: int) -> list[Quantity]:
    """The numbers without those that a plural name takes ("segments 2 and 5, 6 mm": 6 is the size)."""
    out: list[Quantity] = []
    naming = False
    for i, number in enumerate(numbers):
        if number.other:
            naming = takes_several(folded, start, number) or (naming and i > 0)
            out.append(number)
            continue
        gap = folded[numbers[i - 1].end : number.start] if i else ""
        link = gap.strip()
        if naming and not number.factor and link in (",", "and", "&", "/", "-", ", and", "to", "or"):
            out.append(replace(number, other=True))
            naming = link in (",", "/", "-")
        else:
            naming = False
            out.append(number)
    return out


def _groups(folded: str, numbers: list[Quantity], start: int, end: int) -> list[_Group]:
    groups: list[_Group] = []
    for number in numbers:
        if number.other:
            groups.append(_Group([number], number.start, number.end, 0.0, taken=True))
            continue
        last = groups[-1] if groups else None
        if last and not last.taken and len(last.numbers) < 3 and _is_by(folded[last.end : number.start]):
            last.numbers.append(number)
            last.end = number.end
        else:
            groups.append(_Group([number], number.start, number.end, 0.0))
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
    gap = _LABELS.sub(" ", gap) if any(c.isalpha() for c in gap.replace("x", " ")) else gap
    return gap.replace("(", " ").replace(")", " ").strip() in ("x", "by", "*")


def _take_unit(folded: str, group: _Group, end: int) -> None:
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


def _compose(folded: str, groups: list[_Group], start: int, end: int) -> list[Size]:
    """Sizes of the groups that have a unit, and of those linked to them: labelled axes, changes, lists, ranges."""
    sizes: list[Size] = []
    i = 0
    while i < len(groups):
        if groups[i].taken:
            i += 1
            continue
        for reader in (_labelled, _change, _list, _range):
            read, used = reader(folded, groups, i, start)
            if used:
                sizes += read
                for group in groups[i : i + used]:
                    group.taken = True
                i += used
                break
        else:
            if groups[i].factor:
                groups[i].taken = True
                sizes.append(_hinted(folded, _size(groups[i]), sizes, start, end))
            i += 1
    return sizes


def _size(group: _Group) -> Size:
    return Size(group.start, group.end, (group.mm,))


def _mark(folded: str, left: _Group, right: _Group) -> str:
    gap = folded[left.end : right.start]
    match = _LINK.fullmatch(gap) if len(gap) < 12 else None
    return match.group("mark").strip() if match else ""


_ARROWS = frozenset({"->", "-->", "=>", "==>", "→", "➔", ">"})
_ARROWS_BACK = frozenset({"<-", "<--"})


def _labelled(folded: str, groups: list[_Group], i: int, start: int) -> tuple[list[Size], int]:
    """As in "3.1 x 2.6 cm axial, 3.4 cm craniocaudal": one lesion's diameters, each told with its axis."""
    used, items, labels, diameters = 1, 1, [], list(groups[i].mm)
    if not groups[i].factor:
        return [], 0
    lead = _BEFORE_LABEL.search(folded, max(start, groups[i].start - 40), groups[i].start)
    at = i
    end = groups[i].end
    while at + 1 < len(groups):
        gap = folded[end : groups[at + 1].start]
        if len(gap) > 70 or ("." in gap.rstrip(".") and ". " in gap):
            break
        if groups[at + 1].numbers[0].other:
            if gap.rstrip()[-40:].count("(") and len(gap) < 40 and _closes(folded, groups[at + 1].end):
                at += 1  # an image reference in brackets
                continue
            break
        plain = _BRACKET.sub(" ", gap)
        found = _LABELS.findall(plain)
        rest = _FILLER.sub(" ", _LABELS.sub(" ", plain)).strip(" -:=")
        nxt = groups[at + 1]
        if plain.strip() == "over":  # "1.1 cm over 2.4 cm long": thickness over length
            found, rest = ["over"], ""
        if (
            not found
            or rest not in ("", ",", "and", ", and", "/", ";", "x", "&", ", x")
            or len(diameters) + len(nxt.mm) > 3
        ):
            break
        if nxt.taken or (not nxt.factor and not _AFTER_LABEL.match(folded, nxt.end)):
            break
        nxt.factor = nxt.factor or groups[i].factor
        labels += found
        diameters += list(nxt.mm)
        at += 1
        end = nxt.end
        used, items = at - i + 1, items + 1
    tail = _AFTER_LABEL.match(folded, end)
    if used < 2 or len(labels) + bool(tail) + bool(lead) < items or len(set(labels)) < len(labels):
        return [], 0
    return [Size(groups[i].start, end, (tuple(diameters),))], used


def _closes(folded: str, end: int) -> bool:
    return bool(re.match(r"[^()]{0,40}\)", folded[end : end + 42]))


def _change(folded: str, groups: list[_Group], i: int, start: int) -> tuple[list[Size], int]:
    """As in "21 -> 16 mm", "from 12 to 18 mm": earlier sizes and the present one."""
    chain, back = [groups[i]], False
    while i + len(chain) < len(groups):
        nxt = groups[i + len(chain)]
        mark = "" if nxt.taken else _mark(folded, chain[-1], nxt)
        arrow = mark in (_ARROWS_BACK if back else _ARROWS) or (len(chain) == 1 and mark in _ARROWS_BACK)
        back = back or mark in _ARROWS_BACK
        if not arrow and not (len(chain) == 1 and not nxt.taken and _from_to(folded, chain[0], nxt, start)):
            break
        chain.append(nxt)
        if not arrow:
            break
    unit = next((g.factor for g in reversed(chain) if g.factor), 0.0)
    if len(chain) < 2:
        return [], 0
    arrow = _mark(folded, chain[0], chain[1]) in _ARROWS | _ARROWS_BACK
    unit = unit or _unit_nearby(folded, groups, i, start) or (_usual_unit(chain) if arrow else 0.0)
    if not unit:
        return [], 0
    out = []
    for group in chain:
        bare = not group.factor
        group.factor = group.factor or unit
        hint = "current" if group is chain[0 if back else -1] else "prior"
        out.append(Size(group.start, group.end, (group.mm,), hint=hint, bare=bare))
    return out, len(chain)


def _usual_unit(groups: list[_Group]) -> float:
    """The unit that numbers without any have in reports: decimals are centimetres, ten and more millimetres."""
    values = [n.value for g in groups for n in g.numbers]
    if any(n.decimal for g in groups for n in g.numbers):
        return 10.0 if max(values) <= 20 else 1.0
    return 1.0 if 10 <= max(values) <= _MAX_LOOSE_MM else 0.0


def _from_to(folded: str, first: _Group, second: _Group, start: int) -> bool:
    lead = folded[max(start, first.start - 70) : first.start]
    if second.start - first.end > 40 or not _FILLED_TO.fullmatch(folded, first.end, second.start):
        return False
    if not _FROM.search(lead):
        return bool(_GROWN.search(lead))
    return bool(_CHANGE.search(lead)) or not _RANGE_CUE.search(lead)


_LISTED = frozenset({",", "and", "&", ", and", ",and", ", &", ", or"})


def _list(folded: str, groups: list[_Group], i: int, start: int) -> tuple[list[Size], int]:
    """As in "4, 5 and 7 mm": a size a lesion; "diameters of 18 and 24 mm" are one lesion's, unless several are told."""
    chain = [groups[i]]
    while not chain[-1].factor and i + len(chain) < len(groups) and len(chain) < 12:
        nxt = groups[i + len(chain)]
        if nxt.taken or re.sub(r"\s+", " ", _mark(folded, chain[-1], nxt)) not in _LISTED:
            break
        chain.append(nxt)
    if len(chain) < 2 or not chain[-1].factor:
        return [], 0
    for group in chain:
        group.factor = chain[-1].factor
    lead = folded[max(start, chain[0].start - 40) : chain[0].start]
    lesions = tuple(g.mm for g in chain)
    if (
        _DIAMETERS.search(lead)
        and len(chain) <= 3
        and not _PLURAL.search(folded, max(start, chain[0].start - 120), chain[0].start)
    ):
        lesions = (tuple(mm for g in chain for mm in g.mm),)
    hint = "prior" if _PRIOR_BEFORE.search(lead) else ""
    return [Size(chain[0].start, chain[-1].end, lesions, hint=hint)], len(chain)


def _range(folded: str, groups: list[_Group], i: int, start: int) -> tuple[list[Size], int]:
    """As in "5-6 mm", "5 to 6 mm": the larger one."""
    if i + 1 >= len(groups) or groups[i + 1].taken or not groups[i + 1].factor or len(groups[i].numbers) > 1:
        return [], 0
    low, high = groups[i], groups[i + 1]
    mark = _mark(folded, low, high)
    low_mm = low.numbers[0].value * (low.factor or high.factor)
    if mark not in ("-", "to", "or", "bis", "/") or high.mm[0] <= low_mm or len(high.numbers) > 1:
        return [], 0
    if _FOREIGN_BEFORE.search(folded, start, low.start):  # "by 4 mm to 16 mm"
        return [], 0
    if mark == "/" and (high.mm[0] > 2 * low_mm or low.factor):
        return [], 0
    return [Size(low.start, high.end, (high.mm,))], 2


def _unit_nearby(folded: str, groups: list[_Group], i: int, start: int) -> float:
    """The unit of the nearest size: of the sentence, else of the text just before it."""
    group = groups[i]
    with_unit = [g for g in groups[max(0, i - 8) : i + 9] if any(n.factor for n in g.numbers)]
    if with_unit:
        return min(with_unit, key=lambda g: abs(g.start - group.start)).factor
    found = re.findall(r"\d\s?(mm|cm)\b", folded[max(0, start - 400) : start])
    return factor(found[-1]) if found else 0.0


def _bare(folded: str, groups: list[_Group], start: int, end: int) -> list[Size]:
    """Numbers without a unit beside sizes: comparisons, diameters, decimals; they take the unit nearby."""
    out = []
    for i, group in enumerate(groups):
        if group.taken or group.factor:
            continue
        if folded[group.end : group.end + 1] in ("/", ":") or folded[group.start - 1 : group.start] in ("/", ":"):
            continue
        hint = _comparison(folded, groups, i, start, end)
        wide = len(group.numbers) > 1
        if not (hint or wide or group.numbers[0].decimal):
            continue
        unit = _unit_nearby(folded, groups, i, start)
        if not unit:
            if not wide or max(n.value for n in group.numbers) < 10:
                continue
            unit = 1.0
        group.factor = unit
        if 1.0 <= max(group.mm) <= _MAX_MM:
            out.append(Size(group.start, group.end, (group.mm,), hint="" if hint == "bare" else hint, bare=True))
    return out


def _loose(folded: str, groups: list[_Group], start: int, end: int) -> list[Size]:
    """Numbers without any unit that stand where a size may stand ("cyst 4.5", "12 / 15 / 21"): decided later."""
    out = []
    for i, group in enumerate(groups):
        if group.taken or group.factor or len(group.numbers) > 1 or _LIST_MARK.fullmatch(folded, start, group.start):
            continue
        before, after = folded[max(start, group.start - 3) : group.start], folded[group.end : min(end, group.end + 3)]
        column = _in_column(folded, groups, i)
        beside_slash = after[:1] in ("/", ":", "%", "-") or (
            re.search(r"[/:]\s?$", before) is not None and not before.endswith(": ")
        )
        if beside_slash and not column:
            continue
        number = group.numbers[0]
        if not number.decimal and (number.value < 3 or not _ENDS.match(folded, group.end, end)):
            continue
        unit = _unit_nearby(folded, groups, i, start)
        if number.decimal:
            group.factor = unit or _usual_unit([group])
        else:
            group.factor = 1.0 if number.value >= 10 or unit == 1.0 else 0.0
        if group.factor and 1.0 <= group.mm[0] <= _MAX_LOOSE_MM:
            out.append(Size(group.start, group.end, (group.mm,), hint="column" if column else "loose", bare=True))
        else:
            group.factor = 0.0
    return out


def _in_column(folded: str, groups: list[_Group], i: int) -> bool:
    """Whether a number is one of at least three between slashes or bars ("12 / 15 / 21 mm")."""
    run = 1
    for step in (-1, 1):
        k = i
        while 0 <= k + step < len(groups):
            left, right = sorted((k, k + step))
            if (
                folded[groups[left].end : groups[right].start].strip() not in ("/", "|")
                or groups[k + step].numbers[0].other
            ):
                break
            run += 1
            k += step
    return run >= 3


_THEN = re.compile(r"\b(?:then|was|were|measured)\s+(?:about\s+)?$")
_NOW = re.compile(r"\b(?:now|today|currently)\b")
_ONLY_COMPARES = re.compile(r"(?:[\d.,; x]|was|were|prior|previously|20\d\d:?|now|and|in|\w{3,9} 20\d\d)*")


def _comparison(folded: str, groups: list[_Group], i: int, start: int, end: int) -> str:
    """What the words or brackets around a bare number say: "prior", "current", "bare" (part of a list) or ""."""
    group = groups[i]
    lead = folded[max(start, group.start - 40) : group.start]
    beyond = folded[group.end : min(end, group.end + 40)]
    measured = any(g.factor for g in groups[max(0, i - 6) : i]) or bool(_NOW.search(beyond))
    if _CURRENT_BEFORE.search(lead):
        return "current"
    if _PRIOR_BEFORE.search(lead) or (_PRIOR_LINK.search(lead) and (measured or group.numbers[0].decimal)):
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
    if i and groups[i - 1].factor and _mark(folded, groups[i - 1], group) in _LISTED:
        return "bare"
    return ""


def _hinted(folded: str, size: Size, before: list[Size], start: int, end: int) -> Size:
    """The size with what the words next to it say of its time and kind."""
    lead = folded[max(start, size.start - 60) : size.start]
    beyond = folded[size.end : min(end, size.end + 40)]
    if _SUM_BEFORE.search(lead):
        return replace(size, hint="sum")
    if _FOREIGN_AFTER.match(beyond) or (_FOREIGN_BEFORE.search(lead) and not lead.rstrip().endswith("x")):
        return replace(size, hint="not_lesion")
    if _CURRENT_BEFORE.search(lead):
        return replace(size, hint="current")
    if (_THEN.search(lead) and _NOW.search(beyond)) or (before and _bracketed(folded, size, before[-1])):
        return replace(size, hint="prior")
    near = bool(before) and size.start - before[-1].end < 60 and ". " not in folded[before[-1].end : size.start]
    if _PRIOR_BEFORE.search(lead) or (near and (_PRIOR_LINK.search(lead) or _PRIOR_AFTER.match(beyond))):
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


def _bounded(folded: str, size: Size, start: int, end: int) -> Size:
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
