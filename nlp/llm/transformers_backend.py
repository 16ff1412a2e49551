"""Extraction by a local model through transformers, its answers bound to the schema while they are written."""

import hashlib
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList, StoppingCriteriaList
from transformers.utils import logging as transformers_logging

from ...schemas import BackendError, Extraction
from .constrained import Grammar
from .prompting import Message
from .reader import VERSION, Answer, AnswerReader, Heartbeat, failed
from .stopping import ANSWER_TOKENS, Limits, answer_tokens
from .wire import answer_schema

Item = tuple[str, str]  # report id, text
_BATCHES_AT_ONCE = 8  # sorted by length together, so that a batch pads little


class TransformersExtractor:
    """Reads reports in batches with a model of this machine; nothing is downloaded.

    Args:
        model: folder, GGUF file, or the name of a model that is in the local cache.
        batch_size: reports generated together; None = 8 on a GPU, one on a CPU, so that each is done by itself.
        max_tokens: of an answer; a short report's has fewer.
        timeout_s: what is not written by then, of a batch, is a recorded failure.
        repair: show a model what was rejected in its answer, once.
        device, dtype: "auto" = all GPUs in bfloat16, else the CPU in float32.
        temperature: 0 = the most probable token; otherwise sampled with `seed`.

    Raises:
        BackendError: there is no such model here, or it cannot be loaded.

    Attributes:
        heartbeat: called about every second while an answer is written.
    """

    name = "transformers"
    version = VERSION
    heartbeat: Heartbeat | None = None

    def __init__(
        self,
        model: str,
        *,
        batch_size: int | None = None,
        max_tokens: int = 4096,
        timeout_s: float = 300.0,
        repair: bool = False,
        device: str = "auto",
        dtype: str = "auto",
        temperature: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._reader = AnswerReader()
        self._max_tokens, self._timeout_s, self._repair = max_tokens, timeout_s, repair
        self._temperature, self._seed = temperature, seed
        self.tokenizer, self.model = _load(model, device, dtype)
        self._batch_size = batch_size or (1 if self.model.device.type == "cpu" else 8)
        self._grammar = Grammar(self.tokenizer, answer_schema(), _end_tokens(self.tokenizer, self.model))
        self.config: dict[str, Any] = {
            **self._reader.config,
            "model": _identity(model, self.model),
            "dtype": str(self.model.dtype),
            "temperature": temperature,
            "seed": seed,
            "max_tokens": max_tokens,
            "answer_tokens": ANSWER_TOKENS,
            "repair": repair,
        }

    def extract(self, report_id: str, text: str) -> Extraction:
        """Findings of one report."""
        return next(iter(self.extract_many([(report_id, text)])))

    def extract_many(self, items: Iterable[Item]) -> Generator[Extraction]:
        """Extractions, batch by batch; reports of similar length are generated together."""
        source = iter(items)
        while window := list(islice(source, _BATCHES_AT_ONCE * self._batch_size)):
            window.sort(key=lambda item: len(item[1]))
            for first in range(0, len(window), self._batch_size):
                yield from self._batch(window[first : first + self._batch_size])

    def _batch(self, items: list[Item]) -> Iterator[Extraction]:
        deadline = time.monotonic() + self._timeout_s
        fitting: list[tuple[str, str, _Asked]] = []
        for report_id, text in items:
            asked = self._asked(text, self._reader.messages(text))
            if self._fits(asked):
                fitting.append((report_id, text, asked))
            else:
                yield failed(report_id, "the report exceeds the model's context")
        answers = [[a] for a in self._generate([asked for _, _, asked in fitting], deadline)] if fitting else []
        if self._repair:
            self._mend([text for _, text, _ in fitting], answers, deadline)
        for (report_id, text, _), own in zip(fitting, answers, strict=True):
            written = [answer for answer in own if not answer.late]
            if written:
                yield self._reader.read(report_id, text, written)
            else:
                details = {"completion_tokens": own[0].completion_tokens}
                yield failed(report_id, f"took longer than {self._timeout_s:g} s", own[0].seconds, details)

    def _mend(self, texts: list[str], answers: list[list[Answer]], deadline: float) -> None:
        wanted = [
            (i, self._reader.repair(text, answers[i][0])) for i, text in enumerate(texts) if not answers[i][0].late
        ]
        mending = [(i, self._asked(texts[i], messages)) for i, messages in wanted if messages]
        mending = [(i, asked) for i, asked in mending if self._fits(asked)]
        if mending:
            again = self._generate([asked for _, asked in mending], deadline)
            for (i, _), answer in zip(mending, again, strict=True):
                answers[i].append(answer)

    def _asked(self, text: str, messages: list[Message]) -> "_Asked":
        most = answer_tokens(len(self.tokenizer(text, add_special_tokens=False).input_ids))
        return _Asked(self._prompt(messages), min(most, self._max_tokens))

    def _fits(self, asked: "_Asked") -> bool:
        limit = getattr(self.model.config, "max_position_embeddings", None)
        tokens = len(self.tokenizer(asked.prompt, add_special_tokens=False).input_ids)
        return limit is None or tokens + asked.max_tokens <= limit

    def _prompt(self, messages: list[Message]) -> str:
        """The conversation in the model's own form, thinking switched off where the model can think."""
        if not self.tokenizer.chat_template:
            return "\n\n".join(m["content"] for m in messages) + "\n"
        options: dict[str, Any] = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
        try:
            prompt = self.tokenizer.apply_chat_template(messages, **options)
        except Exception:  # templates without a system role raise their own errors
            merged = {"role": "user", "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
            prompt = self.tokenizer.apply_chat_template([merged, *messages[2:]], **options)
        return f"{prompt}\n</think>\n\n" if prompt.rstrip().endswith("<think>") else str(prompt)

    @torch.inference_mode()
    def _generate(self, asked: "list[_Asked]", deadline: float) -> list[Answer]:
        started = time.perf_counter()
        if self.heartbeat is not None:
            self.heartbeat(0, 0.0)
        inputs = self.tokenizer([a.prompt for a in asked], return_tensors="pt", padding=True, add_special_tokens=False)
        inputs = inputs.to(self.model.device)
        sampling: dict[str, Any] = {"do_sample": False, "temperature": None, "top_k": None, "top_p": None}
        if self._temperature:
            torch.manual_seed(self._seed)
            sampling = {"do_sample": True, "temperature": self._temperature, "top_k": 0, "top_p": 1.0}
        limits = Limits(inputs["input_ids"].shape[1], [a.max_tokens for a in asked], deadline, self.heartbeat)
        output = self.model.generate(
            **{name: inputs[name] for name in ("input_ids", "attention_mask")},
            max_new_tokens=max(a.max_tokens for a in asked),
            logits_processor=LogitsProcessorList([self._grammar.processor(len(asked))]),
            stopping_criteria=StoppingCriteriaList([limits]),
            pad_token_id=self.tokenizer.pad_token_id,
            **sampling,
        )
        seconds = (time.perf_counter() - started) / len(asked)
        width = inputs["input_ids"].shape[1]
        ends = set(_end_tokens(self.tokenizer, self.model))
        return [
            self._answer(row[width:].tolist(), int(mask.sum()), ends, seconds, limits.stopped.get(i))
            for i, (row, mask) in enumerate(zip(output, inputs["attention_mask"], strict=True))
        ]

    def _answer(
        self, tokens: list[int], prompt_tokens: int, ends: set[int], seconds: float, stopped: tuple[str, int] | None
    ) -> Answer:
        why, length = stopped or ("", len(tokens))
        tokens = tokens[:length]
        stop = next((i for i, token in enumerate(tokens) if token in ends), None)
        written = tokens if stop is None else tokens[:stop]
        content = self.tokenizer.decode(written, skip_special_tokens=True)
        late = stop is None and why == "time limit"
        return Answer(content, prompt_tokens, len(written), stop is not None, seconds, late)


@dataclass(frozen=True)
class _Asked:
    """A prompt and the most tokens of its answer."""

    prompt: str
    max_tokens: int


def _load(model: str, device: str, dtype: str) -> tuple[Any, Any]:
    transformers_logging.disable_progress_bar()
    on_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    kind = (torch.bfloat16 if on_gpu else torch.float32) if dtype == "auto" else getattr(torch, dtype)
    placed = {"device_map": "auto"} if on_gpu and device == "auto" else {}
    where, gguf = _place(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, local_files_only=True, padding_side="left", **gguf)
        network: Any = AutoModelForCausalLM.from_pretrained(where, local_files_only=True, dtype=kind, **placed, **gguf)
    except ImportError as error:
        raise BackendError(
            f"language model: '{model}' needs a package that is not installed ({error.name or 'gguf'}) vs installed. "
            "Run `pip install 'reportsup[llm]'`."
        ) from error
    except (OSError, ValueError, KeyError) as error:
        what = "cannot be loaded" if Path(model).exists() else "is no folder here and not in the local cache"
        raise BackendError(
            f"language model: '{model}' {what} ({type(error).__name__}) vs a model folder of transformers or a "
            "GGUF file. reportsup downloads nothing by itself. Fetch it with "
            f"`hf download {model} --local-dir models/llm` and name the folder with --model."
        ) from error
    if not placed:
        network = network.to("cpu" if device == "auto" else device)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer, network.eval()


def _place(model: str) -> tuple[str, dict[str, str]]:
    """Folder or name of a model, and what tells its loader of a GGUF file."""
    path = Path(model)
    if path.suffix.lower() == ".gguf":
        return str(path.parent), {"gguf_file": path.name}
    return model, {}


def _end_tokens(tokenizer: Any, model: Any) -> list[int]:
    """All tokens that end an answer: the tokenizer's, and what the model's own generation settings add."""
    configured = model.generation_config.eos_token_id
    more = configured if isinstance(configured, list) else [configured]
    return list(dict.fromkeys(t for t in [tokenizer.eos_token_id, *more] if t is not None))


def _identity(name: str, model: Any) -> str:
    """Name and revision of a model; of files without a revision, a hash of their sizes and ends."""
    revision = getattr(model.config, "_commit_hash", None)
    place = Path(name)
    files = [place] if place.is_file() else sorted([*place.glob("*.safetensors"), *place.glob("*.bin")])
    if revision or not place.exists():
        return f"{name}@{revision}"
    digest = hashlib.sha256(b"" if place.is_file() else model.config.to_json_string().encode())
    for path in files:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2**20))
            digest.update(f"{path.name}{path.stat().st_size}".encode() + file.read())
    return f"{place.resolve().name}@{digest.hexdigest()[:16]}"
