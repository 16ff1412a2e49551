"""Splits a report into sections and organ headings, also where its line breaks are lost."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ...schemas import Section
from ..rule_files import Rule
from .headings import Headings

READ_SECTIONS = frozenset({Section.BODY, Section.FINDINGS, Section.IMPRESSION, Section.ADDENDUM, Section.OTHER})
"""Sections that tell what this exam shows."""

# A heading: at the start of a line or sentence, up to 75 characters, then a colon; or alone on its line.
_START = r"(?:(?<=\n)|(?<=[.;:!?)\"•*]\s)|(?<=[.;:!?]\s\s)|^)[ \t\"•*_#\[\-]{0,6}(?:\d{1,2}[.)]\s{0,2})?"
_COLON = re.compile(_START + r"(?P<head>[^\W\d_][^\n:.;!?]{0,75}?)[\s*_\]]{0,4}:[*_]{0,3}", re.M)
_DASH = re.compile(_START + r"(?P<head>[^\W\d_][a-z /&]{2,40}?)\s{1,3}-{1,2}\s", re.M)
_ALONE = re.compile(
    r"^[ \t*_#\"•\-\[(=~<]{0,6}(?:\d{1,2}[.)]\s{0,2})?(?P<head>[^\W\d_][^\n:.;!?]{1,59}?)[ \t*_#\])=~>\-]*$|"
    r"^[ \t]*(?P<long>[^\W\d_][^\n:.;!?]{2,40}?)\s{3,}[^\n]*$",
    re.M,
)
# A known one-word heading at the start of a line or sentence, its text going on without a colon: "Conclusion Cyst …".
_RUN_ON = re.compile(r"(?:^[ \t]*|(?<=[.;!?]\s)|(?<=[.;!?]\s\s))(?P<head>[a-z]+)[ \t]+(?=\S)", re.M)
_CAPITALS = re.compile(r"\b[A-Z]{4,}(?:[ /&]+[A-Z]{2,})*(?=[ \t]+[^\s:])")
_CORE = re.compile(
    r"history|information|indication|technique|comparison|finding|impression|conclusion|recommendation|opinion|question"
)
_MID_LINE = re.compile(r"(?<![:\d])(?<=\w)\s{0,2}:(?!\d)")
_DATE = re.compile(r"[\s,]*\(?\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\)?.*$|\s+(?:mm/dd/yy)$")
_NAMES_LESION = re.compile(r"nodul|lesion|mass|cyst|metasta|tumou?r|angioma|fibroid|adenoma|carcinoma|polyp|hypodens")
_ANSWER = re.compile(r"\s*\[?\s*(?:yes|no|none|nil|y|n|absent|present|multiple|single|not)\b")
_LESION_LIST = re.compile(r"target lesion|target|recist|lesion measurements|index lesion|measurable")
_NO_HEADING = frozenset(("target", "note", "image", "series"))
_SIDED = re.compile(r"^(?:on |to )?(?:the )?(?P<side>right|left|rt|lt|r|l)(?: side| lobe)?$|^isthmus$")
_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
_BEFORE_FINDINGS = frozenset({Section.TECHNIQUE, Section.COMPARISON, Section.EXAM, Section.INDICATION})
_TELLS = re.compile(
    r"(?<=[.?!])\s+(?=(?:there (?:is|are)|no (?:evidence|focal|mass|lesion|free)|both|normal|multiple|several|an? \d|"
    r"(?:the )?(?:liver|pancreas|spleen|kidneys?|gallbladder))\b|[^.?!\n]{3,120}\b(?:is|are|was|were) (?:seen|noted|"
    r"observed|identified|visuali[sz]ed|normal|unremarkable)\b)"
)
_MIN_FINDINGS = 60  # characters: less is a remark, not the findings
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


@dataclass(frozen=True, slots=True)
class Block:
    """Text under one heading; `organs`: what the heading says the text speaks of."""

    start: int
    end: int
    section: Section
    organs: tuple[str, ...] = ()
    heading: str = ""
    lesion_list: bool = False
    heading_start: int = 0

    @property
    def side(self) -> str | None:
        """Side that the heading names ("Left kidney:", "Rt kidney:", "On the left:" under a kidney heading)."""
        if "lobe" in self.heading and "liver" in self.organs:
            return None
        found = set(re.findall(r"\b(?:left|right)\b", self.heading))
        short = re.match(r"(?:(rt|r)|(lt|l))\b\.?(?: |$)", self.heading) if not found else None
        if short:
            return "right" if short.group(1) else "left"
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    head: str
    rule: Rule | None


def find_blocks(text: str, folded: str, headings: Mapping[str, Rule]) -> list[Block]:
    """The report as consecutive blocks; without any heading one block of section `body`.

    Args:
        text: the report, for its case (an unknown heading counts when it is in capitals).
        folded: the same text folded, of equal length.
        headings: normalised heading → rule of category `organ` or a Section's name.
    """
    known = headings if isinstance(headings, Headings) else Headings(headings)
    marks: dict[int, _Mark] = {}
    for reader in (_with_colon, _after_dash, _alone, _mid_line, _running_on, _in_capitals):
        for mark in reader(text, folded, known):
            marks.setdefault(mark.start, mark)
    told = {m.end for m in marks.values() if m.rule is not None}  # "CT ABDOMEN CLINICAL HISTORY:" is history's heading
    ordered = sorted((m for m in marks.values() if m.rule is not None or m.end not in told), key=lambda m: m.start)
    headed = {m.end for m in ordered if m.rule is not None and m.rule.category == Section.FINDINGS}
    return _unheaded(text, folded, _other_topics(folded, _blocks(text, ordered, known), known), headed)


def _with_colon(text: str, folded: str, headings: Headings) -> Iterator[_Mark]:
    for match in _COLON.finditer(folded):
        head = _DATE.sub("", match.group("head").strip(" *_#-\t"))
        rule = headings.resolve(head)
        if rule is not None and _is_template(head, headings, folded[match.end() : match.end() + 16]):
            continue
        if rule is None and (not _shouts(text, match) or head.split(" ")[0] in _NO_HEADING):
            continue
        if rule is not None and rule.category != "organ" and not text[match.start("head")].isupper():
            continue
        yield _Mark(match.start("head"), match.end(), head, rule)


def _is_template(head: str, headings: Headings, behind: str) -> bool:
    """Whether the words before a colon name a lesion and an answer follows: "Liver lesions: none"."""
    if not _NAMES_LESION.search(head) or _LESION_LIST.search(head):
        return False
    return head not in headings or bool(_ANSWER.match(behind))


def _after_dash(text: str, folded: str, headings: Headings) -> Iterator[_Mark]:
    """As in "Conclusion - gallstones", "Right - 2.2 cm mass": listed headings only."""
    for match in _DASH.finditer(folded):
        rule = headings.listed(match.group("head"))
        if rule is not None and text[match.start("head")].isupper():
            yield _Mark(match.start("head"), match.end(), match.group("head"), rule)


def _alone(text: str, folded: str, headings: Headings) -> Iterator[_Mark]:
    for match in _ALONE.finditer(folded):
        name = "head" if match.group("head") else "long"
        start = match.start(name)
        head = _DATE.sub("", match.group(name).strip(" *_#-\t"))
        written = text[start : match.end(name)].strip()
        title = len(head.split()) <= 4 and written[:1].isupper()
        rule = headings.listed(head) or (headings.resolve(head) if title and len(head) >= 6 else None)
        if rule is None and not (name == "head" and _capital_title(text, written, start)):
            continue
        if rule is not None and (rule.category == "organ" or name == "long") and not title:
            continue
        if name == "long" and rule is not None and rule.category == "organ":
            continue
        end = start if rule is None else match.end(name) if name == "long" else match.end()  # an unknown title is read
        yield _Mark(start, end, head, rule)


def _capital_title(text: str, written: str, start: int) -> bool:
    """Whether an unknown line is a title: capitals only, a few words, a blank line or nothing before it."""
    letters = [c for c in written if c.isalpha()]
    apart = not text[max(0, start - 3) : start].strip() and text[max(0, start - 3) : start].count("\n") != 1
    plain = len(letters) >= 5 and len(written.split()) <= 4 and all(c.isupper() for c in letters)
    return apart and plain and not any(c.isdigit() for c in written) and not _NAMES_LESION.search(written.lower())


def _mid_line(text: str, folded: str, headings: Headings) -> Iterator[_Mark]:
    """Headings inside a line whose breaks are lost: "… contrast HISTORY: 5 cm", "… segment 6 Pancreas: no mass"."""
    for match in _MID_LINE.finditer(folded):
        begin = max(folded.rfind("\n", 0, match.start()) + 1, match.start() - 50)
        words = list(re.finditer(r"\S+", folded[begin : match.start()]))[-5:]
        for word in words:
            start = begin + word.start()
            if not text[start].isupper():
                continue
            head = folded[start : match.start()]
            rule = headings.listed(head) or (headings.resolve(head) if text[start : match.start()].isupper() else None)
            if ":" not in head and _is_template(head, headings, folded[match.end() : match.end() + 16]):
                break
            if rule is not None and len(head) > 2:
                yield _Mark(start, match.end(), head, rule)
                break


def _running_on(text: str, folded: str, headings: Headings) -> Iterator[_Mark]:
    for match in _RUN_ON.finditer(folded):
        rule = headings.listed(match.group("head"))
        if rule is None or rule.category == "organ" or not _runs_on(text, match):
            continue
        if match.start() and text[match.start() - 1] != "\n" and not _CORE.search(match.group("head")):
            continue
        yield _Mark(match.start("head"), match.end(), match.group("head"), rule)


def _in_capitals(text: str, folded: str, headings: Headings) -> Iterator[_Mark]:
    """Section names in capitals inside a line without a colon: "… slices FINDINGS The pancreas …"."""
    if sum(map(str.isupper, text[:2000])) > 0.7 * sum(map(str.isalpha, text[:2000])):
        return
    for match in _CAPITALS.finditer(text):
        words = list(re.finditer(r"\S+", match.group()))
        for word in words[-3:]:
            start = match.start() + word.start()
            head = folded[start : match.end()]
            rule = headings.get(head) if _CORE.search(head) else None
            if rule is not None and rule.category != "organ":
                yield _Mark(start, match.end(), head, rule)
                break


def _blocks(text: str, marks: list[_Mark], headings: Headings) -> list[Block]:
    blocks: list[Block] = []
    section = Section.BODY
    seen_section = False
    position, heading, heading_start, listing = 0, "", 0, False
    organs: tuple[str, ...] = ()
    inherited: tuple[str, ...] = ()  # organs that a side heading under an organ heading speaks of
    for mark in marks:
        if mark.start < position or (listing and (mark.rule is None or _is_row(mark, headings))):
            continue
        if mark.start > position:
            blocks.append(Block(position, mark.start, section, organs, heading, listing, heading_start))
        if mark.rule is None:  # an unknown heading ends what stood before it
            known = section in (Section.BODY, Section.IMPRESSION)
            section = Section.FINDINGS if seen_section and not known else section
            organs = inherited = ()
        elif mark.rule.category == "organ":
            if section not in (Section.BODY, Section.FINDINGS, Section.IMPRESSION, Section.ADDENDUM):
                section = Section.FINDINGS
            sided = _SIDED.match(mark.head)
            organs = inherited if sided else tuple(mark.rule.metadata.get("organs", ()))
            inherited = inherited if sided else organs
        else:
            section, organs, inherited, seen_section = Section(mark.rule.category), (), (), True
            listing = bool(_LESION_LIST.search(mark.head))
        position, heading, heading_start = mark.end, mark.head, mark.start
    blocks.append(Block(position, len(text), section, organs, heading, listing, heading_start))
    return [b for b in blocks if b.end > b.start]


def _is_row(mark: _Mark, headings: Headings) -> bool:
    """Whether under "Target lesions" the words before a colon are a lesion's place ("Right adrenal: 18 mm")."""
    return mark.rule is not None and mark.rule.category == "organ" and mark.head not in headings


def _other_topics(folded: str, blocks: list[Block], headings: Headings) -> list[Block]:
    """An organ heading's text ends at a blank line when the next paragraph opens with another organ."""
    out: list[Block] = []
    for block in blocks:
        gap = _PARAGRAPH.search(folded, block.start, block.end) if block.organs else None
        if gap and folded[block.start : gap.start()].strip() and _names_other(folded, gap.end(), block, headings):
            out.append(replace(block, end=gap.end()))
            out.append(Block(gap.end(), block.end, block.section, lesion_list=block.lesion_list))
        else:
            out.append(block)
    return out


def _names_other(folded: str, start: int, block: Block, headings: Headings) -> bool:
    words = re.findall(r"[a-z]+", folded[start : min(block.end, start + 50)])[:5]
    rules = [headings.get(w) for w in words]
    organs = {o for r in rules if r is not None and r.category == "organ" for o in r.metadata.get("organs", ())}
    return bool(organs) and not organs & set(block.organs)


def _unheaded(text: str, folded: str, blocks: list[Block], headed: set[int]) -> list[Block]:
    """History or technique that no findings heading follows ends with its first part; the rest is findings.

    Args:
        headed: where the text under a findings heading begins.
    """
    told = any(b.section in (Section.FINDINGS, Section.BODY) and b.end - b.start > 200 for b in blocks)
    out: list[Block] = []
    for number, block in enumerate(blocks):
        after = blocks[number + 1] if number + 1 < len(blocks) else None
        closes = after is None or not (after.section in _BEFORE_FINDINGS or after.start in headed)
        cut = _first_part(text, folded, block, not told) if closes and block.section in _BEFORE_FINDINGS else -1
        if cut > 0:
            out.append(replace(block, end=cut))
            out.append(Block(cut, block.end, Section.FINDINGS))
        else:
            out.append(block)
    return out


def _first_part(text: str, folded: str, block: Block, nothing_else: bool) -> int:
    """Where in a block the findings begin: after a blank line, after the first line, with a sentence on what is seen.

    -1 where they do not; too little is a remark.
    """
    begin = block.start + len(text[block.start : block.end]) - len(text[block.start : block.end].lstrip())
    gap = _PARAGRAPH.search(folded, begin, block.end)
    if gap:
        return gap.end() if block.end - gap.end() > _MIN_FINDINGS else -1
    if not (nothing_else or block.section is Section.INDICATION):
        return -1
    line = folded.find("\n", begin, block.end)
    if line > 0 and block.end - line > _MIN_FINDINGS:
        return line
    tells = _TELLS.search(folded, begin, block.end)
    return tells.end() if tells and block.end - tells.end() > _MIN_FINDINGS else -1


def _shouts(text: str, match: re.Match[str]) -> bool:
    """Whether an unknown heading is in capitals, or opens a line in title case."""
    head = text[match.start("head") : match.end("head")]
    if any(c.isdigit() for c in head) or _NAMES_LESION.search(head.lower()):  # "Segment 4a: 2.1 cm hemangioma"
        return False
    letters = [c for c in head if c.isalpha()]
    capitals = len(letters) >= 3 and all(c.isupper() for c in letters)
    at_line_start = match.start("head") == 0 or "\n" in text[max(0, match.start("head") - 4) : match.start("head")]
    return capitals or (at_line_start and len(head.split()) <= 4 and head[0].isupper())


def _runs_on(text: str, match: re.Match[str]) -> bool:
    """Whether both the heading and the word after it are capitalised, as no sentence does."""
    following = re.match(r"[A-Za-z]+", text[match.end() :])
    capitalised = text[match.start("head")].isupper() and text[match.end()].isupper()
    return capitalised and not (following and following.group().lower() in _GOES_ON)
