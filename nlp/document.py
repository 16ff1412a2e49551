"""The working objects that the components of the pipeline hand on: sentences, mentions of lesions."""

from dataclasses import dataclass, field

from ..schemas import Section
from .lexicon import Term
from .recognise.sizes import Size


@dataclass(slots=True)
class Sentence:
    """One sentence with all that the lexicon and the size grammar found in it; offsets are the report's."""

    start: int
    end: int
    section: Section
    heading_organs: tuple[str, ...]
    heading_side: str | None
    block: int
    heading: str
    lesion_list: bool  # under a heading such as "Target lesions": every measured place is a lesion
    text: str  # folded
    terms: list[Term] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)

    def between(self, start: int, end: int) -> str:
        """Folded text between two offsets of the report."""
        return self.text[max(0, start - self.start) : max(0, end - self.start)]

    def having(self, *categories: str) -> list[Term]:
        """Terms that play one of the categories."""
        return [t for t in self.terms if any(c in t.roles for c in categories)]


@dataclass(slots=True)
class Place:
    """Where a lesion is said to be. `source`: how near the words stand to the lesion."""

    organ: str = ""
    source: str = ""  # noun_phrase | after | before | implied | heading | focus | near | ""
    side: str | None = None
    location: list[str] = field(default_factory=list)
    start: int = -1
    end: int = -1
    own_location: bool = False  # the location stands in the mention's own words, not taken over from what was spoken of
    operated: str = ""  # organ of an operation that the text told of: where a recurrence would sit


@dataclass(slots=True)
class Mention:
    """A lesion, or a group of lesions, named in a sentence.

    Attributes:
        head: the word that names it; `heads`: with the words that say what it is ("lesion … cyst").
        start, end: the noun phrase's start and the end of the text that speaks of this mention and of no other.
        node: a lymph node rather than a lesion.
        definite: "the/this lesion": may go back to an earlier mention.
        sizes, prior: sizes of this exam and of earlier ones, with the text they were read from.
    """

    sentence: Sentence
    head: Term
    heads: list[Term]
    start: int
    territory_start: int
    end: int
    node: bool = False
    weak: bool = False
    plural: bool = False
    count: int | None = None
    count_min: int = 1
    quantified: bool = False
    definite: bool = False
    lesion_type: str = "unspecified"
    type_text: str = ""
    attenuation: str | None = None
    place: Place = field(default_factory=Place)
    more_places: list[Place] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    prior: list[Size] = field(default_factory=list)
    negated: bool = False
    possible: bool = False
    dropped: str = ""  # why it is no finding: resolved, historical, hypothetical, family, reference
    change: bool = False  # "new", "other", "further": its absence says nothing of the organ
    example: bool = False
    largest: bool = False
    image_reference: str | None = None
    evidence: list[tuple[int, int]] = field(default_factory=list)
