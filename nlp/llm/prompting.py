"""The prompt: a versioned file whose worked examples are checked against the schema and the validators."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ...schemas import ConfigError
from .grounding import Grounder
from .wire import LlmAnswer, UnreadableAnswerError, answer_schema, parse_answer

Message = dict[str, str]
# What ends our own tags or a turn of the conversation; "<5 mm" and "[NAME]" are none.
_TAG = re.compile(
    r"[<\[](\|[^<>|\n]{1,40}\||/?(?:report|s|bos|eos|think|start_of_turn|end_of_turn|system|user|assistant|tool_call|INST"
    r"|SYSTEM_PROMPT|TOOL_CALLS))[>\]]"
)
_EXAMPLE = re.compile(r"<report>\n(?P<report>.*?)\n</report>\n(?P<answer>\{.*?\})\s*(?=\n<report>|\n*\Z)", re.S)


@dataclass(frozen=True)
class Prompt:
    """The instructions and the examples in them (report, answer)."""

    text: str
    examples: tuple[tuple[str, str], ...]

    @property
    def content_hash(self) -> str:
        """Hash of the instructions."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def messages(self, report: str) -> list[Message]:
        """The conversation that asks for a report's findings. The instructions come first: servers cache them."""
        told = _TAG.sub(r"‹\1›", report)
        return [{"role": "system", "content": self.text}, {"role": "user", "content": f"<report>\n{told}\n</report>"}]

    def repair_messages(self, report: str, answer: str, complaints: list[str]) -> list[Message]:
        """The conversation that shows a model what is wrong with its answer."""
        listed = "\n".join(f"- {complaint}" for complaint in complaints)
        demand = (
            f"Parts of the answer were rejected:\n{listed}\n"
            "Write the whole JSON object again, corrected. Copy quotes and sizes character for character from the "
            "report; leave out what it does not say."
        )
        asked = self.messages(report)
        return [*asked, {"role": "assistant", "content": answer}, {"role": "user", "content": demand}]


@cache
def load_prompt() -> Prompt:
    """The prompt that ships with reportsup."""
    return parse_prompt((files(__package__) / "prompt.md").read_text(encoding="utf-8"))


def parse_prompt(text: str) -> Prompt:
    """A prompt and its examples (a report in <report> tags, the answer on the next line).

    Raises:
        ConfigError: there is no example.
    """
    examples = tuple((m.group("report"), m.group("answer")) for m in _EXAMPLE.finditer(text))
    if not examples:
        raise ConfigError("prompt: no example vs at least one. Models imitate examples. Restore prompt.md.")
    return Prompt(text.strip(), examples)


def check_examples(prompt: Prompt, grounder: Grounder) -> None:
    """Nothing when every example fits the schema and is grounded in its report.

    Raises:
        ConfigError: an example would teach a model what we then reject.
    """
    for number, (report, answer) in enumerate(prompt.examples, start=1):
        try:
            LlmAnswer.model_validate_json(answer)
            grounded = grounder.ground(report, parse_answer(answer))
        except (ValueError, UnreadableAnswerError) as error:
            raise ConfigError(_complaint(number, "an answer that does not fit the schema")) from error
        if grounded.quarantined or grounded.ungrounded_negatives or grounded.repeated:
            reasons = "; ".join(q.reason for q in grounded.quarantined) or "a negative organ without its quote"
            raise ConfigError(_complaint(number, reasons))


def _complaint(number: int, observed: str) -> str:
    return (
        f"prompt: example {number} has {observed} vs an answer that passes every check. "
        "Models imitate examples. Correct prompt.md."
    )


@cache
def schema_hash() -> str:
    """Hash of the wire schema."""
    return hashlib.sha256(json.dumps(answer_schema(), sort_keys=True).encode()).hexdigest()[:16]
