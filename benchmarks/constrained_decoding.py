"""Constrained against unconstrained generation by a model of random weights: valid answers, tokens per second.

usage: python benchmarks/constrained_decoding.py [--reports 200] [--batch-size 8] [--max-tokens 512] [--hidden 64]
           [--layers 2] [--vocabulary 32000] [--device auto]

A random model writes noise: what is valid is so because of the grammar. Answers that reach the token limit are cut off,
as a real model's can be; they count as valid when their complete items are, and are reported beside.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from reportsup.nlp.llm import transformers_backend
from reportsup.nlp.llm.reader import Answer
from reportsup.nlp.llm.transformers_backend import TransformersExtractor
from reportsup.nlp.llm.wire import LlmAnswer, LlmFinding, LlmNegative, UnreadableAnswerError, parse_answer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, LogitsProcessorList, PreTrainedTokenizerFast

FREE_TOKENS = 256  # unconstrained noise never ends; this much of it tells the speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=512)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--vocabulary", type=int, default=32_000)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder), arguments.hidden, arguments.layers, arguments.vocabulary)
        print(json.dumps(measure(folder, arguments)))


def measure(folder: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Validity over all reports, and tokens per second of both ways over the first batches."""
    size, limit = arguments.batch_size, arguments.max_tokens
    extractor = TransformersExtractor(
        folder, batch_size=size, max_tokens=limit, temperature=1.0, device=arguments.device
    )
    prompts = [f"Report {i}: 2 cm cyst of the liver." for i in range(arguments.reports)]
    batches = [prompts[i : i + arguments.batch_size] for i in range(0, len(prompts), arguments.batch_size)]
    answers, seconds = generated(extractor, batches)
    extractor._max_tokens = min(limit, FREE_TOKENS)
    with unconstrained():
        free, free_seconds = generated(extractor, batches[:4])
    finished = [a for a in answers if a.complete]
    return {
        "reports": len(answers),
        "finished": len(finished),
        "finished_valid": sum(valid(a) for a in finished) / max(1, len(finished)),
        "valid_with_salvaged": sum(salvaged_valid(a) for a in answers) / len(answers),
        "tokens_per_s_constrained": round(sum(a.completion_tokens for a in answers) / seconds, 1),
        "tokens_per_s_unconstrained": round(sum(a.completion_tokens for a in free) / free_seconds, 1),
        "unconstrained_valid": sum(valid(a) for a in free) / len(free),
        "device": str(extractor.model.device),
        "parameters": sum(p.numel() for p in extractor.model.parameters()),
    }


def generated(extractor: TransformersExtractor, batches: list[list[str]]) -> tuple[list[Answer], float]:
    """Answers and the seconds they took."""
    started = time.perf_counter()
    answers = [answer for batch in batches for answer in extractor._generate(batch)]
    return answers, time.perf_counter() - started


@contextmanager
def unconstrained() -> Iterator[None]:
    """The same code without the grammar."""
    constrained = transformers_backend.LogitsProcessorList
    transformers_backend.LogitsProcessorList = lambda _: LogitsProcessorList()  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        transformers_backend.LogitsProcessorList = constrained  # type: ignore[misc]


def valid(answer: Answer) -> bool:
    """Whether the whole answer fits the schema."""
    try:
        LlmAnswer.model_validate_json(answer.content)
    except ValidationError:
        return False
    return True


def salvaged_valid(answer: Answer) -> bool:
    """Whether the answer, or all that is complete of it, fits the schema; one cut off at once is a recorded failure."""
    try:
        raw = parse_answer(answer.content)
        for item in raw.findings:
            LlmFinding.model_validate_json(json.dumps(item))
        for item in raw.negative_organs:
            LlmNegative.model_validate_json(json.dumps(item))
    except UnreadableAnswerError:
        return not answer.complete
    except ValidationError:
        return False
    return True


def make_model(folder: Path, hidden: int, layers: int, size: int) -> None:
    """A Llama of random weights; its vocabulary holds all bytes and, as far as `size` allows, made-up words."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    letters = [c for c in alphabet if c.isascii() and c.isalpha()]
    pairs = [a + b for a in letters for b in letters] if size > len(alphabet) + 3 else []
    words = [a + b for a in pairs for b in pairs]
    tokens = ["<s>", "</s>", "<pad>", *alphabet, *pairs, *words[: max(0, size - 3 - len(alphabet) - len(pairs))]]
    merges = [(pair[0], pair[1]) for pair in pairs]
    merges += [(w[:2], w[2:]) for w in tokens[3 + len(alphabet) + len(pairs) :]]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokens), hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=layers,
        num_attention_heads=max(1, hidden // 64), num_key_value_heads=1, max_position_embeddings=16_384,
        bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)


if __name__ == "__main__":
    main()
