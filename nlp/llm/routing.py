"""Which reports the reader is unsure of, and how unsure: seen in its own answer, without any gold."""

from ...schemas import Extraction, ExtractionStatus

VERSION = "2"
_NO_ANSWER = (ExtractionStatus.ERROR, ExtractionStatus.REJECTED, ExtractionStatus.UNREADABLE)


def doubts(extraction: Extraction) -> tuple[str, ...]:
    """Codes of what makes an answer doubtful, its review reasons among them; empty = sure.

    That an organ is called free of lesions and has one is among them: one of the two is wrong.
    """
    contradiction = bool({f.organ for f in extraction.findings} & set(extraction.negative_organs))
    own = {"no_answer": extraction.status in _NO_ANSWER, "contradiction": contradiction}
    return (*(code for code, unsure in own.items() if unsure), *extraction.review_reasons)


def sureness(extraction: Extraction) -> tuple[float, int]:
    """How sure an answer is, to sort by: the expected share of right findings, then the fewer doubts the surer.

    What cannot be read at all comes last among the unsure: another reader will hardly read it either.
    """
    unsaid = 1.0 if extraction.status is ExtractionStatus.UNREADABLE else 0.0
    return (unsaid if extraction.confidence is None else extraction.confidence), -len(doubts(extraction))
