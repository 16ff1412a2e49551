"""Where the noun phrase of a mention begins, and which part of its sentence belongs to it."""

import itertools
import re

from .document import Mention, Sentence
from .function_words import DETERMINERS, STOP, WORD


def noun_phrase_start(sentence: Sentence, head_start: int) -> int:
    """The offset where the noun phrase of a head begins, walking left over its describing words and places."""
    text = sentence.between(sentence.start, head_start)
    start = head_start
    commas = 0
    for match in reversed(list(WORD.finditer(text))):
        word = match.group()
        inside_size = any(s.start <= sentence.start + match.start() < s.end for s in sentence.sizes)
        if word in DETERMINERS:
            return sentence.start + match.start()
        if (
            word == ","
            and commas < 3
            and start != head_start
            and _adjective_before(sentence, sentence.start + match.start())
        ):
            commas += 1
            continue
        if word in ("and", "or", "/", ",", "&") and _joins_places(sentence, sentence.start + match.start(), start):
            continue
        if not inside_size and (word in STOP or word in ',;:()"/'):
            break
        if any(
            t.start <= sentence.start + match.start() < t.end and {"LESION", "NODE"} & set(t.roles)
            for t in sentence.terms
        ):
            break
        start = sentence.start + match.start()
        if head_start - start > 110:
            break
    return start


def _joins_places(sentence: Sentence, joiner: int, start: int) -> bool:
    """Whether a conjunction joins two place words of one noun phrase ("splenic and renal nodules")."""
    left = any(
        t.end <= joiner
        and not sentence.between(t.end, joiner).strip()
        and (t.meta("ORGAN").get("adjective") or {"STATION", "SIDE"} & set(t.roles))
        for t in sentence.terms
    )
    return left and any(t.start == start and {"ORGAN", "STATION", "SIDE"} & set(t.roles) for t in sentence.terms)


_ADJECTIVE = re.compile(
    r"(?:[a-z-]+(?:ed|ic|al|ous|ive|ar|ing|ent|ant|oid|shaped|like|able)|small|large|tiny|round|oval|"
    r"thin|thick|new|old|smooth|soft|dense|simple|complex|big|huge|bulky|single|solitary|stable|vague|"
    r"subtle|faint)$"
)


def _adjective_before(sentence: Sentence, comma: int) -> bool:
    """Whether a comma only separates describing words ("small, round, hypodense lesion")."""
    before = sentence.between(sentence.start, comma)
    if any(
        q.end == comma or (sentence.between(q.end, comma).strip() == "" and q.end <= comma)
        for q in sentence.having("QUALIFIER")
    ):
        return True
    for size in sentence.sizes:
        if size.end <= comma and not sentence.between(size.end, comma).strip():
            return not any(
                {"LESION", "NODE"} & set(t.roles)
                and t.end <= size.start
                and len(sentence.between(t.end, size.start)) < 25
                and "," not in sentence.between(t.end, size.start)
                for t in sentence.terms
            )
    if any(
        t.start < comma <= t.end for t in sentence.having("ORGAN", "OTHER", "NORMAL:BIDIRECTIONAL", "LESION", "NODE")
    ):
        return False
    word = re.search(r"([a-z-]+)\s*$", before)
    return bool(word and _ADJECTIVE.match(word.group(1)))


def divide_sentence(sentence: Sentence, mentions: list[Mention]) -> None:
    """Divides the sentence among its mentions.

    The text after one belongs to it up to the next one's noun phrase, or up to a conjunction with a place phrase that
    leads to the next one ("… and in segment 5 a 3 cm lesion").
    """
    for left, right in itertools.pairwise(mentions):
        heads_end = left.heads[-1].end
        cut = max(right.start, heads_end)
        gap = sentence.between(heads_end, cut)
        lead = list(
            re.finditer(
                r"(?:[,;:]\s*(?:and|as well as|while|but)?|\band|\bwhile|\bbut|\bas well as)\s+(?:also\s+|"
                r"another\s+)?(?=(?:in|within|at|on|of the|adjacent)\b)",
                gap,
            )
        )
        verb = re.search(r"\b(?:there (?:is|are)|is seen|are seen)\b", gap[lead[-1].start() :] if lead else "")
        if lead and not verb:
            cut = heads_end + lead[-1].start()
        else:
            comma = re.search(r"(?:[,;]\s*(?:and\s+|as well as\s+)?|\band\s+|\bas well as\s+|\bwith\s+)$", gap)
            if comma:
                cut = heads_end + comma.start()
            elif lead:
                cut = heads_end + lead[-1].start()
        left.end = cut
        right.territory_start = cut
