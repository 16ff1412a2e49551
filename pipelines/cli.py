"""The `reportsup` command. A command is a module of `commands` with one function; it is listed here by one line."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

import typer

from ..schemas.errors import ReportsupError

# command, module.function, panel of the help page
_COMMANDS = (
    ("extract", "extract:extract", "Reports"),
    ("audit", "audit:audit", "Reports"),
    ("compare", "compare:compare", "Reports"),
    ("sql", "sql:sql", "Reports"),
    ("correct", "correct:correct", "Reports"),
    ("export", "export:export", "Reports"),
    ("import", "import_:import_", "Reports"),
    ("index", "index:index", "Volumes"),
    ("check", "index:check", "Volumes"),
    ("train", "train:train", "Segmentation"),
    ("predict", "predict:predict", "Segmentation"),
    ("evaluate", "evaluate:evaluate", "Segmentation"),
    ("demo", "demo:demo", "Start here"),
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
        debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
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
        build_app()([a for a in arguments if a != "--debug"], prog_name="reportsup")
    except ReportsupError as error:
        if debug:
            raise
        print(f"reportsup: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reportsup {version('reportsup')}")
        raise typer.Exit


if __name__ == "__main__":
    main()
