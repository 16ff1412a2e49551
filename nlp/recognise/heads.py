"""Words that can stand for a lesion: lesion nouns, nodes, vague nouns, and what points back to one."""

import re

from ..spans import Head, Sentence

_ANAPHOR = re.compile(
    r"\b(?:(?:the|a|an|this)\s+)?(?:(?:other|second|third|fourth|fifth|sixth|first|last|next|former|latter|remaining|"
    r"largest|larger|biggest|bigger|smaller|smallest|dominant|remainder|index|new|similar|further|final)\s+)*"
    r"(?:ones?|others?|second|third|fourth|fifth|sixth|former|latter|another|largest|larger|biggest|bigger|smaller|"
    r"smallest|remainder|rest|target)(?![a-z-]|\s+(?:part|duct|axis|diameter|portion|half|to)\b)"
    r"|(?:^|(?<=[\n;:|(]))\s*(?:(?:lesion|target|nodule|mass)\s+)?(?:#\s?\d{1,2}|[nt]{1,2}l?\s?\d{1,2}|\(?[a-h][).:])(?=[\s:|])"
)


def heads(sentence: Sentence) -> tuple[Head, ...]:
    """Heads of a sentence in reading order, none overlapping another."""
    out: list[Head] = []
    for t in sentence.terms:
        if "IGNORE" in t.roles:
            continue
        for role, kind in (("NODE", "node"), ("LESION", "lesion"), ("WEAK_LESION", "weak")):
            if role in t.roles:
                m = t.meta(role)
                out.append(Head(t.start, t.end, t.text, kind, m.get("type", "unspecified"), m.get("organ", ""),
                                m.get("location", ""), bool(m.get("enlarged")), bool(m.get("plural"))))  # fmt: skip
                break
    for match in _ANAPHOR.finditer(sentence.text):
        start = sentence.start + match.start() + (len(match.group()) - len(match.group().lstrip()))
        end = sentence.start + match.end()
        if not any(h.start < end and start < h.end for h in out):
            out.append(Head(start, end, match.group().strip(), "anaphor"))
    return tuple(sorted(out, key=lambda h: h.start))
