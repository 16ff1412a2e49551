"""Which reports the rules are unsure of: reasons that can be seen in a report and its extraction, without any gold."""

import re
from pathlib import Path

from ...schemas import Extraction, ExtractionStatus, Finding, Organ
from ..discourse import READ_SECTIONS
from ..folding import fold
from ..lexicon import Lexicon, Term
from ..recognise.sizes import find_sizes
from ..rule_files import load_rules
from ..text.sections import find_blocks
from ..text.sentences import find_sentences

# Words of a clinical course: a case history mixes earlier lesions, other people's, and what pathology said.
_NARRATIVE = re.compile(
    r"year[- ]old|\bpatholog(?:y|ical(?:ly)?|ic) (?:analysis|examination|specimen|report|diagnosis)|\bhistolog\w+"
    r"|\bbiops\w+|\bunderwent\b|\bwas (?:admitted|treated|diagnosed|referred)|\bpresent(?:ed|ing) with\b"
    r"|\bdifferential diagnos\w+|\bsymptoms\b|\bthe patient (?:was|had|has|is)\b"
)
_NEGATED = ("NEGATED_EXISTENCE", "RESOLVED", "HYPOTHETICAL", "FAMILY", "HISTORICAL", "PSEUDO")
_FLOOR_MM = 2.0
_NO_ANSWER = (ExtractionStatus.ERROR, ExtractionStatus.REJECTED, ExtractionStatus.UNREADABLE)


class Router:
    """Tells why a report should be read again by something better than the rules."""

    version = "1"

    def __init__(self, rules_dir: Path | None = None) -> None:
        rules = load_rules(rules_dir)
        self._headings, self._lexicon = rules.headings, Lexicon(rules)

    def reasons(self, extraction: Extraction, text: str) -> tuple[str, ...]:
        """Codes of what makes an extraction of the rules doubtful, its own review reasons among them; empty = sure."""
        folded = fold(text)
        blocks = find_blocks(text, folded, self._headings)
        sentences = [
            sentence
            for block in blocks
            if block.section in READ_SECTIONS
            for sentence in find_sentences(text, folded, block.start, block.end)
        ]
        unread = [s for s in sentences if not _covered(s, extraction.findings)]
        checks = {
            "no_answer": extraction.status in _NO_ANSWER,
            "narrative": len(set(_NARRATIVE.findall(folded))) >= 2,
            "contradiction": bool({f.organ for f in extraction.findings} & set(extraction.negative_organs)),
            "organ_unknown": any(f.organ is Organ.OTHER for f in extraction.findings),
            "lesion_words_unread": any(self._names_lesion_unread(folded, s) for s in unread),
            "size_unread": any(self._size_unread(folded, s) for s in unread),
            "node_unmeasured": any(f.organ is Organ.LYMPH_NODE and not f.sizes for f in extraction.findings),
            "tiny_size": any(s.diameters_mm[0] < _FLOOR_MM for f in extraction.findings for s in f.sizes),
        }
        own = [code for code, unsure in checks.items() if unsure]
        return tuple(dict.fromkeys([*extraction.review_reasons, *own]))

    def _names_lesion_unread(self, folded: str, sentence: tuple[int, int]) -> bool:
        """Whether a sentence that no finding quotes names a lesion in a place, and neither denies nor ignores it."""
        terms = self._lexicon.find(folded, *sentence)
        named = any(_plays(t, "LESION") and "IGNORE" not in t.roles for t in terms)
        placed = any(_plays(t, "ORGAN") for t in terms)
        return named and placed and not any(_plays(t, *_NEGATED) for t in terms)

    def _size_unread(self, folded: str, sentence: tuple[int, int]) -> bool:
        """Whether a sentence that no finding quotes measures something that it calls a lesion or a node."""
        if not find_sizes(folded, *sentence):
            return False
        terms = self._lexicon.find(folded, *sentence)
        return any(_plays(t, "LESION", "NODE") for t in terms) and not any(_plays(t, *_NEGATED) for t in terms)


def _plays(term: Term, *categories: str) -> bool:
    return any(role.split(":")[0] in categories for role in term.roles)


def _covered(sentence: tuple[int, int], findings: tuple[Finding, ...]) -> bool:
    start, end = sentence
    return any(e.start < end and start < e.end for f in findings for e in f.evidence)
