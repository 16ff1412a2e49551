"""The `reportsup` command. A command is a module of `commands` with one function; it is listed here by one line."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from ..schemas.errors import ReportsupError
from ..schemas.system_errors import full_disk_behind, system_error
from ..schemas.tracebacks import where_raised
from .hints import on_database

# command, module.function, panel of the help page
_COMMANDS = (
    ("extract", "extract:extract", "Reports"),
    ("audit", "audit:audit", "Reports"),
    ("show", "show:show", "Reports"),
    ("timeline", "timeline:timeline", "Reports"),
    ("compare", "compare:compare", "Reports"),
    ("score", "score:score", "Reports"),
    ("train-reader", "train_reader:train_reader", "Reports"),
    ("sql", "sql:sql", "Reports"),
    ("correct", "correct:correct", "Reports"),
    ("export", "export:export", "Reports"),
    ("import", "import_:import_", "Reports"),
    ("withdraw", "withdraw:withdraw", "Reports"),
    ("index", "index:index", "Volumes"),
    ("check", "index:check", "Volumes"),
    ("organs", "organs:organs", "Volumes"),
    ("train", "train:train", "Segmentation"),
    ("predict", "predict:predict", "Segmentation"),
    ("evaluate", "evaluate:evaluate", "Segmentation"),
    ("demo", "demo:demo", "Start here"),
    ("doctor", "doctor:doctor", "Start here"),
)
_LogFile = Annotated[
    Path | None,
    typer.Option(help="Append to this file what happened, without anything of a patient, to send to who helps."),
]


def build_app() -> typer.Typer:
    """The typer application with all commands."""
    app = typer.Typer(
        name="reportsup",
        help="Radiology reports as supervision: findings in DuckDB, and tumour segmentation trained on them.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def options(
        show_version: bool = typer.Option(
            False, "--version", callback=_show_version, is_eager=True, help="Print the version and the reader's hashes."
        ),
        debug: bool = typer.Option(False, "--debug", help="Show the lines of code that an error came through."),
        log_file: _LogFile = None,
    ) -> None:
        pass

    for name, target, panel in _COMMANDS:
        module, function = target.split(":")
        command = getattr(import_module(f"{__package__}.commands.{module}"), function)
        app.command(name, rich_help_panel=panel)(command)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with 0, 1 (some inputs failed), 2 (bad usage) or 130 (interrupted).

    `--debug` and `--log-file` may stand anywhere.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    debug, app = "--debug" in arguments, build_app()
    words, log_file = _without_log_file([word for word in arguments if word != "--debug"])
    if log_file is None:
        _run(app, words, debug)
        return
    from .support_log import SupportLog

    try:
        log = SupportLog(Path(log_file), words, _names(app, words))
    except OSError as error:
        _explain(error, f"--log-file: {log_file} cannot be written ({error.strerror}). Name another file.", debug)
        sys.exit(2)
    with log:
        _run(app, words, debug, log.failed)


def _run(
    app: typer.Typer, words: Sequence[str], debug: bool, failed: Callable[[Exception], None] = lambda error: None
) -> None:
    """Run a command; `failed` is called with what went wrong."""
    try:
        app(words, prog_name="reportsup", obj={"debug": debug})
    except ReportsupError as error:
        failed(error)
        _explain(error, on_database(str(error), words), debug)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        raise
    except OSError as error:
        failed(error)
        _explain(error, system_error(error), debug)
        sys.exit(1)
    except Exception as error:
        failed(error)
        if full := full_disk_behind(error):
            _explain(error, system_error(full), debug)
            sys.exit(1)
        # Its own words may hold values of a report; the class and the line of code do not.
        what = f"an unforeseen {type(error).__name__} ended the command vs none. This is a fault of reportsup. "
        _explain(error, what + "Please report it with what `reportsup --debug …` shows.", debug)
        sys.exit(1)


def _without_log_file(words: Sequence[str]) -> tuple[list[str], str | None]:
    """The words without `--log-file FILE`, and that file; the last one counts."""
    kept: list[str] = []
    log_file, waiting = None, False
    for word in words:
        if waiting:
            log_file, waiting = word, False
        elif word == "--log-file":
            waiting = True
        elif word.startswith("--log-file="):
            log_file = word.partition("=")[2]
        else:
            kept.append(word)
    return ([*kept, "--log-file"] if waiting else kept), log_file


def _names(app: typer.Typer, words: Sequence[str]) -> frozenset[str]:
    """The name of the command that is called, and those of its options."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    called = next((word for word in words if word in commands), None)
    if called is None:
        return frozenset()
    return frozenset({called, *(name for p in commands[called].params for name in (*p.opts, *p.secondary_opts))})


def _explain(error: Exception, message: str, debug: bool) -> None:
    if debug:
        print("\n".join(where_raised(error)), file=sys.stderr)
    from .terminal import printable

    print(f"reportsup: {printable(message)}", file=sys.stderr)


def _show_version(wanted: bool) -> None:
    if wanted:
        from ..nlp.shipped import shipped_hashes

        hashes = shipped_hashes()
        typer.echo(f"reportsup {version('reportsup')}, reader {hashes['weights']}, rules {hashes['rules']}")
        raise typer.Exit


if __name__ == "__main__":
    main()
