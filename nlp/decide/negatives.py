"""Which organs a report says are free of lesions: one decision an organ, from every sentence that speaks of it."""

import re
from collections.abc import Sequence

from ...schemas import Section
from ..spans import OrganCue, Sentence
from .relate import bucket

_READ = frozenset([Section.BODY, Section.FINDINGS, Section.IMPRESSION, Section.ADDENDUM])
_BOWEL = ("colon", "small_bowel")
_WHOLE_BOWEL = re.compile(r"bowel|intestin|gut\b|gi tract|gastrointestinal|large and small|small and large")
_KINDS = ("noun", "adjective", "node", "station", "place", "segment", "vertebra", "lesion")
_NONE = re.compile(
    r"(?:^|[:\-=]\s*|\s)(?:none|nil|no|absent|negative|0|nad|neg|normal|nl|wnl|unremarkable|clear|ok|fine|n)\W*$"
)


def features(sentences: Sequence[Sentence]) -> dict[str, list[str]]:
    """Organ → features, for every organ that the read sections speak of."""
    found: dict[str, set[str]] = {}
    for s in sentences:
        if s.section not in _READ:
            continue
        spoken: dict[str, list[tuple[int, int, str, bool]]] = {}
        for c in s.organs:
            if c.kind in _KINDS:
                for organ in _organs(c):
                    spoken.setdefault(organ, []).append((c.start, c.end, c.kind, c.governed))
        above = s.heading_organs or [o for c in s.heading_cues if c.kind in _KINDS for o in _organs(c)]
        for organ in above:
            spoken.setdefault(organ, []).append((s.start, s.start, "heading", False))
        for organ, cues in spoken.items():
            names = found.setdefault(organ, set())
            for start, end, kind, governed in cues[:3]:
                names |= _cue(s, organ, start, end, kind, governed, len(spoken))
            if s.section == Section.IMPRESSION:
                names.add("in_impression")
    return {organ: sorted({*names, f"organ={organ}"}) for organ, names in found.items()}


def _organs(cue: OrganCue) -> tuple[str, ...]:
    if cue.organ == "colon" and _WHOLE_BOWEL.match(cue.text):
        return _BOWEL
    if cue.text.startswith("internal genital"):
        return ("uterus", "ovary")
    return (cue.organ,)


def _cue(s: Sentence, organ: str, start: int, end: int, kind: str, governed: bool, n_organs: int) -> set[str]:
    out = {f"kind={kind}"}
    if governed:
        out.add("governed")
    mark = "h" if kind == "heading" else kind[0]
    lesions = [h for h in s.heads if h.kind in ("lesion", "weak", "node")]
    negations = s.having("NEGATED_EXISTENCE:FORWARD")
    backward = s.having("NEGATED_EXISTENCE:BACKWARD")
    normals = s.having("NORMAL:BIDIRECTIONAL")
    clause = _clause(s, start, end)
    inside = lambda x: clause[0] <= x.start and x.end <= clause[1]  # noqa: E731
    for t in normals:
        side = "b" if t.end <= start else "a"
        gap = s.between(t.end, start) if side == "b" else s.between(end, t.start)
        here = "c" if inside(t) else "s"
        out |= {
            f"normal|{side}{here}|{bucket(len(gap.split()))}|{mark}",
            f"normal={t.text}|{here}|{mark}",
            f"normal|{here}|{mark}",
        }
        if "," in gap or " and " in gap:
            out.add(f"normal_list|{here}|{side}")
    for t in negations:
        after = [h for h in lesions if h.start >= t.end]
        here = "c" if inside(t) else "s"
        between = t.end <= start and any(h.start >= start for h in after)
        if after:
            where = "between" if between else "after" if start >= after[0].start else "before"
            out |= {f"no_lesion|{here}|{mark}", f"no_lesion|{here}|{mark}|{where}"}
            out |= {f"no={after[0].text}|{here}", f"no|kind={after[0].kind}|{here}|{mark}"}
        else:
            word = next((w for a, _, w in s.words if a >= t.end), "")
            out.add(f"no_other={word}|{here}")
    for t in backward:
        out |= {f"back_negated|{'c' if inside(t) else 's'}|{bool(lesions)}|{mark}", f"back={t.text}"}
    text = s.between(*clause)
    out |= {f"w={w}" for _, _, w in _near(s, start, end, clause)}
    if _NONE.search(text):
        out |= {f"ends_none|{mark}", f"ends={text.split()[-1].strip('.,;:')}|{bool(lesions)}"}
    if not negations and not normals and not backward:
        out.add(f"plain|{mark}|heads{min(len(lesions), 1)}|sizes{min(len(s.sizes), 1)}")
    if len(s.words) <= 8:
        out |= {f"short|{mark}", "short=" + "_".join(w for _, _, w in s.words[:4] if not w.startswith(organ[:4]))}
    out.add(f"n_organs={min(n_organs, 5)}")
    out.add(f"first={s.words[0][2] if s.words else ''}")
    return out


def _clause(s: Sentence, start: int, end: int) -> tuple[int, int]:
    """The part of the sentence between semicolons and full stops that holds the word."""
    text = s.text
    a = max(text.rfind(";", 0, start - s.start), text.rfind(". ", 0, start - s.start))
    b = min((i for i in (text.find(";", end - s.start), text.find(". ", end - s.start)) if i >= 0), default=len(text))
    return s.start + a + 1, s.start + b


def _near(s: Sentence, start: int, end: int, clause: tuple[int, int]) -> list[tuple[int, int, str]]:
    left = [w for w in s.words if clause[0] <= w[0] and w[1] <= start][-4:]
    right = [w for w in s.words if end <= w[0] and w[1] <= clause[1]][:9]
    return [w for w in left + right if w[2].isalpha()]
