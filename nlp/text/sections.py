"""Splits a report into sections and organ headings."""

import re
from dataclasses import dataclass

from ...schemas import Section
from ..rule_files import Rule, normalise

# A heading: at the start of a line or sentence, up to 60 characters, then a colon; or alone on its line.
_COLON = re.compile(
    r"(?:(?<=\n)|(?<=[.;:!?)\"•*]\s)|(?<=[.;:!?]\s\s)|"
    r"^)[ \t\"•*\-]{0,4}(?:\d{1,2}[.)]\s{1,2})?(?P<head>[^\W\d_][^\n:.;!?]{1,75}?)\s{0,3}:",
    re.M,
)
_ALONE = re.compile(r"^[ \t*_#\"•\-]{0,5}(?P<head>[^\W\d_][^\n:.;!?]{2,59}?)[ \t*_#]*$", re.M)
# A known one-word heading at the start of a line, its text going on without a colon: "Conclusion Findings are …".
_RUN_ON = re.compile(r"^[ \t]*(?P<head>[a-z]+)[ \t]+(?=\S)", re.M)
_DATE = re.compile(r"[\s,]*\(?\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\)?.*$|\s+(?:mm/dd/yy)$")


_NAMES_LESION = re.compile(r"nodul|lesion|mass|cyst|metasta|tumou?r|angioma|fibroid|adenoma|carcinoma|polyp|hypodens")
_LESION_LIST = re.compile(r"target lesion|target|recist|lesion measurements|index lesion|measurable")
_LEAD = re.compile(r"^(?:in the|the|in|of the|regarding the|visualized|visualised|limited)\s+")


@dataclass(frozen=True, slots=True)
class Block:
    """Text under one heading; `organs`: what the heading says the text speaks of."""

    start: int
    end: int
    section: Section
    organs: tuple[str, ...] = ()
    heading: str = ""
    lesion_list: bool = False

    @property
    def side(self) -> str | None:
        """Side that the heading names ("Left kidney:")."""
        found = set(re.findall(r"\b(?:left|right)\b", self.heading))
        return found.pop() if len(found) == 1 else None


def find_blocks(text: str, folded: str, headings: dict[str, Rule]) -> list[Block]:
    """The report as consecutive blocks; without any heading one block of section `body`.

    Args:
        text: the report, for its case (an unknown heading counts when it is in capitals).
        folded: the same text folded, of equal length.
        headings: normalised heading → rule of category `organ` or a Section's name.
    """
    marks: list[tuple[int, int, str, Rule | None]] = []
    for pattern in (_COLON, _ALONE, _RUN_ON):
        for match in pattern.finditer(folded):
            head = _DATE.sub("", match.group("head").strip(" *_#-\t"))
            rule = headings.get(_LEAD.sub("", normalise(head)))
            if rule is None and pattern is _COLON:
                rule = _compound(head, headings)
            if rule is None and not (pattern is _COLON and _shouts(text, match)):
                continue
            if rule is None and normalise(head).split(" ")[0] in ("target", "note", "image", "series"):
                continue
            if pattern is _RUN_ON and (
                any(m[0] == match.start("head") for m in marks)
                or rule is None
                or rule.category == "organ"
                or not _runs_on(text, match)
            ):
                continue
            if (
                pattern is _ALONE
                and rule is not None
                and rule.category == "organ"
                and not _looks_like_title(text, match)
            ):
                continue
            if pattern is _COLON and rule is not None and rule.category != "organ" and not _starts_upper(text, match):
                continue
            marks.append((match.start("head"), match.end(), head, rule))
    return _unheaded(text, _blocks(text, sorted({m[0]: m for m in marks}.values(), key=lambda m: m[0])))


_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
_READ = frozenset({Section.FINDINGS, Section.IMPRESSION})
_BEFORE_FINDINGS = frozenset({Section.TECHNIQUE, Section.COMPARISON, Section.EXAM})


def _unheaded(text: str, blocks: list[Block]) -> list[Block]:
    """In a report without a findings heading, paragraphs after the technique's (or comparison's) first are findings."""
    if any(b.section in (Section.FINDINGS, Section.BODY) and b.end - b.start > 200 for b in blocks):
        return blocks
    if blocks and blocks[-1].section is Section.INDICATION and not any(b.section in _READ for b in blocks):
        last = blocks[-1]
        line = text.find("\n", last.start, last.end)
        if line > 0 and last.end - line > 60:  # "Indication: …" on one line, the findings on the lines under it
            told = Block(last.start, line, last.section, last.organs, last.heading)
            return [*blocks[:-1], told, Block(line, last.end, Section.FINDINGS)]
    out: list[Block] = []
    for number, block in enumerate(blocks):
        gap = _PARAGRAPH.search(text, block.start, block.end)
        closes = number + 1 == len(blocks) or blocks[number + 1].section not in _BEFORE_FINDINGS
        if gap and closes and block.section in _BEFORE_FINDINGS and block.end - gap.end() > 60:
            out.append(Block(block.start, gap.end(), block.section, block.organs, block.heading))
            out.append(Block(gap.end(), block.end, Section.FINDINGS))
        else:
            out.append(block)
    return out


def _blocks(text: str, marks: list[tuple[int, int, str, Rule | None]]) -> list[Block]:
    blocks: list[Block] = []
    section = Section.BODY
    seen_section = False
    position, heading, listing = 0, "", False
    organs: tuple[str, ...] = ()
    for start, end, head, rule in marks:
        if start < position or (listing and rule is None):
            continue
        if start > position:
            blocks.append(Block(position, start, section, organs, heading, listing))
        if rule is None:  # an unknown heading ends what stood before it
            section = (
                Section.FINDINGS if seen_section and section not in (Section.BODY, Section.IMPRESSION) else section
            )
            organs = ()
        elif rule.category == "organ":
            if section not in (Section.BODY, Section.FINDINGS, Section.IMPRESSION, Section.ADDENDUM):
                section = Section.FINDINGS
            organs = tuple(rule.metadata.get("organs", ()))
        else:
            section, organs, seen_section = Section(rule.category), (), True
            listing = bool(_LESION_LIST.search(head))
        position, heading = end, head
    blocks.append(Block(position, len(text), section, organs, heading, listing))
    return [b for b in blocks if b.end > b.start]


def _compound(head: str, headings: dict[str, Rule]) -> Rule | None:
    """Rule of a heading made of several known ones: "liver, gallbladder and pancreas" names three organs."""
    parts = [normalise(p) for p in re.split(r",|/|&|\band\b", head) if p.strip()]
    rules = [headings.get(p) for p in parts]
    if len(rules) < 2 or not all(rules):
        return None
    organs = [o for r in rules if r is not None and r.category == "organ" for o in r.metadata.get("organs", ())]
    known = [r for r in rules if r is not None]
    if organs:
        return Rule(head, "organ", "", {"organs": list(dict.fromkeys(organs))})
    return known[0]


def _shouts(text: str, match: re.Match[str]) -> bool:
    """Whether an unknown heading is in capitals, or opens a line in title case."""
    head = text[match.start("head") : match.end("head")]
    if any(c.isdigit() for c in head) or _NAMES_LESION.search(head.lower()):  # "Segment 4a: 2.1 cm hemangioma"
        return False
    letters = [c for c in head if c.isalpha()]
    capitals = len(letters) >= 3 and all(c.isupper() for c in letters)
    at_line_start = match.start("head") == 0 or "\n" in text[max(0, match.start("head") - 4) : match.start("head")]
    return capitals or (at_line_start and len(head.split()) <= 4 and head[0].isupper())


def _starts_upper(text: str, match: re.Match[str]) -> bool:
    return text[match.start("head")].isupper()


def _runs_on(text: str, match: re.Match[str]) -> bool:
    """Whether both the heading and the word after it are capitalised, as no sentence does."""
    following = re.match(r"[A-Za-z]+", text[match.end() :])
    capitalised = text[match.start("head")].isupper() and text[match.end()].isupper()
    return capitalised and not (following and following.group().lower() in _GOES_ON)


_GOES_ON = frozenset(
    [
        "of",
        "and",
        "are",
        "is",
        "with",
        "in",
        "was",
        "were",
        "suggest",
        "suggests",
        "consistent",
        "compatible",
        "include",
        "includes",
        "for",
        "to",
        "or",
    ]
)


def _looks_like_title(text: str, match: re.Match[str]) -> bool:
    head = text[match.start("head") : match.end("head")].strip()
    return len(head.split()) <= 4 and head[:1].isupper()
