"""Mentions that go on about an earlier one: "the lesion", "it measures 3 cm", "consistent with a cyst"."""

import re

from .document import Mention, Sentence
from .recognise.sizes import Size
from .size_linking import is_prior_sentence

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
CONTINUED_WITHIN = 3
_DIFFERENTIAL = re.compile(r"\b(?:differential(?:\s+diagnos[ei]s)?|ddx?)\b")
_LINKED = re.compile(
    r"\b(?:consistent with|compatible with|suggestive of|in keeping with|represents?|representing|"
    r"diagnostic of|characteristic of|typical of|in favou?r of|indicative of|suspicious for|"
    r"concerning for)\s+(?:an?\s+|the\s+)?$"
)


def continues(
    sentence: Sentence,
    mention: Mention,
    mentions: list[Mention],
    recent: list[tuple[int, Mention]],
    index: int,
    told: list[Mention],
) -> bool:
    """Whether a mention only says more of an earlier one; if so its values are handed over."""
    before = sentence.between(sentence.start, mention.start)
    listed = _DIFFERENTIAL.search(sentence.between(sentence.start, mentions[0].head.start))
    if (
        listed
        and not mention.sizes
        and (_unplaced(mention) or (mention is mentions[0] and _DIFFERENTIAL.search(before)))
    ):
        return True
    if recent and is_prior_sentence(sentence) and not mention.sizes and _unplaced(mention):
        return True
    if recent and index - recent[-1][0] <= 1 and _asks_type(sentence, mention, mentions):
        _hand_over(mention, recent[-1][1], type_only=True)
        return True
    if recent and index - recent[-1][0] <= 2 and _doubts_type(sentence, mention, recent[-1][1]):
        return True
    linked = None
    if _LINKED.search(before) and mention is mentions[0] and not mention.sizes and not mention.negated:
        linked = next((m for m in reversed(told) if _may_describe(mention, m)), None)
    if linked is not None:
        _hand_over(mention, linked, type_only=True)
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
        _hand_over(mention, target, type_only=typed)
    return True


def _unplaced(mention: Mention) -> bool:
    """Whether no word of its own sentence says where the mention is."""
    return mention.place.source in ("focus", "heading", "")


def _asks_type(sentence: Sentence, mention: Mention, mentions: list[Mention]) -> bool:
    """ "Metastasis in a patient with a known primary?" right after a lesion asks what that lesion is."""
    return (
        sentence.text.rstrip().endswith("?")
        and len(mentions) == 1
        and not mention.sizes
        and not mention.node
        and mention.lesion_type != "unspecified"
        and _unplaced(mention)
    )


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


def _only_types(sentence: Sentence, mention: Mention, before: Mention) -> bool:
    """Whether a clause after a semicolon holds nothing but what the lesion may be ("; metastasis versus adenoma")."""
    rest = (
        sentence.text[: mention.head.start - sentence.start] + sentence.text[mention.heads[-1].end - sentence.start :]
    )
    bare = not re.sub(r"\b(?:likely|probabl[ey]|possibl[ey]|suspected|an?|versus|vs|or|known)\b|\W", "", rest)
    return bare and before.sentence.text.rstrip().endswith(";")


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


def _hand_over(source: Mention, target: Mention, *, type_only: bool = False) -> None:
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


def adopt_sizes(
    sentence: Sentence, homeless: list[Size], mentions: list[Mention], recent: list[tuple[int, Mention]], index: int
) -> list[Size]:
    """Gives sizes without a lesion in their sentence to the one just spoken of ("It measures 3 cm")."""
    if not homeless or not recent:
        return homeless
    at, target = recent[-1]
    pronoun = bool(_PRONOUN.match(sentence.text) or _POSSESSIVE.search(sentence.text)) or is_prior_sentence(sentence)
    if index - at > CONTINUED_WITHIN or not pronoun or any(not m.negated for m in mentions):
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
