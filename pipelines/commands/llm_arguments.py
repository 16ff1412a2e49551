"""Options of `reportsup extract` that concern language models."""

from pathlib import Path
from typing import Annotated

import typer

_PANEL = "Language model (docs/how-to/llm.md)"


def _option(*names: str, **settings: object) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(*names, rich_help_panel=_PANEL, **settings)  # type: ignore[arg-type]
    return option


Model = Annotated[str | None, _option(help="Folder or GGUF file of a local model, or the server's name of it.")]
Llm = Annotated[str, _option(help="Who reads what the hybrid's rules are unsure of: openai or transformers.")]
BaseUrl = Annotated[str | None, _option(help="Root of an OpenAI-compatible API; default http://localhost:8000/v1.")]
ApiKeyEnv = Annotated[str | None, _option(help="Environment variable that holds the key; default OPENAI_API_KEY.")]
BatchSize = Annotated[int | None, _option(min=1, help="Reports that a local model reads together; default 8, CPU 1.")]
Concurrency = Annotated[int | None, _option(min=1, help="Requests in flight; default 64.")]
MaxTokens = Annotated[int | None, _option(min=64, help="Of an answer; default 4096, less for a short report.")]
Temperature = Annotated[float | None, _option(min=0.0, help="0, the default: the most probable answer.")]
ExtraBody = Annotated[str | None, _option(help="JSON object of further fields of every request.")]
LlmBudget = Annotated[int | None, _option(min=0, help="Most reports that a run of the hybrid sends to the model.")]
Repair = Annotated[bool, _option("--repair/--no-repair", help="Show the model what was rejected, once.")]
WriteBatch = Annotated[Path | None, _option(help="Write the requests to this JSONL file instead of sending them.")]
ReadBatch = Annotated[Path | None, _option(help="Read the answers of a batch from this JSONL file.")]
