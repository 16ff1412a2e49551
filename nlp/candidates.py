"""Turns the mentions that assert a lesion into candidate findings."""

import re
from dataclasses import dataclass, field, replace

from ..schemas import Section
from .document import Mention, Place
from .recognise.sizes import Size
from .sides_and_sublocations import place_within
from .size_linking import split_by_place

_NODE_WORTHY = re.compile(
    r"enlarg|patholog|suspicious|metasta|malignan|bulky|necrotic|conglomer|adenopath|prominent|"
    r"rounded|lymphoma|tumou?r|hypermetabol|increased (?:in )?size|abnormal|matted|infiltrat|avid"
)
_NODE_BENIGN = re.compile(
    r"not (?:pathologic\w*|enlarged|suspicious|abnormal)|reactive|normal[- ]sized|normal in size|"
    r"non-?enlarged|not exceed\w*|non-?specific|millimetric|physiologic|benign|unspecific|small|tiny|"
    r"below (?:the )?size|fatty hil|calcif|subcent\w*|sub-cent\w*|no patholog|not significant|"
    r"nonpathologic\w*|nonspecific"
)
# A sentence that opens with another modality or sequence, or with the change itself, speaks of the same lesion again.
_RETOLD = re.compile(
    r"^\s*(?:(?:interval\s+)?(?:decrease|increase|reduction|regression|progression)\b|(?:on\s+)?(?:the\s+|an?\s+)?"
    r"(?:[\w-]+\s+){0,4}(?:mri?|ct|us|ultrasound|sonogra\w+|pet|radiograph\w*|mrcp|flair|stir|dwi|adc|gadolinium|"
    r"t[12](?:wi?|[- ]?weighted|\s+(?:images?|sequences?|fat|post)))\b(?:\s+[\w-]+){0,8}?\s+"
    r"(?:shows?|demonstrat\w+|reveal\w*|confirm\w*))"
)
_CHANGED = re.compile(
    r"\b(?:decreas\w*|increas\w*|regress\w*|reduc\w*|shr[iau]nk\w*|progress\w*|grown?|enlarged|smaller|larger)\b"
)


@dataclass(slots=True)
class Candidate:
    """A finding before validation; lengths in mm, offsets of the report."""

    organ: str
    side: str | None
    location: list[str]
    lesion_type: str
    type_text: str
    possible: bool
    count: int | None
    count_min: int
    sizes: list[tuple[tuple[float, ...], int, int]]
    bound: str | None
    prior: list[tuple[tuple[float, ...], int, int]]
    attenuation: str | None
    image_reference: str | None
    section: Section
    anchor: tuple[int, int]
    evidence: list[tuple[int, int]]
    plural: bool
    block: int
    organ_source: str = ""
    summary: bool = False
    definite: bool = False
    another: bool = False
    changed: bool = False
    retold: bool = False
    phrase: str = ""
    reasons: list[str] = field(default_factory=list)


def candidates(mentions: list[Mention]) -> list[Candidate]:
    """Candidate findings of the mentions that assert a lesion, in reading order."""
    out: list[Candidate] = []
    for mention in mentions:
        if mention.negated or mention.dropped:
            continue
        if (mention.node and not _node_counts(mention)) or _only_introduces(mention, mentions) or _vague(mention):
            continue
        pieces = split_by_place(mention)
        if pieces:
            out += [_piece(mention, *piece) for piece in pieces]
            continue
        spread = [_candidate(mention, place) for place in (mention.place, *mention.more_places)]
        for other in spread[1:]:
            other.sizes, other.bound, other.prior = [], None, []
        if (
            len(spread) > 1 and mention.count is None and mention.place.source == "after"
        ):  # a plural spread over several places: at least one in each
            for each in spread:
                each.count_min = 2 if each.side == "bilateral" else max(1, len(each.sizes))
        out += spread
    return [c for c in out if c.organ]


def _only_introduces(mention: Mention, mentions: list[Mention]) -> bool:
    """ "Target lesions:" before the list of them."""
    sentence = mention.sentence
    if not mention.plural or mention.sizes or not sentence.text.rstrip().endswith(":"):
        return False
    following = [m for m in mentions if m.sentence.start > sentence.start and m.place.organ == mention.place.organ]
    return any(m.sentence.block == sentence.block for m in following)


def _vague(mention: Mention) -> bool:
    """ "Several other lesions have decreased", "new lesion" name no place and no size: they add nothing."""
    unplaced = mention.place.source == "focus" and not mention.sizes and not mention.place.start >= 0
    return mention.change and unplaced and mention.head.text in ("lesion", "lesions")


def _node_counts(mention: Mention) -> bool:
    """Lymph nodes are findings when enlarged, pathological, metastatic, or measured at 10 mm and not called normal."""
    sentence = mention.sentence
    text = sentence.between(mention.territory_start, mention.end)
    if mention.lesion_type == "metastasis" or any(
        t.meta("LESION").get("type") in ("metastasis", "malignant") for t in mention.heads
    ):
        return True
    if re.search(
        r"\bnot\s+(?:\w+ly\s+)?(?:patholog|enlarg|suspicious|conspicuous)|"
        r"non-?\s?(?:\w+ly\s+)?(?:suspicious|enlarged|patholog)|no patholog|below (?:the )?size|physiolog|"
        r"nonpatholog|reactive|normal|without (?:[\w-]+ ){0,3}patholog|\bno (?:[\w-]+ ){1,3}patholog|"
        r"\bnot reach\w*(?: [\w-]+){0,2} patholog|\b(?:below|under) (?:the )?(?:limit of )?patholog",
        text,
    ):
        return False
    biggest = max((max(x) for s in mention.sizes for x in s.lesions_mm), default=None)
    worthy = _NODE_WORTHY.search(text) or any(t.meta("NODE").get("enlarged") for t in mention.heads)
    if biggest is not None and any(s.bound == "upper" or s.reaching for s in mention.sizes):
        if biggest > 10:
            return not _NODE_BENIGN.search(text)
        told = re.search(r"enlarg|patholog|metasta|malignan|suspicious", text)
        return bool(worthy and told) and not _NODE_BENIGN.search(text)
    if worthy:
        return not (re.search(r"subcent|sub-cent|millimetric|fatty hil", text) and biggest is None)
    return biggest is not None and biggest >= 10 and not re.search(r"benign|fatty hil|non-?specific", text)


def _candidate(mention: Mention, place: Place) -> Candidate:
    sentence = mention.sentence
    sizes = [(x, s.start, s.end) for s in mention.sizes for x in s.lesions_mm]
    count, count_min = mention.count, mention.count_min
    listed = [s for s in mention.sizes if len(s.lesions_mm) > 1]
    if listed and mention.plural:
        count = count_min = max(len(sizes), count or 0)
    if mention.plural and not mention.quantified and len(sizes) > 1 and not mention.largest:
        count_min = max(count_min, len(sizes))
    if count and count > 1 and len(sizes) == 1 and _each(mention):
        sizes = sizes * min(count, 12)
    if not mention.plural and len(sizes) > 1:
        whole = _with_height(mention, sizes)
        sizes = [whole] if whole else sizes
    if not mention.plural and len(sizes) > 1:  # one lesion, several statements of its size: the first is the fullest
        sizes = [max(sizes, key=lambda s: len(s[0]))] if len({len(s[0]) for s in sizes}) > 1 else sizes[:1]
    return Candidate(
        organ=place.organ,
        side=place.side,
        location=_without_adjectives(place.location),
        lesion_type=mention.lesion_type,
        type_text=mention.type_text,
        possible=mention.possible or _doubted(mention),
        count=count,
        count_min=count_min,
        sizes=sizes,
        bound=_bound(mention) if sizes else None,
        prior=[(x, s.start, s.end) for s in mention.prior for x in s.lesions_mm],
        attenuation=mention.attenuation,
        image_reference=mention.image_reference,
        section=sentence.section,
        anchor=(mention.head.start, mention.head.end),
        evidence=_evidence(mention),
        plural=mention.plural,
        block=sentence.block,
        organ_source=place.source,
        summary=mention.plural and not sizes,
        definite=mention.definite,
        another=mention.change,
        changed=bool(_CHANGED.search(sentence.text)),
        retold=bool(_RETOLD.match(sentence.text)),
        phrase=sentence.between(mention.start, mention.heads[-1].end),
    )


def _without_adjectives(location: list[str]) -> list[str]:
    """The places without adjectives of one that is there as a noun: "omental" beside "omentum"."""
    nouns = {name[:5] for name in location if not name.endswith(("al", "ic", "ar"))}
    return [n for n in location if " " in n or not n.endswith(("al", "ic", "ar")) or n[:5] not in nouns]


def _with_height(
    mention: Mention, sizes: list[tuple[tuple[float, ...], int, int]]
) -> tuple[tuple[float, ...], int, int] | None:
    """Two diameters and a third told apart ("47 x 38 mm, with a height of 32 mm", "…, 32 mm craniocaudally") as one."""
    first, second = sizes[0], sizes[1]
    sentence = mention.sentence
    before = sentence.between(max(sentence.start, second[1] - 40), second[1])
    after = sentence.between(second[2], min(sentence.end, second[2] + 40))
    third = _HEIGHT_BEFORE.search(before) or _HEIGHT_AFTER.match(after)
    if third and len(first[0]) == 2 and len(second[0]) == 1:
        return tuple(sorted(first[0] + second[0], reverse=True)), first[1], second[2]
    return None


_HEIGHT = r"(?:height|cranio-?caudal\w*|length|depth|thickness|longitudinal\w*|vertical\w*)"
_HEIGHT_BEFORE = re.compile(rf"\b{_HEIGHT}\b[^,;]{{0,25}}$")
_HEIGHT_AFTER = re.compile(rf"\s*(?:in (?:the )?)?{_HEIGHT}\b")


def _piece(mention: Mention, size: Size, start: int, stop: int) -> Candidate:
    """One member of a list of lesions that each have a size and a place."""
    part = replace(
        mention,
        territory_start=start,
        start=start,
        end=stop,
        plural=False,
        sizes=[size],
        prior=[],
        more_places=[],
        count=1,
        count_min=1,
    )
    part.place = place_within(part, mention.place)
    return _candidate(part, part.place)


def _each(mention: Mention) -> bool:
    """Whether one size is given for each of a counted group ("two nodules of 3 mm")."""
    text = mention.sentence.between(mention.territory_start, mention.end)
    return (
        not mention.largest
        and not any(s.reaching or s.bound != "exact" for s in mention.sizes)
        and not re.search(
            r"largest|larger|bigger|maxim|up to|reaching|greatest|conglomer|together|dominant|total", text
        )
    )


def _bound(mention: Mention) -> str:
    bounds = {s.bound for s in mention.sizes}
    if "lower" in bounds:
        return "lower"
    if "upper" in bounds:
        return "upper"
    return "upper" if mention.plural and any(s.reaching for s in mention.sizes) else "exact"


def _doubted(mention: Mention) -> bool:
    """A vague sign that is only questioned to be a lesion: "hypodense appearance (nodule?)", "thickening, tumour?"."""
    if not mention.weak or len(mention.heads) < 2:
        return False
    after = mention.sentence.between(mention.heads[-1].end, mention.heads[-1].end + 3)
    between = mention.sentence.between(mention.head.end, mention.heads[-1].start)
    return ("?" in after and mention.heads[-1].text.startswith(("nodule", "mass", "lesion", "tumor", "tumour"))) or (
        mention.head.text.startswith("thickening")
        and bool(re.search(r"concern|possib|suspic|suspect|worris|cannot|exclu", between))
    )


def _evidence(mention: Mention) -> list[tuple[int, int]]:
    sentence = mention.sentence
    start = min(
        [
            mention.territory_start,
            mention.start,
            *[s.start for s in mention.sizes if sentence.start <= s.start < sentence.end],
        ]
    )
    end = max(
        [
            mention.end,
            mention.heads[-1].end,
            *[s.end for s in mention.sizes + mention.prior if sentence.start <= s.start < sentence.end],
        ]
    )
    spans = [(max(start, sentence.start), min(end, sentence.end))]
    return list(dict.fromkeys(spans + mention.evidence))
