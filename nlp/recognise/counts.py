"""How many lesions a noun phrase stands for."""

import re
from dataclasses import dataclass

from ..function_words import DETERMINERS, MANY, NUMBERS, STOP
from ..spans import Head, Sentence


@dataclass(frozen=True, slots=True)
class Count:
    """`count` is exact or None; `count_min` at least 1; `quantified`: a number or a word of number says so."""

    count: int | None
    count_min: int
    plural: bool
    definite: bool
    quantified: bool


_PLURAL = re.compile(
    r"(?:[^s]s|foci|metastases|masses|densities|opacities|laps|loci|enostoses|myomata|filiae|deposits|nodularities|"
    r"malignancies|lymphadenopathies|lymphadenopathy|adenopathies|adenopathy|abscesses|others|ones|remainder|rest|mets)$"
)
_SINGULAR_S = re.compile(
    r"(?:itis|osis|asis|metastasis|process|focus|carcinomatosis|mass|enostosis|osteolysis|fibrosis|ipmns?)$"
)
_NUMBER = (
    r"(?P<n>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|single|solitary|couple|pair|both)"
)
_LEADING = re.compile(
    rf"(?P<least>at least|more than|over|>|minimum of|no fewer than)?\s*(?<![\d.,/a-z#-]){_NUMBER}"
    r"(?:\s*(?P<to>-|to|or)\s*(?P<m>\d{1,2}|two|three|four|five|six|seven|eight|nine|ten))?"
    r"(?:\s+of\s+(?:the\s+|these\s+|which\s+)?)?(?=[\s-]|$)(?!\s*(?:mm|cm|x\s*\d|millimet|centimet|%|o'clock|hu\b|suv|ml\b|cc\b|g\b|weeks?|months?|years?|days?|[/:]\s?\d))"
)
_NUMBERED_THING = re.compile(
    r"\b(?:segments?|segs?|image|series|type|grade|level|stage|category|zone|rads|bosniak|t|l|c|s|im|se|vertebra|lesion|"
    r"target|#|no\.?)\s*$"
)
_TOLD = r"\d{1,2}|two|three|four|five|six|seven|eight|nine|ten"
_NUMBER_OF = re.compile(
    rf"\b(?:number|no\.?|count|n) (?:of )?(?:the )?[a-z ]{{0,25}}[:=]\s*(?P<n>{_TOLD})\b(?!\s*(?:mm|cm|[.,x/]\s?\d))"
)
_NUMBER_ALONE = re.compile(
    rf"\W*(?:total )?(?:number|no\.?|count)(?: of [a-z ]{{1,25}})?\W{{0,3}}(?P<n>{_TOLD})(?:\W*$|[.;,]\s)"
)
_IN_NUMBER = re.compile(rf"[^.;:\d]{{0,40}}[,(]\s*(?P<n>{_TOLD}) in (?:number|total|all)\b")
_AFTER = re.compile(
    r"\s*(?:\(?\s*(?:approximately |about |ca\.? |n\s*=\s*)?(?P<k>\d{1,2})(?:\s+in (?:number|total|all))?\)|"
    r"x\s?(?P<x>\d{1,2})\b(?!\s*(?:x|mm|cm|\.\d))"
    rf"|,?\s*(?:at least|more than|over|>)\s*(?P<least>{_TOLD})\b(?!\s*(?:mm|cm|[.,]\d))"
    rf"|,?\s+(?P<number>{_TOLD}) in (?:number|total)"
    rf"|\s*[:,(]\s*number:? (?P<told>{_TOLD})\b(?!\s*(?:mm|cm|[.,x/]\s?\d)))"
)


def phrase_start(sentence: Sentence, head_start: int) -> int:
    """Where the noun phrase of a head begins, walking left over describing words, sizes and places."""
    start = head_start
    for a, _, word in reversed([w for w in sentence.words if w[0] < head_start]):
        inside = any(s.start <= a < s.end for s in sentence.sizes)
        if word in DETERMINERS:
            return a
        if (
            not inside
            and (word in STOP or word in ',;:()"/.|' or word == "->")
            and not (word == "," and head_start - a < 40 and _listed_adjective(sentence, a))
        ):
            break
        start = a
        if head_start - start > 110:
            break
    return start


def _listed_adjective(sentence: Sentence, comma: int) -> bool:
    before = sentence.between(max(sentence.start, comma - 25), comma)
    return bool(re.search(r"(?:ed|ic|al|ous|ive|ar|ing|ent|ant|oid|small|large|tiny|round|oval|solid)$", before))


def count_head(sentence: Sentence, head: Head) -> Count:
    """Count, lower bound, plural and definite article of a head's noun phrase."""
    start = phrase_start(sentence, head.start)
    phrase = sentence.between(start, head.start)
    words = re.findall(r"[a-z]+", phrase + (" " + head.text if head.kind == "anaphor" else ""))
    word = head.text.split()[-1].split("-")[-1]
    plural = head.plural_meant or (bool(_PLURAL.search(word)) and not _SINGULAR_S.search(word))
    definite = bool(words) and words[0] in ("the", "this", "these", "those", "such", "said", "that", "both")
    before = sentence.between(max(sentence.start, start - 18), start)
    number = _explicit(before, phrase, sentence, start, head)
    if number:
        exact, least = number
        return Count(exact, least, plural or least > 1, definite, True)
    if plural or any(w in MANY for w in words):
        return Count(None, 2, True, definite, any(w in MANY for w in words))
    return Count(1, 1, False, definite, False)


def counted_by(head_count: Count, following: Sentence | None) -> Count:
    """A head's count, or the number that the sentence behind tells by itself: "Liver lesions: yes. Number: 2."."""
    alone = _NUMBER_ALONE.match(following.text) if following and not head_count.quantified else None
    if alone is None:
        return head_count
    number = NUMBERS.get(alone.group("n")) or int(alone.group("n"))
    return Count(number, number, number > 1, head_count.definite, True) if 1 <= number <= 60 else head_count


def _explicit(before: str, phrase: str, sentence: Sentence, start: int, head: Head) -> tuple[int | None, int] | None:
    text = before + phrase
    for match in _LEADING.finditer(text):
        position = start - len(before) + match.start("n")
        if any(s.start <= position < s.end for s in sentence.sizes) or _NUMBERED_THING.search(text[: match.start("n")]):
            continue
        if match.start("n") < len(before) and not (
            match.group("least") or re.search(r"\bof\s+(?:the\s+|these\s+)?$", match.group())
        ):
            continue
        low = NUMBERS.get(match.group("n")) or int(match.group("n"))
        if not 1 <= low <= 60 or (match.group("n") == "both" and not head.text.endswith("s")):
            continue
        if match.group("n") == "one" and text[match.end() :].lstrip().startswith("of"):
            continue
        if match.group("to"):
            return None, low
        if match.group("least"):
            return None, low + 1 if match.group("least") in ("more than", "over", ">") else low
        return low, low
    counted = _NUMBER_OF.search(sentence.text) or _IN_NUMBER.match(sentence.between(head.end, sentence.end))
    if counted:
        number = NUMBERS.get(counted.group("n")) or int(counted.group("n"))
        return (number, number) if 1 <= number <= 60 else None
    after = _AFTER.match(sentence.between(head.end, min(sentence.end, head.end + 40)))
    if after:
        if after.group("least"):
            least = NUMBERS.get(after.group("least")) or int(after.group("least"))
            return None, least + (0 if "least" in after.group() else 1)
        found = after.group("k") or after.group("x") or after.group("number") or after.group("told")
        number = NUMBERS.get(found) or int(found)
        return (number, number) if 1 <= number <= 60 else None
    return None
