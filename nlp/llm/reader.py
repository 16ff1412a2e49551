"""From a model's answer to an extraction: the part that all language-model backends share."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...schemas import Extraction, ExtractionStatus
from ..extractor import as_far_as_readable
from ..language import readability
from ..rule_files import load_rules
from .grounding import Grounded, Grounder
from .prompting import Message, check_examples, load_prompt, schema_hash
from .wire import RawAnswer, UnreadableAnswerError, parse_answer

VERSION = "2"
Heartbeat = Callable[[int, float], None]  # tokens of the answer so far, tokens per second of all that are written


@dataclass(frozen=True)
class Answer:
    """What a model wrote.

    Attributes:
        complete: False when it ran into its token limit or repeated itself.
        late: the time was over before it ended: nothing of it counts.
    """

    content: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    complete: bool = True
    seconds: float = 0.0
    late: bool = False


class AnswerReader:
    """Prompts for reports and reads the answers; knows nothing of where a model runs.

    Raises:
        ConfigError: an example of the prompt fails the checks that answers must pass.
    """

    def __init__(self) -> None:
        self.prompt = load_prompt()
        self._rules = load_rules()
        self._grounder = Grounder(self._rules)
        check_examples(self.prompt, self._grounder)

    @property
    def config(self) -> dict[str, Any]:
        """What of an extractor's configuration is the same for every backend."""
        return {
            "prompt": self.prompt.content_hash,
            "schema": schema_hash(),
            "rules_hash": self._rules.content_hash,
        }

    def messages(self, text: str) -> list[Message]:
        """The conversation that asks for a report's findings."""
        return self.prompt.messages(text)

    def read(self, report_id: str, text: str, answers: list[Answer]) -> Extraction:
        """The extraction of an answer, or of the best one after repairs (the later of two equally good ones)."""
        read = [self._grounded(text, answer) for answer in answers]
        best = min(range(len(read)), key=lambda i: (_badness(read[i]), -i))
        raw, grounded, reason = read[best]
        details: dict[str, Any] = {
            "prompt_tokens": sum(a.prompt_tokens for a in answers),
            "completion_tokens": sum(a.completion_tokens for a in answers),
        }
        if len(answers) > 1:
            details["repairs"] = len(answers) - 1
        seconds = sum(a.seconds for a in answers)
        if grounded is None or raw is None:
            return failed(report_id, reason or "the answer is unreadable", seconds, details)
        details |= _account(raw, grounded)
        extraction = Extraction.answered(
            report_id,
            grounded.findings,
            grounded.quarantined,
            negative_organs=tuple(grounded.negative_organs),
            review_reasons=_review_reasons(raw, grounded),
            seconds=seconds,
            details_json=json.dumps(details),
        )
        return as_far_as_readable(extraction, readability(text))

    def repair(self, text: str, answer: Answer) -> list[Message] | None:
        """The conversation that asks to mend an answer, None when nothing is wrong with it."""
        raw, grounded, reason = self._grounded(text, answer)
        if grounded is None or raw is None:
            complaints = [reason or "the answer is unreadable"]
        else:
            complaints = [f"{q.reason}: {q.finding_json}" for q in grounded.quarantined]
        return self.prompt.repair_messages(text, answer.content, complaints) if complaints else None

    def _grounded(self, text: str, answer: Answer) -> tuple[RawAnswer | None, Grounded | None, str | None]:
        try:
            raw = parse_answer(answer.content)
        except UnreadableAnswerError as error:
            return None, None, str(error) if answer.complete else f"{error}; the token limit was reached"
        return raw, self._grounder.ground(text, raw), None


def failed(report_id: str, reason: str, seconds: float = 0.0, details: dict[str, Any] | None = None) -> Extraction:
    """A recorded failure: the next run tries the report again."""
    return Extraction(
        report_id=report_id,
        status=ExtractionStatus.ERROR,
        reason=reason,
        seconds=seconds,
        details_json=json.dumps(details or {}),
    )


def _badness(read: tuple[RawAnswer | None, Grounded | None, str | None]) -> tuple[int, int]:
    raw, grounded, _ = read
    if grounded is None or raw is None:
        return (2, 0)
    return (int(raw.truncated), len(grounded.quarantined))


def _review_reasons(raw: RawAnswer, grounded: Grounded) -> tuple[str, ...]:
    checks = {"truncated_answer": raw.truncated, "quarantined_finding": bool(grounded.quarantined)}
    return tuple(code for code, unsure in checks.items() if unsure)


def _account(raw: RawAnswer, grounded: Grounded) -> dict[str, Any]:
    account = {
        "truncated": raw.truncated,
        "repeated_items": grounded.repeated,
        "inexact_quotes": grounded.inexact_quotes,
        "ungrounded_negatives": grounded.ungrounded_negatives,
    }
    return {name: value for name, value in account.items() if value}
