"""Reads a report sentence by sentence: which mention goes on about an earlier one, and what the text is speaking of."""

import re
from dataclasses import dataclass, field, replace

from ..schemas import Section
from .assertion import assert_mentions
from .document import Mention, Place, Sentence
from .measurements import Size
from .mentions import find_mentions
from .places import locate
from .relations import relation_governed
from .size_linking import is_prior_sentence, link_sizes

READ_SECTIONS = frozenset({Section.BODY, Section.FINDINGS, Section.IMPRESSION, Section.ADDENDUM, Section.OTHER})
_PRONOUN = re.compile(
    r"^\s*(?:this|these|it|they|the (?:largest|biggest|larger|smaller|finding|findings|appearance|"
    r"appearances|features|imaging features|latter|former|measurement|dimensions?|size|long axis|"
    r"short axis|maximum diameter|diameter)|"
    r"findings?|appearances?|imaging features|features|which|its|both|all|measur\w+|currently|largest|"
    r"dimensions?|size|one of (?:them|these|which)|among these|maximum diameter|now measur\w+)\b"
)
_POSSESSIVE = re.compile(
    r"\bits\s+(?:\w+\s+){0,3}(?:length|size|diameter|dimensions?|width|axis)\b|\bit\s+(?:now\s+)?measures\b"
)
_TYPE_ONLY = re.compile(
    r"^\s*(?:(?:pathologic\w*|patholog\w*|histolog\w*|biopsy|cytology|surgical)\b|this|these|it|they|"
    r"the (?:\w+ ){0,2}(?:finding|findings|appearance|appearances|features|characteristics)|findings?|"
    r"appearances?|features|imaging (?:features|findings)|which|primarily|most likely|likely|"
    r"probably)\b[^.;]{0,90}$"
)
_IMAGE = re.compile(
    r"\(?(?:se(?:ries)?\.?\s*#?\s*\d{1,4}\W{0,3}(?:im(?:age|"
    r"g)?\.?\s*#?\s*\d{1,4}(?:\s*[-/,]\s*\d{1,4})*)|im(?:age|"
    r"g)?s?\.?\s*#?\s*\d{1,4}(?:\s*[-/,]\s*\d{1,4})*(?:\W{1,4}series\s*\d{1,4})?|"
    r"(?<=\()\d{1,3}:\d{1,4}(?=\)))"
)
_CONTINUED_WITHIN = 3
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
        homeless = link_sizes(sentence, mentions)
        assert_mentions(sentence, mentions)
        if index < 2 and sentence.section is Section.BODY and len(reading.sentences) > 3:
            _drop_opening_diagnosis(sentence, mentions)
        _quote_images(sentence, mentions)
        recent = [
            (i, m) for i, m in recent if index - i <= _CONTINUED_WITHIN and m.sentence.section == sentence.section
        ]
        kept: list[Mention] = []
        for mention in mentions:
            group = _group_of(sentence, mention, kept, recent)
            if group is not None:
                _join_group(mention, group)
            elif not _continues(sentence, mention, mentions, recent, index, _told(reading, sentence)):
                kept.append(mention)
        homeless = _adopt(sentence, homeless, kept, recent, index)
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
    if not re.match(words, part.head.text) or sentence_sizes(sentence, part):
        return False
    gap = sentence.between(whole.heads[-1].end, part.start)
    placed = any("ORGAN" in t.roles and whole.heads[-1].end <= t.start < part.head.start for t in sentence.terms)
    return bool(_COMPONENT.match(gap)) and not placed


def sentence_sizes(sentence: Sentence, mention: Mention) -> bool:
    """Whether a size stands in the mention's noun phrase."""
    return any(mention.start <= s.start < mention.head.start for s in sentence.sizes)


# "… nodes merging into a conglomerate mass of 5 cm": the size of the whole is the group's.
_FUSED = re.compile(
    r"\b(?:form(?:ing)?|produc(?:e|ing)|(?:merg|fus|coalesc|conglomerat)(?:e|es|ed|ing) (?:in|in?to)|to form) an?"
    r" (?:(?:large|huge|bulky) )?(?:conglomerate|confluent|matted|packet|coalescent)\b"
)


def _group_of(
    sentence: Sentence, mention: Mention, kept: list[Mention], recent: list[tuple[int, Mention]]
) -> Mention | None:
    """The group that a mention is the largest or an example of ("…, the largest of which is a 4 mm nodule")."""
    if mention.negated or mention.dropped:
        return None
    groups = [m for m in kept if m.plural and not m.negated and not m.dropped and m.node == mention.node]
    fused = [m for m in kept if m.plural and not m.negated and not m.dropped and not mention.plural]
    if fused and _FUSED.search(sentence.between(fused[-1].heads[-1].end, mention.head.start)):
        return fused[-1]
    lead_start = groups[-1].heads[-1].end if groups else sentence.start
    cues = [t for t in sentence.terms if lead_start <= t.start < mention.head.start]
    largest = any("LARGEST:BIDIRECTIONAL" in t.roles for t in cues)
    example = any("EXAMPLE:FORWARD" in t.roles for t in cues)
    if groups and (largest or example):
        return groups[-1]
    near = [
        m
        for _, m in recent
        if m.plural and m.node == mention.node and m.place.organ == (mention.place.organ or m.place.organ)
    ]
    if near and example and recent[-1][1] is near[-1] and not mention.plural:
        return near[-1]  # "… metastases; for example, a right lower lobe nodule …"
    own = any("LARGEST:BIDIRECTIONAL" in t.roles and mention.start <= t.start for t in cues)
    return near[-1] if near and own and mention.definite and not mention.plural and not near[-1].sizes else None


def _join_group(member: Mention, group: Mention) -> None:
    """The size of a member goes to its group; its place does not."""
    group.sizes = group.sizes + member.sizes if group.sizes else list(member.sizes)
    group.prior = group.prior + member.prior
    group.largest = True
    if group.lesion_type == "unspecified" and member.lesion_type != "unspecified":
        group.lesion_type, group.type_text = member.lesion_type, member.type_text
    if member.sentence is not group.sentence:
        group.evidence.append((member.sentence.start, member.sentence.end))


def _continues(
    sentence: Sentence,
    mention: Mention,
    mentions: list[Mention],
    recent: list[tuple[int, Mention]],
    index: int,
    told: list[Mention],
) -> bool:
    """Whether a mention only says more of an earlier one; if so its values are handed over."""
    before = sentence.between(sentence.start, mention.start)
    if mention is mentions[0] and not mention.sizes and _DIFFERENTIAL.search(before):
        return True
    if (
        recent
        and is_prior_sentence(sentence)
        and not mention.sizes
        and mention.place.source in ("focus", "heading", "")
    ):
        return True
    if recent and index - recent[-1][0] <= 2 and _doubts_type(sentence, mention, recent[-1][1]):
        return True
    linked = None
    if _LINKED.search(before) and mention is mentions[0] and not mention.sizes and not mention.negated:
        linked = next((m for m in reversed(told) if _may_describe(mention, m)), None)
    if linked is not None:
        hand_over(mention, linked, type_only=True)
        return True
    if not recent:
        return False
    to_head = sentence.between(sentence.start, mention.head.start)
    apposed = index and recent and recent[-1][0] == index - 1 and _only_types(sentence, mention, recent[-1][1])
    typed = (bool(_TYPE_ONLY.match(to_head)) or bool(apposed)) and not mention.sizes and mention is mentions[0]
    anaphoric = mention.definite and not _explicit_elsewhere(mention, recent[-1][1])
    if not typed and not anaphoric:
        return False
    target = _antecedent(mention, recent, index, typed)
    if target is None:
        return False
    if mention.negated and not typed:
        return bool(mention.definite)
    if mention.dropped == "resolved":
        target.dropped = "resolved"
        return True
    if not mention.negated:
        hand_over(mention, target, type_only=typed)
    return True


def _doubts_type(sentence: Sentence, mention: Mention, lesion: Mention) -> bool:
    """ "A carcinoma cannot be excluded" right after a lesion asks what that lesion is."""
    after = sentence.between(mention.heads[-1].end, sentence.end)
    asked = re.match(
        r"[^,;.]{0,25}\b(?:cannot|can not|could not|would be difficult|not)\b[^,;.]{0,30}\b(?:exclud\w*|ruled out)",
        after,
    )
    own = mention.place.source in ("noun_phrase", "after", "before")
    return (
        bool(asked)
        and mention.possible
        and not mention.sizes
        and not (own and mention.place.organ != lesion.place.organ)
    )


_DIFFERENTIAL = re.compile(r"\b(?:differential(?:\s+diagnos[ei]s)?|ddx?)\b")


def _only_types(sentence: Sentence, mention: Mention, before: Mention) -> bool:
    """Whether a clause after a semicolon holds nothing but what the lesion may be ("; metastasis versus adenoma")."""
    rest = (
        sentence.text[: mention.head.start - sentence.start] + sentence.text[mention.heads[-1].end - sentence.start :]
    )
    bare = not re.sub(r"\b(?:likely|probabl[ey]|possibl[ey]|suspected|an?|versus|vs|or|known)\b|\W", "", rest)
    return bare and before.sentence.text.rstrip().endswith(";")


_LINKED = re.compile(
    r"\b(?:consistent with|compatible with|suggestive of|in keeping with|represents?|representing|"
    r"diagnostic of|characteristic of|typical of|in favou?r of|indicative of|suspicious for|"
    r"concerning for)\s+(?:an?\s+|the\s+)?$"
)


def _told(reading: Reading, sentence: Sentence) -> list[Mention]:
    """Mentions of lesions earlier in the same section that stand as findings."""
    return [
        m
        for m in reading.mentions[-_REACH:]
        if not m.negated and not m.dropped and m.sentence.section == sentence.section
    ]


def _may_describe(description: Mention, lesion: Mention) -> bool:
    """Whether a type said without a lesion ("findings consistent with adenoma") can be this lesion's."""
    if lesion.node != description.node or lesion.lesion_type not in ("unspecified", description.lesion_type):
        return False
    own, told = description.place, lesion.place
    if own.source in ("noun_phrase", "after", "before", "implied") and own.organ != told.organ:
        return False
    return not (own.side and told.side and own.side != told.side) and own.organ == told.organ


def _explicit_elsewhere(mention: Mention, earlier: Mention) -> bool:
    own = mention.place
    return bool(
        own.source in ("noun_phrase", "after", "before")
        and own.organ
        and earlier.place.organ
        and own.organ != earlier.place.organ
    )


def _antecedent(mention: Mention, recent: list[tuple[int, Mention]], index: int, typed: bool) -> Mention | None:
    """The earlier mention that "the lesion" or "it" speaks of: the nearest that fits in organ, kind and size."""
    for at, earlier in reversed(recent):
        if typed and index - at > 1:
            return None
        if earlier.node != mention.node and not typed:
            continue
        organs = (mention.place.organ, earlier.place.organ)
        if (
            not typed
            and all(organs)
            and organs[0] != organs[1]
            and mention.place.source not in ("focus", "heading", "near", "implied")
        ):
            continue
        spots = (set(mention.place.location), set(earlier.place.location))
        if all(spots) and not spots[0] & spots[1] and mention.place.own_location:
            continue
        sides = (mention.place.side, earlier.place.side)
        if all(sides) and sides[0] != sides[1] and "bilateral" not in sides and mention.place.source != "focus":
            continue
        singular = (
            mention.definite and not mention.plural and not earlier.plural and not mention.change and index - at <= 2
        )
        if mention.sizes and earlier.sizes and not _same_size(mention, earlier) and not earlier.plural and not singular:
            continue
        if {mention.lesion_type, earlier.lesion_type} >= {"cyst", "metastasis"}:
            continue
        return earlier
    return None


def _same_size(a: Mention, b: Mention) -> bool:
    return any(abs(max(x) - max(y)) <= 1 for s in a.sizes for x in s.lesions_mm for t in b.sizes for y in t.lesions_mm)


def hand_over(source: Mention, target: Mention, *, type_only: bool = False) -> None:
    """Values of a continuing mention that its antecedent lacks."""
    if target.lesion_type == "unspecified" and source.lesion_type != "unspecified":
        target.lesion_type, target.type_text = source.lesion_type, source.type_text
    if type_only:
        if re.search(r"\b(?:normal|artifact|artefact|volume averaging|variant|pseudolesion)\b", source.sentence.text):
            target.possible = True
        target.evidence.append((source.sentence.start, source.sentence.end))
        return
    if source.sizes and not target.sizes:
        target.sizes = list(source.sizes)
        target.largest = target.largest or target.plural
        target.evidence.append((source.sentence.start, source.sentence.end))
    if source.prior and not target.prior:
        target.prior = list(source.prior)
        target.evidence.append((source.sentence.start, source.sentence.end))
    if not target.place.organ:
        target.place = source.place
    place, own = target.place, source.place
    if own.organ == place.organ and own.source not in ("focus", "heading") and not target.plural:
        place.side = place.side or own.side
        place.location = place.location or list(own.location)
    target.attenuation = target.attenuation or source.attenuation


def _adopt(
    sentence: Sentence, homeless: list[Size], mentions: list[Mention], recent: list[tuple[int, Mention]], index: int
) -> list[Size]:
    """Gives sizes without a lesion in their sentence to the one just spoken of ("It measures 3 cm")."""
    if not homeless or not recent:
        return homeless
    at, target = recent[-1]
    pronoun = bool(_PRONOUN.match(sentence.text) or _POSSESSIVE.search(sentence.text)) or is_prior_sentence(sentence)
    if index - at > _CONTINUED_WITHIN or not pronoun or any(not m.negated for m in mentions):
        return homeless
    left = []
    for size in homeless:
        if is_prior_sentence(sentence):
            target.prior.append(size)
        elif not target.sizes:
            target.sizes.append(size)
        else:
            left.append(size)
            continue
        target.evidence.append((sentence.start, sentence.end))
    return left


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
