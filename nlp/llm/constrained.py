"""Generation that can only write JSON of a schema: llguidance's masks as a logits processor of transformers."""

import json
from typing import Any

import llguidance
import llguidance.hf
import llguidance.numpy
import numpy as np
import torch
from transformers import LogitsProcessor

from ...schemas import BackendError


class Grammar:
    """A schema compiled for a tokenizer, reused by every batch.

    Args:
        tokenizer: a fast tokenizer of transformers.
        schema: JSON schema, `additionalProperties: false` throughout.
        eos_token_ids: the tokens that end an answer.

    Raises:
        BackendError: the tokenizer is no fast one, or llguidance does not take the schema.
    """

    def __init__(self, tokenizer: Any, schema: dict[str, Any], eos_token_ids: list[int] | None = None) -> None:
        try:
            self.tokenizer = llguidance.hf.from_tokenizer(tokenizer, eos_token=eos_token_ids)
        except (ValueError, TypeError, AttributeError) as error:
            raise BackendError(
                f"language model: its tokenizer ({type(tokenizer).__name__}) vs a fast tokenizer. Answers cannot be "
                "bound to the schema without one. Convert the tokenizer, or serve the model and use --backend openai."
            ) from error
        options: Any = {"whitespace_flexible": False}  # models get lost in white space where it is allowed
        self._text = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults=options)
        complaint = llguidance.LLMatcher.validate_grammar(self._text, self.tokenizer)
        if complaint:
            raise BackendError(f"language model: llguidance refuses the schema ({complaint}) vs taking it. Update it.")

    def processor(self, rows: int) -> "SchemaProcessor":
        """A processor for one batch of prompts."""
        matchers = [llguidance.LLMatcher(self.tokenizer, self._text) for _ in range(rows)]
        return SchemaProcessor(matchers, self.tokenizer.vocab_size, self.tokenizer.eos_token)


class SchemaProcessor(LogitsProcessor):
    """Forbids every token that cannot go on to valid JSON; one matcher a row."""

    def __init__(self, matchers: list[Any], vocab_size: int, eos_token_id: int) -> None:
        self._matchers, self._eos = matchers, eos_token_id
        self._mask = llguidance.numpy.allocate_token_bitmask(len(matchers), vocab_size)
        self._started = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores with forbidden tokens at minus infinity."""
        if self._started:
            for matcher, token in zip(self._matchers, input_ids[:, -1].tolist(), strict=True):
                if not matcher.is_stopped():
                    matcher.consume_token(token)
        self._started = True
        for row, matcher in enumerate(self._matchers):
            if matcher.is_stopped():
                self._mask[row] = 0  # complete JSON cannot go on: the one thing left to say is that it ends
                self._mask[row, self._eos // 32] = np.int32(1 << self._eos % 32 if self._eos % 32 < 31 else -(2**31))
            else:
                llguidance.numpy.fill_next_token_bitmask(matcher, self._mask, row)
        allowed = self._allowed(scores.shape[1]).to(scores.device)
        return scores.masked_fill(~allowed, float("-inf"))

    def _allowed(self, width: int) -> torch.Tensor:
        """The bit mask as booleans, as wide as the scores: models pad their vocabulary beyond the tokenizer's."""
        bits = np.unpackbits(self._mask.view(np.uint8), axis=1, bitorder="little")[:, :width]
        allowed = torch.from_numpy(bits.view(np.bool_))
        return torch.nn.functional.pad(allowed, (0, width - allowed.shape[1]))  # (B, V)
