"""Rows of tables and target-lesion lists: which number of a row is the current size, which is an earlier one.

A row is a line with cells: between bars, in columns set apart by blanks or tabs, or separated by slashes after a gap
("T1 left adrenal   41 / 26 / 27"). The header row, or where there is none the order, tells the columns apart.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

ROLES = ("current", "prior", "sum", "reference", "other")

_CANDIDATE = re.compile(r"^[^\n|]*(?:\|[^\n]*\||(?<=\S)(?: {2,}|\t)[ \t]*\S)[^\n]*$|^ {12,}\S[^\n]*$", re.M)
_SPLIT = re.compile(r"(?: {2,}|\t| ?\t ?)+")
_NUMBER = r"(?:\d{1,3}(?:[.,]\d{1,2})?|[.,]\d{1,2})"
_VALUE = re.compile(
    rf"[\s~<>]*(?P<size>{_NUMBER}(?:\s?(?:mm|cm))?(?:\s?[x*]\s?{_NUMBER}(?:\s?(?:mm|cm))?){{0,2}})"
    rf"(?P<rest>\s*(?:/\s?\d[\d.,]*|\((?:[+-]?\d[\d.,]*\s?%?|[^()]*)\)|,.*|-?\s?(?:sax|lax|sa|la))?\s*)"
)
_ABSENT = re.compile(
    r"\s*(?:-{1,3}|n/?[as]|nil|none|absent|ns|not (?:seen|visible|present|measured)\b.*|gone|resolved|new|0|\?|x|"
    r"_+)?\s*"
)
_REFERENCE = re.compile(
    r"\s*(?:(?:se|ser|series|im|img|image|ima?)\.?\s*)?\(?\d{1,3}\s?[/:-]\s?\d{1,4}\)?\s*|\s*(?:im|img|image|se|"
    r"ser|series)\b.*"
)
_CURRENT = re.compile(
    r"\b(?:current|curr?|now|today|present|this (?:exam|study|scan|ct|mri)|new size|size|follow-?up|fu|f/u|longest)\b"
)
_PRIOR = re.compile(
    r"\b(?:baseline|base|bl|bsl|nadir|prior|previous(?:ly)?|prev|last|before|pre|old|comparison|screening|"
    r"initial|first|"
    r"\d+ ?(?:yrs?|years?|mo|mos|months?|wks?|weeks?|y|m|w|d)(?: ago)?)\b"
)
_OTHER = re.compile(
    r"%|\b(?:suv\w*|change|diff|delta|hu|uptake|lesion|site|location|organ|cyst|target|no|nr|id|comment|response|"
    r"volume|ml|adc)\b"
)
_REF_HEAD = re.compile(r"\b(?:ser(?:ies)?(?:/im\w*)?|se|im|img|ima?ge?s?|slice|s/i|im/ser|reference|ref)\b")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DATE = re.compile(
    rf"(?<![\w./])(?:(?P<y>20\d\d)(?:[-/.](?P<ym>\d{{1,2}})(?:[-/.](?P<yd>\d{{1,2}}))?)?|"
    rf"(?P<mm>\d{{1,2}})/(?P<yyyy>20\d\d)|(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})(?:/(?P<c>\d{{2,4}}))?|"
    rf"(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<e>\d{{2,4}})|"
    rf"(?P<mon>{'|'.join(_MONTHS)})[a-z]*\.?\s?(?P<my>\d{{2,4}})?)(?![\w./])"
)
_TIMEPOINT = re.compile(r"\b(?:tp|visit|v|scan|ct|exam|follow-?up|fu|cycle|c)\s?#?(\d{1,2})\b")
_SUM = re.compile(r"^\W*(?:sums?|total|sld|sod|tumou?r burden|sum of)\b")
_LENGTHS = re.compile(r"\b(?:length|span|craniocaudal|weight|volume)\b")
_UNIT = re.compile(r"(?<![a-z])(mm|cm|millimet|centimet)")
_NAMES_COLUMN = re.compile(r"[a-z]{2}")
_MAX_HEADER_GAP = 2
_CAPTION_LINES = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its span, diameters in mm (empty when it holds none), role, and whether it had no unit of its own."""

    start: int
    end: int
    diameters_mm: tuple[float, ...]
    role: str  # one of ROLES
    bare: bool = True


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its span, the span of its label (what stands before the numbers), the cells after it."""

    start: int
    end: int
    label_start: int
    label_end: int
    cells: tuple[Cell, ...]
    table: int = 0

    @property
    def cells_start(self) -> int:
        """Where the numbers of the row begin."""
        return self.cells[0].start

    @property
    def is_sum(self) -> bool:
        """Whether the row adds up the others."""
        return any(c.role == "sum" for c in self.cells)


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    text: str
    column: int  # place from the left, bars counted
    part: int = 0  # place within a cell split at slashes


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    pieces: tuple[_Piece, ...]
    bars: bool

    @property
    def labelled(self) -> bool:
        """Whether the first piece stands at the line's start, as a label does; a header may have none."""
        return self.bars or self.pieces[0].start - self.start < 8


def find_rows(text: str, folded: str) -> list[TableRow]:
    """The table rows of a report, in order.

    Args:
        text: the report, for its tabs; `folded`: the same text folded, of equal length.
    """
    if "  " not in folded and "|" not in folded and "\t" not in text:
        return []
    rows: list[TableRow] = []
    for number, group in enumerate(_tables(text, folded)):
        rows += _read_table(folded, group, number)
    return rows


def _tables(text: str, folded: str) -> list[list[_Line]]:
    """Runs of lines with cells, at most two other lines apart."""
    groups: list[list[_Line]] = []
    for match in _CANDIDATE.finditer(text):
        line = _line(text, folded, match.start(), match.end())
        if len(line.pieces) < 2 and line.labelled:
            continue
        near = bool(groups) and folded.count("\n", groups[-1][-1].end, line.start) <= _MAX_HEADER_GAP
        if near and line.bars == groups[-1][-1].bars and not _starts_table(groups[-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _starts_table(group: list[_Line], line: _Line) -> bool:
    """Whether a header follows rows with numbers: another table begins."""
    return _is_header(line) and any(_values(other) for other in group)


def _line(text: str, folded: str, start: int, end: int) -> _Line:
    bars = folded.count("|", start, end) >= 2
    spans: list[tuple[int, int]] = []
    if bars:
        edges = [start - 1, *(i for i in range(start, end) if folded[i] == "|"), end]
        spans = [(a + 1, b) for a, b in pairwise(edges)]
        if not folded[spans[0][0] : spans[0][1]].strip():
            spans = spans[1:]
        if spans and not folded[spans[-1][0] : spans[-1][1]].strip():
            spans = spans[:-1]
    else:
        position = start
        for gap in _SPLIT.finditer(text, start, end):
            if gap.start() > position:
                spans.append((position, gap.start()))
            position = gap.end()
        spans.append((position, end))
        spans = [(a, b) for a, b in spans if folded[a:b].strip()]
    pieces: list[_Piece] = []
    for column, (a, b) in enumerate(spans):
        while a < b and folded[a].isspace():
            a += 1
        while b > a and folded[b - 1].isspace():
            b -= 1
        pieces += _slashed(folded, a, b, column) if " / " in folded[a:b] else [_Piece(a, b, folded[a:b], column)]
    return _Line(start, end, tuple(pieces), bars)


def _slashed(folded: str, start: int, end: int, column: int) -> list[_Piece]:
    """A cell's parts between " / " when they are columns of their own: "baseline / nadir / today (mm)"."""
    out, position = [], start
    for part, text in enumerate(folded[start:end].split(" / ")):
        out.append(_Piece(position, position + len(text), text, column, part))
        position += len(text) + 3
    return out


def _read_table(folded: str, lines: list[_Line], number: int) -> list[TableRow]:
    header = next((line for line in lines if _is_header(line)), None)
    body = [line for line in lines if line is not header and (header is None or line.start > header.start)]
    body = [line for line in body if _values(line)]
    if header is None and (len(body) < 2 or not _regular(body)):
        return []
    caption_start = _line_start(folded, lines[0].start, _CAPTION_LINES)
    roles = _roles(header, body)
    unit = _unit(folded[caption_start : header.end if header else lines[0].start], body)
    rows = []
    for line in body:
        row = _row(line, header, roles, unit, number)
        if row:
            rows.append(row)
    return rows


def _line_start(folded: str, position: int, lines_up: int) -> int:
    for _ in range(lines_up + 1):
        position = folded.rfind("\n", 0, max(0, position - 1)) + 1
        if position <= 0:
            return 0
    return position


def _is_header(line: _Line) -> bool:
    """Whether the line names columns: at least one word of time, none of its cells a plain number under a label."""
    named = [
        p
        for p in line.pieces
        if _CURRENT.search(p.text) or _PRIOR.search(p.text) or _date(p.text) or _TIMEPOINT.fullmatch(p.text)
    ]
    sizes = [p for p in line.pieces[1:] if _VALUE.fullmatch(p.text) and not _date(p.text) and not _PRIOR.search(p.text)]
    return (
        bool(named)
        and not sizes
        and not line.pieces[0].text.endswith(":")
        and all(len(p.text) < 45 for p in line.pieces[1:])
    )


def _values(line: _Line) -> list[_Piece]:
    """The pieces behind the label that hold numbers or say that there is none."""
    out: list[_Piece] = []
    for piece in reversed(line.pieces[1:]):
        if (
            _VALUE.fullmatch(piece.text)
            or _REFERENCE.fullmatch(piece.text)
            or _ABSENT.fullmatch(piece.text)
            or "%" in piece.text
            or (piece.text.startswith("suv") or (line.bars and not _NAMES_COLUMN.search(piece.text[:4])))
            or ((absent := _ABSENT.match(piece.text)) and absent.end() and piece.text[:3] in ("not", "nil"))
        ):
            out.append(piece)
        else:
            break
    out.reverse()
    return out if any(_VALUE.fullmatch(p.text) for p in out) else []


def _regular(body: list[_Line]) -> bool:
    """Whether rows without a header repeat one form with at least two numbers each."""
    counts = Counter(sum(1 for p in _values(line) if _VALUE.fullmatch(p.text)) for line in body)
    most, times = counts.most_common(1)[0]
    return most >= 2 and times >= 2


def _date(text: str) -> tuple[int, int, int] | None:
    match = _DATE.search(text)
    if not match:
        return None
    if match.group("y"):
        return int(match.group("y")), int(match.group("ym") or 0), int(match.group("yd") or 0)
    if match.group("mon"):
        return _year(match.group("my")), _MONTHS.index(match.group("mon")[:3]) + 1, 0
    if match.group("mm"):
        return int(match.group("yyyy")), int(match.group("mm")), 0
    if match.group("d"):
        return _year(match.group("e")), int(match.group("m")), int(match.group("d"))
    first, second = int(match.group("a")), int(match.group("b"))
    if first > 12:  # day first
        first, second = second, first
    return (_year(match.group("c")), first, second) if first <= 12 and second <= 31 else None


def _year(text: str | None) -> int:
    return 0 if not text else int(text) + (2000 if len(text) == 2 else 0)


def _roles(header: _Line | None, body: list[_Line]) -> list[str]:
    """The role of each header piece, or without a header of each value counted from the right."""
    if header is None:
        return []
    texts = [p.text for p in header.pieces]
    roles = ["" for _ in texts]
    for i, text in enumerate(texts):
        if _REF_HEAD.search(text):
            roles[i] = "reference"
        elif _PRIOR.search(text):
            roles[i] = "prior"
        elif _CURRENT.search(text):
            roles[i] = "current"
        elif _OTHER.search(text):
            roles[i] = "other"
    order = {i: _date(t) for i, t in enumerate(texts) if roles[i] == "" and _date(t)}
    points = {
        i: int(m.group(1)) for i, t in enumerate(texts) if roles[i] == "" and (m := _TIMEPOINT.fullmatch(t.strip()))
    }
    timed = order or points
    if timed:
        latest = max(timed, key=lambda i: (timed[i], i))
        for i in timed:
            roles[i] = "current" if i == latest and "current" not in roles else "prior"
    first = 1 if header.labelled else 0
    measured = [i for i in range(first, len(roles)) if roles[i] in ("", "prior", "current")]
    if "current" not in roles and measured:
        open_ones = [i for i in measured if roles[i] == ""] or measured[-1:]
        roles[open_ones[-1]] = "current"
    return [r or ("prior" if "current" in roles and i >= first else "other") for i, r in enumerate(roles)]


def _unit(caption: str, body: list[_Line]) -> float:
    """Millimetres per unit: as the header or caption says, else a cell, else as the numbers can only be meant."""
    named = _UNIT.findall(caption) or [u for line in body for p in line.pieces[1:] for u in _UNIT.findall(p.text)]
    if named:
        return 10.0 if named[-1][0] == "c" else 1.0
    numbers = [
        float(n.replace(",", "."))
        for line in body
        for p in _values(line)
        if (m := _VALUE.fullmatch(p.text))
        for n in re.findall(r"\d+(?:[.,]\d+)?", m.group("size"))
    ]
    decimals = sum(1 for n in numbers if n != int(n))
    return 10.0 if numbers and decimals * 2 > len(numbers) and max(numbers) < 25 else 1.0


def _row(line: _Line, header: _Line | None, roles: list[str], unit: float, number: int) -> TableRow | None:
    values = _values(line)
    label = [p for p in line.pieces if p.start < values[0].start and p.text]
    if not label:
        return None
    label_start, label_end = label[0].start, label[-1].end
    label_text = line.pieces[0].text if not line.bars else " ".join(p.text for p in label)
    is_sum = bool(_SUM.search(label_text)) or bool(_SUM.search(label[-1].text))
    foreign = bool(_LENGTHS.search(label_text)) or any(p.text.startswith("suv") for p in values)
    cells = []
    for place, piece in enumerate(values):
        if not piece.text:
            continue
        match = _VALUE.fullmatch(piece.text)
        role = _role(line, piece, place, values, header, roles)
        if not match:
            role = "other" if role not in ("reference",) and not _REFERENCE.fullmatch(piece.text) else "reference"
            cells.append(Cell(piece.start, piece.end, (), role))
            continue
        if _REFERENCE.fullmatch(piece.text) and (role == "reference" or "." not in piece.text):
            cells.append(Cell(piece.start, piece.end, (), "reference"))
            continue
        start, end = piece.start + match.start("size"), piece.start + match.end("size")
        own = _UNIT.search(match.group("size"))
        factor = (10.0 if own.group(1)[0] == "c" else 1.0) if own else unit
        diameters = tuple(
            round(float(n.replace(",", ".")) * factor, 2) for n in re.findall(_NUMBER, match.group("size"))
        )
        role = "sum" if is_sum else "other" if foreign and role != "reference" else role
        cells.append(Cell(start, end, () if role == "reference" else diameters, role, own is None))
    return TableRow(line.start, line.end, label_start, label_end, tuple(cells), number)


def _role(line: _Line, piece: _Piece, place: int, values: list[_Piece], header: _Line | None, roles: list[str]) -> str:
    """The role of the header piece above: by bars or slashes, by count from the right, else by the nearest place."""
    if header is None:
        sizes = [p for p in values if _VALUE.fullmatch(p.text) and not _REFERENCE.fullmatch(p.text)]
        return "current" if sizes and piece is sizes[-1] else "prior"
    heads = header.pieces
    if line.bars and header.bars:
        return next(
            (roles[i] for i, h in enumerate(heads) if (h.column, h.part) == (piece.column, piece.part)), "other"
        )
    named = list(range(1 if header.labelled else 0, len(heads)))
    parts = [i for i in named if heads[i].part or (i + 1 < len(heads) and heads[i + 1].part)]
    if piece.part or any(v.part for v in values):
        use = parts if len(parts) == len(values) else named[-len(values) :]
        return roles[use[place]] if place < len(use) else "other"
    if len(named) == len(values):
        return roles[named[place]]
    middle = (piece.start + piece.end) / 2 - line.start
    nearest = min(named, key=lambda i: abs((heads[i].start + heads[i].end) / 2 - header.start - middle), default=0)
    return roles[nearest] if roles else "other"
