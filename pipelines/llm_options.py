"""What a user says about the language model → the extractor that reads with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..nlp.extractor import Extractor
from ..schemas import ConfigError
from .backends import ExtractorSpec, make_extractor

LLM_BACKENDS = ("transformers", "openai", "hybrid")


@dataclass(frozen=True)
class LlmOptions:
    """The command line's options on language models; None = the backend's default.

    Attributes:
        llm: for `hybrid`, who reads what the rules are unsure of: "openai" or "transformers".
        extra_body: further fields of every request, a JSON object.
        read_batch: file of answers to a batch, read in place of asking a server.
    """

    model: str | None = None
    llm: str = "openai"
    base_url: str | None = None
    api_key_env: str | None = None
    batch_size: int | None = None
    concurrency: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    extra_body: str | None = None
    repair: bool = False
    budget: int | None = None
    timeout_s: float | None = None
    read_batch: Path | None = None


def llm_spec(
    backend: str, options: LlmOptions, rules_dir: Path | None = None, reader: Path | None = None
) -> ExtractorSpec:
    """The extractor of a backend that uses a language model; `rules_dir` and `reader` are the hybrid's.

    Raises:
        ConfigError: no model is named, or an option does not go with the backend.
    """
    if backend not in LLM_BACKENDS:
        raise ConfigError(f"backend: '{backend}' vs one of {', '.join(LLM_BACKENDS)}. It reads with no language model.")
    if not options.model:
        raise ConfigError(f"--model: none vs a model's name or folder. Backend {backend} needs one. Name it.")
    if backend == "hybrid":
        llm = options.llm if options.llm in ("openai", "transformers") else ""
        if not llm:
            raise ConfigError(f"--llm: '{options.llm}' vs openai or transformers. Name one of them.")
        inner = llm_spec(llm, options)
        nested = {"llm_backend": inner.backend, "llm_options": inner.options, "llm_budget": options.budget}
        return ExtractorSpec("hybrid", {**nested, "rules_dir": rules_dir, "reader": reader})
    if backend == "transformers":
        return ExtractorSpec("transformers", _given(model=options.model, repair=options.repair, **_local(options)))
    if options.read_batch is not None:
        chosen = _chat(options)
        return ExtractorSpec("batch", {"model": options.model, "answers": options.read_batch, "options": chosen})
    return ExtractorSpec("openai", _given(model=options.model, repair=options.repair, **_remote(options)))


def batch_writer_spec(options: LlmOptions) -> ExtractorSpec:
    """The extractor that writes a batch's requests."""
    if not options.model:
        raise ConfigError("--model: none vs the server's name of the model. A request names its model. Name one.")
    return ExtractorSpec("batch", {"model": options.model, "options": _chat(options)})


def make_hybrid(
    llm_backend: str,
    llm_options: Mapping[str, Any],
    llm_budget: int | None = None,
    rules_dir: Path | None = None,
    reader: Path | None = None,
) -> Extractor:
    """The hybrid extractor with a language model of a backend."""
    from ..nlp.llm.hybrid import HybridExtractor

    def make() -> Any:
        return make_extractor(llm_backend, **llm_options)

    return HybridExtractor(make, llm_budget=llm_budget, rules_dir=rules_dir, reader=reader)


def _local(options: LlmOptions) -> dict[str, Any]:
    return {
        "batch_size": options.batch_size,
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "timeout_s": options.timeout_s,
    }


def _remote(options: LlmOptions) -> dict[str, Any]:
    return {
        "base_url": options.base_url,
        "api_key_env": options.api_key_env,
        "concurrency": options.concurrency,
        "options": _chat(options),
    }


def _chat(options: LlmOptions) -> Any:
    try:
        from ..nlp.llm.chat import ChatOptions
    except ImportError as error:
        raise ConfigError(
            f"backend: openai cannot be loaded ({error}) vs an installed module. "
            "The language-model backends need `pip install 'reportsup[llm]'`."
        ) from error
    given = {"max_tokens": options.max_tokens, "temperature": options.temperature, "timeout_s": options.timeout_s}
    return ChatOptions(**_given(**given), extra_body=_body(options.extra_body))


def _body(text: str | None) -> dict[str, Any]:
    try:
        body = json.loads(text or "{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ConfigError("--extra-body: no JSON object vs one, e.g. '{\"top_k\": 20}'. Correct it.")
    return body


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given: a backend's own defaults stand for the others."""
    return {name: value for name, value in options.items() if value is not None}
