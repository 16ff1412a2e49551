"""A report folded for matching: lower case, markup blanked, look-alike characters unified; every offset stays."""

import re

_TRANSLATION = str.maketrans(
    {
        "×": "x", "✕": "x", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "\u00a0": " ", "\u2009": " ",
        "\u202f": " ", "\ufeff": " ", "\x00": " ", "’": "'", "‘": "'", "“": '"', "”": '"', "≤": "<", "≥": ">",
        "\u200b": " ", "∗": "x", "\t": " ",
    }
)  # fmt: skip
_MARKUP = re.compile(
    r"</?[a-zA-Z][^<>\n]{0,200}>|&(?:nbsp|lt|gt|amp|quot|#\d{1,5});|\\'[0-9a-f]{2}|\\[a-z]{1,20}-?\d{0,5} ?|[{}]"
)
_ESCAPED = re.compile(
    r"\\{1,2}r\\{1,2}n|\\{1,2}[rn](?![a-z]{0,2}tf)|_x000[da]_(?:\r?\n)?|\\{1,2}t(?=[A-Z\d\s])|¶", re.I
)
_RTF = re.compile(r"\\rtf|\\par\b")
_SOFT_BREAK = re.compile(r"(?<=[^\s.;:,]) {2,}(?=\S)")
_BREAK = re.compile(r"^(?:<(?:br|/p|p|/li|li|/div|div|/tr|tr|/h\d|h\d)\b|\\(?:par|line)\b)", re.I)


def fold(text: str) -> str:
    """The text in matching form, of exactly the same length.

    Escaped line breaks become line breaks, and so do double blanks before a capital in a report without any break.
    HTML tags and entities and RTF control words become blanks; those that break a line become a line break.
    """
    folded = text.translate(_TRANSLATION).lower()
    if len(folded) != len(text):  # a few characters change their length in lower case
        folded = "".join(c if len(c.lower()) != 1 else c.lower() for c in text.translate(_TRANSLATION))
    if "\r" in folded:
        folded = folded.replace("\r\n", " \n").replace("\r", "\n")
    if ("\\" in folded and not _RTF.search(folded)) or "_x000" in folded or "¶" in folded:
        folded = _ESCAPED.sub(lambda m: "\n" + " " * (len(m.group()) - 1), folded)
    if "  " in folded and "\n" not in folded:
        folded = _soft_breaks(text, folded)
    if "<" in folded or "&" in folded or "\\" in folded:
        folded = _MARKUP.sub(_blank, folded)
    return folded


def _blank(match: re.Match[str]) -> str:
    width = match.end() - match.start()
    return ("\n" if _BREAK.match(match.group()) else " ") + " " * (width - 1)


def _soft_breaks(text: str, folded: str) -> str:
    """Runs of blanks that stand for line breaks: at least three, each between a word and a capital or a digit."""
    gaps = [m for m in _SOFT_BREAK.finditer(folded) if text[m.end()].isupper() or text[m.end()].isdigit()]
    if len(gaps) < 3:
        return folded
    letters = list(folded)
    for gap in gaps:
        letters[gap.start()] = "\n"
    return "".join(letters)
