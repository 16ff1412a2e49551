"""Numbers without a unit that are sizes: beside a size that has one, or alone where a size may stand."""

import re

from .size_groups import MAX_LOOSE_MM, Group, Size, unit_nearby, usual_unit
from .size_hints import comparison

_MAX_MM = 400.0
# What may follow a number that is a size without a unit; a noun makes it a count.
_ENDS = re.compile(
    r"\s*(?:$|[,.;:()\[\]/|<>=\n]|-\s|->|(?:in|at|on|of|by|was|were|is|and|or|now|then|vs|versus|prev|previous|previously|prior|"
    r"before|baseline|today|new|stable|unchanged|from|with|without|right|left|r|l|rt|lt|resp|respectively|to|as|seg|segment)\b)"
)
_LIST_MARK = re.compile(r"[\s(]*$")


def bare_sizes(folded: str, groups: list[Group], start: int, end: int) -> list[Size]:
    """Numbers without a unit beside sizes: comparisons, diameters, decimals; they take the unit nearby."""
    out = []
    for i, group in enumerate(groups):
        if group.taken or group.factor:
            continue
        if folded[group.end : group.end + 1] in ("/", ":") or folded[group.start - 1 : group.start] in ("/", ":"):
            continue
        hint = comparison(folded, groups, i, start, end)
        wide = len(group.numbers) > 1
        if not (hint or wide or group.numbers[0].decimal):
            continue
        unit = unit_nearby(folded, groups, i, start)
        if not unit:
            if not wide or max(n.value for n in group.numbers) < 10:
                continue
            unit = 1.0
        group.factor = unit
        if 1.0 <= max(group.mm) <= _MAX_MM:
            out.append(Size(group.start, group.end, (group.mm,), hint="" if hint == "bare" else hint, bare=True))
    return out


def loose_sizes(folded: str, groups: list[Group], start: int, end: int) -> list[Size]:
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
        unit = unit_nearby(folded, groups, i, start)
        if number.decimal:
            group.factor = unit or usual_unit([group])
        else:
            group.factor = 1.0 if number.value >= 10 or unit == 1.0 else 0.0
        if group.factor and 1.0 <= group.mm[0] <= MAX_LOOSE_MM:
            out.append(Size(group.start, group.end, (group.mm,), hint="column" if column else "loose", bare=True))
        else:
            group.factor = 0.0
    return out


def _in_column(folded: str, groups: list[Group], i: int) -> bool:
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
