"""Whether a text is an English radiology report: what cannot be read must not become "no lesion".

Decided by shares of known words (`rules/language.toml`). Nearly every word of a report in another language, of random
text or of a listing is unknown; a letter is English, but holds hardly a word of imaging. Measured by
`benchmarks/unreadable_reports.py`.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

PARTLY_UNREADABLE = "partly_unreadable"
"""Review reason of a report that is readable but for a part in another language."""

_ENGLISH_SHARE = 0.38  # of the words; English reports 0.40 to 1.00, other languages up to 0.26
_FOREIGN_PIECE_SHARE = 0.5  # of the words of a line or sentence with a word that only another language has
_READABLE_REST = (8, 0.6)  # words, and their English share: what makes a text readable that is mostly not English
_IMAGING_SHARE = 0.03  # of the words; below it, nothing is said of an image …
_IMAGING_WORDS = 6  # … unless a long case history holds so many
_LETTER_WORDS = 2
_CODE_MARK_SHARE = 0.3  # of the words
_FOREIGN_SHARE = 0.1  # of the words; less, such as a hospital's address, is no part of the report
_FOREIGN_WORDS = 4
_LETTERS_PER_WORD = 3  # of scripts without blanks between words

_WORD = re.compile(r"[^\W\d_]+")
_PIECE_END = re.compile(r"[\r\n]+|(?<=[.;!?])\s+")
_CODE_MARK = re.compile(r"[{}\\]|[=<>]=|=|;\s*$|\w_\w|\w\(|</?\w+>", re.M)
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|\\[a-z]+-?\d*")  # of HTML, RTF
_HEADING = re.compile(r"^[^:\n]{1,60}:", re.M)
_PLACEHOLDER = re.compile(r"\[[^\]\n]*\]|<[^>\n]*>|\{[^}\n]*\}|_{2,}|\.{3,}|\b[xX]{3,}\b|\bn/?a\b|\btb[ad]\b", re.I)


@dataclass(frozen=True)
class Readability:
    """What of a text can be read.

    Attributes:
        unreadable: why nothing can ("another language (German)", "no report: …", "empty template"); None = it can.
            Holds no word of the text.
        partly: a part of it is in another language.
    """

    unreadable: str | None = None
    partly: bool = False


@dataclass(frozen=True)
class _Words:
    imaging: frozenset[str]
    english: frozenset[str]
    letter: frozenset[str]
    other: dict[str, tuple[str, ...]]  # word → languages


@dataclass(frozen=True)
class _Piece:
    """A line or sentence: its words, and the language that it is in if not English ("" = unknown which)."""

    words: tuple[str, ...]
    n_words: int
    foreign: str | None


def readability(text: str) -> Readability:
    """What of a text can be read as an English radiology report.

    >>> readability("LIVER: 2 cm cyst in segment 4.").unreadable is None
    True
    >>> readability("Leber: Multiple Metastasen bis 3 cm, keine Zyste.").unreadable
    'another language (German)'
    >>> readability("FINDINGS:\\nIMPRESSION: ___").unreadable
    'empty template'
    """
    text = _MARKUP.sub(" ", text)
    pieces = [_piece(piece) for piece in _PIECE_END.split(text)]
    total = sum(piece.n_words for piece in pieces)
    if not total:
        return Readability("no report: no words")
    n_foreign = sum(piece.n_words for piece in pieces if piece.foreign is not None)
    rest = [word for piece in pieces if piece.foreign is None for word in piece.words]
    if not _is_english(rest, total, n_foreign):
        return Readability(_language(pieces) if n_foreign else "no report: hardly an English word")
    reason = _no_report(text, rest)
    partly = n_foreign >= max(_FOREIGN_WORDS, _FOREIGN_SHARE * total)
    return Readability(_language(pieces) if reason and partly else reason, partly and not reason)


def english_only(text: str) -> str:
    """The text with blanks for its lines and sentences in another language, of equal length."""
    out, position = [], 0
    for end in (*(m.end() for m in _PIECE_END.finditer(text)), len(text)):
        piece = text[position:end]
        out.append(piece if _piece(piece).foreign is None else re.sub(r"\S", " ", piece))
        position = end
    return "".join(out)


def _is_english(rest: list[str], total: int, n_foreign: int) -> bool:
    """Whether what is left without the pieces in another language can be read."""
    english = sum(word in _words().english for word in rest)
    if english >= _ENGLISH_SHARE * total:
        return True
    enough, share = _READABLE_REST
    return n_foreign > 0 and len(rest) >= enough and english >= share * len(rest)


def _piece(text: str) -> _Piece:
    words = tuple(_WORD.findall(text.lower()))
    if not text.isascii():
        scripts = Counter(_script(letter) for word in words for letter in word)
        latin = scripts.pop("latin", 0)
        if scripts.total() > latin:
            script = scripts.most_common(1)[0][0]
            return _Piece(words, max(len(words), scripts.total() // _LETTERS_PER_WORD), f"{script} script")
    votes = Counter(language for word in words for language in _words().other.get(word, ()))
    known = _share(words, _words().english)
    if len(words) > 1 and known < (_FOREIGN_PIECE_SHARE if votes else _ENGLISH_SHARE) and (votes or _accented(words)):
        best = votes.most_common(2)
        clear = len(best) == 1 or (len(best) == 2 and best[0][1] > best[1][1])
        return _Piece(words, len(words), best[0][0] if clear else "")
    return _Piece(words, len(words), None)


def _language(pieces: list[_Piece]) -> str:
    languages: Counter[str] = Counter()
    for piece in pieces:
        if piece.foreign:
            languages[piece.foreign] += piece.n_words
    return f"another language ({languages.most_common(1)[0][0]})" if languages else "another language"


def _no_report(text: str, words: list[str]) -> str | None:
    """Why a text of English words is no radiology report, None when it is one."""
    if not _WORD.search(_PLACEHOLDER.sub(" ", _HEADING.sub(" ", text))) and ":" in text:
        return "empty template"
    imaging = sum(word in _words().imaging for word in words)
    if len(_CODE_MARK.findall(text)) > max(_CODE_MARK_SHARE * len(words), imaging):
        return "no report: code"
    letter = sum(word in _words().letter for word in words)
    too_few = imaging < min(_IMAGING_SHARE * len(words), _IMAGING_WORDS)
    if too_few or not imaging or (letter >= _LETTER_WORDS and letter > imaging):
        return "no report: hardly a word of imaging"
    return None


def _share(words: tuple[str, ...] | list[str], vocabulary: frozenset[str]) -> float:
    return sum(word in vocabulary for word in words) / max(len(words), 1)


def _accented(words: tuple[str, ...]) -> bool:
    return any(not word.isascii() for word in words)


@cache
def _script(letter: str) -> str:
    """First word of the letter's name in Unicode: latin, cyrillic, cjk …"""
    return "latin" if letter.isascii() else unicodedata.name(letter, "unknown").split()[0].lower()


@cache
def _words() -> _Words:
    raw = tomllib.loads((files(__package__) / "rules" / "language.toml").read_text(encoding="utf-8"))
    imaging = frozenset(raw["imaging"].split())
    english = frozenset(raw["english"].split()) | imaging
    other: dict[str, tuple[str, ...]] = {}
    for language, words in raw["other_languages"].items():
        for word in set(words.split()) - english:
            if len(word) > 1:
                other[word] = (*other.get(word, ()), language)
    return _Words(imaging, english, frozenset(raw["letter"].split()), other)
