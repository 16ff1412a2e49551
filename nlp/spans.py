"""The frozen objects that the reader's steps hand on; offsets are the stored report's characters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..schemas import Section
from .lexicon import Term
from .recognise.size_groups import Size
from .words import WORD


@dataclass(frozen=True, slots=True)
class OrganCue:
    """Words that name or imply an organ. `kind`: noun | adjective | place | segment | vertebra | station | lesion.

    `governed`: the words only tell what a lesion lies near to ("adjacent to the spleen").
    """

    start: int
    end: int
    organ: str
    kind: str
    text: str
    governed: bool = False


@dataclass(frozen=True, slots=True)
class SideCue:
    """A word for a side; `organs`: organs whose word carries the side itself ("LLL"), empty for a plain side word."""

    start: int
    end: int
    side: str
    organs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceCue:
    """A sub-location: its name in each organ that has it; `governed` as in `OrganCue`."""

    start: int
    end: int
    names: dict[str, str]
    governed: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """A word that can stand for a lesion. `kind`: lesion | weak | node | anaphor ("the other", "the largest", "T2")."""

    start: int
    end: int
    text: str
    kind: str
    lesion_type: str = "unspecified"
    organ: str = ""
    location: str = ""
    enlarged: bool = False
    plural_meant: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence, list item or table row with all that the recognisers found in it; nothing is decided."""

    index: int
    start: int
    end: int
    text: str  # folded
    section: Section
    heading: str
    heading_organs: tuple[str, ...]
    heading_side: str | None
    heading_cues: tuple[OrganCue, ...]
    heading_places: tuple[PlaceCue, ...]
    block: int
    paragraph: int
    lesion_list: bool
    terms: tuple[Term, ...]
    sizes: tuple[Size, ...]
    table_row: bool = False
    organs: tuple[OrganCue, ...] = ()
    sides: tuple[SideCue, ...] = ()
    places: tuple[PlaceCue, ...] = ()
    heads: tuple[Head, ...] = ()

    def between(self, start: int, end: int) -> str:
        """Folded text between two offsets of the report."""
        return self.text[max(0, start - self.start) : max(0, end - self.start)]

    @cached_property
    def text_without_sizes(self) -> str:
        """The folded text with blanks for its sizes, of equal length."""
        text = self.text
        for size in self.sizes:
            a, b = size.start - self.start, size.end - self.start
            text = text[:a] + " " * (b - a) + text[b:]
        return text

    def having(self, *categories: str) -> list[Term]:
        """Terms that play one of the categories."""
        if len(categories) == 1:
            return self._by_role.get(categories[0], [])
        return [t for t in self.terms if any(c in t.roles for c in categories)]

    @cached_property
    def _by_role(self) -> dict[str, list[Term]]:
        found: dict[str, list[Term]] = {}
        for term in self.terms:
            for role in term.roles:
                found.setdefault(role, []).append(term)
        return found

    def words_before(self, offset: int, n: int) -> list[str]:
        """The last n words that end at an offset or before it."""
        return [word for _, end, word in self.words if end <= offset][-n:]

    def words_behind(self, offset: int, n: int) -> list[str]:
        """The first n words that begin at an offset or behind it."""
        return [word for start, _, word in self.words if start >= offset][:n]

    @cached_property
    def words(self) -> tuple[tuple[int, int, str], ...]:
        """(start, end, word), numbers as "0"."""
        return tuple(
            (self.start + m.start(), self.start + m.end(), "0" if m.group()[0].isdigit() else m.group())
            for m in WORD.finditer(self.text)
        )


def previous_in_block(sentences: Sequence[Sentence], sentence: Sentence) -> Sentence | None:
    """The sentence before, where it stands under the same heading."""
    before = sentences[sentence.index - 1] if sentence.index else None
    return before if before and before.block == sentence.block else None


def next_in_block(sentences: Sequence[Sentence], sentence: Sentence) -> Sentence | None:
    """The sentence behind, where it stands under the same heading."""
    after = sentences[sentence.index + 1] if sentence.index + 1 < len(sentences) else None
    return after if after and after.block == sentence.block else None


@dataclass(frozen=True, slots=True)
class Site:
    """The site that has a size's place in its list; `previous`: it stands in the sentence before; `mode`: how found."""

    start: int
    end: int
    mode: str
    previous: bool

    def holds(self, start: int) -> bool:
        """Whether a span that starts there belongs to the site."""
        return self.start <= start < self.end


@dataclass(frozen=True)
class Mention:
    """Something that may be a lesion: a size, a lesion word, or a lesion word with its size.

    Attributes:
        sentence: where it stands.
        start, end: the size, or the word where there is no size.
        size: the size told of it; head: the word for it; shared: other mentions have the same head.
        p_current: probability that the size is a lesion's, now.
        count, count_min, plural, definite: as the noun phrase says.
    """

    index: int
    sentence: Sentence
    start: int
    end: int
    size: Size | None
    head: Head | None
    shared: bool
    p_current: float
    count: int | None
    count_min: int
    plural: bool
    definite: bool
    quantified: bool
    prior: tuple[Size, ...] = ()
    organ_hint: str = ""  # of a word said of several organs at once ("splenic and renal nodules"), one mention an organ
    member: tuple[int, int] | None = None  # of a list of sizes told apart: the how manieth of how many
    site: Site | None = None

    @property
    def core(self) -> tuple[int, int]:
        """From the head to the size; a size that shares its head with others stands for itself."""
        if self.head is None or (self.shared and self.size is not None):
            return self.start, self.end
        return min(self.start, self.head.start), max(self.end, self.head.end)

    @property
    def size_number(self) -> int:
        """Which of its sentence's sizes the mention's size is; ask only where it has one."""
        return next(i for i, size in enumerate(self.sentence.sizes) if self.owns(size))

    def owns(self, size: Size) -> bool:
        """Whether a size is the mention's, or one of the list that is."""
        return self.size is not None and self.size.start <= size.start < self.size.end

    def between(self, start: int, end: int) -> tuple[int, int]:
        """How many other sizes and other heads begin between the mention and another span of its sentence."""
        low, high = self.core
        a, b = (end, low) if end <= low else (high, start)
        sizes = sum(a <= x.start < b for x in self.sentence.sizes if not self.owns(x))
        heads = sum(a <= h.start < b for h in self.sentence.heads if h is not self.head)
        return sizes, heads


@dataclass(frozen=True)
class Located:
    """A mention with the organ, side and places decided for it, and how sure each is.

    Attributes:
        organ_scores: the probability of every organ that was considered.
        features: what spoke for the organ and the side ("organ", "side"); names as in the weights.
    """

    mention: Mention
    organ: str
    p_organ: float
    side: str | None
    p_side: float
    places: tuple[str, ...]
    place_spans: tuple[tuple[int, int], ...] = ()
    organ_scores: dict[str, float] = field(default_factory=dict)
    features: dict[str, Sequence[str]] = field(default_factory=dict, compare=False)
