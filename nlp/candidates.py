"""Turns mentions into candidate findings and merges what a report says twice."""

import re
from dataclasses import dataclass, field, replace

from ..schemas import Section
from .document import Mention, Place
from .measurements import Size
from .sides_and_sublocations import place_within
from .size_linking import split_by_place

_NODE_WORTHY = re.compile(
    r"enlarg|patholog|suspicious|metasta|malignan|bulky|necrotic|conglomer|adenopath|prominent|"
    r"rounded|lymphoma|tumou?r|increased (?:in )?size|abnormal|matted|infiltrat|avid"
)
_NODE_BENIGN = re.compile(
    r"not (?:pathologic\w*|enlarged|suspicious|abnormal)|reactive|normal[- ]sized|normal in size|"
    r"non-?enlarged|not exceed\w*|non-?specific|millimetric|physiologic|benign|unspecific|small|tiny|"
    r"below (?:the )?size|fatty hil|calcif|subcent\w*|sub-cent\w*|no patholog|not significant|"
    r"nonpathologic\w*|nonspecific"
)


# A sentence that opens with another modality, or with the change itself, speaks of the same lesion again.
_RETOLD = re.compile(
    r"^\s*(?:(?:interval\s+)?(?:decrease|increase|reduction|regression|progression)\b|(?:the\s+|"
    r"an?\s+)?(?:\w+\s+){0,3}(?:mri?|ct|us|ultrasound|sonogra\w+|pet|radiograph\w*|"
    r"mrcp)\b(?:\s+\w+){0,8}?\s+(?:shows?|demonstrat\w+|reveal\w*|confirm\w*))"
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
    if any(t.meta("LESION").get("type") in ("metastasis", "malignant") for t in mention.heads):
        return True
    if re.search(
        r"\bnot\s+(?:\w+ly\s+)?(?:patholog|enlarg|suspicious|conspicuous)|"
        r"non-?\s?(?:\w+ly\s+)?(?:suspicious|enlarged|patholog)|no patholog|below (?:the )?size|physiolog|"
        r"nonpatholog|reactive|normal",
        text,
    ):
        return False
    largest = max((min(x) if len(x) > 1 else max(x) for s in mention.sizes for x in s.lesions_mm), default=None)
    biggest = max((max(x) for s in mention.sizes for x in s.lesions_mm), default=None)
    worthy = _NODE_WORTHY.search(text) or any(t.meta("NODE").get("enlarged") for t in mention.heads)
    if biggest is not None and any(s.bound == "upper" or s.reaching for s in mention.sizes):
        told = re.search(r"enlarg|patholog|metasta|malignan|suspicious", text) or biggest > 10
        return bool(worthy and told) and not _NODE_BENIGN.search(text)
    if worthy:
        return not (re.search(r"subcent|sub-cent|millimetric|fatty hil", text) and biggest is None)
    del largest
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
        location=list(place.location),
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


def _with_height(
    mention: Mention, sizes: list[tuple[tuple[float, ...], int, int]]
) -> tuple[tuple[float, ...], int, int] | None:
    """Two diameters and a third one told apart ("47 x 38 mm, with a height of 32 mm") as one size."""
    first, second = sizes[0], sizes[1]
    before = mention.sentence.between(max(mention.sentence.start, second[1] - 40), second[1])
    if (
        len(first[0]) == 2
        and len(second[0]) == 1
        and re.search(
            r"\b(?:height|craniocaudal\w*|cranio-caudal\w*|length|depth|thickness|longitudinal\w*|"
            r"vertical\w*)\b[^,;]{0,25}$",
            before,
        )
    ):
        return first[0] + second[0], first[1], second[2]
    return None


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
    text = mention.sentence.between(mention.head.start, mention.end)
    if mention.plural and any(s.reaching for s in mention.sizes):
        return "upper"
    if (
        mention.plural
        and mention.count is None
        and re.search(r"\b(?:maximum|maximal)\b", text)
        and not re.search("largest", text)
    ):
        return "exact"
    return "exact"


def _doubted(mention: Mention) -> bool:
    """A vague sign that is only questioned to be a lesion: "hypodense appearance (nodule?)", "thickening, tumour?"."""
    if not mention.weak or len(mention.heads) < 2:
        return False
    after = mention.sentence.between(mention.heads[-1].end, mention.heads[-1].end + 3)
    between = mention.sentence.between(mention.head.end, mention.heads[-1].start)
    return ("?" in after and mention.heads[-1].text.startswith(("nodule", "mass", "lesion", "tumor", "tumour"))) or (
        mention.head.text.startswith("thickening")
        and bool(re.search(r"concern|possib|suspic|worris|cannot|exclude", between))
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


# A repeat is looked for among this many findings of the organ, so that a huge text stays linear.
_REACH = 100


def merge(found: list[Candidate]) -> list[Candidate]:
    """The candidates with repeats folded together: an impression's line into the finding it repeats."""
    kept: list[Candidate] = []
    by_organ: dict[str, list[Candidate]] = {}
    for candidate in sorted(found, key=_goes_back):  # "the lesion" may stand before the sentence that describes it
        rivals = by_organ.setdefault(candidate.organ, [])[-_REACH:]
        target = _repeated(candidate, rivals)
        earlier = _earlier_exam(candidate, rivals) if target is None else None
        if earlier is not None:  # the text tells of two exams: the later one is the current
            earlier.prior, earlier.sizes, earlier.bound = earlier.sizes, candidate.sizes, candidate.bound
            earlier.evidence += candidate.evidence
        elif target is None:
            kept.append(candidate)
            by_organ[candidate.organ].append(candidate)
        elif isinstance(target, Candidate):
            _fold(candidate, target)
    return sorted(kept, key=lambda c: c.anchor)


def _earlier_exam(candidate: Candidate, kept: list[Candidate]) -> Candidate | None:
    """The same single lesion with another size further up, where the later text says that it changed."""
    if (
        not candidate.sizes
        or candidate.prior
        or not candidate.changed
        or candidate.plural
        or candidate.section is Section.IMPRESSION
    ):
        return None
    same = [
        k
        for k in kept
        if k.organ == candidate.organ
        and (k.block != candidate.block or candidate.retold)
        and not k.plural
        and k.sizes
        and k.side == candidate.side
        and (not k.location or not candidate.location or _overlap(k.location, candidate.location))
    ]
    return same[0] if len(same) == 1 else None


def _repeated(candidate: Candidate, kept: list[Candidate]) -> "Candidate | bool | None":
    """What a candidate repeats; True when it only sums up several findings; None when it is new."""
    later = candidate.section in (Section.IMPRESSION, Section.ADDENDUM)
    rivals = [
        k
        for k in kept
        if k.organ == candidate.organ
        and (
            (later and k.section != candidate.section)
            or k.block != candidate.block
            or _identical(k, candidate)
            or _goes_back(candidate)
        )
    ]
    fitting = [k for k in rivals if _fits(candidate, k)]
    if not fitting:
        return None
    groups = [k for k in fitting if k.plural]
    if candidate.plural and groups:
        return max(groups, key=lambda k: _likeness(candidate, k))
    if len(fitting) > 1 and (candidate.summary or candidate.plural):
        for k in fitting:
            if k.lesion_type == "unspecified" and candidate.lesion_type != "unspecified":
                k.lesion_type, k.type_text = candidate.lesion_type, candidate.type_text
        return True
    return max(fitting, key=lambda k: _likeness(candidate, k))


def _goes_back(candidate: Candidate) -> bool:
    """ "The lesion …" without a size speaks of one already told."""
    return candidate.definite and not candidate.sizes


def _identical(a: Candidate, b: Candidate) -> bool:
    """The same lesion told twice in one section: same place and same size."""
    if a.organ == "peritoneum" and a.lesion_type == b.lesion_type == "metastasis" and not (a.sizes and b.sizes):
        return True  # carcinomatosis, and the implants it consists of
    if a.plural and b.plural and not a.sizes and not b.sizes and a.side == b.side and a.lesion_type == b.lesion_type:
        return not (a.location and b.location and a.location != b.location) and not a.another
    if (
        b.retold
        and not (a.sizes and b.sizes)
        and not a.plural
        and not b.plural
        and not b.another
        and (a.side == b.side or not b.side)
    ):
        return not (a.location and b.location and not _overlap(a.location, b.location))
    if not (a.sizes and b.sizes) or a.anchor == b.anchor:
        return bool(
            not a.sizes
            and not b.sizes
            and a.location
            and a.location == b.location
            and a.side == b.side
            and a.lesion_type == b.lesion_type
            and a.plural == b.plural
            and b.definite
        )
    return (
        a.side == b.side
        and a.location == b.location
        and max(a.sizes)[0] == max(b.sizes)[0]
        and len(max(a.sizes)[0]) > 1
        and a.lesion_type == b.lesion_type
    )


def _fits(a: Candidate, b: Candidate) -> bool:
    if a.side and b.side and a.side != b.side and "bilateral" not in (a.side, b.side):
        return False
    if a.organ == "lymph_node" and a.location and b.location and not _stations(a.location) & _stations(b.location):
        return False
    summing = a.section in (Section.IMPRESSION, Section.ADDENDUM) and (a.plural or b.plural)
    if a.location and b.location and not _overlap(a.location, b.location) and not summing:
        return False
    if b.plural and not a.plural and not summing and (a.sizes or a.location):
        return False
    if a.sizes and b.sizes and not any(abs(max(x[0]) - max(y[0])) <= 1.5 for x in a.sizes for y in b.sizes):
        return False
    types = {a.lesion_type, b.lesion_type}
    if (
        "cyst" in types
        and len(types) == 2
        and any(c.lesion_type == "cyst" and c.type_text.startswith("cystic") for c in (a, b))
    ):
        return True  # "cystic" may describe a tumour
    return not (
        "unspecified" not in types
        and len(types) == 2
        and types not in ({"malignant", "metastasis"}, {"cyst", "benign"})
    )


def _stations(location: list[str]) -> set[str]:
    """Lymph node stations by their word stems: "mediastinum" and "mediastinal" are one."""
    return {
        word[:6] for name in location for word in name.split() if word not in ("left", "right", "bilateral", "region")
    }


def _overlap(a: list[str], b: list[str]) -> bool:
    if set(a) & set(b):
        return True
    lobes = {"right lobe": "5678", "left lobe": "234", "dome": "478", "caudate lobe": "1"}
    digits = [{c for name in names for c in (lobes.get(name) or re.sub(r"\D", "", name))} for names in (a, b)]
    return bool(digits[0] & digits[1]) or (
        not all(
            any(c.isdigit() or n in lobes for n in names for c in n) or set(names) <= set(lobes) for names in (a, b)
        )
        and bool(
            {w for n in a for w in n.split()} & {w for n in b for w in n.split()} - {"lobe", "pole", "level", "region"}
        )
    )


def _likeness(a: Candidate, b: Candidate) -> float:
    score = 0.0
    score += 4 if a.sizes and b.sizes else 0
    score += 2 if a.side == b.side else 0
    score += 2 if a.location and b.location and _overlap(a.location, b.location) else 0
    score += 1 if a.lesion_type == b.lesion_type else 0
    score += 1 if a.plural == b.plural else 0
    score += 0.5 if b.sizes else 0
    return score + (max(max(s[0]) for s in b.sizes) / 1000 if b.sizes else 0)


def _fold(source: Candidate, target: Candidate) -> None:
    """The more specific value of each field; the later section decides whether a lesion is only possible."""
    told = target.lesion_type in ("unspecified", "malignant") or target.type_text.startswith("cystic")
    if (
        target.lesion_type == "unspecified"
        or (told and source.lesion_type in ("metastasis", "malignant") and target.lesion_type != "metastasis")
    ) and source.lesion_type != "unspecified":
        target.lesion_type, target.type_text = source.lesion_type, source.type_text
    target.side = target.side or source.side
    if not target.plural or not target.location:
        target.location = target.location or source.location
    if source.sizes and not target.sizes:
        target.sizes, target.bound = source.sizes, source.bound
    target.prior = target.prior or source.prior
    target.attenuation = target.attenuation or source.attenuation
    target.image_reference = target.image_reference or source.image_reference
    if source.possible and source.lesion_type == "unspecified":
        target.possible = True
    if source.count and target.count is None and source.count > 1:
        target.count, target.count_min = source.count, max(source.count, target.count_min)
    target.evidence += [e for e in source.evidence if e not in target.evidence]
