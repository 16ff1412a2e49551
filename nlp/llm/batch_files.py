"""Requests and answers as files in the OpenAI batch format, e.g. for `vllm run-batch`: no server, no network."""

import hashlib
import json
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from ...schemas import Extraction, InputError
from ...schemas.json_text import parse_json
from ..extractor import config_hash
from .chat import ChatOptions, RequestFailedError, answer_of, request_body
from .openai_backend import openai_config
from .reader import VERSION, AnswerReader, failed

Item = tuple[str, str]  # report id, text


class BatchExtractor:
    """Reads the answers of a batch; the same run as an `OpenAIExtractor` of the same model and parameters.

    A request's id is a hash of text, prompt, schema, model and parameters, so that an answer can only be taken for what
    was asked, in whatever order the answers stand.

    Args:
        model: the server's name of the model.
        answers: JSON lines of answers; None to write requests only.

    Raises:
        InputError: the file of answers is missing.
    """

    name = "openai"
    version = VERSION

    def __init__(self, model: str, *, answers: Path | None = None, options: ChatOptions | None = None) -> None:
        self._reader = AnswerReader()
        self._model = model
        self._options = options or ChatOptions()
        self.config = openai_config(self._reader, model, self._options, repair=False)
        self._asked = config_hash(self.config)
        self._answers = answers
        self._offsets = _offsets(answers) if answers is not None else {}

    def request_id(self, text: str) -> str:
        """Identity of the request for a report."""
        return hashlib.sha256(f"{self._asked}\x1f{text}".encode()).hexdigest()[:40]

    def requests(self, texts: Iterable[str]) -> Iterator[str]:
        """One line per distinct text."""
        written: set[str] = set()
        for text in texts:
            identity = self.request_id(text)
            if identity in written:
                continue
            written.add(identity)
            body = request_body(self._model, self._reader.messages(text), self._options)
            request = {"custom_id": identity, "method": "POST", "url": "/v1/chat/completions", "body": body}
            yield json.dumps(request)

    def extract(self, report_id: str, text: str) -> Extraction:
        """Findings of one report; status `error` when the file has no usable answer."""
        offsets = self._offsets.get(self.request_id(text), [])
        if not offsets or self._answers is None:
            return failed(report_id, "the batch holds no answer to this report")
        reason = ""
        with self._answers.open("rb") as file:
            for offset in offsets:  # an id that stands twice: the first usable answer counts
                file.seek(offset)
                line = parse_json(file.readline())
                try:
                    answer = answer_of(_body(line))
                except RequestFailedError as error:
                    reason = str(error)
                    continue
                return self._reader.read(report_id, text, [answer])
        return failed(report_id, f"the batch holds no usable answer: {reason}")

    def extract_many(self, items: Iterable[Item]) -> Generator[Extraction]:
        """Extractions in the order of the items."""
        for report_id, text in items:
            yield self.extract(report_id, text)


def _body(line: Any) -> Any:
    response = line.get("response") if isinstance(line, dict) else None
    if not isinstance(response, dict) or response.get("status_code") != 200:
        status = response.get("status_code") if isinstance(response, dict) else None
        raise RequestFailedError(f"the server answered {status if isinstance(status, int) else 'an error'}")
    return response.get("body")


def _offsets(path: Path) -> dict[str, list[int]]:
    """Where in the file the answers to each id begin; lines that are no JSON (of a killed batch) are passed over."""
    found: dict[str, list[int]] = {}
    try:
        with path.open("rb") as file:
            offset = 0
            for line in file:
                try:
                    identity = parse_json(line).get("custom_id")
                except (ValueError, AttributeError):
                    identity = None
                if isinstance(identity, str):
                    found.setdefault(identity, []).append(offset)
                offset += len(line)
    except OSError as error:
        raise InputError(f"batch answers: {path} cannot be read ({error.strerror}). Name the batch's output.") from None
    return found
