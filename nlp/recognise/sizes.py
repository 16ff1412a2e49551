"""Sizes as reports write them: diameters, lists, ranges, changes, labelled axes, table cells."""

import re
from collections.abc import Iterable

from ..text.tables import TableRow
from .quantities import find_quantities
from .size_bounds import bounded
from .size_groups import (
    LABEL,
    LABELS,
    LISTED,
    Group,
    Size,
    find_groups,
    link_mark,
    unit_nearby,
    usual_unit,
    without_names,
)
from .size_hints import FOREIGN_BEFORE, PRIOR_BEFORE, hinted
from .unitless_sizes import bare_sizes, loose_sizes

_BRACKET = re.compile(r"\([^()]{0,60}\)")
_FILLER = re.compile(
    r"\b(?:in|of|the|a|an|by|about|approximately|maximal|maximum|max|min|diameter|dimension|direction|plane|axis|"
    r"measuring|measures|"
    r"total|with|over|up to|circumferential|its|at|is|on)\b|[()]"
)
_BEFORE_LABEL = re.compile(rf"(?<![a-z])(?:{LABEL})(?:\s+(?:diameter|dimension))?\s*[:=]?\s*(?:of\s+|is\s+|up to\s+)?$")
_AFTER_LABEL = re.compile(rf"\s*(?:(?:in|at|of)\s+(?:the\s+|its\s+)?)?\(?(?:{LABEL})\)?")
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
    groups = find_groups(folded, without_names(folded, numbers, start), start, end)
    sizes = _compose(folded, groups, start, end)
    sizes += bare_sizes(folded, groups, start, end)
    sizes += loose_sizes(folded, groups, start, end)
    sizes = [bounded(folded, s, start, end) for s in sizes]
    return sorted(sizes + subs, key=lambda s: s.start)


def _compose(folded: str, groups: list[Group], start: int, end: int) -> list[Size]:
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
                sizes.append(hinted(folded, _size(groups[i]), sizes, start, end))
            i += 1
    return sizes


def _size(group: Group) -> Size:
    return Size(group.start, group.end, (group.mm,))


_ARROWS = frozenset({"->", "-->", "=>", "==>", "→", "➔", ">"})
_ARROWS_BACK = frozenset({"<-", "<--"})


def _labelled(folded: str, groups: list[Group], i: int, start: int) -> tuple[list[Size], int]:
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
        found = LABELS.findall(plain)
        rest = _FILLER.sub(" ", LABELS.sub(" ", plain)).strip(" -:=")
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


def _change(folded: str, groups: list[Group], i: int, start: int) -> tuple[list[Size], int]:
    """As in "21 -> 16 mm", "from 12 to 18 mm": earlier sizes and the present one."""
    chain, back = [groups[i]], False
    while i + len(chain) < len(groups):
        nxt = groups[i + len(chain)]
        mark = "" if nxt.taken else link_mark(folded, chain[-1], nxt)
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
    arrow = link_mark(folded, chain[0], chain[1]) in _ARROWS | _ARROWS_BACK
    unit = unit or unit_nearby(folded, groups, i, start) or (usual_unit(chain) if arrow else 0.0)
    if not unit:
        return [], 0
    out = []
    for group in chain:
        bare = not group.factor
        group.factor = group.factor or unit
        hint = "current" if group is chain[0 if back else -1] else "prior"
        out.append(Size(group.start, group.end, (group.mm,), hint=hint, bare=bare))
    return out, len(chain)


def _from_to(folded: str, first: Group, second: Group, start: int) -> bool:
    lead = folded[max(start, first.start - 70) : first.start]
    if second.start - first.end > 40 or not _FILLED_TO.fullmatch(folded, first.end, second.start):
        return False
    if not _FROM.search(lead):
        return bool(_GROWN.search(lead))
    return bool(_CHANGE.search(lead)) or not _RANGE_CUE.search(lead)


def _list(folded: str, groups: list[Group], i: int, start: int) -> tuple[list[Size], int]:
    """As in "4, 5 and 7 mm": a size a lesion; "diameters of 18 and 24 mm" are one lesion's, unless several are told."""
    chain = [groups[i]]
    while not chain[-1].factor and i + len(chain) < len(groups) and len(chain) < 12:
        nxt = groups[i + len(chain)]
        if nxt.taken or re.sub(r"\s+", " ", link_mark(folded, chain[-1], nxt)) not in LISTED:
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
    hint = "prior" if PRIOR_BEFORE.search(lead) else ""
    return [Size(chain[0].start, chain[-1].end, lesions, hint=hint)], len(chain)


def _range(folded: str, groups: list[Group], i: int, start: int) -> tuple[list[Size], int]:
    """As in "5-6 mm", "5 to 6 mm": the larger one."""
    if i + 1 >= len(groups) or groups[i + 1].taken or not groups[i + 1].factor or len(groups[i].numbers) > 1:
        return [], 0
    low, high = groups[i], groups[i + 1]
    mark = link_mark(folded, low, high)
    low_mm = low.numbers[0].value * (low.factor or high.factor)
    if mark not in ("-", "to", "or", "bis", "/") or high.mm[0] <= low_mm or len(high.numbers) > 1:
        return [], 0
    if FOREIGN_BEFORE.search(folded, start, low.start):  # "by 4 mm to 16 mm"
        return [], 0
    if mark == "/" and (high.mm[0] > 2 * low_mm or low.factor):
        return [], 0
    return [Size(low.start, high.end, (high.mm,))], 2
