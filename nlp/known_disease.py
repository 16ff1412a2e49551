"""What a report's history and diagnosis say of the type of lesions that the findings leave open."""

import re

from ..schemas import LesionType, Section
from .candidates import Candidate
from .document import Sentence

_TELLING = frozenset({Section.INDICATION, Section.EXAM})
_TARGET = re.compile(r"^(?:non-?\s?)?target")
_OPEN_HEAD = ("mass", "masses", "tumor", "tumour", "tumors", "tumours", "thickening", "neoplasm", "hypervasculari")
_NO_DISEASE = re.compile(r"\b(?:rule out|r/o|exclude|suspect\w*|suspicion|possible|question|query|family|mother|father|brother|sister|screening|\?|no history|evaluate for|concern)\b|\?")


def known_primaries(sentences: list[Sentence]) -> set[str]:
    """Organs in which the history names a malignant disease as a fact ("restaging of pancreatic cancer")."""
    organs: set[str] = set()
    for sentence in sentences:
        if sentence.section not in _TELLING or _NO_DISEASE.search(sentence.text):
            continue
        for term in sentence.having("LESION"):
            meta = term.meta("LESION")
            if meta.get("type") != "malignant":
                continue
            if meta.get("organ"):
                organs.add(meta["organ"])
                continue
            near = [t for t in sentence.having("ORGAN") if 0 <= term.start - t.end < 30 or 0 <= t.start - term.end < 16]
            organs |= {t.meta("ORGAN")["organ"] for t in near[-1:]}
    return organs


def apply_known_disease(found: list[Candidate], sentences: list[Sentence]) -> None:
    """Types of RECIST targets and of masses in the organ of a known primary; in place.

    A target lesion is the primary in its own organ and a metastasis elsewhere. An unspecified mass in the organ of the
    known cancer is malignant. Everything else keeps what the findings say.
    """
    primaries = known_primaries(sentences)
    if not primaries:
        return
    for candidate in found:
        if candidate.lesion_type != LesionType.UNSPECIFIED or candidate.organ == "lymph_node":
            continue
        if _TARGET.match(candidate.type_text):
            candidate.lesion_type = "malignant" if candidate.organ in primaries else "metastasis"
        elif candidate.organ in primaries and candidate.type_text.startswith(_OPEN_HEAD) and not candidate.plural:
            candidate.lesion_type = "malignant"
