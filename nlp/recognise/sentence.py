"""A report as sentences with everything recognised in them."""

from dataclasses import replace
from typing import Any

from ...schemas import Section
from ..lexicon import Lexicon
from ..measurements import find_sizes
from ..rule_files import Rule
from ..sections import find_blocks
from ..sentences import find_sentences, opens_summary
from ..spans import Sentence
from .heads import heads
from .organs import organ_cues
from .places import place_cues
from .sides import side_cues

MAX_SENTENCE_CHARACTERS = 4000


def recognise(text: str, folded: str, headings: dict[str, Rule], lexicon: Lexicon) -> list[Sentence]:
    """The sentences of a report in reading order, with their spans."""
    out: list[Sentence] = []
    for number, block in enumerate(find_blocks(text, folded, headings)):
        section = block.section
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
                heading_side=block.side,
                block=number,
                paragraph=folded.count("\n\n", 0, start),
                lesion_list=block.lesion_list,
                terms=tuple(lexicon.find(folded, start, end)),
                sizes=tuple(find_sizes(folded, start, end)),
            )
            out.append(with_spans(bare))
    return out


def with_spans(sentence: Sentence) -> Sentence:
    """The sentence with organs, sides, places and heads."""
    found: dict[str, Any] = {
        "organs": organ_cues(sentence),
        "sides": side_cues(sentence),
        "places": place_cues(sentence),
        "heads": heads(sentence),
    }
    return replace(sentence, **found)
