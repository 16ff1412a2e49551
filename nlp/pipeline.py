"""The rules as a spaCy pipeline of registered components.

    reportsup_sections → reportsup_sentences → reportsup_terms
    → reportsup_sizes → reportsup_mentions → reportsup_findings

Each component reads and writes `doc._.reportsup` (a `ReportState`), whose offsets are the report's characters, so that
only the last one makes spaCy spans: `doc.spans["findings"]`, labelled by organ, with `span._.finding`. The components
can stand in any spaCy or medspaCy pipeline; what replaces medspaCy's own, and why, is told in docs/rules.md.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from ..schemas import Finding, Section
from .candidates import Candidate, candidates
from .discourse import Reading, examined_organ, read
from .document import Sentence
from .folding import fold
from .grounding import ground
from .known_disease import apply_known_disease
from .lexicon import Lexicon
from .merging import merge
from .negative_organs import collect
from .recognise.sizes import find_sizes
from .rule_files import RuleSet, load_rules
from .text.sections import Block, find_blocks
from .text.sentences import find_sentences, opens_summary
from .text.tables import find_rows

COMPONENTS = (
    "reportsup_sections",
    "reportsup_sentences",
    "reportsup_terms",
    "reportsup_sizes",
    "reportsup_mentions",
    "reportsup_findings",
)
MAX_SENTENCE_CHARACTERS = 4000
MAX_REPORT_CHARACTERS = 20_000_000


@dataclass
class ReportState:
    """What the components have read of one report so far."""

    text: str
    blocks: list[Block] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)
    candidates: list[Candidate] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    quarantined: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    negative_organs: set[str] = field(default_factory=set)

    @cached_property
    def folded(self) -> str:
        """The report in matching form, offsets unchanged."""
        return fold(self.text)


def load(rules_dir: Path | None = None) -> Language:
    """A blank English pipeline with all components.

    >>> doc = load()("KIDNEYS: 2 cm cyst in the left upper pole.")
    >>> doc._.reportsup.findings[0].laterality
    <Laterality.LEFT: 'left'>
    """
    nlp = spacy.blank("en")
    nlp.max_length = MAX_REPORT_CHARACTERS
    for name in COMPONENTS:
        takes_rules = name in ("reportsup_sections", "reportsup_terms")
        nlp.add_pipe(name, config={"rules_dir": str(rules_dir) if rules_dir else None} if takes_rules else {})
    return nlp


def _state(doc: Doc) -> ReportState:
    if doc._.reportsup is None:
        doc._.reportsup = ReportState(doc.text)
    state: ReportState = doc._.reportsup
    return state


def _register_extensions() -> None:
    if not Doc.has_extension("reportsup"):
        Doc.set_extension("reportsup", default=None)
        Span.set_extension("finding", default=None)


def _rules(rules_dir: str | None) -> RuleSet:
    _register_extensions()
    return load_rules(Path(rules_dir) if rules_dir else None)


@Language.factory("reportsup_sections", default_config={"rules_dir": None})
def _make_sections(nlp: Language, name: str, rules_dir: str | None) -> Any:
    headings = _rules(rules_dir).headings

    def sections(doc: Doc) -> Doc:
        state = _state(doc)
        state.blocks = find_blocks(state.text, state.folded, headings)
        return doc

    return sections


@Language.component("reportsup_sentences")
def _sentences(doc: Doc) -> Doc:
    state = _state(doc)
    for number, block in enumerate(state.blocks):
        section = block.section
        for start, end in find_sentences(state.text, state.folded, block.start, block.end):
            if section in (Section.BODY, Section.FINDINGS) and opens_summary(
                state.folded, state.sentences, number, start
            ):
                section = Section.IMPRESSION
            end = min(end, start + MAX_SENTENCE_CHARACTERS)
            state.sentences.append(
                Sentence(
                    start,
                    end,
                    section,
                    block.organs,
                    block.side,
                    number,
                    block.heading,
                    block.lesion_list,
                    state.folded[start:end],
                )
            )
    return doc


@Language.factory("reportsup_terms", default_config={"rules_dir": None})
def _make_terms(nlp: Language, name: str, rules_dir: str | None) -> Any:
    lexicon = Lexicon(_rules(rules_dir))

    def terms(doc: Doc) -> Doc:
        state = _state(doc)
        for sentence in state.sentences:
            sentence.terms = lexicon.find(state.folded, sentence.start, sentence.end)
        return doc

    return terms


@Language.component("reportsup_sizes")
def _sizes(doc: Doc) -> Doc:
    state = _state(doc)
    rows = find_rows(state.text, state.folded)
    for sentence in state.sentences:
        sentence.sizes = find_sizes(state.folded, sentence.start, sentence.end, rows)
    return doc


@Language.component("reportsup_mentions")
def _mentions(doc: Doc) -> Doc:
    state = _state(doc)
    state.reading = read(state.sentences, examined_organ(state.sentences))
    return doc


@Language.component("reportsup_findings")
def _findings(doc: Doc) -> Doc:
    state = _state(doc)
    state.candidates = merge(candidates(state.reading.mentions))
    apply_known_disease(state.candidates, state.sentences)
    state.findings, state.quarantined = ground(state.candidates, state.text)
    with_lesion = {c.organ for c in state.candidates}
    state.negative_organs = collect(state.reading.sentences, state.reading.mentions) - with_lesion
    spans = []
    for finding in state.findings:
        span = doc.char_span(finding.anchor.start, finding.anchor.end, label=finding.organ, alignment_mode="expand")
        if span is not None:
            span._.finding = finding
            spans.append(span)
    doc.spans["findings"] = spans
    return doc
