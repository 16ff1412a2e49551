"""Cuts a block of a report into sentences."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..spans import Sentence

_ABBREVIATIONS = (
    "approx", "appr", "seg", "segm", "dr", "vs", "e.g", "i.e", "max", "min", "ca", "incl", "diam", "st", "fig", "resp",
    "ser", "im", "img", "no", "prof", "mr", "mrs", "ms", "lt", "rt", "bds", "dd", "d.d", "c.f", "cf", "etc", "s",
    "a.p", "c.c",
)  # fmt: skip
_ABBREVIATION = re.compile(rf"(?:^|[\s(])(?:{'|'.join(re.escape(a) for a in _ABBREVIATIONS)})\.$")
# An end: full stop, question or exclamation mark (not inside a number), semicolon; a bullet; a line break before a
# capital, a digit, a bullet or a blank line. "(cyst?)" and "adenoma ?)" do not end a sentence.
_END = re.compile(
    r"(?<!\d)(?<!\d )(?<!\.\.)\.(?=\s|$|\"|[a-z]{4})|(?<=\d)\.(?=\s+[^\d\s]|\s*$|\s*\n)|(?<=[\d)])(?<!x \d)\.(?=\s+\d)|"
    r"[!?](?=\s|$)(?!\s*[)\[])|;(?=\s)|\s[•▪●◦·](?=\s?\S)"
    r"|\s\"(?=\s)|\"(?=\s?[a-z])(?<=\.\")|\n|\s(?=\[[ x]?\]\s?(?!yes|no\b|y\b|n\b)[a-z])"
)
_NOT_NUMBER = re.compile(r"\s*(?:[a-z]|$)")  # what follows "no." when it is an answer, not a number
_BULLET = re.compile(r"[ \t]*(?:[-*•▪●◦·>\"+]|\(?\d{1,2}[.)](?=\s)|\(?[a-h][.)](?=\s))\s*")
_LIST_NUMBER = re.compile(r"(?:^|[\n:.;])\s*\(?\d{1,2}\.$")
# A list's number or letter: "1.Solid mass", "2)No mass", "(3) no lesion", "1/ left renal mass", "b. 1.5 cm"; "2.1.1 cm"
# is item 2 only where the items around it run on.
_ITEM = re.compile(
    r"(?<![^\s:;.,)])\(?(?:(?P<n>\d{1,2})(?:\.(?=\s|[a-z]{2})|\)\s?(?=\S)|/(?=\s(?!\d+\s?/)))|(?P<a>[a-h])[.)](?=\s)|"
    r"(?P<glued>\d{1,2})\.(?=\d))[ \t]*"
)
_DASHED = re.compile(r"\s*-\s[^\n]*\s-\s")
_DASHED_NEXT = re.compile(r"(?<=\s)-\s(?=\S)")


def find_sentences(text: str, folded: str, start: int, end: int) -> list[tuple[int, int]]:
    """Offsets of the sentences between two offsets, without bullets and surrounding blanks.

    A semicolon ends a sentence (it ends the scope of a negation). A line break ends one unless the next line goes on in
    lower case.
    """
    sentences: list[tuple[int, int]] = []
    position = start
    items = find_items(folded, start, end)
    starts = {item.mark_start: item for item in items}
    for item_start, item_end in _item_spans(items, start, end):
        position = starts[item_start].start if item_start in starts else item_start
        for match in _END.finditer(folded, position, item_end):
            if match.start() < position or not _ends(text, folded, match, position):
                continue
            _add(sentences, folded, position, match.end())
            position = match.end()
        _add(sentences, folded, position, item_end)
    return sentences


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of a numbered list: where its number stands, where its text begins and ends, and the number."""

    mark_start: int
    start: int
    end: int
    number: int


def find_items(folded: str, start: int, end: int) -> list[ListItem]:
    """The items of numbered, lettered or dashed lists between two offsets, also where they are glued or share a line.

    Numbers count when they run on from 1 (or a): "1)Cyst 22 mm 2)No mass", not "5 cm 2. 2 metastases" alone.
    """
    found = [(m, _number(m)) for m in _ITEM.finditer(folded, start, end)]
    apart = [number for match, number in found if not match.group("glued")]
    marks: list[tuple[int, int, int]] = []
    for match, number in found:
        before = folded[max(start, match.start() - 2) : match.start()].strip()
        opens = (
            not folded[start : match.start()].strip() or folded[match.start() - 1] in "\n:.;" or before in list(":.;")
        )
        if match.group("glued") and not _is_item(folded, match.start(), number, apart, opens or len(marks) > 1):
            continue
        if (marks and number == marks[-1][2] + 1) or (number == 1 and opens):
            marks.append((match.start(), match.end(), number))
    kept = [m for i, m in enumerate(marks) if m[2] > 1 or (i + 1 < len(marks) and marks[i + 1][2] == 2)]
    if not kept and _DASHED.match(folded, start, end):
        kept = [(m.start(), m.end(), 0) for m in _DASHED_NEXT.finditer(folded, start, end)]
    if not kept:
        return []
    ends = [m[0] for m in kept[1:]] + [end]
    return [ListItem(a, b, stop, number) for (a, b, number), stop in zip(kept, ends, strict=True)]


def _is_item(folded: str, start: int, number: int, apart: list[int], likely: bool) -> bool:
    """Whether a number that runs into the next one is a list's: "2.1.1 cm", never the middle of "1.2.1 cm"."""
    inside = re.search(r"\d\.$", folded[max(0, start - 2) : start])
    return (
        not inside and (likely or number + 1 in apart) and any(n in apart for n in (number - 1, number + 1, number + 2))
    )


def _number(match: re.Match[str]) -> int:
    told = match.group("n") or match.group("glued")
    return int(told) if told else ord(match.group("a")) - ord("a") + 1


def _item_spans(items: list[ListItem], start: int, end: int) -> list[tuple[int, int]]:
    if not items:
        return [(start, end)]
    spans = [(item.mark_start, item.end) for item in items]
    return [(start, items[0].mark_start), *spans] if items[0].mark_start > start else spans


def _ends(text: str, folded: str, match: re.Match[str], position: int) -> bool:
    mark = match.group()
    if mark == "\n":
        rest = text[match.end() : match.end() + 40].lstrip(" \t")
        if rest.startswith("\n"):
            rest = rest.lstrip("\n \t")
            return not (rest[:1].islower() and folded[position : match.start()].rstrip()[-1:].isalnum())
        return not rest[:1].islower() and not (
            rest[:1] == "(" and folded[position : match.start()].rstrip()[-1:] not in ".:"
        )
    if mark == ".":
        before = folded[max(position, match.start() - 12) : match.end()]
        if _ABBREVIATION.search(before) and not (before.endswith("no.") and _NOT_NUMBER.match(folded, match.end())):
            return False
        return not _LIST_NUMBER.search(folded[max(0, match.start() - 6) : match.end()]) and not re.fullmatch(
            r"\s*\(?\d{1,2}\.", folded[position : match.end()]
        )
    return True


def _add(sentences: list[tuple[int, int]], folded: str, start: int, end: int) -> None:
    while True:
        bullet = _BULLET.match(folded, start, end)
        blank = re.compile(r"\s+").match(folded, start, end)
        if blank:
            start = blank.end()
        elif bullet and bullet.end() > start:
            start = bullet.end()
        else:
            break
    while end > start and (folded[end - 1].isspace() or folded[end - 1] in '"•'):
        end -= 1
    if end > start and any(c.isalnum() for c in folded[start:end]):
        sentences.append((start, end))


def opens_summary(folded: str, before: "Sequence[Sentence]", block: int, start: int) -> bool:
    """Whether bullets that follow running prose on the same line begin here: they sum the report up."""
    lead = folded[max(0, start - 3) : start].strip()
    if lead not in ('"', "•", "·", '."', '"•') or "\n" in folded[max(0, start - 60) : start]:
        return False
    return sum(s.block == block for s in before) >= 3
