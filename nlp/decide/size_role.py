"""What a size is: a lesion's size now, an earlier one, or no lesion's size at all."""

import re

from ..function_words import STOP
from ..recognise.size_groups import Size
from ..spans import Sentence
from .model import Chooser
from .relate import bucket

CLINICAL_OPENING = re.compile(
    r"\W*(?:(?:a|this is an?)\s+)?\d{1,3}[\s-]?(?:yo|y/?o|yrs?|years?|year[\s-]old|[mf])\b|\W*(?:known|hx|h/o|"
    r"history|s/p|status post|k/c/o|post)\b"
)
_TYPICAL_MM = 50.0  # a lesion's own size says no more from here on: what else is so long is an organ
_CLASSES_MM = (3, 10, 30, 60, 100, float("inf"))
_EXTENTS_MM = (10, 20, 40, 60, 80, 100, 130, float("inf"))  # organs have extents of their own: a kidney of 110 mm
ROLES = ("current", "prior", "other")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b")
_PRIOR_BEFORE = re.compile(
    r"\b(?:previous(?:ly)?|prior|formerly|before|was|were|had been|earlier|from|vs\.?|versus|compared (?:to|with)|"
    r"baseline|old|then|against|last)\b[^\d]{0,25}$"
)
_PRIOR_AFTER = re.compile(
    r"[^\d,;.]{0,8}\b(?:previously|prior|before|earlier|in (?:19|20)\d\d|last year|at baseline|ago|"
    r"on the (?:prior|previous))"
)
_NOW_BEFORE = re.compile(
    r"\b(?:now|today|currently|current|present(?:ly)?|to|->|up to)\W{0,3}(?:\w+\W){0,2}$|->\W{0,3}$"
)
_ARROW_AFTER = re.compile(r"\W{0,3}(?:->|to \d|=>)")


def features(sentence: Sentence, number: int) -> list[str]:
    """Features of one size of a sentence, before they are crossed with a role."""
    size = sentence.sizes[number]
    words = sentence.words
    left = [w for w in words if w[1] <= size.start]
    right = [w for w in words if w[0] >= size.end]
    out = [f"section={sentence.section}", f"axes={len(size.lesions_mm[0])}", f"n={min(len(size.lesions_mm), 3)}"]
    biggest = max(max(x) for x in size.lesions_mm)
    out.append(f"bound={size.bound}{'+' if size.reaching else ''}")
    out += [f"hint={size.hint}", f"bare={size.bare}", f"hint={size.hint}|bare={size.bare}|row={sentence.table_row}"]
    for k, (_, _, w) in enumerate(reversed(left[-4:])):
        out += [f"l{k}={w}", f"L={w}"]
    for k, (_, _, w) in enumerate(right[:4]):
        out += [f"r{k}={w}", f"R={w}"]
    if len(left) >= 2:
        out.append(f"l1l0={left[-2][2]}_{left[-1][2]}")
    out += [f"B={w}" for _, _, w in left[-12:-4]]
    before = sentence.between(sentence.start, size.start)
    after = sentence.between(size.end, min(sentence.end, size.end + 60))
    if _PRIOR_BEFORE.search(before[-60:]):
        out.append("prior_before")
    if _PRIOR_AFTER.match(after):
        out.append("prior_after")
    if _NOW_BEFORE.search(before[-40:]):
        out.append("now_before")
    if _ARROW_AFTER.match(after):
        out.append("arrow_after")
    if _YEAR.search(after[:18]):
        out.append("year_after")
    if _YEAR.search(before[-22:]):
        out.append("year_before")
    opened = before.rfind("(") > before.rfind(")")
    out.append("in_bracket" if opened else "free")
    if opened and number and before.rfind("(") > sentence.sizes[number - 1].start - sentence.start:
        out.append("bracket_after_size")
        if f"({before[before.rfind('(') + 1 :].strip()}" == "(":
            out.append("bracket_alone")
    where, kind, text = measured(sentence, number).split("|", 2)
    if where in ("A", "B") and kind == "lesion":
        biggest = min(biggest, _TYPICAL_MM)
    out.append(f"mm={next(i for i, top in enumerate(_CLASSES_MM) if biggest < top)}")
    out += [f"measures={where}|{kind}", f"measures={where[:1]}|{text}", f"measures={kind}", f"measures={text}"]
    if sentence.index <= 4 and CLINICAL_OPENING.match(sentence.text):
        out.append("clinical")
    out.append(f"early={sentence.index <= 1}|{sentence.section}")
    out.append(f"order={min(number, 3)}")
    out.append(f"of={min(len(sentence.sizes), 4)}")
    out += _nearest(sentence, size.start, size.end)
    near = [c for c in sentence.organs if c.kind in ("noun", "adjective")]
    before_size = [c.organ for c in near if c.end <= size.start]
    spoken = (
        before_size[-1]
        if before_size
        else sentence.heading_organs[0]
        if sentence.heading_organs
        else near[0].organ
        if near
        else "-"
    )
    extent = next(i for i, top in enumerate(_EXTENTS_MM) if biggest < top)
    alone = "alone" if not sentence.heads else "heads"
    out += [f"extent={spoken}|{extent}|{alone}", f"extent={spoken}|{extent}"]
    if sentence.heading:
        out.append(f"heading={sentence.heading[:24]}")
    out += [f"heading_organ={o}" for o in sentence.heading_organs[:2]]
    if sentence.lesion_list:
        out.append("lesion_list")
    return out


def measured(sentence: Sentence, number: int) -> str:
    """What the size measures by its place in the phrase: what it opens ("2 cm stone"), else the nearest before it."""
    size = sentence.sizes[number]
    things = [(h.start, h.end, h.kind, h.text) for h in sentence.heads]
    things += [
        (t.start, t.end, "other", t.text)
        for t in sentence.terms
        if ("OTHER" in t.roles or "IGNORE" in t.roles) and "LESION" not in t.roles and "NODE" not in t.roles
    ]
    things.sort()
    found = ""
    last_end = size.end
    for start, end, kind, text in things:
        if start < size.end:
            continue
        gap = sentence.between(last_end, start)
        if found and gap.strip(" -"):
            break
        words = gap.split()
        if len(words) > 6 or _CLOSED.search(gap) or any(w.strip(",") in STOP for w in words):
            break
        if any(size.end <= s.start < start for s in sentence.sizes):
            break
        found, last_end = f"A|{kind}|{text}", end
    if found:
        return found
    for _, end, kind, text in reversed(things):
        if end <= size.start:
            gap = sentence.between(end, size.start)
            return f"B{';' if ';' in gap else ',' if ',' in gap else ''}|{kind}|{text}"
    return "-||"


_CLOSED = re.compile(r"[;:(.)]")


def _nearest(sentence: Sentence, start: int, end: int) -> list[str]:
    """How far the nearest head, other thing, organ and place stand on either side."""
    others = [t for t in sentence.having("OTHER") if "LESION" not in t.roles]
    spans = {
        "head": [(h.start, h.end, f"kind={h.kind}") for h in sentence.heads],
        "other": [(t.start, t.end, f"={t.text}") for t in others],
        "organ": [(c.start, c.end, "") for c in sentence.organs],
        "place": [(c.start, c.end, "") for c in sentence.places],
    }
    out = []
    for name, found in spans.items():
        before = [x for x in found if x[1] <= start]
        after = [x for x in found if x[0] >= end]
        for side, nearest in (("B", before[-1] if before else None), ("A", after[0] if after else None)):
            if nearest is None:
                out.append(f"{name}{side}-")
                continue
            gap = sentence.between(nearest[1], start) if side == "B" else sentence.between(end, nearest[0])
            out.append(f"{name}{side}{bucket(len(gap.split()))}{';' if ';' in gap else ',' if ',' in gap else ''}")
            if nearest[2]:
                out.append(f"{name}{side}{nearest[2]}")
    return out


def roles(sentence: Sentence, chooser: Chooser) -> list[list[float]]:
    """Per size of the sentence the probability of each of `ROLES`."""
    return [
        _as_said(size, chooser.part_probabilities(ROLES, [*features(sentence, i), "bias"]))
        for i, size in enumerate(sentence.sizes)
    ]


_SAID_PRIOR = 5.0


def _as_said(size: Size, p: list[float]) -> list[float]:
    """A size that the words call an earlier one ("previously 12 mm") is now's only against odds of five to one."""
    if size.hint != "prior":
        return p
    total = p[0] / _SAID_PRIOR + p[1] + p[2]
    return [p[0] / _SAID_PRIOR / total, p[1] / total, p[2] / total]
