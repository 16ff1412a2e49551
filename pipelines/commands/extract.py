"""`reportsup extract`: free-text reports → validated findings in DuckDB."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import llm_arguments as arguments
from .options import DEFAULT_DB, Db

if TYPE_CHECKING:
    from ..backends import ExtractorSpec
    from ..cluster import ClusterOptions
    from ..extraction import RunSummary
    from ..llm_options import LlmOptions
    from ..reading import Source

_READING = "Reading"
_SIGN_OF_LIFE_S = 10.0


def extract(
    context: typer.Context,
    reports: Annotated[
        list[Path],
        typer.Argument(
            help="CSV, TSV, Parquet or JSONL files, also gzipped, or .xlsx; folders or patterns ('a/*.csv') of them."
        ),
    ],
    db: Db = DEFAULT_DB,
    id_column: Annotated[
        str | None, typer.Option(help="Column of the report's id; `row` numbers the rows.", rich_help_panel=_READING)
    ] = None,
    text_column: Annotated[
        list[str] | None,
        typer.Option(help="Column of the text; repeat it to join several.", rich_help_panel=_READING),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="csv, tsv, jsonl, parquet or xlsx, if the ending does not say.", rich_help_panel=_READING),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="E.g. cp1250; detected otherwise.", rich_help_panel=_READING)
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Of a CSV; detected otherwise.", rich_help_panel=_READING)
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Of a workbook in which several hold something.", rich_help_panel=_READING)
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default one per CPU.")] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Folder with rule files of your own (docs/how-to/rules.md).")
    ] = None,
    reader: Annotated[
        Path | None, typer.Option(help="Folder with a reader that you trained (docs/how-to/training_the_reader.md).")
    ] = None,
    backend: Annotated[
        str,
        typer.Option(help="Who reads the reports: rules, openai, transformers, hybrid, or module:callable."),
    ] = "rules",
    timeout: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds that a report may take; default 60, a request 300.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read only the first N rows.")] = None,
    engine: Annotated[str, typer.Option(help="local, or ray: a cluster (docs/how-to/scaling.md).")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster, HOST:PORT or auto; else this machine.")] = None,
    parts: Annotated[
        Path | None, typer.Option(help="Folder that every node sees, for texts and answers on their way.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Show columns and three extractions; write nothing.")] = False,
    model: arguments.Model = None,
    llm: arguments.Llm = "openai",
    base_url: arguments.BaseUrl = None,
    api_key_env: arguments.ApiKeyEnv = None,
    batch_size: arguments.BatchSize = None,
    concurrency: arguments.Concurrency = None,
    max_tokens: arguments.MaxTokens = None,
    temperature: arguments.Temperature = None,
    extra_body: arguments.ExtraBody = None,
    llm_budget: arguments.LlmBudget = None,
    repair: arguments.Repair = False,
    write_batch: arguments.WriteBatch = None,
    read_batch: arguments.ReadBatch = None,
) -> None:
    """Extract findings from reports. Run it again at any time: only new and changed reports are read.

    Examples: `reportsup extract reports.csv` · `reportsup extract 2023.csv.gz 2024.parquet --db archive.duckdb` ·
    `reportsup extract export.tsv --id-column acc --text-column findings --text-column impression --dry-run`

    Exit code 1 when rows were rejected, reports failed or were unreadable: `reportsup sql "FROM rejects"` lists them.
    """
    from ..llm_options import LlmOptions
    from ..reading import InputOptions, open_sources

    options = InputOptions(id_column, tuple(text_column or ()), format, encoding, delimiter, sheet)
    sources = open_sources(reports, options)
    said = LlmOptions(
        model, llm, base_url, api_key_env, batch_size, concurrency, max_tokens, temperature, extra_body, repair,
        llm_budget, timeout, read_batch,
    )  # fmt: skip
    if write_batch is not None:
        _write_batch(sources, db, said, write_batch, limit)
        return
    spec = _spec(backend, rules, reader, said)
    if dry_run:
        _dry_run(sources, spec, limit)
        return
    _say_columns(sources)
    debug = bool((context.obj or {}).get("debug"))
    processes = workers or os.cpu_count() or 1
    cluster = _cluster(engine, address, parts, workers, db)
    _run(sources, db, spec, debug, workers=processes, timeout_s=timeout or 60.0, limit=limit, cluster=cluster)


def _cluster(
    engine: str, address: str | None, parts: Path | None, workers: int | None, db: Path
) -> "ClusterOptions | None":
    from ...schemas import ConfigError
    from ..cluster import ClusterOptions

    if engine == "ray":
        return ClusterOptions(parts or db.with_name(f"{db.name}.parts"), address, workers)
    if engine != "local":
        raise ConfigError(f"--engine: '{engine}' vs local or ray. Name one of them.")
    if address or parts:
        raise ConfigError("--address, --parts: given vs --engine ray, which they are of. Add it, or leave them out.")
    return None


def _spec(backend: str, rules: Path | None, reader: Path | None, said: "LlmOptions") -> "ExtractorSpec":
    from ...schemas import ConfigError
    from ..backends import ExtractorSpec
    from ..llm_options import LLM_BACKENDS, llm_spec

    if rules is not None and not rules.is_dir():
        raise ConfigError(f"--rules: {rules} vs a folder of rule files. See docs/how-to/rules.md.")
    if reader is not None and not reader.is_dir():
        raise ConfigError(
            f"--reader: {reader} vs a folder that holds weights.json. See docs/how-to/training_the_reader.md."
        )
    if said.read_batch is not None and backend == "rules":
        backend = "openai"
    if backend in LLM_BACKENDS:
        return llm_spec(backend, said, rules, reader)
    if said.model is not None:
        raise ConfigError(
            f"--model: given vs backend {backend}, which uses none. Name one of {', '.join(LLM_BACKENDS)}."
        )
    folders = {"rules_dir": rules, "reader": reader}
    return ExtractorSpec(backend, {name: folder for name, folder in folders.items() if folder is not None})


def _write_batch(sources: "list[Source]", db: Path, said: "LlmOptions", path: Path, limit: int | None) -> None:
    from ..llm_options import batch_writer_spec

    spec = batch_writer_spec(said)
    from ..batches import write_batch

    summary = write_batch(sources, db, spec, path, limit)
    typer.echo(
        f"{path}: {summary.requests:,} requests, {summary.skipped:,} reports known already. It holds report text."
    )
    typer.echo(
        f"next: vllm run-batch -i {path} -o answers.jsonl --model {said.model}, then extract --read-batch answers.jsonl"
    )


def _say_columns(sources: "list[Source]") -> None:
    for source in sources:
        typer.echo(f"{source.table.path.name} ({source.table.encoding}): {source.columns.describe()}", err=True)


def _run(sources: "list[Source]", db: Path, spec: "ExtractorSpec", debug: bool, **options: Any) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from ..extraction import RunOptions, run_extraction
    from ..extraction_summary import figures, print_summary
    from ..support_log import tell_counts, tell_errors

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("extracting", total=sum(source.table.size for source in sources))

        told = time.monotonic()

        def progress(summary: "RunSummary", position: int) -> None:
            nonlocal told
            if bar.disable:
                if summary.at_work and time.monotonic() - told >= _SIGN_OF_LIFE_S:
                    told = time.monotonic()
                    typer.echo(f"{summary.extracted:,} extracted; {summary.at_work}", err=True)
                return
            rate = summary.extracted / max(bar.tasks[0].elapsed or 0, 1e-3)
            text = f"{summary.extracted:,} extracted, {summary.skipped:,} known, {summary.at_work or f'{rate:,.0f}/s'}"
            bar.update(task, completed=position, description=text)

        summary = run_extraction(sources, db, spec, RunOptions(**options), progress)
    tell_counts("extraction", figures(summary))
    tell_errors(summary.errors)
    if debug:
        for where, n in summary.errors.most_common():
            typer.echo(f"{n} reports:\n{where}", err=True)
    print_summary(summary, db)
    if summary.interrupted:
        typer.echo("interrupted: run the same command again to continue", err=True)
        raise typer.Exit(130)
    if summary.failed:
        raise typer.Exit(1)


def _dry_run(sources: "list[Source]", spec: "ExtractorSpec", limit: int | None) -> None:
    from itertools import chain, islice

    from ...schemas import Report
    from ..gold import gold_record

    samples: list[Report] = []
    n_rows = n_rejects = 0
    for row in islice(chain.from_iterable(source.rows() for source in sources), limit):
        n_rows += 1
        if not isinstance(row, Report):
            n_rejects += 1
        elif len(samples) < 3:
            samples.append(row)
    for source in sources:
        typer.echo(f"{source.table.path}: {source.table.format}, {source.table.encoding}")
        typer.echo(f"  columns seen: {', '.join(source.table.columns)}")
        typer.echo(f"  taken: {source.columns.describe()}")
    typer.echo(f"{n_rows} rows, {n_rejects} of them no reports. Nothing was written.")
    extractor = spec.build()
    for report in samples:
        typer.echo(gold_record(extractor.extract(report.report_id, report.text)))
