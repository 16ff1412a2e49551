"""The `reportsup` command. A command is a module of `commands` with one function; it is listed here by one line."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

import typer

from ..schemas.errors import ReportsupError
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


def build_app() -> typer.Typer:
    """The typer application with all commands."""
    app = typer.Typer(
        name="reportsup",
        help="Radiology reports as supervision: findings in DuckDB, and tumour segmentation trained on them.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def options(
        show_version: bool = typer.Option(
            False, "--version", callback=_show_version, is_eager=True, help="Print the version."
        ),
        debug: bool = typer.Option(False, "--debug", help="Show the lines of code that an error came through."),
    ) -> None:
        pass

    for name, target, panel in _COMMANDS:
        module, function = target.split(":")
        command = getattr(import_module(f"{__package__}.commands.{module}"), function)
        app.command(name, rich_help_panel=panel)(command)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with 0, 1 (some inputs failed), 2 (bad usage) or 130 (interrupted)."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in arguments
    try:
        build_app()([a for a in arguments if a != "--debug"], prog_name="reportsup", obj={"debug": debug})
    except ReportsupError as error:
        _explain(error, on_database(str(error), arguments), debug)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        raise
    except OSError as error:
        where = error.filename or "a file"
        what = f"{where}: {error.strerror or type(error).__name__} vs a place that can be read and written"
        _explain(error, f"{what}. Nothing was written there. Make it so, or name another.", debug)
        sys.exit(1)
    except Exception as error:
        # Its own words may hold values of a report; the class and the line of code do not.
        what = f"an unforeseen {type(error).__name__} ended the command vs none. This is a fault of reportsup. "
        _explain(error, what + "Please report it with what `reportsup --debug …` shows.", debug)
        sys.exit(1)


def _explain(error: Exception, message: str, debug: bool) -> None:
    if debug:
        print("\n".join(where_raised(error)), file=sys.stderr)
    print(f"reportsup: {message}", file=sys.stderr)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reportsup {version('reportsup')}")
        raise typer.Exit


if __name__ == "__main__":
    main()
