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
_BREAK = re.compile(r"^(?:<(?:br|/p|p|/li|li|/div|div|/tr|tr|/h\d|h\d)\b|\\(?:par|line)\b)", re.I)


def fold(text: str) -> str:
    """The text in matching form, of exactly the same length.

    HTML tags and entities and RTF control words become blanks; those that break a line become a line break.
    """
    folded = text.translate(_TRANSLATION).lower()
    if len(folded) != len(text):  # a few characters change their length in lower case
        folded = "".join(c if len(c.lower()) != 1 else c.lower() for c in text.translate(_TRANSLATION))
    if "<" in folded or "&" in folded or "\\" in folded:
        folded = _MARKUP.sub(_blank, folded)
    return folded


def _blank(match: re.Match[str]) -> str:
    width = match.end() - match.start()
    return ("\n" if _BREAK.match(match.group()) else " ") + " " * (width - 1)
