"""Finds a model's quotes in the report: exactly, else without regard to case and white space, else not at all."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..folding import fold
from ..text.sections import Block

_WORD = re.compile(r"[a-z]{3}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a quote stands; `exact` is False when case or white space differ from the model's."""

    start: int
    end: int
    exact: bool = True


class Quotes:
    """The report, ready to be searched for quotes.

    Args:
        text: the report.
        folded: the same text folded, of equal length.
        blocks: its sections.
    """

    def __init__(self, text: str, folded: str, blocks: list[Block]) -> None:
        self.text, self.folded, self.blocks = text, folded, blocks

    def places(self, quote: str) -> list[Place]:
        """All places of a quote, in reading order; exact ones only, if there are any."""
        wanted = quote.strip()
        if not wanted:
            return []
        exact = [Place(start, start + len(wanted)) for start in _occurrences(self.text, wanted)]
        if exact:
            return exact
        return [Place(m.start(), m.end(), False) for m in _flexible(wanted).finditer(self.folded)]

    def within(self, quote: str, start: int, end: int) -> Place | None:
        """First place of a quote between two offsets, not in the middle of a number or word."""
        wanted = quote.strip()
        if not wanted:
            return None
        match = _flexible(wanted).search(self.folded, start, end)
        return Place(match.start(), match.end()) if match else None

    def block(self, offset: int) -> Block:
        """The section that holds an offset."""
        return next((b for b in self.blocks if b.start <= offset < b.end), self.blocks[-1])


def says_something(quote: str) -> bool:
    """Whether a quote holds a word at all: "2" or "." stands in nearly every report."""
    return bool(_WORD.search(quote.lower()))


def _occurrences(text: str, quote: str) -> Iterator[int]:
    start = text.find(quote)
    while start >= 0:
        yield start
        start = text.find(quote, start + 1)


def _flexible(quote: str) -> re.Pattern[str]:
    body = r"\s+".join(re.escape(word) for word in fold(quote).split())
    return re.compile(rf"(?<![a-z0-9])(?<!\d[.,]){body}(?![a-z0-9])(?![.,]\d)")
