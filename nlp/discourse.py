"""Reads a report sentence by sentence and keeps track of what the text is speaking of."""

import itertools
import re
from dataclasses import dataclass, field, replace

from ..schemas import Section
from .assertion import assert_mentions
from .continuations import CONTINUED_WITHIN, adopt_sizes, continues
from .document import Mention, Place, Sentence
from .groups import group_of, join_group
from .mentions import find_mentions
from .places import locate, share_place
from .recognise.sizes import Size
from .relations import relation_governed
from .size_linking import link_sizes

READ_SECTIONS = frozenset({Section.BODY, Section.FINDINGS, Section.IMPRESSION, Section.ADDENDUM, Section.OTHER})
_IMAGE = re.compile(
    r"\(?(?:se(?:ries)?\.?\s*#?\s*\d{1,4}\W{0,3}(?:im(?:age|"
    r"g)?\.?\s*#?\s*\d{1,4}(?:\s*[-/,]\s*\d{1,4})*)|im(?:age|"
    r"g)?s?\.?\s*#?\s*\d{1,4}(?:\s*[-/,]\s*\d{1,4})*(?:\W{1,4}series\s*\d{1,4})?|"
    r"(?<=\()\d{1,3}:\d{1,4}(?=\)))"
)
_REACH = 60


@dataclass(slots=True)
class Reading:
    """All mentions of a report in order, sizes that no lesion could be found for, and the sentences that were read."""

    sentences: list[Sentence] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    homeless: list[Size] = field(default_factory=list)


def read(sentences: list[Sentence], examined: str = "") -> Reading:
    """Mentions of all sentences with place, sizes and assertion; continuations are folded into what they continue."""
    reading = Reading(sentences=[s for s in sentences if s.section in READ_SECTIONS])
    focus = Place(organ=examined, source="focus" if examined else "")
    block = -1
    recent: list[tuple[int, Mention]] = []
    for index, sentence in enumerate(reading.sentences):
        if sentence.block != block:
            focus, block = Place(organ=examined, source="focus", operated=focus.operated), sentence.block
        mentions = find_mentions(sentence)
        here = focus
        mentions = _without_components(sentence, mentions)
        for mention in mentions:
            locate(mention, here)
            here = replace(mention.place, operated=here.operated) if mention.place.organ and not mention.node else here
        for left, right in reversed(list(itertools.pairwise(mentions))):
            share_place(sentence, left, right)
        homeless = link_sizes(sentence, mentions)
        assert_mentions(sentence, mentions)
        if index < 2 and sentence.section is Section.BODY and len(reading.sentences) > 3:
            _drop_opening_diagnosis(sentence, mentions)
        _quote_images(sentence, mentions)
        recent = [(i, m) for i, m in recent if index - i <= CONTINUED_WITHIN and m.sentence.section == sentence.section]
        kept: list[Mention] = []
        for mention in mentions:
            group = group_of(sentence, mention, kept, recent)
            if group is not None:
                join_group(mention, group)
            elif not continues(sentence, mention, mentions, recent, index, _told(reading, sentence)):
                kept.append(mention)
        homeless = adopt_sizes(sentence, homeless, kept, recent, index)
        reading.homeless += homeless
        reading.mentions += kept
        recent += [(index, m) for m in kept if not m.negated and not m.dropped]
        operated = next((t.meta("OPERATED")["organ"] for t in sentence.having("OPERATED")), focus.operated)
        focus = replace(_next_focus(sentence, mentions, focus), operated=operated)
    return reading


_COMPONENT = re.compile(r"^[^,;.]{0,60}\b(?:with|contain\w*|having|has)\b[^,;.]{0,30}$")


def _drop_opening_diagnosis(sentence: Sentence, mentions: list[Mention]) -> None:
    """A report without headings may open with the reason for the exam: "Breast cancer."."""
    for mention in mentions:
        covered = mention.heads[-1].end - mention.start
        if (
            mention.lesion_type == "malignant"
            and not mention.plural
            and not mention.sizes
            and covered > 0.8 * len(sentence.text.rstrip(". "))
        ):
            mention.dropped = mention.dropped or "historical"


def _without_components(sentence: Sentence, mentions: list[Mention]) -> list[Mention]:
    """The mentions without those that only describe the inside of the one before: "mass with peripheral cysts"."""
    kept: list[Mention] = []
    for mention in mentions:
        if kept and _is_component(sentence, kept[-1], mention):
            kept[-1].end = max(kept[-1].end, mention.end)
            for head in mention.heads[1:]:  # "cystic mass with enhancing nodules, suspicious for carcinoma"
                if head.meta("LESION").get("type") in ("malignant", "metastasis"):
                    kept[-1].lesion_type, kept[-1].type_text = head.meta("LESION")["type"], head.text
            continue
        kept.append(mention)
    return kept


def _is_component(sentence: Sentence, whole: Mention, part: Mention) -> bool:
    words = r"cyst|foc|area|component|cavit" + ("|nodul|septa" if whole.lesion_type == "cyst" else "")
    if not re.match(words, part.head.text) or _has_size(sentence, part):
        return False
    gap = sentence.between(whole.heads[-1].end, part.start)
    placed = any("ORGAN" in t.roles and whole.heads[-1].end <= t.start < part.head.start for t in sentence.terms)
    return bool(_COMPONENT.match(gap)) and not placed


def _has_size(sentence: Sentence, mention: Mention) -> bool:
    """Whether a size stands in the mention's noun phrase."""
    return any(mention.start <= s.start < mention.head.start for s in sentence.sizes)


def _told(reading: Reading, sentence: Sentence) -> list[Mention]:
    """Mentions of lesions earlier in the same section that stand as findings."""
    return [
        m
        for m in reading.mentions[-_REACH:]
        if not m.negated and not m.dropped and m.sentence.section == sentence.section
    ]


def _quote_images(sentence: Sentence, mentions: list[Mention]) -> None:
    for match in _IMAGE.finditer(sentence.text):
        position = sentence.start + match.start()
        owner = next((m for m in reversed(mentions) if m.territory_start <= position), None)
        if owner is not None and owner.image_reference is None:
            owner.image_reference = match.group().strip("( ")


_EXAM_TITLE = re.compile(
    r"\b(?:mri?|ct|us|ultrasound|ultrasonograph\w*|sonograph\w*|tomograph\w*|mrcp|scan|exam\w*|"
    r"mammogra\w*|urogram)\b"
)


def examined_organ(sentences: list[Sentence]) -> str:
    """The organ that the exam's title names ("THYROID ULTRASOUND"); empty when it names none or several."""
    titles = [
        s
        for s in sentences[:3]
        if s.section is Section.EXAM
        or (len(s.text.split()) <= 8 and (_EXAM_TITLE.search(s.text) or _EXAM_TITLE.fullmatch(s.heading)))
    ]
    organs = {
        t.meta("ORGAN")["organ"]
        for s in titles
        for t in s.having("ORGAN")
        if not t.meta("ORGAN").get("unnamed") and not t.meta("ORGAN").get("weak")
    }
    return organs.pop() if len(organs) == 1 else ""


def _next_focus(sentence: Sentence, mentions: list[Mention], focus: Place) -> Place:
    """What the text speaks of after this sentence: the last mention's place, else the organ named in it."""
    placed = [m for m in mentions if m.place.organ and m.place.source not in ("near", "") and not m.node]
    if placed:
        place = placed[-1].place
        if place.source in ("implied",) and focus.organ:
            return focus
        return replace(place, side=place.side or (focus.side if place.organ == focus.organ else None))
    if any(m.node for m in mentions):
        return focus
    organs = [
        t
        for t in sentence.having("ORGAN")
        if not t.meta("ORGAN").get("unnamed") and not t.meta("ORGAN").get("weak") and not relation_governed(sentence, t)
    ]
    if not organs:
        return focus
    first = organs[0]
    organ = first.meta("ORGAN")["organ"]
    same = [t for t in organs if t.meta("ORGAN")["organ"] == organ]
    sides = [t.meta("ORGAN").get("side") for t in same if t.meta("ORGAN").get("side")]
    sides += [t.meta("SIDE")["side"] for t in sentence.having("SIDE")]
    return Place(organ=organ, source="focus", side=sides[-1] if sides else None)
