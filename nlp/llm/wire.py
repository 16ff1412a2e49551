"""What a model is asked to answer: evidence first, numbers as the report writes them."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ...schemas import Certainty, Laterality, LesionType, Organ, SizeBound

MAX_FINDINGS = 40


def _no_number(name: str) -> float:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    return value if abs(value) < float("inf") else _no_number(digits)


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)  # NaN and 1e999 are no JSON
_THINKING = re.compile(r"^.*?</think>", re.S)
_OPEN_THINKING = re.compile(r"^\s*<think>", re.S)
_FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*(?:```\s*)?$", re.S)


class _Wire(BaseModel):
    """No lengths or patterns of strings: engines disagree on them, some then write invalid JSON. Grounding checks."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LlmFinding(_Wire):
    """One lesion, or one group of lesions, as the model writes it; the order of the fields is the order of writing."""

    evidence: tuple[str, ...] = Field(min_length=1, max_length=4)
    organ: Organ
    laterality: Laterality | None
    location: tuple[str, ...] = Field(max_length=8)
    type: LesionType
    certainty: Certainty
    count: int | None
    count_min: int
    sizes: tuple[str, ...] = Field(max_length=10)
    size_bound: SizeBound | None
    prior_sizes: tuple[str, ...] = Field(max_length=10)


class LlmNegative(_Wire):
    """An organ that the report calls normal or free of lesions."""

    evidence: str
    organ: Organ


class LlmAnswer(_Wire):
    """The whole answer."""

    findings: tuple[LlmFinding, ...] = Field(max_length=MAX_FINDINGS)
    negative_organs: tuple[LlmNegative, ...] = Field(max_length=len(Organ))


@cache
def answer_schema() -> dict[str, Any]:
    """JSON schema of an answer: self-contained, without titles and descriptions."""
    raw = LlmAnswer.model_json_schema()
    schema: dict[str, Any] = _inlined(raw, raw.get("$defs", {}))
    return schema


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    # A property may be called "title"; an annotation of that name has a string as its value.
    skipped = {"$defs"} | {key for key in ("title", "description", "default") if not isinstance(node.get(key), dict)}
    return {key: _inlined(value, definitions) for key, value in node.items() if key not in skipped}


class UnreadableAnswerError(ValueError):
    """An answer that is not what was asked for; the message holds no report text."""


@dataclass(frozen=True)
class RawAnswer:
    """An answer as read from JSON, its items not validated yet.

    Attributes:
        truncated: the answer ended early; the items are the complete ones before its end.
    """

    findings: list[Any] = field(default_factory=list)
    negative_organs: list[Any] = field(default_factory=list)
    truncated: bool = False


def parse_answer(content: str) -> RawAnswer:
    """The items of an answer; of one that ends early, the items that are complete.

    Raises:
        UnreadableAnswerError: it is no JSON object with a list of findings. An answer without a list is not the same
            as an answer that says there are none.
    """
    text = _without_thinking(content)
    fenced = _FENCE.match(text)
    text = (fenced.group(1) if fenced else text).strip()
    if not text:
        raise UnreadableAnswerError("the answer is empty")
    try:
        data = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return _salvaged(text)
    if not isinstance(data, dict) or not isinstance(data.get("findings"), list):
        raise UnreadableAnswerError("the answer is JSON without a list of findings")
    negatives = data.get("negative_organs", [])
    if not isinstance(negatives, list) or set(data) - {"findings", "negative_organs"}:
        raise UnreadableAnswerError("the answer is JSON of another shape than the schema's")
    return RawAnswer(data["findings"], negatives)


def _without_thinking(content: str) -> str:
    if "</think>" in content:
        return _THINKING.sub("", content, count=1)
    if _OPEN_THINKING.match(content):
        raise UnreadableAnswerError("the answer ended while the model was thinking")
    return content


def _salvaged(text: str) -> RawAnswer:
    opening = re.match(r'\{\s*"findings"\s*:\s*\[', text)
    if not opening:
        raise UnreadableAnswerError("the answer is not JSON of the schema's shape")
    findings, position = _complete_items(text, opening.end())
    negatives: list[Any] = []
    follows = re.compile(r'\s*\]\s*,\s*"negative_organs"\s*:\s*\[').match(text, position)
    if follows:
        negatives, _ = _complete_items(text, follows.end())
    if not findings and not follows:
        raise UnreadableAnswerError("the answer was cut off before its first finding was complete")
    return RawAnswer(findings, negatives, truncated=True)


def _complete_items(text: str, position: int) -> tuple[list[Any], int]:
    """The complete JSON values of a list from `position` on, and where they end."""
    items: list[Any] = []
    gap = re.compile(r"[\s,]*")
    while True:
        start = gap.match(text, position).end()  # type: ignore[union-attr]
        if text[start : start + 1] != "{":
            return items, position
        try:
            item, position = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            return items, position
        items.append(item)
