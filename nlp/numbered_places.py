"""Places named by a number: liver segments and vertebrae."""

import re

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8}
_SEGMENT_NUMBER = r"(?:viii|vii|vi|iv|v|iii|ii|i|[1-8])"
_SEGMENTS = re.compile(
    rf"(?<![a-z])(?:(?:sub)?seg(?:ment|m)?s?\.?|seg\.)\s*(?:no\.?\s*)?(?P<list>{_SEGMENT_NUMBER}(?:[ab]|\s[ab](?=\s*(?:[,.;)/]|$|and\b)))?(?![a-z0-9])"
    rf"(?:(?:\s*(?:,\s*and\b|/|,|-|\band\b|&|\bto\b|\bor\b|\+)\s*(?:seg(?:ment)?s?\.?\s*)?{_SEGMENT_NUMBER}[ab]?(?![a-z0-9])(?!\s*(?:mm|cm|x\b|[.,]\d|by\b|lesions?|cysts?|foci|nodules?|metast|new|other|further|small|large|hypo|hyper))|\s?[/&-]\s?[ab](?![a-z0-9])|\s?,?\s*and\s+[ab](?=\s*(?:[.,;)]|$))))*)"
)
_SHORT_SEGMENT = re.compile(
    r"(?<![a-z0-9])s\s?(?P<list>[1-8][ab]?(?:\s*(?:/|-|,)\s*s?[1-8][ab]?)*)(?![a-z0-9]|\s*(?:mm|cm))"
)
# Without the word: "1.2 cm cyst in 4A", "(VIII, VII, V x2, IVa)", "iva/b". Roman numerals from two letters on.
_BARE_SEGMENT = re.compile(
    r"(?<![a-z0-9./-])(?P<list>(?:4\s?[ab]|iv[ab]?|vi{0,3}|iii|ii)(?:\s*(?:/|-|,)\s*(?:[1-8][ab]?|iv[ab]?|vi{0,3}|i{1,3}))*)"
    r"(?![a-z0-9]|\s*(?:mm|cm|contrast|line|access|fluid))"
)
_VERTEBRA = re.compile(
    r"(?<![a-z0-9'])(?:th|[ctls])\s?\d{1,2}(?:\s*(?:[-/,&]|and|to)\s*(?:th|"
    r"[ctls])?\s?\d{1,2}(?!\s*(?:mm|cm|x|"
    r"\.\d)))*(?![a-z0-9])(?!\s*segment)(?:\s+(?:vertebra\w*(?:\s+(?:body|bodies|corpus|corpora))?|"
    r"level))?"
)
_MRI_WORD = re.compile(r"\b(?:t1|t2|t1-|t2-|t1/t2|t1w|t2w)\b")


_TARGET_LABEL = re.compile(r"[\W_]*(?:[a-z]{1,9}\s{1,3}(?:[lr]:\s*)?)?(?:t|nt)\s?\d{1,2}\s*(?:[=|:\t]|-\s|\s{2})")


def segment_spans(text: str, *, apart: bool = False) -> list[tuple[int, int, list[str]]]:
    """(start, end, Couinaud segments) of every place that names liver segments; "S5", "4a" alone count too.

    Args:
        apart: the members of a list ("segments 2 and 6") each by itself.
    """
    out = [(m.start(), m.end(), _read_segments(m.group("list"))) for m in _SEGMENTS.finditer(text)]
    for pattern in (_SHORT_SEGMENT, _BARE_SEGMENT):
        for m in pattern.finditer(text):
            if not any(a < m.end() and m.start() < b for a, b, _ in out):
                out.append((m.start(), m.end(), _read_segments(m.group("list").replace("s", ""))))
    found = [(a, b, list(dict.fromkeys(names))) for a, b, names in out if names]
    return [part for span in found for part in (_apart(text, *span) if apart and len(span[2]) > 1 else [span])]


_IN_LIST = re.compile(rf"(?P<n>{_SEGMENT_NUMBER})\s?(?P<s>[ab])?(?![a-z0-9])")


def _apart(text: str, start: int, end: int, names: list[str]) -> list[tuple[int, int, list[str]]]:
    members = list(_IN_LIST.finditer(text, start, end))
    if len(members) != len(names):
        return [(start, end, names)]
    begins = [start, *(m.start() for m in members[1:])]
    return [(a, m.end(), [name]) for a, m, name in zip(begins, members, names, strict=True)]


def vertebra_spans(text: str) -> list[tuple[int, int, str]]:
    """(start, end, name as written) of every vertebra named in a text."""
    label = _TARGET_LABEL.match(text)
    if label:  # "T4 = 29 mm", "T2  Liver": a target's name, no vertebra
        text = " " * label.end() + text[label.end() :]
    blanked = _MRI_WORD.sub(lambda m: " " * len(m.group()), text)
    return [(m.start(), m.end(), m.group().strip()) for m in _VERTEBRA.finditer(blanked)]


def _read_segments(listing: str) -> list[str]:
    out: list[str] = []
    previous, joiner = 0, ""
    for match in re.finditer(
        rf"(?P<n>{_SEGMENT_NUMBER})\s?(?P<s>[ab])?(?![a-z0-9])|(?P<only>[ab])(?![a-z0-9])|(?P<join>/|,|-|\band\b|\bto\b|&)",
        listing,
    ):
        if match.group("join"):
            joiner = match.group("join")
            continue
        if match.group("only"):
            out.append(f"segment {previous}{match.group('only')}")
            continue
        number = _ROMAN.get(match.group("n")) or int(match.group("n"))
        if joiner in ("-", "to") and previous and number > previous:
            out += [f"segment {n}" for n in range(previous + 1, number)]
        out.append(f"segment {number}{match.group('s') or '' if number == 4 else ''}")
        previous, joiner = number, ""
    return out
