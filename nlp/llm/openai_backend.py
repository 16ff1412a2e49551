"""Extraction by any OpenAI-compatible server; vLLM is the tested case (docs/how-to/llm.md)."""

import asyncio
import os
import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from typing import Any

from ...schemas import BackendError, Extraction
from .chat import ChatClient, ChatOptions, RequestFailedError, cancel
from .reader import VERSION, Answer, AnswerReader, failed
from .wire import UnreadableAnswerError, parse_answer

Item = tuple[str, str]  # report id, text


def openai_config(reader: AnswerReader, model: str, options: ChatOptions, repair: bool) -> dict[str, Any]:
    """What decides the answers; not the address, the number of connections or the patience."""
    return {
        **reader.config,
        "model": model,
        "temperature": options.temperature,
        "max_tokens": options.max_tokens,
        "seed": options.seed,
        "extra_body": options.extra_body,
        "repair": repair,
    }


class OpenAIExtractor:
    """Reads reports through a server, many at a time, never holding more than twice `concurrency` of them.

    Args:
        model: the server's name of the model.
        base_url: the API's root.
        api_key_env: environment variable that holds the key; unset is fine for a server without keys.
        concurrency: requests in flight.
        repair: show a model what was rejected in its answer, once.
        self_test: before the first report, ask for one of the prompt's examples and check that the schema is obeyed.
    """

    name = "openai"
    version = VERSION

    def __init__(
        self,
        model: str,
        base_url: str = "http://localhost:8000/v1",
        *,
        api_key_env: str = "OPENAI_API_KEY",
        concurrency: int = 64,
        repair: bool = False,
        self_test: bool = True,
        options: ChatOptions | None = None,
    ) -> None:
        self._reader = AnswerReader()
        self._model, self._base_url, self._api_key_env = model, base_url, api_key_env
        self._concurrency, self._repair = concurrency, repair
        self._options = options or ChatOptions()
        self._tested = not self_test
        self.config = openai_config(self._reader, model, self._options, repair)

    def extract(self, report_id: str, text: str) -> Extraction:
        """Findings of one report."""
        return next(iter(self.extract_many([(report_id, text)])))

    def check(self) -> None:
        """Ask for one of the prompt's examples, once.

        Raises:
            BackendError: the server is gone or does not obey the schema.
        """
        if not self._tested:
            asyncio.run(self._checked())
            self._tested = True

    async def _checked(self) -> None:
        client = self._client()
        try:
            await self._self_test(client)
        finally:
            await client.close()

    def _client(self) -> ChatClient:
        key = os.environ.get(self._api_key_env)
        return ChatClient(self._base_url, key, self._model, self._options, self._concurrency)

    def extract_many(self, items: Iterable[Item]) -> Generator[Extraction]:
        """Extractions in the order of their answers. Items are drawn, in this thread, only as answers come in.

        Raises:
            BackendError: the self-test failed, or the server refuses us or is gone.
        """
        with closing(_Requests(self._session_of_requests)) as requests:
            waiting = 0
            for item in items:
                requests.submit(item)
                waiting += 1
                while waiting >= 2 * self._concurrency or requests.has_answer():
                    yield requests.take()
                    waiting -= 1
            while waiting:
                yield requests.take()
                waiting -= 1

    async def _session_of_requests(self, inbox: "asyncio.Queue[Item]", outbox: "queue.SimpleQueue[Any]") -> None:
        """Serve the inbox until cancelled."""
        client = self._client()
        workers: set[asyncio.Task[None]] = set()
        try:
            first = await inbox.get()
            if not self._tested:
                await self._self_test(client)
                self._tested = True
            await inbox.put(first)
            workers = {asyncio.create_task(self._serve(client, inbox, outbox)) for _ in range(self._concurrency)}
            done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            await cancel(workers)
            await client.close()

    async def _serve(self, client: ChatClient, inbox: "asyncio.Queue[Item]", outbox: "queue.SimpleQueue[Any]") -> None:
        while True:
            report_id, text = await inbox.get()
            outbox.put(await self._one(client, report_id, text))

    async def _one(self, client: ChatClient, report_id: str, text: str) -> Extraction:
        answers: list[Answer] = []
        try:
            answers.append(await client.ask(self._reader.messages(text)))
            if self._repair and (mending := self._reader.repair(text, answers[0])):
                answers.append(await client.ask(mending))
        except RequestFailedError as error:
            if not answers:
                return failed(report_id, str(error))
        try:
            return self._reader.read(report_id, text, answers)
        except Exception as error:  # one answer must not end the run
            return failed(report_id, f"{type(error).__name__} while reading the answer")

    async def _self_test(self, client: ChatClient) -> None:
        offered = await client.models()
        if offered and self._model not in offered:
            raise BackendError(
                f"language model: '{self._model}' vs {', '.join(sorted(offered)[:10])} at {self._base_url}. "
                "The server does not offer it. Name one of them with --model."
            )
        try:
            answer = await client.ask(self._reader.messages(self._reader.prompt.examples[0][0]))
            parsed = parse_answer(answer.content)
        except (RequestFailedError, UnreadableAnswerError) as error:
            raise BackendError(
                f"language model: the self-test at {self._base_url} failed ({error}) vs an answer of the schema. "
                "No report was sent. Check --base-url, --model, and that the server obeys response_format."
            ) from None
        if parsed.truncated:
            raise BackendError(
                f"language model: the self-test's answer ended at {self._options.max_tokens} tokens vs a complete one. "
                "Reports would lose findings. Raise --max-tokens, or switch off the model's thinking "
                "(docs/how-to/llm.md)."
            )


class _Requests:
    """An event loop in a thread of its own: requests go on while the caller writes to the database."""

    def __init__(self, serve: Any) -> None:
        self._inbox: asyncio.Queue[Item] = asyncio.Queue()
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(serve(self._inbox, self._outbox))
        self._task.add_done_callback(self._ended)
        self._thread = threading.Thread(target=self._run, name="reportsup-llm", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(asyncio.wait([self._task]))
        finally:
            self._loop.close()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._outbox.put(task.exception())

    def submit(self, item: Item) -> None:
        """Hand over a report."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._inbox.put_nowait, item)

    def has_answer(self) -> bool:
        """Whether an answer waits to be taken."""
        return not self._outbox.empty()

    def take(self) -> Extraction:
        """The next answer; waits for it."""
        answer = self._outbox.get()
        if isinstance(answer, BaseException):
            raise answer
        extraction: Extraction = answer
        return extraction

    def close(self) -> None:
        """Give up what is in flight and end the thread."""
        if self._thread.is_alive() and not self._loop.is_closed():
            with suppress(RuntimeError):  # it may end by itself between the two lines
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
