"""One request to an OpenAI-compatible server, with its retries: what is worth retrying and what stops the run."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ...schemas import BackendError
from ...schemas.json_text import parse_json
from .prompting import Message
from .reader import Answer
from .wire import answer_schema

_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_FATAL = frozenset({401, 403, 404})


@dataclass(frozen=True)
class ChatOptions:
    """What is asked for and how patiently.

    Attributes:
        temperature, max_tokens, seed, extra_body: shape the answers (`extra_body`: further fields of the request, e.g.
            {"chat_template_kwargs": {"enable_thinking": false}} for vLLM).
        timeout_s: of one attempt; attempts: of one request; max_wait_s: longest pause between two attempts.
        tolerated_failures: so many refusals (401, 403, 404) or unreachable servers in a row end the run.
    """

    temperature: float = 0.0
    max_tokens: int = 4096
    seed: int = 0
    extra_body: dict[str, Any] = field(default_factory=dict)
    timeout_s: float = 300.0
    attempts: int = 6
    max_wait_s: float = 60.0
    tolerated_failures: int = 8


class RequestFailedError(Exception):
    """A request that got no answer; the message holds the server's status, never a text."""


class _TransientError(Exception):
    """Worth another attempt. `retry_after_s`: how long the server asks to wait."""

    def __init__(self, reason: str, retry_after_s: float = 0.0, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.retry_after_s, self.unreachable = retry_after_s, unreachable


def request_body(model: str, messages: list[Message], options: ChatOptions) -> dict[str, Any]:
    """The body of a chat completion request that is bound to the answer's schema."""
    form = {"name": "findings", "schema": answer_schema(), "strict": True}
    return {
        "model": model,
        "messages": messages,
        "temperature": options.temperature,
        "max_tokens": options.max_tokens,
        "seed": options.seed,
        "response_format": {"type": "json_schema", "json_schema": form},
        **options.extra_body,
    }


def answer_of(body: Any, seconds: float = 0.0) -> Answer:
    """The answer in a chat completion.

    Raises:
        RequestFailedError: it is no chat completion.
    """
    try:
        choice = body["choices"][0]
        content = choice["message"]["content"] or ""
        usage = body.get("usage") or {}
        asked, written = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        if not isinstance(content, str):
            raise TypeError
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise RequestFailedError("the server's answer is no chat completion") from None
    return Answer(content, asked, written, choice.get("finish_reason") != "length", seconds)


class ChatClient:
    """Sends requests over one session. Lives inside an event loop.

    Args:
        url: of the API's root, e.g. "http://localhost:8000/v1".
        api_key: sent as a bearer token, never logged.
    """

    def __init__(self, url: str, api_key: str | None, model: str, options: ChatOptions, concurrency: int) -> None:
        self._url, self._model, self._options = url.rstrip("/"), model, options
        self._failures = 0
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=concurrency),
            timeout=aiohttp.ClientTimeout(total=options.timeout_s, sock_connect=min(30.0, options.timeout_s)),
        )
        self._backoff = wait_random_exponential(multiplier=0.5, max=options.max_wait_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def models(self) -> list[str]:
        """Names of the models that the server offers; empty when it does not tell."""
        try:
            async with self._session.get(f"{self._url}/models") as response:
                listed = await response.json() if response.status == 200 else {}
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return []
        data = listed.get("data") if isinstance(listed, dict) else None
        return [str(m.get("id")) for m in data or [] if isinstance(m, dict)]

    async def ask(self, messages: list[Message]) -> Answer:
        """The model's answer, after retries.

        Raises:
            RequestFailedError: this request failed; others may not.
            BackendError: the server refuses us, or is gone: no request will succeed.
        """
        body = json.dumps(request_body(self._model, messages, self._options)).encode()
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._options.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(_TransientError),
            reraise=True,
        )
        try:
            answer: Answer = await retrying(self._attempt, body)
        except _TransientError as error:
            if error.unreachable:
                self._count_failure(str(error))
            raise RequestFailedError(f"{error}, {self._options.attempts} times") from None
        self._failures = 0
        return answer

    async def _attempt(self, body: bytes) -> Answer:
        started = time.perf_counter()
        try:
            async with self._session.post(
                f"{self._url}/chat/completions", data=body, headers={"Content-Type": "application/json"}
            ) as response:
                raw, status, headers = await response.read(), response.status, response.headers
        except TimeoutError:
            raise _TransientError(f"no answer within {self._options.timeout_s:g} s") from None
        except aiohttp.ClientConnectorError:
            raise _TransientError("the server cannot be reached", unreachable=True) from None
        except aiohttp.ClientError as error:
            raise _TransientError(f"the connection broke ({type(error).__name__})") from None
        if status in _RETRIED:
            raise _TransientError(f"the server answered {status}", _seconds(headers.get("Retry-After")))
        if status != 200:
            if status in _FATAL:
                self._count_failure(f"the server answered {status}")
            raise RequestFailedError(f"the server answered {status}{_too_long(raw)}")
        try:
            return answer_of(parse_json(raw), time.perf_counter() - started)
        except ValueError:
            raise _TransientError("the server's answer is not JSON") from None

    def _wait(self, state: RetryCallState) -> float:
        """The server's own demand, else a random pause that grows; with jitter, so that not all come back at once."""
        error = state.outcome.exception() if state.outcome else None
        pause = self._backoff(state)
        demanded = error.retry_after_s if isinstance(error, _TransientError) else 0.0
        return min(demanded + 0.1 * pause, self._options.max_wait_s) if demanded else pause

    def _count_failure(self, reason: str) -> None:
        self._failures += 1
        if self._failures == self._options.tolerated_failures:
            raise BackendError(
                f"language model: {reason}, {self._failures} requests in a row, at {self._url} vs an answer. "
                "Nothing can be extracted. Check --base-url, --model and --api-key-env, then run it again to go on."
            )


def _seconds(header: str | None) -> float:
    try:
        return max(0.0, float(header or 0))
    except ValueError:  # a date: rare, and then our own pauses serve as well
        return 0.0


def _too_long(raw: bytes) -> str:
    return ": the report exceeds the model's context" if b"context length" in raw or b"maximum context" in raw else ""


async def cancel(tasks: set["asyncio.Task[None]"]) -> None:
    """Cancel tasks and wait until they have ended; again where a time-out at that moment swallowed the cancellation."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=1.0)
    await asyncio.gather(*tasks, return_exceptions=True)
