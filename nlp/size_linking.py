"""Which size belongs to which lesion, and whether it is of this exam or an earlier one."""

import re

from .document import Mention, Sentence
from .lexicon import Term
from .recognise.sizes import Size

_PREMODIFIER_STOP = re.compile(
    r"[,;:()]|\b(?:in|within|at|on|with|was|is|are|were|and|from|to|which|that|seen|noted|observed|"
    r"detected|there|for|by|of|between|previously|versus|vs)\b"
)
_NO_LESION_SIZE = re.compile(
    r"(?:slice thickness|section thickness|collimation|slices? of|cuts? of|increments?|distance (?:of|"
    r"from|to|between)|distance|away|apart|every|interval of|spacing|"
    r"calib(?:er|re|ration)|short of|shift(?: of)?|depth of invasion|wall thickness(?: of| is|"
    r" measures)?|thickness of the wall|margin of|(?<!at the )(?<!along the )(?<!near the )resection margin|"
    r"midclavicular line|endometri\w*(?: \w+){0,2}(?: thickness)?|cortical thickness|lumen|stenosis|"
    r"span|extends? for|gap of|over a distance of|"
    r"(?:stenos|narrow|occlu|strictur)\w* over a length of)\W*(?:is|of|measures?|measuring|at|up to|"
    r"approximately|about|:)?\W*$"
)
_NO_LESION_SIZE_AFTER = re.compile(
    r"^\W*(?:slices?|slice thickness|cuts|sections?|collimation|reconstruct|intervals?|increments?|"
    r"from the|from its|away|apart|distal|proximal to|above the|below the|cranial to|caudal to|"
    r"deep to the|to the (?:left|right) of|short of|"
    r"in midclavicular|proximally|distance|margin|wall thick|of midline|midline shift|port|catheter|"
    r"stent|needle|gauge|in caliber|in calibre|calib|calcul|stones?\b|off the|inferior to|superior to|"
    r"medial to|lateral to|posterior to|anterior to|per\b|/)"
)
_PRIOR_BEFORE = re.compile(
    r"(?:\b(?:previously|previous(?:ly)? (?:measured|measuring|measurement|size|exam|examination|"
    r"study|ct|scan)?|prior(?: size| measurement| exam| study| ct| scan)?|formerly|before|was|were|"
    r"vs\.?|versus|compared (?:to|with)|in comparison (?:to|with)|as compared (?:to|with)|had been|"
    r"earlier|old|initially|originally|baseline|at baseline|"
    r"last (?:exam|study|ct|measurement|measured)|previous value|prev\.?|former|instead of|unlike|"
    r"ehemals|from|pre-treatment|used to (?:be|measure))\b"
    r"[^.;()\d]{0,45}|(?:on|dated|from|of|in)\s+(?:the\s+)?(?:previous|prior|last|earlier|old)\s+[^.;()\d]{0,45})$"
)
# "… 5 mm in the apical segment in the previous examination, was measured as 8 mm"
_MEASURED_THEN = re.compile(
    r"^(?!(?:[^,;()]*)\b(?:observed|seen|detected|noted|described|present|also|visible|identified|"
    r"compared|stable)\b[^,;()]{0,60}\bin (?:the |his |her )?(?:previous|prior|last))"
    r"[^,;()\d]{0,80}\bin (?:the |his |her )?(?:previous|prior|last)\s+(?:\w+\s+){0,2}(?:exam|ct\b|"
    r"study|scan|mri|imaging)"
)
# The earlier exam is only what is compared with; the size after it is of now.
_COMPARED_ONLY = re.compile(
    r"\b(?:according to|compared (?:to|with)|comparison (?:to|with)|relative to|since|unchanged from|"
    r"stable from|similar to)\s+(?:the\s+|his\s+|her\s+|a\s+)?(?:previous|prior|last|earlier|old|"
    r"baseline)\b[^();\d]{0,60}$"
    r"|\b(?:previous|prior|last|earlier)\b[^;]{0,40}\b(?:and|,)\s+(?:now\s+|"
    r"currently\s+)?(?:measur\w+|is|it is)\b[^;\d]{0,30}$"
)
# "previously described nodules: 4 mm" tells of nodules known before, with their size of now.
_KNOWN_BEFORE = re.compile(
    r"^(?:previously|previous|formerly|earlier|prior)\s+(?:described|known|seen|noted|reported|"
    r"mentioned|identified|visuali[sz]ed|demonstrated|detected|treated|imaged|documented|depicted)\b"
)
_WAS_CURRENT = re.compile(
    r"(?:nodule|lesion|mass|cyst|node|nodes|tumou?r|diameter|size|dimensions?|it|which|\bax[ie]s|"
    r"\w)\s+(?:was|were)\s+(?:measured|measuring|approximately|about|found|seen|observed|calculated|"
    r"detected|recorded|[a-z]+ed)\b[^.;()\d]{0,40}$"
)
_PRIOR_AFTER = re.compile(
    r"^\W{0,3}(?:(?:long|short) axis\W+)?(?:in diameter\W+|in size\W+)?(?:previously|"
    r"on (?:the )?(?:previous|prior|last)|in (?:the|his|her) (?:previous|prior|last|old)|before\b|"
    r"at baseline|prior\b|earlier\b|formerly|in the past|at the time|on the old|at the previous|"
    r"(?:in|on|as of|from) (?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december|20\d\d|19\d\d)|on \d{1,2}[./]\d{1,2}[./]\d{2,4})"
)
_CURRENT_BEFORE = re.compile(
    r"\b(?:now|currently|today|current(?: size| measurement)?|at present|presently|"
    r"in the current (?:exam|examination|study))\b[^.;()\d]{0,40}$"
)
_PRIOR_SENTENCE = re.compile(
    r"^\s*(?:in|on|at)\s+(?:the\s+|his\s+|her\s+|a\s+)?(?:previous|prior|last|earlier|old|former|"
    r"preceding|comparison)\s+(?:\w+\s+){0,4}|^\s*(?:previously|formerly|prior)\b"
)
_LARGEST = ("LARGEST:BIDIRECTIONAL",)


def link_sizes(sentence: Sentence, mentions: list[Mention]) -> list[Size]:
    """Gives each size to its mention; returns those that belong to none (perhaps to the previous sentence's).

    Sizes of what is no lesion (ducts, organs, stones, slice thickness, distances) are left out of both.
    """
    homeless: list[Size] = []
    previous_owner: Mention | None = None
    previous_end = -1
    for size in sentence.sizes:
        unsure = size.bare and not size.hint and len(size.lesions_mm[0]) == 1
        if unsure or size.hint in ("sum", "not_lesion") or _is_no_lesion_size(sentence, size):
            previous_owner = None
            continue
        prior = size.hint == "prior" or (size.hint != "current" and _is_prior(sentence, size))
        owner = _owner(sentence, mentions, size)
        if isinstance(owner, str) and owner == "other":
            previous_owner = None
            continue
        if owner is None and prior and previous_owner is not None and size.start - previous_end < 90:
            owner = previous_owner
        if owner is None:
            homeless.append(size)
            continue
        mention = owner
        assert isinstance(mention, Mention)
        _give(mention, size, prior)
        previous_owner, previous_end = mention, size.end
    return homeless


def _give(mention: Mention, size: Size, prior: bool) -> None:
    if prior:
        mention.prior.append(size)
        return
    mention.sizes.append(size)


def is_prior_sentence(sentence: Sentence) -> bool:
    """Whether a sentence speaks of an earlier exam ("In the previous examination it measured …")."""
    return bool(_PRIOR_SENTENCE.search(sentence.text))


def _is_no_lesion_size(sentence: Sentence, size: Size) -> bool:
    before = sentence.between(max(sentence.start, size.start - 60), size.start)
    after = sentence.between(size.end, min(sentence.end, size.end + 40))
    return bool(_NO_LESION_SIZE.search(before)) or bool(_NO_LESION_SIZE_AFTER.match(after))


def _is_prior(sentence: Sentence, size: Size) -> bool:
    before = sentence.between(sentence.start, size.start)
    after = sentence.between(size.end, sentence.end)
    if _CURRENT_BEFORE.search(before):
        return False
    later = _PRIOR_AFTER.match(after)
    if later and not re.match(
        r"(?:(?!\b(?:now|and|is|current\w*)\b)[^()\d]){0,30}\d[\d.,]*\s*(?:x|mm|cm)", after[later.end() :]
    ):
        return True
    if is_prior_sentence(sentence) and not re.search(r"\b(?:now|currently|today|current)\b", before):
        return True
    if _MEASURED_THEN.match(after):
        return True
    match = _PRIOR_BEFORE.search(before)
    if not match or _KNOWN_BEFORE.match(match.group()) or _COMPARED_ONLY.search(before):
        return False
    if match.group().startswith(("was", "were")):
        return bool(
            re.search(r"\(\s*(?:was|were)\W*$|,\s*(?:it\s+)?(?:was|were)\s+(?:previously)?\W*$", before)
        ) and not _WAS_CURRENT.search(before)
    if match.group().startswith("from") and re.search(r"\bnow\b[^;]{0,40},\s*from\W*$", before):
        return True
    if match.group().startswith("from"):
        return bool(
            re.search(
                r"(?:increas|decreas|grow|grew|enlarg|reduc|shr[iau]nk|progress|regress|chang|down|"
                r"up)\w*(?:\s+in size)?\s+from\W*$",
                before,
            )
        )
    return not (
        match.group().startswith(("vs", "versus", "compared", "in comparison", "as compared"))
        and size.start - sentence.start < 25
    )


def _owner(sentence: Sentence, mentions: list[Mention], size: Size) -> Mention | str | None:
    """The mention that a size measures; "other" when it measures something else; None when nothing fits."""
    inside = next((m for m in mentions if m.start <= size.start and size.end <= m.head.start), None)
    if inside is not None and not any(size.end <= t.start < inside.head.start for t in sentence.having("OTHER")):
        return inside
    followed = _premodified(sentence, mentions, size)
    if followed is not None:
        return followed
    preceding = [m for m in mentions if m.head.end <= size.start]
    lesion = preceding[-1] if preceding else None
    others = [t for t in sentence.having("OTHER", "ORGAN") if t.end <= size.start]
    others = [t for t in others if not any(m.start <= t.start < m.heads[-1].end for m in mentions)]
    blocker = others[-1] if others else None
    if lesion is not None:
        if (
            blocker is not None
            and blocker.start > lesion.heads[-1].end
            and _owns_measure(sentence, blocker, size, lesion)
        ):
            return "other"
        return lesion
    if blocker is not None and _subject(sentence, blocker, size):
        return "other"
    following = [m for m in mentions if m.head.start >= size.end]
    if len(following) == 1 and any(
        "TYPE_LINK:BIDIRECTIONAL" in t.roles and size.end <= t.start < following[0].head.start for t in sentence.terms
    ):
        return following[0]  # "soft tissue, 18 x 14 mm, concerning for recurrence"
    return None


_EXTENT_OF = re.compile(
    r"\b(?:diameters?|size|axis|extent|extension|dimensions?|length) of (?:about |approximately |up to )?$"
)


def _premodified(sentence: Sentence, mentions: list[Mention], size: Size) -> Mention | str | None:
    """The noun that a size stands before: "a 3.9 cm cystic lesion", "4 mm stone"."""
    candidates: list[tuple[int, Mention | Term]] = [(m.head.start, m) for m in mentions if m.head.start >= size.end]
    candidates += [(t.start, t) for t in sentence.having("OTHER") if t.start >= size.end and not _inside(mentions, t)]
    if not candidates:
        return None
    before = sentence.between(max(sentence.start, size.start - 40), size.start)
    if _EXTENT_OF.search(before) and any(m.head.end <= size.start for m in mentions):
        return None  # "mass with a diameter of 41 mm, encasing the celiac trunk"
    start, nearest = min(candidates, key=lambda c: c[0])
    gap = sentence.between(size.end, start)
    gap = re.sub(
        r"^\s*(?:in (?:maximum |maximal |short axis |long axis |greatest )?(?:diameter|size|dimension)|"
        r"diameter|diameters|sized|size|large|in diameter)\b",
        " ",
        gap,
    )
    gap = re.sub(r"^\s*\([^)]{0,40}\)", " ", gap)
    if len(gap) > 70 or _PREMODIFIER_STOP.search(gap):
        if any(m.head.end <= size.start and size.start - m.heads[-1].end < 16 for m in mentions):
            return None  # "a nodule of 6 mm, contralateral metastasis"
        adjectives = re.sub(r",", " ", gap)
        if _PREMODIFIER_STOP.search(adjectives) or len(adjectives.split()) > 6:
            return None
        before = sentence.between(max(sentence.start, size.start - 25), size.start)
        if not re.search(r"(?:^|\b(?:an?|the|another|with|is|and|are|one|new|of)\s+(?:[\w-]+\s+){0,2})$", before):
            return None
    return nearest if isinstance(nearest, Mention) else "other"


def _inside(mentions: list[Mention], term: Term) -> bool:
    return any(m.start <= term.start < m.heads[-1].end for m in mentions)


_SELDOM_MEASURED = frozenset((
    "fluid", "wall", "thickness", "level", "margin", "section", "sections", "slice", "slices", "calcification",
    "calcifications", "fat", "gas", "air", "vessel", "vessels", "interval", "edema", "necrosis", "hemorrhage", "window",
))  # fmt: skip


def _owns_measure(sentence: Sentence, blocker: Term, size: Size, lesion: Mention) -> bool:
    """Whether something between lesion and size is what is measured: "lesion …, pancreatic duct 6 mm"."""
    gap = sentence.between(blocker.end, size.start)
    between = sentence.between(lesion.heads[-1].end, blocker.start)
    tight = bool(
        re.fullmatch(
            r"\s*(?:\(|is|of|measures?|measuring|measured|up to|to|,|=|:|dilated|is dilated|approximately|"
            r"about|with a diameter of|diameter|thickness|width|caliber)*\s*(?:\(|up to|to|of|at|"
            r"approximately|about|measuring)*\s*",
            gap,
        )
    )
    if "ORGAN" in blocker.roles and "OTHER" not in blocker.roles:
        subject = re.search(r"(?:[,;]|\band|\bwhile)\s+(?:the\s+)?(?:left |right )?$", between)
        return tight and bool(subject) and bool(re.match(r"\s*(?:is|measures|measuring|measured|:)", gap))
    if blocker.text in _SELDOM_MEASURED:
        return tight and bool(re.search(r"(?:[,;]|\band|\bwith)\s", between))
    separate = bool(re.search(r"[,;]|\band\b|\bwith\b|\bwhile\b|\b(?:is|are|was|were|causing|showing)\b", between))
    return separate and (tight or (len(gap) < 40 and not re.search(r"lesion|nodule|mass|cyst|which|it ", gap)))


def _subject(sentence: Sentence, blocker: Term, size: Size) -> bool:
    """Whether the only measurable noun before a size is its subject ("The right kidney measures 11 cm")."""
    gap = sentence.between(blocker.end, size.start)
    if blocker.text in ("length", "width", "depth") and re.search(
        r"\bits\s+(?:\w+\s+)?$", sentence.between(sentence.start, blocker.start)
    ):
        return False
    if "OTHER" in blocker.roles:
        return len(gap) < 80
    return (
        bool(re.search(r"measur|\bis\b|\bof\b|size|\(|:|=|diameter|length|span|^\s*$|normal|approx", gap))
        and len(gap) < 100
    )


def _split_by_side(mention: Mention) -> list[tuple[Size, int, int]]:
    """Two sizes, each with another side said before it."""
    sentence = mention.sentence
    if len(mention.sizes) != 2 or any(s.bound != "exact" or s.reaching for s in mention.sizes):
        return []
    first, second = mention.sizes
    starts = [mention.heads[-1].end, first.end]
    said = [
        [t for t in sentence.having("SIDE") if a <= t.start < s.start and t.meta("SIDE")["side"] != "bilateral"]
        for a, s in zip(starts, (first, second), strict=True)
    ]
    if not all(len(terms) == 1 for terms in said) or said[0][0].meta("SIDE")["side"] == said[1][0].meta("SIDE")["side"]:
        return []
    if any(set(_LARGEST) & set(t.roles) and mention.head.end <= t.start < second.start for t in sentence.terms):
        return []
    return [(first, said[0][0].start, first.end), (second, said[1][0].start, second.end)]


_SEGMENT = re.compile(r"\bs\s?(?:10|[1-9])\s?[gdlr]?\b|\bseg(?:ment)?s?\.?\s")


def split_by_place(mention: Mention) -> list[tuple[Size, int, int]]:
    """For lesions whose sizes each come with a place of their own, the text around each size; else empty.

    "nodules: 4 mm in the right upper lobe, 5 mm in the middle lobe" and "cysts, right 12 mm and left 18 mm" are two
    lesions each; examples of a group are not.
    """
    sides = _split_by_side(mention)
    if sides:
        return sides
    sentence = mention.sentence
    exact = [s for s in mention.sizes if s.bound == "exact" and not s.reaching and len(s.lesions_mm) == 1]
    if not mention.plural or len(exact) < 2 or len(exact) != len(mention.sizes):
        return []
    after = sentence.between(mention.head.end, mention.end)
    if (
        any(
            {"EXAMPLE:FORWARD", *_LARGEST} & set(t.roles) and mention.head.end <= t.start < mention.end
            for t in sentence.terms
        )
        or "respectively" in after
    ):
        return []
    pieces = []
    for size, following in zip(exact, [*exact[1:], None], strict=True):
        stop = following.start if following else mention.end
        pieces.append((size, size.start, stop))
    located = [
        bool(_SEGMENT.search(sentence.between(a, b)))
        or any(a <= t.start < b and ({"SIDE", "PLACE"} & set(t.roles) or ("ORGAN" in t.roles)) for t in sentence.terms)
        for _, a, b in pieces
    ]
    return pieces if all(located) else []
