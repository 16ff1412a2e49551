"""Organs that a report calls normal, or free of lesions."""

import re

from .document import Mention, Sentence
from .lexicon import Term
from .relations import relation_governed

_ONLY_SIZE = re.compile(
    r"^\s*(?:in\s+|of\s+)?(?:size|caliber|calibre|calibration|course|diameter|dimension|volume|width|"
    r"position|filling|location|thickness|perfusion)s?\b"
)
_MORE_THAN_SIZE = re.compile(
    r"^[^.;]{0,60}\b(?:morpholog|shape|appearance|contour|echo|attenuation|densit|parenchym|homogen|"
    r"configur|signal|structure|texture|outline|aspect)"
)
_SIZE_SUBJECT = re.compile(
    r"\b(?:size|calib\w+|diameter|width|course|dimensions?|filling|wall thickness|volume|length|flow|"
    r"perfusion|function|position|height|heights)\s*(?:and\s+\w+\s*)?(?:is|are|was|were|of|appears?|"
    r"within)?\s*$"
)
_GAP_TO_CUE = re.compile(
    r"^(?:\s*(?:glands?|parenchyma|contours?|size|sizes|and|,|/|shape|structures?|is|are|was|were|"
    r"appears?|appear|to be|both|bilaterally|grossly|otherwise|also|all|within|of|in|to|the|sections?|"
    r"section|included|"
    r"visualized|visualised|imaged|seen|as far as|as far|on both sides|area|study|on either side|"
    r"parts?|portions?|entering|examination|examined|demonstrate|demonstrates|shows?|show|have|has|a|"
    r"an|with|size of|morphology|cross-sectional|"
    r"unenhanced|on this|noncontrast|non-contrast|limited|level|bases|region|window|densit(?:y|ies)|"
    r"intensity|signal|corpus|alignments?|evaluated|remain|remains|displayed|depicted|presents?|"
    r"normal|completely|entirely|"
    r"well|regular|entire|organ|organs|not enlarged|not distended|well-distended|distended|partially|"
    r"filled|moderately|plans|planes|tissue|tissues|intrinsically|intact|visible|non-enhanced|that|"
    r"which)\b|\s*[:,(]|\s*-)*\s*$"
)
_GAP_FROM_CUE = re.compile(
    r"^(?:\s*(?:appearance|appearances|aspect|lower|upper|basal|adjacent|portions?|parts?|"
    r"contrast uptake|uptake|visualization|depiction|representation|appearing|in appearance|of|the|"
    r"both|included|visualized|visible|imaged|parenchyma|parenchymal|texture|echotexture|structure|"
    r"structures|contrast|"
    r"enhancement|attenuation|density|partially|left and right|right and left|remaining|other|"
    r"bilateral|configured|size|sized|shape|and|in|contour|contours|morphology|signal|remainder of|"
    r"caliber|for age|adult|echogenicity|size of)\b)*\s*$"
)
_QUIET = {  # words that call an organ normal only for these organs
    "homogeneous": {"liver", "spleen", "pancreas", "kidney", "prostate", "thyroid"},
    "homogenous": {"liver", "spleen", "pancreas", "kidney", "thyroid"},
    "homogeneous parenchyma": {"liver", "spleen", "pancreas", "kidney", "thyroid"},
    "slender": {"adrenal_gland"}, "slim": {"adrenal_gland"}, "delicate": {"adrenal_gland", "gallbladder"},
    "smooth contour": {"bladder", "kidney"}, "smooth contours": {"bladder", "kidney"},
    "smooth margins": set(), "regular": set(), "ordinary": set(),
    "uniform enhancement": {"liver", "spleen", "kidney", "pancreas"}, "negative": set(), "nl": set(),
    "age appropriate": set(), "appropriate for age": set(),
    "clear": {"lung", "pleura"}, "are clear": {"lung", "pleura"}, "regular contour": set(),
}  # fmt: skip
_WALL_NEGATIVE = re.compile(
    r"\bno\s+(?:significant\s+|suspicious\s+)?(?:patholog\w+|tumou?ral|tumou?rous|tumou?r-like|"
    r"neoplastic|focal|malignant|suspicious|mass-like)\s+(?:increase in\s+)?(?:wall[- ]thick\w*|"
    r"thickening)|no\s+patholog\w+\s+(?:increase in\s+)?wall thick\w+|"
    r"without\s+(?:focal|patholog\w+|tumou?ral|suspicious)\s+wall[- ]thickening|"
    r"no\s+patholog\w*ally thickened|no\s+(?:focal\s+)?wall[- ]thickening"
)
_HOLLOW = frozenset({"esophagus", "stomach", "colon", "small_bowel", "bowel", "bladder", "duodenum", "gallbladder"})
_PAIRED = frozenset({"kidney", "adrenal_gland", "ovary", "breast", "testis", "lung", "parotid", "ureter"})


class NegativeOrgans:
    """Collects what is called normal; a paired organ counts once both sides are."""

    def __init__(self) -> None:
        self._sides: dict[str, set[str]] = {}

    def add(self, organ: str, side: str | None) -> None:
        """Record an organ, or one side of it, as free of lesions."""
        for name in ("small_bowel", "colon") if organ == "bowel" else (organ,):
            self._sides.setdefault(name, set()).add(side or "both")

    def organs(self) -> set[str]:
        """Organs called free of lesions as a whole."""
        return {
            o for o, s in self._sides.items() if o not in _PAIRED or s & {"both", "bilateral"} or {"left", "right"} <= s
        }


def collect(sentences: list[Sentence], mentions: list[Mention]) -> set[str]:
    """Organs of the closed list that the report calls normal or free of lesions (findings not yet considered)."""
    found = NegativeOrgans()
    before: Sentence | None = None
    for sentence in sentences:
        _called_normal(sentence, found)
        _no_wall_thickening(sentence, before, found)
        before = sentence
        _no_abnormality(sentence, found)
    for mention in mentions:
        if mention.negated and not mention.change and not mention.dropped and not mention.sizes:
            _free_of_lesions(mention, found)
    return found.organs() - {"reproductive", "upper_abdomen", "chest", "neck", "bowel", "other", "pelvis", ""}


def _called_normal(sentence: Sentence, found: NegativeOrgans) -> None:
    for cue in sentence.having("NORMAL:BIDIRECTIONAL"):
        before = sentence.between(sentence.start, cue.start)
        if re.search(r"\b(?:not|no longer|otherwise than|non|un|ab)\s*-?\s*$", before) or _limits(sentence, cue):
            continue
        for term in _subjects(sentence, cue) or _objects(sentence, cue) or _heading(sentence, cue):
            organ, side = term
            if cue.text in _QUIET and organ not in _QUIET[cue.text]:
                continue
            found.add(organ, side)


def _limits(sentence: Sentence, cue: Term) -> bool:
    """Whether only size or calibre is called normal."""
    after = sentence.between(cue.end, sentence.end)
    before = sentence.between(sentence.start, cue.start)
    if _ONLY_SIZE.match(after) and not _MORE_THAN_SIZE.match(after):
        return True
    return bool(_SIZE_SUBJECT.search(before)) and not re.search(
        r"contour|morpholog|shape|structure|parenchym|densit|appearance|homogen", before[-60:]
    )


def _noun(term: Term) -> bool:
    meta = term.meta("ORGAN")
    return not (meta.get("adjective") or meta.get("unnamed") or meta.get("appendix")) and not (
        meta.get("location") and meta["organ"] in ("pancreas", "colon", "stomach", "esophagus", "uterus")
    )


def _subjects(sentence: Sentence, cue: Term) -> list[tuple[str, str | None]]:
    """ "The liver, spleen and both kidneys are normal"."""
    nouns = [t for t in sentence.having("ORGAN") if t.end <= cue.start and not relation_governed(sentence, t)]
    if not nouns:
        return []
    last = nouns[-1]
    gap = sentence.between(last.end, cue.start)
    if not _GAP_TO_CUE.match(gap) or any(
        last.end <= t.start < cue.start
        for t in sentence.having("OTHER", "LESION", "NODE")
        if t.text not in ("section", "sections", "level", "window")
    ):
        return []
    out = []
    following = cue.start
    for term in reversed(nouns):
        link = sentence.between(term.end, following)
        if term is not last and not re.fullmatch(
            r"\s*(?:,|/|and|&|as well as|\bor\b)?(?:\s*(?:and|the|both|left|right|urinary|visualized|"
            r"bilateral|their|of|in|including|included|kidney|glands?|parenchyma)\b|\s*,)*\s*",
            link,
        ):
            break
        if (
            _noun(term)
            or (
                term.meta("ORGAN").get("adjective")
                and re.match(
                    r"\s*(?:glands?|parenchyma|structures?|organs?|contours?)\b",
                    sentence.between(term.end, term.end + 14),
                )
            )
            or term.text.startswith(("bony", "osseous"))
            or term.text in ("esophageal",)
        ):
            out.append((term.meta("ORGAN")["organ"], _side(sentence, term)))
        elif term is last:
            return []
        following = term.start
    return out


def _objects(sentence: Sentence, cue: Term) -> list[tuple[str, str | None]]:
    """ "Unremarkable appearance of the pancreas and spleen", "normal kidneys"."""
    out: list[tuple[str, str | None]] = []
    position = cue.end
    for term in sentence.having("ORGAN"):
        if term.start < cue.end:
            continue
        gap = sentence.between(position, term.start)
        if not out and not _GAP_FROM_CUE.match(gap):
            break
        if out and not re.fullmatch(
            r"\s*(?:,|/|and|&|as well as)(?:\s*(?:and|the|both|left|right|of|urinary)\b|\s*,)*\s*", gap
        ):
            break
        if (
            not _noun(term)
            and not re.match(r"\s*(?:glands?|parenchyma|structures?)\b", sentence.between(term.end, term.end + 12))
            and not term.text.startswith(("bony", "osseous"))
        ):
            break
        if any(
            0 <= t.start - term.end <= 1
            for t in sentence.having("OTHER", "LESION", "NODE")
            if not t.text.startswith("section")
        ):
            break
        out.append((term.meta("ORGAN")["organ"], _side(sentence, term)))
        position = term.end
    return out


def _heading(sentence: Sentence, cue: Term) -> list[tuple[str, str | None]]:
    """ "SPLEEN: Normal." """
    only = sentence.between(sentence.start, cue.start)
    if (
        sentence.heading_organs
        and re.fullmatch(r"\s*(?:are|is|appears?|grossly|both|otherwise|entirely|normal|,|and|\s)*", only)
        and not _limits(sentence, cue)
    ):
        return [
            (o, sentence.heading_side)
            for o in sentence.heading_organs
            if o not in ("reproductive", "mediastinum", "peritoneum")
        ]
    return []


def _side(sentence: Sentence, term: Term) -> str | None:
    if term.meta("ORGAN").get("side"):
        return str(term.meta("ORGAN")["side"])
    before = sentence.between(max(sentence.start, term.start - 20), term.start)
    match = re.search(
        r"\b(left|right|both|bilateral)\b(?:\s+(?:included|visualized|upper|adrenal|and\s+\w+))?\s*$", before
    )
    if match and not re.search(r"right and left|left and right", before):
        return match.group(1) if match.group(1) in ("left", "right") else None
    return None


def _no_wall_thickening(sentence: Sentence, before: Sentence | None, found: NegativeOrgans) -> None:
    """A hollow organ without pathological wall thickening counts as free of lesions."""
    if not _WALL_NEGATIVE.search(sentence.text):
        return
    for term in sentence.having("ORGAN"):
        if term.meta("ORGAN")["organ"] in _HOLLOW and not relation_governed(sentence, term):
            found.add(term.meta("ORGAN")["organ"], None)
    if not sentence.having("ORGAN"):
        spoken_of = (
            [t.meta("ORGAN")["organ"] for t in before.having("ORGAN")]
            if before and before.block == sentence.block
            else []
        )
        for organ in sentence.heading_organs or tuple(spoken_of[:1]):
            if organ in _HOLLOW:
                found.add(organ, None)


_NO_ABNORMALITY = re.compile(
    r"\b(?:no|without)\b(?P<list>[^.;:]{0,120}?)\b(?:abnormalit(?:y|ies)|patholog(?:y|ies)|anomal(?:y|"
    r"ies)|abnormal findings?)\b"
)


def _no_abnormality(sentence: Sentence, found: NegativeOrgans) -> None:
    """ "No renal, pancreatic or splenic abnormality"."""
    match = _NO_ABNORMALITY.search(sentence.text)
    if not match or any(word in match.group("list") for word in ("new", "other", "additional", "acute", "further")):
        return
    lo, hi = sentence.start + match.start("list"), sentence.start + match.end("list")
    for term in sentence.having("ORGAN"):
        if lo <= term.start < hi and not term.meta("ORGAN").get("unnamed"):
            found.add(term.meta("ORGAN")["organ"], _side(sentence, term))


def _free_of_lesions(mention: Mention, found: NegativeOrgans) -> None:
    sentence = mention.sentence
    if mention.node:
        found.add("lymph_node", None)
        return
    if mention.place.source in ("near", "", "focus") or not mention.place.organ:
        return
    if mention.place.location and mention.place.organ in ("liver", "pancreas", "colon", "stomach"):
        return
    found.add(mention.place.organ, mention.place.side)
    for term in sentence.having("ORGAN"):
        if (
            mention.territory_start <= term.start < mention.end
            and not term.meta("ORGAN").get("unnamed")
            and not relation_governed(sentence, term)
        ):
            gap = sentence.between(min(term.end, mention.start), max(term.start, mention.heads[-1].end))
            if len(gap) < 120:
                found.add(term.meta("ORGAN")["organ"], term.meta("ORGAN").get("side") or _side(sentence, term))
