"""Merges what a report says twice: an impression's line into the finding that it repeats."""

import re

from ..schemas import Section
from .candidates import Candidate

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
    # "three liver metastases" sums up what was told one by one
    total = bool(candidate.count) and len(fitting) > 1 and sum(k.count_min for k in fitting) >= (candidate.count or 0)
    if candidate.plural and groups and not total:
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


# Said of the same lesion, these outweigh "cyst".
_SOLID = re.compile(r"\b(?:solid|enhancing)\b.*\b(?:mass|tumou?r|neoplasm)\b")


def _fold(source: Candidate, target: Candidate) -> None:
    """The more specific value of each field; the later section decides whether a lesion is only possible."""
    told = target.lesion_type in ("unspecified", "malignant") or target.type_text.startswith("cystic")
    if (
        target.lesion_type == "unspecified"
        or (told and source.lesion_type in ("metastasis", "malignant") and target.lesion_type != "metastasis")
    ) and source.lesion_type != "unspecified":
        target.lesion_type, target.type_text = source.lesion_type, source.type_text
    if target.lesion_type == "cyst" and source.lesion_type == "unspecified" and _SOLID.search(source.phrase):
        target.lesion_type, target.type_text = source.lesion_type, source.type_text
    target.side = target.side or source.side
    if not target.plural or not target.location:
        target.location = target.location or source.location
    if source.sizes and not target.sizes:
        target.sizes, target.bound = source.sizes, source.bound
    target.prior = target.prior or source.prior
    target.attenuation = target.attenuation or source.attenuation
    target.image_reference = target.image_reference or source.image_reference
    if source.possible and source.lesion_type == "unspecified" and source.section != target.section:
        target.possible = True
    if source.count and target.count is None and source.count > 1:
        target.count, target.count_min = source.count, max(source.count, target.count_min)
    target.evidence += [e for e in source.evidence if e not in target.evidence]
