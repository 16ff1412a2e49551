"""What the values of other segmenters' label maps mean."""

import tomllib
from functools import cache
from importlib.resources import files

from ...schemas import ConfigError


@cache
def label_tables() -> dict[str, dict[str, int]]:
    """Table → name → value, e.g. "vista3d" → "liver" → 1."""
    raw = tomllib.loads((files(__package__) / "label_tables.toml").read_text(encoding="utf-8"))
    return {table: {name: int(value) for value, name in rows.items()} for table, rows in raw.items()}


def label_table(name: str) -> dict[str, int]:
    """Name → value of one table.

    Raises:
        ConfigError: there is no such table.
    """
    try:
        return label_tables()[name]
    except KeyError:
        raise ConfigError(
            f"--made-by: '{name}' vs one of {', '.join(label_tables())}. The values of a label map mean nothing "
            "without its table. Name the segmenter that made it."
        ) from None
