"""How many lesions a mention stands for."""

import re

from .document import Mention, Sentence
from .function_words import MANY, NUMBERS, WORD

_PLURAL_HEAD = re.compile(
    r"(?:[^s]s|foci|metastases|masses|densities|opacities|laps|loci|enostoses|myomata|filiae|deposits|"
    r"nodularities|malignancies|lymphadenopathies|adenopathies)$"
)
_SINGULAR_S = re.compile(
    r"(?:itis|osis|asis|metastasis|process|focus|carcinomatosis|mass|enostosis|osteolysis|fibrosis|ipmns?$)$"
)
_ANAPHORIC = re.compile(
    r"\b(?:the|this|these|those|that|such|said|described|above-mentioned|aforementioned|mentioned|"
    r"former|latter)\s+(?:[\w-]+\s+){0,3}$"
)


def count(sentence: Sentence, mention: Mention) -> None:
    """Count, lower bound, plural and definite article, from the noun phrase and the words beside it."""
    phrase = sentence.between(mention.start, mention.head.start)
    words = list(WORD.findall(phrase))
    head_word = _last_word(sentence, mention)
    meant_plural = any(t.meta("LESION").get("plural") for t in mention.heads[:1])
    mention.plural = meant_plural or (bool(_PLURAL_HEAD.search(head_word)) and not _SINGULAR_S.search(head_word))
    before = sentence.between(max(sentence.start, mention.start - 40), mention.start)
    mention.definite = bool(words and words[0] in ("the", "this", "these", "those", "such", "said", "that")) or bool(
        _ANAPHORIC.search(sentence.between(max(sentence.start, mention.head.start - 60), mention.head.start))
    )
    if (
        not words
        and not mention.plural
        and re.search(r"\b(?:of|within|to|from|by)\s+$", sentence.between(sentence.start, mention.head.start))
    ):
        mention.definite = True  # "heterogeneity of mass"
    bare = (
        not words
        and mention.start == mention.head.start
        and not sentence.between(sentence.start, mention.start).strip()
    )
    after = sentence.between(mention.heads[-1].end, mention.end)
    if (
        bare
        and not mention.plural
        and re.match(r"\s+(?:has|is|was|shows?|demonstrates?|appears?|extends?|exhibits?|measures?|enhances?)\b", after)
    ):
        mention.definite = True  # telegraphic: "Mass shows …"
    number = _explicit_number(sentence, mention, phrase, before)
    if number is not None:
        mention.count, mention.count_min = number
        mention.quantified = True
        mention.plural = mention.plural or mention.count_min > 1
        return
    mention.plural = mention.plural or any(
        "NODE" in t.roles and t.text.endswith("adenopathy") for t in mention.heads[:1]
    )
    if any(w in MANY for w in words) or re.search(
        r"\b(?:multiple|several|numerous|innumerable|many)\s+(?:of\s+)?(?:the\s+)?$", before
    ):
        mention.plural, mention.quantified = True, True
    mention.plural = mention.plural or _over_many_bones(sentence, mention)
    if mention.plural:
        mention.count, mention.count_min = None, 2
    else:
        mention.count = mention.count_min = 1


def _last_word(sentence: Sentence, mention: Mention) -> str:
    """The word that says singular or plural: the last of heads that stand side by side ("nodule foci")."""
    last = mention.head
    for head in mention.heads[1:]:
        if sentence.between(last.end, head.start).strip():
            break
        last = head
    return last.text.split()[-1].split("-")[-1]


# "multiple ribs with increased density", "lytic change of several vertebrae": at least one in each.
_MANY_BONES = (
    r"\b(?:multiple|several|some|numerous|many)\s+(?:of the\s+)?(?:[\w-]+\s+){0,2}"
    r"(?:ribs|vertebrae|vertebral bodies|vertebrals?|bones)\b"
)
_BONES_BEFORE = re.compile(_MANY_BONES + r"[^.;]{0,60}$")
_BONES_AFTER = re.compile(r"\s+(?:of|in)\s+(?:the\s+)?" + _MANY_BONES)


def _over_many_bones(sentence: Sentence, mention: Mention) -> bool:
    return bool(
        _BONES_BEFORE.search(sentence.between(sentence.start, mention.start))
        or _BONES_AFTER.match(sentence.between(mention.head.end, sentence.end))
    )


_EXPLICIT = re.compile(
    r"(?P<least>at least|more than|over|>|minimum of)?\s*(?<![\d.,/a-z-])(?P<n>\d{1,2}|one|two|three|"
    r"four|five|six|seven|eight|nine|ten|eleven|twelve|single|solitary|couple|pair|both)"
    r"(?:\s*(?P<to>-|to|or)\s*(?P<m>\d{1,2}|two|three|four|five|six|seven|eight|nine|"
    r"ten))?(?=\s)(?!\s*(?:mm|cm|x\b|millimet|centimet|%|o'clock))"
)


def _explicit_number(sentence: Sentence, mention: Mention, phrase: str, before: str) -> tuple[int | None, int] | None:
    """(count, count_min) from a number in the noun phrase or in a bracket after the head ("about 25 in number")."""
    part = re.search(r"\b(\d{1,2}|one|two|three|four|five|six)\s+of\s+(?:the\s+)?$", before)
    if part:
        number = NUMBERS.get(part.group(1)) or int(part.group(1))
        return number, number
    text = before[-14:] + phrase
    offset = mention.start - len(before[-14:])
    for match in _EXPLICIT.finditer(text):
        position = offset + match.start("n")
        if any(s.start <= position < s.end for s in sentence.sizes):
            continue
        if match.start("n") < len(before[-14:]) and not match.group("least"):
            continue
        if re.search(
            r"\b(?:segment|segments|image|series|type|grade|level|stage|category|zone|rads|bosniak|t|l|c|s|"
            r"vertebra)\s*$",
            text[: match.start("n")],
        ):
            continue
        low = NUMBERS.get(match.group("n")) or int(match.group("n"))
        if not 1 <= low <= 60:
            continue
        if match.group("n") == "both" and any(
            "ORGAN" in t.roles and position < t.start < mention.head.start for t in sentence.terms
        ):
            continue
        if match.group("n") == "one" and text[match.end() :].lstrip().startswith("of"):
            continue
        if match.group("to"):
            return None, low
        if match.group("least"):
            strict = match.group("least") in ("more than", "over", ">")
            return None, low + 1 if strict else low
        return low, low
    after = sentence.between(mention.heads[-1].end, min(mention.heads[-1].end + 40, mention.end))
    bracket = re.match(r"\s*\((?:approximately |about |ca\.? |n\s*=\s*)?(\d{1,2})(?:\s+in number)?\)", after)
    return (int(bracket.group(1)), int(bracket.group(1))) if bracket else None
