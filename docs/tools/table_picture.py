"""Tables of a database as a picture: boxes with columns, and lines from a table to those whose key it holds."""

from collections.abc import Mapping, Sequence
from html import escape

# Which column of the picture a table stands in, from top to bottom; what is not named here is not drawn.
_STACKS = (
    ("runs", "reports", "rejects", "annotation_withdrawals", "reviews", "review_samples", "review_sample_reports"),
    ("extractions", "organ_status", "quarantine", "corrections", "correction_matches", "corrected_findings"),
    ("findings", "measurements", "evidence", "cases", "case_masks", "case_problems", "organ_masks", "predictions"),
)
PLACES = {name: column for column, stack in enumerate(_STACKS) for name in stack}
_REFERRED_TO = ("runs", "reports", "extractions", "findings", "corrections", "cases", "review_samples")
_WIDTH, _GAP, _LINE, _HEAD, _BETWEEN = 160, 76, 15, 22, 24


def svg(columns: Mapping[str, Sequence[str]], keys: Mapping[str, Sequence[str]]) -> str:
    """The picture as inline SVG, coloured by the site's style sheet.

    Args:
        columns: of each table. keys: the columns that tell its rows apart; empty where nothing does.
    """
    boxes: dict[str, tuple[int, int, int]] = {}  # x, y, height
    for number, stack in enumerate(_STACKS):
        y = 4
        for name in stack:
            height = _HEAD + _LINE * len(columns[name]) + 6
            boxes[name] = (36 + number * (_WIDTH + _GAP), y, height)
            y += height + _BETWEEN
    lines = [
        _line(boxes, columns, child, parent, keys[parent])
        for child in boxes
        for parent in parents(child, columns, keys)
    ]
    drawn = [_box(name, *boxes[name], columns[name], keys[name]) for name in boxes]
    width = len(_STACKS) * (_WIDTH + _GAP) - _GAP + 40
    height = max(y + h for _, y, h in boxes.values()) + 4
    head = f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="Tables">'
    return f'<div class="picture wide">{"".join([head, *lines, *drawn])}</svg></div>'


def parents(child: str, columns: Mapping[str, Sequence[str]], keys: Mapping[str, Sequence[str]]) -> list[str]:
    """The tables whose whole key a table holds, without those that it reaches through another one.

    >>> columns = {"runs": ["run_id"], "extractions": ["run_id", "report_id"], "findings": ["run_id", "report_id"]}
    >>> parents("findings", columns, {"runs": ["run_id"], "extractions": ["run_id", "report_id"]})
    ['extractions']
    """
    held = [p for p in _REFERRED_TO if p != child and p in keys and set(keys[p]) <= set(columns[child])]
    return [p for p in held if not any(set(keys[p]) < set(keys[q]) for q in held)]


def _box(name: str, x: int, y: int, height: int, columns: Sequence[str], key: Sequence[str]) -> str:
    rows = [
        f'<text x="{x + 8}" y="{y + _HEAD + 12 + i * _LINE}" class="{"key" if name in key else "column"}">{name}</text>'
        for i, name in enumerate(map(escape, columns))
    ]
    return (
        f'<a href="#{name}"><rect x="{x}" y="{y}" width="{_WIDTH}" height="{height}" rx="3" class="box"/>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEAD}" rx="3" class="head"/>'
        f'<text x="{x + 8}" y="{y + 15}" class="name">{name}</text>{"".join(rows)}</a>'
    )


def _line(
    boxes: Mapping[str, tuple[int, int, int]],
    columns: Mapping[str, Sequence[str]],
    child: str,
    parent: str,
    key: Sequence[str],
) -> str:
    def row(table: str, column: str) -> int:
        return boxes[table][1] + _HEAD + 8 + _LINE * list(columns[table]).index(column)

    (cx, *_), (px, *_) = boxes[child], boxes[parent]
    y1, y2 = row(child, key[-1]), row(parent, key[-1])
    if cx == px:  # in one stack: a bow on the left
        x1 = x2 = cx
        bend = cx - 34
        path = f"M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}"
    else:
        x1, x2 = (cx, px + _WIDTH) if cx > px else (cx + _WIDTH, px)
        middle = (x1 + x2) / 2
        path = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
    return f'<path d="{path}" class="link"/><circle cx="{x1}" cy="{y1}" r="2.5" class="many"/>'
