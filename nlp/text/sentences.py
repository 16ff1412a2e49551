"""Cuts a block of a report into sentences."""

import re

from ..document import Sentence

_ABBREVIATIONS = (
    "approx", "appr", "seg", "segm", "dr", "vs", "e.g", "i.e", "max", "min", "ca", "incl", "diam", "st", "fig", "resp",
    "ser", "im", "img", "no", "prof", "mr", "mrs", "ms", "lt", "rt", "bds", "dd", "d.d", "c.f", "cf", "etc", "s",
    "a.p", "c.c",
)  # fmt: skip
_ABBREVIATION = re.compile(rf"(?:^|[\s(])(?:{'|'.join(re.escape(a) for a in _ABBREVIATIONS)})\.$")
# An end: full stop, question or exclamation mark (not inside a number), semicolon; a bullet; a line break before a
# capital, a digit, a bullet or a blank line. "(cyst?)" and "adenoma ?)" do not end a sentence.
_END = re.compile(
    r"(?<!\d)(?<!\d )\.(?=\s|$|\"|[a-z]{4})|(?<=\d)\.(?=\s+[^\d\s]|\s*$|\s*\n)|(?<=[\d)])\.(?=\s+\d)|"
    r"[!?](?=\s|$)(?!\s*\))|;(?=\s)|\s[•▪●◦·](?=\s?\S)"
    r"|\s\"(?=\s)|\"(?=\s?[a-z])(?<=\.\")|\n"
)
_BULLET = re.compile(r"[ \t]*(?:[-*•▪●◦·>\"+]|\(?\d{1,2}[.)](?=\s)|\(?[a-h][.)](?=\s))\s*")
_LIST_NUMBER = re.compile(r"(?:^|[\n:.;])\s*\(?\d{1,2}\.$")


def find_sentences(text: str, folded: str, start: int, end: int) -> list[tuple[int, int]]:
    """Offsets of the sentences between two offsets, without bullets and surrounding blanks.

    A semicolon ends a sentence (it ends the scope of a negation). A line break ends one unless the next line goes on in
    lower case.
    """
    sentences: list[tuple[int, int]] = []
    position = start
    for match in _END.finditer(folded, start, end):
        if match.start() < position or not _ends(text, folded, match, position):
            continue
        _add(sentences, folded, position, match.end())
        position = match.end()
    _add(sentences, folded, position, end)
    return sentences


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
        if _ABBREVIATION.search(before):
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


def opens_summary(folded: str, before: list[Sentence], block: int, start: int) -> bool:
    """Whether bullets that follow running prose on the same line begin here: they sum the report up."""
    lead = folded[max(0, start - 3) : start].strip()
    prose = [s for s in before if s.block == block]
    return lead in ('"', "•", "·", '."', '"•') and len(prose) >= 3 and "\n" not in folded[max(0, start - 60) : start]
