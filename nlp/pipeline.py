"""The reader as spaCy components, for spaCy and medspaCy pipelines.

    reportsup_recognise → reportsup_decide → reportsup_compose

Each reads and writes `doc._.reportsup` (a `ReportState`), whose offsets are the report's characters. The last one makes
spaCy spans: `doc.spans["findings"]`, labelled by organ, with `span._.finding`. The components need no other one and
disturb none; what replaces medspaCy's own, and why, is told in docs/explanation/reader.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from ..schemas import Finding
from .explain import decided_by
from .grounding import ground
from .medspacy_rules import from_medspacy
from .reader import Reader, Reading
from .reader_files import load_reader
from .spans import Sentence

COMPONENTS = ("reportsup_recognise", "reportsup_decide", "reportsup_compose")
MAX_REPORT_CHARACTERS = 20_000_000


@dataclass
class ReportState:
    """What the components have read of one report so far."""

    text: str
    sentences: Sequence[Sentence] = ()
    reading: Reading = field(default_factory=lambda: Reading([]))
    findings: list[Finding] = field(default_factory=list)
    quarantined: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def load(rules_dir: Path | None = None, reader: Path | None = None) -> Language:
    """A blank English pipeline with all components.

    Args:
        rules_dir: a folder with rule files of the user's own.
        reader: a folder with weights of the user's own.

    >>> doc = load()("KIDNEYS: 2 cm cyst in the left upper pole.")
    >>> doc._.reportsup.findings[0].laterality
    <Laterality.LEFT: 'left'>
    """
    nlp = spacy.blank("en")
    nlp.max_length = MAX_REPORT_CHARACTERS
    add_components(nlp, rules_dir, reader)
    return nlp


def add_components(nlp: Language, rules_dir: Path | None = None, reader: Path | None = None) -> None:
    """Add all components at the end of a pipeline, of medspaCy's for example."""
    config = {"rules_dir": str(rules_dir) if rules_dir else None, "reader": str(reader) if reader else None}
    for name in COMPONENTS:
        nlp.add_pipe(name, config=config)


class Recogniser:
    """Sentences of a report with all that is recognised in them; medspaCy's rules can be added."""

    def __init__(self, rules_dir: Path | None, reader: Path | None) -> None:
        self._reader = load_reader(reader, rules_dir).reader

    def add(self, rules: Iterable[Any], categories: dict[str, str] | None = None) -> None:
        """Recognise by medspaCy's TargetRules, ConTextRules and SectionRules, too.

        Args:
            rules: medspaCy's objects.
            categories: theirs → ours, e.g. {"TUMOR": "LESION"}; equal ones and medspaCy's own need not be named.

        Raises:
            ConfigError: a rule says what reportsup cannot follow.
        """
        extended = self._reader.rules.extended("rules of medspaCy", from_medspacy(rules, categories))
        self._reader = Reader(extended, self._reader.weights)

    def __call__(self, doc: Doc) -> Doc:
        state = doc._.reportsup = ReportState(doc.text)
        state.sentences = self._reader.recognise(state.text)
        return doc


def _folders(rules_dir: str | None, reader: str | None) -> tuple[Path | None, Path | None]:
    if not Doc.has_extension("reportsup"):
        Doc.set_extension("reportsup", default=None)
        Span.set_extension("finding", default=None)
    return Path(rules_dir) if rules_dir else None, Path(reader) if reader else None


_OPTIONS = {"rules_dir": None, "reader": None}


@Language.factory("reportsup_recognise", default_config=_OPTIONS)
def _make_recognise(nlp: Language, name: str, rules_dir: str | None, reader: str | None) -> Recogniser:
    return Recogniser(*_folders(rules_dir, reader))


@Language.factory("reportsup_decide", default_config=_OPTIONS)
def _make_decide(nlp: Language, name: str, rules_dir: str | None, reader: str | None) -> Any:
    mine, weights = _folders(rules_dir, reader)
    chosen = load_reader(weights, mine).reader

    def decide(doc: Doc) -> Doc:
        state: ReportState = doc._.reportsup
        state.reading = chosen.decide(state.sentences)
        return doc

    return decide


@Language.factory("reportsup_compose", default_config=_OPTIONS)
def _make_compose(nlp: Language, name: str, rules_dir: str | None, reader: str | None) -> Any:
    mine, weights = _folders(rules_dir, reader)
    chosen = load_reader(weights, mine).reader

    def compose(doc: Doc) -> Doc:
        state: ReportState = doc._.reportsup
        reading = chosen.conclude(state.reading)
        state.findings, state.quarantined = ground(
            reading.drafts, state.text, lambda draft: decided_by(draft, reading, chosen.weights)
        )
        doc.spans["findings"] = [span for finding in state.findings if (span := _span(doc, finding)) is not None]
        return doc

    return compose


def _span(doc: Doc, finding: Finding) -> Span | None:
    span = doc.char_span(finding.anchor.start, finding.anchor.end, label=finding.organ, alignment_mode="expand")
    if span is not None:
        span._.finding = finding
    return span
