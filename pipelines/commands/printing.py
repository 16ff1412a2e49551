"""Tables of figures on the terminal."""

from collections.abc import Iterable, Sequence

from ..terminal import printable


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, names: int = 1) -> None:
    """A table narrow enough for 80 columns: names, then figures.

    Args:
        names: how many of the columns are names.
    """
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    console.print(escape(title), highlight=False)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for k, column in enumerate(columns):
        table.add_column(column, justify="right" if k >= names else "left", no_wrap=k > 0, overflow="fold")
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    console.print(table)
