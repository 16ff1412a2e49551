"""What a template's answer says of the lesion it asks for: "Liver lesion: none", "[x] Cyst"."""

import re

from ..spans import Sentence

_ANSWER = re.compile(
    r"[a-z ()\[\]>=\d]{0,30}(?:[:=?]|\s[-.]{2,}|\.{3,})\s*(?:a:\s*)?(?P<box>(?:\[[ x]?\]\s*(?:yes|no|y|n)\s*){1,2})?"
    r"(?P<word>none|nil|no|n|absent|negative|neg|0|without|not (?:seen|identified|present|found|detected)|unlikely|n/a|"
    r"yes|y|present|positive|identified|seen|multiple|single|[1-9](?!\d|[.,]\d|\s*(?:mm|cm|x\s?\d)))?(?![a-z])"
)
_NO = frozenset(["none", "nil", "no", "n", "absent", "negative", "neg", "0", "without", "unlikely", "n/a"])
_TICK = re.compile(r"\W*\[(?P<mark>[ x]?)\]")


def template_answer(sentence: Sentence, end: int) -> str:
    """What a template's answer behind a word says: "yes", "no" or ""; also by a tick box before or behind it."""
    tick = _TICK.match(sentence.text)
    if tick:
        return "yes" if tick.group("mark") == "x" else "no"
    found = _ANSWER.match(sentence.between(end, sentence.end))
    if not found:
        return ""
    if found.group("box"):
        return "no" if re.search(r"\[x\]\s*n", found.group("box")) else "yes"
    word = found.group("word")
    if not word:
        return ""
    return "no" if word in _NO or word.startswith("not ") else "yes"
