"""What a report's history and diagnosis say of the type of lesions that the findings leave open."""

import re

from ..schemas import LesionType, Section
from .candidates import Candidate
from .document import Sentence
from .lexicon import Term

_TELLING = frozenset({Section.INDICATION, Section.EXAM})
_TARGET = re.compile(r"\btarget")
_MASS = re.compile(r"^(?:mass|tumou?r|thickening|neoplasm|hypervasculari|lesion)")
_DOUBT = re.compile(
    r"\b(?:rule out|r/o|exclude|suspect\w*|suspicion|possible|question|query|family|mother|father|"
    r"brother|sister|screening|no history|"
    r"evaluate for|concern|differential|versus|vs|previous\w*|resected|removed|status post|s/p)\b|\?"
)
_STATED = re.compile(
    r"\b(?:known|consistent with|compatible with|in keeping with|diagnosed|diagnosis of|"
    r"confirmed)\s+(?:[\w-]+\s+){0,3}$"
)


def apply_known_disease(found: list[Candidate], sentences: list[Sentence]) -> None:
    """Types that the history or the diagnosis give to lesions left unspecified; in place.

    A RECIST target is the primary in its own organ and a metastasis elsewhere; the first mass in the organ of a known
    cancer is malignant; a lesion alone in its organ takes the type that the diagnosis names for the organ, the only
    lesion of a report also one that the diagnosis names without an organ ("liposarcoma"); a stated disease such as
    sarcoidosis makes open lesions benign.
    """
    primaries = _known(sentences, "malignant", diagnosis_only=False)
    diagnosed = {t: _known(sentences, t, diagnosis_only=True) for t in ("benign", "malignant", "cyst", "metastasis")}
    histology = _diagnosed_without_organ(sentences) if len(found) == 1 else ""
    disease = _stated_disease(sentences)
    masses: set[str] = set()
    for candidate in found:
        if candidate.lesion_type != LesionType.UNSPECIFIED:
            continue
        alone = sum(c.organ == candidate.organ for c in found) == 1
        named = [t for t, organs in diagnosed.items() if candidate.organ in organs]
        if primaries and _TARGET.search(candidate.phrase):
            candidate.lesion_type = "malignant" if candidate.organ in primaries else "metastasis"
        elif (
            candidate.organ in primaries
            and _MASS.match(candidate.type_text)
            and not candidate.plural
            and candidate.organ not in masses
        ):
            candidate.lesion_type = "malignant"
            masses.add(candidate.organ)
        elif len(named) == 1 and (alone or (not candidate.plural and candidate.organ not in masses)):
            candidate.lesion_type = named[0]
            masses.add(candidate.organ)
        elif histology:
            candidate.lesion_type = histology
        elif disease:
            candidate.lesion_type = disease


def _known(sentences: list[Sentence], lesion_type: str, *, diagnosis_only: bool) -> set[str]:
    """Organs in which the history (or only the diagnosis) names a disease of the type as a fact."""
    organs: set[str] = set()
    for sentence in sentences:
        diagnosis = "diagnos" in sentence.heading
        if sentence.section not in _TELLING or _DOUBT.search(sentence.text) or (diagnosis_only and not diagnosis):
            continue
        for term in sentence.having("LESION"):
            if term.meta("LESION").get("type") == lesion_type:
                organs |= _organs_of(sentence, term)
    return organs


def _diagnoses(sentence: Sentence) -> bool:
    """Whether a sentence stands under "DIAGNOSIS" and states one without a doubt."""
    heading = sentence.heading
    return "diagnos" in heading and "differential" not in heading and not _DOUBT.search(sentence.text)


def _diagnosed_without_organ(sentences: list[Sentence]) -> str:
    """The only type that the diagnosis names, where it names no organ; empty otherwise."""
    types: set[str] = set()
    for sentence in sentences:
        if not _diagnoses(sentence):
            continue
        if sentence.having("ORGAN"):
            return ""
        terms = [t for t in sentence.having("LESION") if not t.meta("LESION").get("organ")]
        types |= {t.meta("LESION").get("type", "unspecified") for t in terms}
    types.discard(LesionType.UNSPECIFIED)
    return types.pop() if len(types) == 1 else ""


def _organs_of(sentence: Sentence, term: Term) -> set[str]:
    if term.meta("LESION").get("organ"):
        return {term.meta("LESION")["organ"]}
    near = [t for t in sentence.having("ORGAN") if 0 <= term.start - t.end < 30 or 0 <= t.start - term.end < 16]
    return {t.meta("ORGAN")["organ"] for t in near[-1:]}


def _stated_disease(sentences: list[Sentence]) -> str:
    """Type of a disease that the diagnosis names, or that the text states as known or as what the findings fit."""
    for sentence in sentences:
        for term in sentence.having("DISEASE"):
            before = sentence.between(sentence.start, term.start)
            stated = _STATED.search(before) is not None
            if _diagnoses(sentence) or (stated and not _DOUBT.search(before)):
                return str(term.meta("DISEASE")["type"])
    return ""
