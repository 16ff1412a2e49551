"""When a local model stops writing before its answer ends: it repeats itself, or its time is over."""

import time
from collections.abc import Sequence

import torch
from transformers import StoppingCriteria

from .reader import Heartbeat

# An answer grows with its report: about a hundred tokens a finding, and one finding in every line of a dense list.
_TOKENS_OF_AN_EMPTY_ANSWER = 256
_TOKENS_PER_REPORT_TOKEN = 6
ANSWER_TOKENS = f"{_TOKENS_OF_AN_EMPTY_ANSWER} + {_TOKENS_PER_REPORT_TOKEN} per token of the report"
_REPEATS, _REPEATED_TOKENS, _LONGEST_PERIOD = 4, 64, 256
_LOOK_EVERY = 16
_BEAT_S = 1.0


def answer_tokens(report_tokens: int) -> int:
    """The most tokens that an answer to a report of this length may have."""
    return _TOKENS_OF_AN_EMPTY_ANSWER + _TOKENS_PER_REPORT_TOKEN * report_tokens


def repeats(tokens: Sequence[int]) -> bool:
    """Whether the end of a text is one piece written again and again: four times, and 64 tokens in all at least."""
    last = len(tokens)
    for period in range(1, min(_LONGEST_PERIOD, last // _REPEATS) + 1):
        length = period * max(_REPEATS, -(-_REPEATED_TOKENS // period))
        if length <= last and all(
            tokens[i] == tokens[i - period] for i in range(last - 1, last - length + period - 1, -1)
        ):
            return True
    return False


class Limits(StoppingCriteria):
    """Ends rows of a batch that repeat themselves, and all of them when the time is over; beats while it goes on.

    Args:
        width: of the prompts, in tokens.
        limits: most tokens of each row's answer.
        deadline: on the monotonic clock.

    Attributes:
        stopped: row → why and after how many tokens: "repeats itself", "token limit" or "time limit". What the model
            ended before may be among them: its row is filled up until the longest one ends.
    """

    def __init__(self, width: int, limits: Sequence[int], deadline: float, beat: Heartbeat | None) -> None:
        self._width, self._limits, self._deadline, self._beat = width, limits, deadline, beat
        self._started = self._beaten = time.monotonic()
        self.stopped: dict[int, tuple[str, int]] = {}

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:
        """Which rows stop here: (B,) booleans."""
        now, written = time.monotonic(), input_ids.shape[1] - self._width
        for row, limit in enumerate(self._limits):
            if row in self.stopped:
                continue
            if now >= self._deadline:
                self.stopped[row] = ("time limit", written)
            elif written >= limit:
                self.stopped[row] = ("token limit", written)
            elif written % _LOOK_EVERY == 0 and repeats(input_ids[row, self._width :].tolist()):
                self.stopped[row] = ("repeats itself", written)
        if self._beat is not None and now - self._beaten >= _BEAT_S:
            self._beaten = now
            self._beat(written, written * len(self._limits) / max(now - self._started, 1e-6))
        return torch.tensor([row in self.stopped for row in range(len(self._limits))], device=input_ids.device)
