"""A report as sentences with everything recognised in them."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...schemas import Section
from ..lexicon import Lexicon
from ..rule_files import Rule
from ..spans import OrganCue, PlaceCue, Sentence
from ..text.sections import Block, find_blocks
from ..text.sentences import find_sentences, opens_summary
from ..text.tables import find_rows
from .heads import heads
from .organs import organ_cues
from .places import place_cues
from .sides import side_cues
from .size_groups import Size
from .sizes import find_sizes

MAX_SENTENCE_CHARACTERS = 4000


def recognise(text: str, folded: str, headings: dict[str, Rule], lexicon: Lexicon) -> list[Sentence]:
    """The sentences of a report in reading order, with their spans."""
    out: list[Sentence] = []
    rows = find_rows(text, folded)
    gaps = [match.end() for match in re.finditer("\n\n", folded)]
    for number, block in enumerate(find_blocks(text, folded, headings)):
        section = block.section
        above = _heading(block, folded, lexicon)
        for start, end in find_sentences(text, folded, block.start, block.end):
            if section in (Section.BODY, Section.FINDINGS) and opens_summary(folded, out, number, start):
                section = Section.IMPRESSION
            end = min(end, start + MAX_SENTENCE_CHARACTERS)
            bare = Sentence(
                index=len(out),
                start=start,
                end=end,
                text=folded[start:end],
                section=section,
                heading=block.heading,
                heading_organs=block.organs,
                heading_side=block.side or above[2],
                heading_cues=above[0],
                heading_places=above[1],
                block=number,
                paragraph=bisect_right(gaps, start),
                lesion_list=block.lesion_list,
                terms=tuple(lexicon.find(folded, start, end)),
                sizes=tuple(one_by_one(folded, find_sizes(folded, start, end, rows))),
                table_row=any(r.start < end and start < r.end for r in rows),
            )
            out.append(without_stray(with_spans(bare)))
    return out


_LOOSE = frozenset(["loose", "column"])


def without_stray(sentence: Sentence) -> Sentence:
    """The sentence without numbers that have no unit, where nothing speaks of a lesion or its place."""
    inside = sentence.heads or sentence.organs or sentence.places or sentence.sides
    above = sentence.heading_organs or sentence.heading_cues or sentence.heading_places
    if inside or above or sentence.lesion_list or not any(s.hint in _LOOSE for s in sentence.sizes):
        return sentence
    return replace(sentence, sizes=tuple(s for s in sentence.sizes if s.hint not in _LOOSE))


def _heading(
    block: Block, folded: str, lexicon: Lexicon
) -> tuple[tuple[OrganCue, ...], tuple[PlaceCue, ...], str | None]:
    """Organs, places and the one side that a heading speaks of, as a sentence would ("Liver 1 (seg 8):", "RLL:")."""
    end = block.start
    if not block.heading or end <= block.heading_start:
        return (), (), None
    terms = tuple(lexicon.find(folded, block.heading_start, end))
    read = Sentence(
        index=0, start=block.heading_start, end=end, text=folded[block.heading_start : end], section=block.section,
        heading="", heading_organs=(), heading_side=None, heading_cues=(), heading_places=(), block=0, paragraph=0,
        lesion_list=False, terms=terms, sizes=(),
    )  # fmt: skip
    sides = {cue.side for cue in side_cues(read)}
    return organ_cues(read), place_cues(read), sides.pop() if len(sides) == 1 else None


def with_spans(sentence: Sentence) -> Sentence:
    """The sentence with organs, sides, places and heads."""
    found: dict[str, Any] = {
        "organs": organ_cues(sentence),
        "sides": side_cues(sentence),
        "places": place_cues(sentence),
        "heads": heads(sentence),
    }
    return replace(sentence, **found)


_MEMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?|[.,]\d{1,2}")


def one_by_one(folded: str, sizes: Iterable[Size]) -> Iterator[Size]:
    """The sizes, those of a list ("5, 6 and 11 mm") each by itself: whether they are one group is decided later."""
    for size in sizes:
        numbers = list(_MEMBER.finditer(folded, size.start, size.end)) if len(size.lesions_mm) > 1 else []
        if len(numbers) != len(size.lesions_mm):
            yield size
            continue
        for number, lesion in zip(numbers, size.lesions_mm, strict=True):
            end = size.end if number is numbers[-1] else number.end()
            yield replace(size, start=number.start(), end=end, lesions_mm=(lesion,))
